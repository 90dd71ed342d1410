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
            UpstreamError::Dial(DialError::Proxy { .. }) => (StatusCode::BAD_GATEWAY, "upstream-proxy"),
            UpstreamError::Dial(DialError::Connect(..)) => (StatusCode::BAD_GATEWAY, "upstream-unreachable"),
            UpstreamError::Tls(..) => (StatusCode::BAD_GATEWAY, "upstream-tls"),
            UpstreamError::Broken(..) | UpstreamError::Version(_) | UpstreamError::Unasked(_) => {
                (StatusCode::BAD_GATEWAY, "upstream-broken")
            }
        };
        Refusal::new(status, code, self.to_string()).fix(self.fix())
    }

    /// Returns what mends the error.
    fn fix(&self) -> String {
        match self {
            UpstreamError::Dial(error) => dial_fix(error),
            UpstreamError::Tls(to, error) => tls_fix(to, error),
            UpstreamError::Broken(to, _) => {
                format!(
                    "send the request again; if that fails as well, {to} or something on the way ends its connections"
                )
            }
            UpstreamError::Version(_) => {
                "send the request again: a new connection asks for the version anew".to_owned()
            }
            UpstreamError::Unasked(to) => {
                format!("tell whoever runs {}: a server may not do that (RFC 9110, section 7.8)", to.host)
            }
        }
    }
}

fn dial_fix(error: &DialError) -> String {
    match error {
        DialError::Forbidden(to, _) => {
            format!(
                "use a name whose address is a server's; that of {} is link-local, multicast or a cloud's metadata service",
                to.host
            )
        }
        DialError::Private(..) => {
            "authsome run --allow-private, or \"private_network\": true in a definition of your own".to_owned()
        }
        DialError::Resolve(to, _) => format!(
            "look whether this machine finds the name: getent hosts {}; where only a proxy does, set HTTPS_PROXY before authsome run",
            to.host
        ),
        DialError::Connect(to, _) | DialError::Timeout(to) => format!(
            "look whether this machine reaches {to} without authsome; where only a proxy does, set HTTPS_PROXY before authsome run"
        ),
        DialError::Proxy { named_by, .. } => {
            format!("mend {named_by}, which you set before authsome run, or except the host by NO_PROXY")
        }
    }
}

/// Returns what mends a TLS connection that was not trusted or failed.
fn tls_fix(to: &Authority, error: &io::Error) -> String {
    let fault = error.get_ref().and_then(|error| error.downcast_ref());
    let Some(rustls::Error::InvalidCertificate(fault)) = fault else {
        return format!("look what speaks at {to}, and whether something on the way stops TLS 1.2 and 1.3");
    };
    match fault {
        // The latter for another authority of a trusted one's name, as one that was made anew.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "if the host, or a proxy on the way that opens TLS, has a private authority, trust it with --upstream-ca FILE; else the system's certificates count, or those of SSL_CERT_FILE".to_owned()
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => {
            format!("set this machine's clock, or tell whoever runs {} that its certificate's time is over", to.host)
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("look where {} leads: the server there shows the certificate of another name", to.host)
        }
        // The verifier's own errors have no type that rustls shows.
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            "the host shows an authority's own certificate: give it one with CA:FALSE, and trust that authority with --upstream-ca FILE".to_owned()
        }
        _ => format!("look at the certificate that {} shows: openssl s_client -connect {to}", to.host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;

    /// Returns an error of every kind about `api.test`.
    fn all() -> Vec<UpstreamError> {
        let to = || -> Authority { "api.test:443".parse().unwrap() };
        let io = || io::Error::from(ErrorKind::ConnectionRefused);
        let ip = [10, 0, 0, 1].into();
        let proxy = DialError::Proxy { address: to(), named_by: "HTTPS_PROXY".to_owned(), what: "hung up".to_owned() };
        let dials = [
            DialError::Forbidden(to(), ip),
            DialError::Private(to(), ip),
            DialError::Resolve(to(), io()),
            DialError::Connect(to(), io()),
            DialError::Timeout(to()),
            proxy,
        ];
        let faults = [
            CertificateError::UnknownIssuer,
            CertificateError::Expired,
            CertificateError::NotValidYet,
            CertificateError::NotValidForName,
            CertificateError::Revoked,
        ];
        let certificates = faults.map(|fault| io::Error::other(rustls::Error::InvalidCertificate(fault)));
        let mut all: Vec<UpstreamError> = dials.into_iter().map(UpstreamError::Dial).collect();
        all.extend(certificates.into_iter().chain([io()]).map(|error| UpstreamError::Tls(to(), error)));
        all.extend([
            UpstreamError::Broken(to(), "it closed".into()),
            UpstreamError::Version(to()),
            UpstreamError::Unasked(to()),
        ]);
        all
    }

    #[test]
    fn every_error_names_its_host_and_the_way_out() {
        for error in all() {
            let refusal = error.refusal();
            assert!(refusal.message.contains("api.test"), "{refusal:?}");
            assert!(refusal.fix.is_some_and(|fix| fix.len() > 20), "{error}");
        }
    }
}
