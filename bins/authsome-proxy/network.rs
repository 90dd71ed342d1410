//! How the proxy reaches the providers: trusted roots, addresses, the person's own proxy.

use host::{Authority, Host};
use mitm::{Dialer, ProxyScheme, UpstreamProxy};
use proto::ops::proxy::Settings;
use proto::{Error, Result};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::collections::HashMap;

/// The system's roots (or those of `SSL_CERT_FILE`), and the session's extra ones.
pub fn roots(settings: &Settings) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(native.certs);
    if let Some(path) = &settings.upstream_ca {
        let failed = |what: String| {
            Error::invalid(format!("--upstream-ca {path}: {what}")).hint("--upstream-ca FILE, certificates in PEM")
        };
        let before = roots.len();
        for certificate in CertificateDer::pem_file_iter(path).map_err(|error| failed(error.to_string()))? {
            let certificate = certificate.map_err(|error| failed(error.to_string()))?;
            roots.add(certificate).map_err(|error| failed(error.to_string()))?;
        }
        if roots.len() == before {
            return Err(
                failed("it holds no certificate".to_owned()).hint("certificates in PEM: -----BEGIN CERTIFICATE-----")
            );
        }
    }
    Ok(roots)
}

pub fn dialer(settings: &Settings, roots: &RootCertStore) -> Result<Dialer> {
    let mut connect_to = HashMap::new();
    for (from, to) in &settings.connect_to {
        let bad = || {
            Error::invalid(format!("connect_to {}: not HOST:PORT to LOOPBACK:PORT", proto::redact::shown(from)))
                .hint("--connect-to api.example.com:443=127.0.0.1:8443")
        };
        let from: Authority = from.parse().map_err(|_| bad())?;
        let to: std::net::SocketAddr = to.parse().map_err(|_| bad())?;
        if !to.ip().is_loopback() {
            return Err(bad());
        }
        connect_to.insert(from, to);
    }
    Ok(Dialer {
        connect_to,
        allow_private: settings.allow_private,
        upstream_proxy: upstream_proxy(&["https_proxy", "HTTPS_PROXY"], roots)?,
        // `HTTP_PROXY` is not read: in a CGI program it holds a header of the client. curl does not read it either.
        http_proxy: upstream_proxy(&["http_proxy"], roots)?,
        ..Dialer::default()
    })
}

/// Returns the person's own proxy of a scheme. As with curl, the first of `names` that is set decides, and otherwise
/// the variable for all schemes.
fn upstream_proxy(names: &[&'static str], roots: &RootCertStore) -> Result<Option<UpstreamProxy>> {
    let variable = |names: &[&'static str]| {
        let mut set = names.iter().filter_map(|name| Some((*name, std::env::var(name).ok()?)));
        set.find(|(_, value)| !value.trim().is_empty())
    };
    let Some((name, text)) = variable(names).or_else(|| variable(&["all_proxy", "ALL_PROXY"])) else {
        return Ok(None);
    };
    let bad = |what: &str| {
        Error::invalid(format!("{name} {what}")).hint(format!("{name}=http://HOST:PORT, or https:// or socks5://"))
    };
    let text = if text.contains("://") { text } else { format!("http://{text}") };
    let url = url::Url::parse(&text).map_err(|_| bad("is no URL"))?;
    let (scheme, port) = match url.scheme() {
        "http" => (ProxyScheme::Http, 80),
        "https" => (ProxyScheme::Https(roots.clone()), 443),
        // Names are resolved over there by both: what is resolved here could be told to lead elsewhere.
        "socks5" | "socks5h" => (ProxyScheme::Socks5, 1080),
        _ => return Err(bad("has a scheme that this proxy cannot go through")),
    };
    let host = url.host_str().and_then(|host| host.parse::<Host>().ok()).ok_or_else(|| bad("has no host"))?;
    let decoded = |text: &str| percent_decoded(text);
    let user = (!url.username().is_empty())
        .then(|| (decoded(url.username()), decoded(url.password().unwrap_or_default()).into()));
    let (_, no_proxy) = variable(&["no_proxy", "NO_PROXY"]).unwrap_or_default();
    if no_proxy.split(',').any(|entry| entry.trim() == "*") {
        return Ok(None);
    }
    let bypass = no_proxy.split(',').filter_map(|entry| entry.trim().parse().ok()).collect();
    let address = Authority::new(host, url.port().unwrap_or(port));
    Ok(Some(UpstreamProxy { named_by: name.to_owned(), scheme, address, user, bypass }))
}

fn percent_decoded(text: &str) -> String {
    // The form rules differ from a URL's user in "+" and "&" alone, which must stay what they are.
    let escaped = text.replace('+', "%2B").replace('&', "%26");
    url::form_urlencoded::parse(format!("x={escaped}").as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}
