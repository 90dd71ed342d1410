//! For whom a request is. Inside an intercepted connection only the authority of its CONNECT
//! counts: what else names a host (absolute-form, `:authority`, `Host`) must name the same one.

use crate::tls::Http;
use crate::{Refusal, Scheme};
use host::Authority;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Uri, header};

/// Checks a request of an intercepted connection and brings its target into the form that its
/// upstream connection wants: origin-form (or `*`) for HTTP/1, unchanged for HTTP/2.
pub(crate) fn intercepted(parts: &mut Parts, authority: &Authority, http: Http) -> Result<(), Refusal> {
    if parts.method == Method::CONNECT {
        return Err(Refusal::misdirected("a CONNECT inside a connection that was opened by CONNECT"));
    }
    let named = match (parts.uri.scheme_str(), parts.uri.authority()) {
        (None, None) => false,
        (Some("https"), Some(named)) => {
            same(named.as_str(), authority, Scheme::Https)?;
            true
        }
        _ => return Err(Refusal::misdirected(format!("the request is for another place than {authority}"))),
    };
    let hosts = check_host(parts, authority, Scheme::Https)?;
    if !named && hosts == 0 && http == Http::Two {
        return Err(Refusal::malformed("the request names no host"));
    }
    if http == Http::One {
        to_origin_form(parts, authority, hosts);
    }
    Ok(())
}

/// The authority of a plain absolute-form request (RFC 9112 §3.2.2), brought into origin-form.
pub(crate) fn plain(parts: &mut Parts) -> Result<Authority, Refusal> {
    let (Some(scheme), Some(named)) = (parts.uri.scheme_str(), parts.uri.authority()) else {
        return Err(Refusal::malformed("this is a proxy: it takes CONNECT and absolute-form requests"));
    };
    if scheme != "http" {
        return Err(Refusal::malformed(format!("{scheme} goes through a proxy by CONNECT")));
    }
    let authority = Authority::parse(named.as_str(), 80).map_err(|bad| Refusal::malformed(bad.to_string()))?;
    let hosts = check_host(parts, &authority, Scheme::Http)?;
    to_origin_form(parts, &authority, hosts);
    Ok(authority)
}

/// How many `Host` fields there are: none or one, which names `authority`.
fn check_host(parts: &Parts, authority: &Authority, scheme: Scheme) -> Result<usize, Refusal> {
    let mut hosts = 0;
    for value in parts.headers.get_all(header::HOST) {
        hosts += 1;
        same(value.to_str().unwrap_or_default(), authority, scheme)?;
    }
    match hosts {
        0 | 1 => Ok(hosts),
        _ => Err(Refusal::malformed("there is more than one Host")),
    }
}

fn same(text: &str, authority: &Authority, scheme: Scheme) -> Result<(), Refusal> {
    // Nearly always it is spelt as in the CONNECT; a canonical name needs no parsing.
    if authority.port == 443 && scheme == Scheme::Https && authority.host.domain() == Some(text) {
        return Ok(());
    }
    let default_port = match scheme {
        Scheme::Http => 80,
        Scheme::Https => 443,
    };
    match Authority::parse(text, default_port) {
        Ok(named) if named == *authority => Ok(()),
        _ => Err(Refusal::misdirected(format!("the request names another host than {authority}"))),
    }
}

fn to_origin_form(parts: &mut Parts, authority: &Authority, hosts: usize) {
    if parts.uri.authority().is_some() {
        let target = parts.uri.path_and_query().cloned();
        parts.uri = Uri::from(target.unwrap_or(PathAndQuery::from_static("/")));
    }
    // An HTTP/1.0 client need not send one; our own request is HTTP/1.1.
    if hosts == 0
        && let Ok(host) = HeaderValue::from_str(&authority.to_string())
    {
        parts.headers.insert(header::HOST, host);
    }
    parts.version = http::Version::HTTP_11;
}
