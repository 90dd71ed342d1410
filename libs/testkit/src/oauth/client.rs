//! Parameters of a POST, and who sends them (RFC 6749 §2.3, §3.2).

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::config::{ClientAuth, TokenBody};
use super::grants::Client;
use super::state::State;
use crate::record::Recorded;

/// Why a request is refused: status, RFC 6749 §5.2 error, and a sentence.
#[derive(Debug)]
pub(super) struct Refusal {
    pub status: u16,
    pub error: &'static str,
    pub description: String,
}

impl Refusal {
    pub fn new(error: &'static str, description: impl Into<String>) -> Refusal {
        Refusal { status: 400, error, description: description.into() }
    }

    fn client(description: &str) -> Refusal {
        Refusal { status: 401, error: "invalid_client", description: description.to_owned() }
    }
}

pub(super) struct Params(BTreeMap<String, String>);

impl Params {
    /// Takes the one encoding that is configured, and each parameter once.
    pub fn read(request: &Recorded, encoding: TokenBody) -> Result<Params, Refusal> {
        let wanted = match encoding {
            TokenBody::Form => "application/x-www-form-urlencoded",
            TokenBody::Json => "application/json",
        };
        let sent = request.header("content-type").and_then(|value| value.split(';').next()).unwrap_or_default();
        if !sent.trim().eq_ignore_ascii_case(wanted) {
            return Err(Refusal::new("invalid_request", format!("the body must be {wanted}")));
        }
        match encoding {
            TokenBody::Form => Params::form(request),
            TokenBody::Json => Params::json(request),
        }
    }

    fn form(request: &Recorded) -> Result<Params, Refusal> {
        let mut params = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(&request.body).into_owned() {
            if params.contains_key(&name) {
                return Err(Refusal::new("invalid_request", format!("the parameter {name} is there twice")));
            }
            params.insert(name, value);
        }
        Ok(Params(params))
    }

    fn json(request: &Recorded) -> Result<Params, Refusal> {
        let Value::Object(object) = request.json() else {
            return Err(Refusal::new("invalid_request", "the body is no JSON object"));
        };
        let texts = object.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
        Ok(Params(texts.collect()))
    }

    /// An empty value counts as absent (RFC 6749 §3.2).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub fn need(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| Refusal::new("invalid_request", format!("{name} is missing")))
    }
}

/// The client that sends this, authenticated in its one way.
pub(super) fn authenticate(state: &State, request: &Recorded, params: &Params) -> Result<Client, Refusal> {
    let basic = request.header("authorization").map(basic).transpose()?;
    let (id, secret, used) = match (&basic, params.get("client_secret")) {
        (Some(_), Some(_)) => return Err(Refusal::new("invalid_request", "the client authenticates in two ways")),
        (Some((id, secret)), None) => (id.as_str(), Some(secret.as_str()), ClientAuth::Basic),
        (None, Some(secret)) => (params.need("client_id")?, Some(secret), ClientAuth::Body),
        (None, None) => (params.need("client_id")?, None, ClientAuth::None),
    };
    let client = state.client(id).ok_or_else(|| Refusal::client("unknown client"))?;
    // A client without a secret that means to use Body is a public one.
    let expected = if client.secret.is_none() { ClientAuth::None } else { client.auth };
    if used != expected {
        return Err(Refusal::client(&format!("this client must authenticate by {expected:?}")));
    }
    if secret != client.secret.as_deref() {
        return Err(Refusal::client("wrong client_secret"));
    }
    Ok(client)
}

/// `Basic`, both halves form-encoded (RFC 6749 §2.3.1).
fn basic(header: &str) -> Result<(String, String), Refusal> {
    let malformed = || Refusal::client("malformed Authorization");
    let (scheme, encoded) = header.split_once(' ').ok_or_else(malformed)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(malformed());
    }
    let decoded = BASE64_STANDARD.decode(encoded).map_err(|_| malformed())?;
    let text = String::from_utf8(decoded).map_err(|_| malformed())?;
    let (id, secret) = text.split_once(':').ok_or_else(malformed)?;
    Ok((form_decode(id), form_decode(secret)))
}

fn form_decode(text: &str) -> String {
    form_urlencoded::parse(text.as_bytes()).map(|(name, _)| name.into_owned()).next().unwrap_or_default()
}
