//! Why an upstream gave no answer, and how the client is told.

use crate::Refusal;
use crate::dial::DialError;
use host::Authority;
use http::StatusCode;
use rustls::CertificateError;
use std::io;

#[derive(Debug, thiserror::Error)]
pub(crate) enum UpstreamError {
    #[error(transparent)]
    Dial(#[from] DialError),
    #[error("no trusted TLS connection to {0}: {1}")]
    Tls(Authority, io::Error),
    #[error("{0} broke off: {1}")]
    Broken(Authority, Box<dyn std::error::Error + Send + Sync>),
    #[error("{0} no longer speaks HTTP/2")]
    Version(Authority),
    #[error("{0} switched protocols without being asked")]
    Unasked(Authority),
}

impl UpstreamError {
    pub fn refusal(&self) -> Refusal {
        let (status, code) = match self {
            UpstreamError::Dial(DialError::Forbidden(..) | DialError::Private(..)) => {
                (StatusCode::FORBIDDEN, "upstream-address")
            }
            UpstreamError::Dial(DialError::Resolve(..)) => (StatusCode::BAD_GATEWAY, "upstream-unresolved"),
            UpstreamError::Dial(DialError::Timeout(..)) => (StatusCode::BAD_GATEWAY, "upstream-timeout"),
            UpstreamError::Dial(DialError::Proxy(..)) => (StatusCode::BAD_GATEWAY, "upstream-proxy"),
            UpstreamError::Dial(DialError::Connect(..)) => (StatusCode::BAD_GATEWAY, "upstream-unreachable"),
            UpstreamError::Tls(..) => (StatusCode::BAD_GATEWAY, "upstream-tls"),
            UpstreamError::Broken(..) | UpstreamError::Version(_) | UpstreamError::Unasked(_) => {
                (StatusCode::BAD_GATEWAY, "upstream-broken")
            }
        };
        let refusal = Refusal::new(status, code, self.to_string());
        match self {
            UpstreamError::Dial(DialError::Private(..)) => {
                refusal.fix("allow private addresses for the session, or for this provider in its definition")
            }
            UpstreamError::Tls(_, error) => match tls_fix(error) {
                Some(fix) => refusal.fix(fix),
                None => refusal,
            },
            _ => refusal,
        }
    }
}

/// What mends a certificate that was not trusted.
fn tls_fix(error: &io::Error) -> Option<&'static str> {
    let error = error.get_ref()?.downcast_ref()?;
    let rustls::Error::InvalidCertificate(fault) = error else { return None };
    match fault {
        // The latter for another authority of a trusted one's name, as one that was made anew.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            Some("if the host has a private authority, trust it with --upstream-ca FILE")
        }
        // The verifier's own errors have no type that rustls shows.
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => Some(
            "the host shows an authority's own certificate: give it one with CA:FALSE, and trust that authority with --upstream-ca FILE",
        ),
        _ => None,
    }
}
