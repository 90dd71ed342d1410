//! The explanation of a failed request for people: the host, the proxy, the trusted roots, and what mends it.

use super::CONNECT;
use super::names::Refused;
use super::roots::Roots;
use oauth::{Cause, TransportError};
use rustls::CertificateError;
use std::error::Error;
use std::io;
use std::time::Duration;

/// The path of one request through the network.
pub(super) struct Way<'a> {
    /// The host, with its port unless that is the scheme's usual one.
    host: String,
    /// The person's variable that names the proxy in between, if there is one.
    proxy: Option<&'a str>,
    roots: &'a Roots,
}

impl<'a> Way<'a> {
    pub(super) fn new(uri: &http::Uri, proxy: Option<&'a str>, roots: &'a Roots) -> Way<'a> {
        Way { host: uri.authority().map(|authority| authority.to_string()).unwrap_or_default(), proxy, roots }
    }

    /// Returns the failure of a request. Only a request that failed while connecting is known not to have arrived.
    pub(super) fn failure(&self, error: &reqwest::Error, within: Duration) -> TransportError {
        match error.is_connect() || error.is_builder() {
            true => TransportError::NotSent(self.unreached(error)),
            false if error.is_timeout() => TransportError::Lost(self.late(within).into()),
            false => TransportError::Lost(self.said(&innermost(error)).into()),
        }
    }

    pub(super) fn refused(&self, refused: &Refused) -> Cause {
        let hint = matches!(refused, Refused::Private(_))
            .then(|| "if it is meant, say \"private_network\": true in a definition of your own".to_owned());
        Cause { text: self.said(refused), hint }
    }

    pub(super) fn late(&self, within: Duration) -> String {
        self.said(&format!("no whole answer in {} seconds", within.as_secs()))
    }

    pub(super) fn cut_off(&self) -> String {
        self.said(&"the answer was cut off")
    }

    fn said(&self, what: &dyn std::fmt::Display) -> String {
        match self.proxy {
            Some(variable) => format!("{} (through the proxy of {variable}): {what}", self.host),
            None => format!("{}: {what}", self.host),
        }
    }

    fn unreached(&self, error: &reqwest::Error) -> Cause {
        if let Some(refused) = found::<Refused>(error) {
            return self.refused(refused);
        }
        if let Some(rustls::Error::InvalidCertificate(fault)) = found::<rustls::Error>(error) {
            return self.untrusted(fault);
        }
        let text = if error.is_timeout() {
            format!("no connection in {} seconds", CONNECT.as_secs())
        } else {
            innermost(error)
        };
        let hint = match self.proxy {
            Some(variable) => {
                format!("{variable} is your own setting: correct or unset it, or name {} in NO_PROXY", self.host)
            }
            None => "check the network, and the address in the definition".to_owned(),
        };
        Cause { text: self.said(&text), hint: Some(hint) }
    }

    fn untrusted(&self, fault: &CertificateError) -> Cause {
        let Roots { from, unusable, .. } = self.roots;
        let opener = self.proxy.map(|variable| format!(" (or the proxy of {variable})")).unwrap_or_default();
        let (what, hint) = match fault {
            // A bad signature comes from an authority that has the name of a trusted one, such as one that was created
            // anew.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => (
                format!("its certificate is of no authority that is trusted here: {from}"),
                format!("if the host{opener} has an authority of its own, name a file with that in SSL_CERT_FILE"),
            ),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                ("its certificate has expired".to_owned(), "check the clock of this machine".to_owned())
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                ("its certificate is not valid yet".to_owned(), "check the clock of this machine".to_owned())
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                ("its certificate is for another name".to_owned(), "check the address in the definition".to_owned())
            }
            // The verifier's own errors have no type that rustls shows.
            other if format!("{other:?}").contains("CaUsedAsEndEntity") => (
                "it shows an authority's own certificate".to_owned(),
                "give the host one with CA:FALSE, and name the authority's in SSL_CERT_FILE".to_owned(),
            ),
            other => {
                (format!("its certificate cannot be used: {other}"), "check the certificate of the host".to_owned())
            }
        };
        let hint = unusable.iter().fold(hint, |hint, unusable| format!("{hint}; {unusable}"));
        Cause { text: self.said(&what), hint: Some(hint) }
    }
}

/// Returns the innermost reason of an error, since the outer ones repeat the URL.
pub(super) fn innermost(error: &reqwest::Error) -> String {
    let mut text = "not a request".to_owned();
    let mut source = error.source();
    while let Some(inner) = source {
        text = inner.to_string();
        source = inner.source();
    }
    text
}

/// Finds an error of this type inside another. It looks into I/O errors as well, whose inner error is not their
/// `source`.
fn found<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        current = held.map(|held| held as &dyn Error).or_else(|| error.source());
    }
    None
}
