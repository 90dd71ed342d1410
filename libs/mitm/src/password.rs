//! The session's password, which every request to the proxy itself must show (RFC 7617 as
//! `Proxy-Authorization`), so that another user of the machine cannot borrow the proxy.

use crate::Refusal;
use crate::message::Fields;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// The user name that goes with the password in the proxy's URL.
pub const USER: &str = "authsome";

pub(crate) struct Password {
    expected: SecretString,
}

impl Password {
    pub fn new(password: &SecretString) -> Password {
        let pair = SecretString::from(format!("{USER}:{}", password.expose_secret()));
        Password { expected: STANDARD.encode(pair.expose_secret()).into() }
    }

    pub fn check<F: Fields>(&self, fields: &F) -> Result<(), Refusal> {
        let name = header::PROXY_AUTHORIZATION;
        let mut shown = fields.values(&name);
        let (Some(value), None) = (shown.next(), shown.next()) else { return Err(missing()) };
        match value.split_at_checked(6) {
            Some((scheme, pair)) if scheme.eq_ignore_ascii_case(b"basic ") && self.matches(pair) => Ok(()),
            _ => Err(missing()),
        }
    }

    fn matches(&self, pair: &[u8]) -> bool {
        self.expected.expose_secret().as_bytes().ct_eq(pair.trim_ascii()).into()
    }
}

fn missing() -> Refusal {
    Refusal::new(
        StatusCode::PROXY_AUTHENTICATION_REQUIRED,
        "proxy-password",
        "this proxy serves one session and needs its password",
    )
    .fix("run the program under `authsome run`, which sets HTTPS_PROXY with the password")
}
