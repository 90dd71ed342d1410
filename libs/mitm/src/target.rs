//! For whom a request is. Inside an intercepted connection only the authority of its CONNECT
//! counts: what else names a host (absolute-form, `:authority`, `Host`) must name the same one.

use crate::message::{Fields, Head};
use crate::tls::Http;
use crate::{Refusal, Scheme};
use host::Authority;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Uri, header};

/// Checks a request of an intercepted connection and brings its target into the form that its
/// upstream connection wants: origin-form (or `*`) for HTTP/1, unchanged for HTTP/2.
pub(crate) fn intercepted<F: Fields>(head: &mut Head<F>, authority: &Authority, http: Http) -> Result<(), Refusal> {
    if head.method == Method::CONNECT {
        return Err(Refusal::misdirected("a CONNECT inside a connection that was opened by CONNECT"));
    }
    let named = match (head.uri.scheme_str(), head.uri.authority()) {
        (None, None) => false,
        (Some("https"), Some(named)) => {
            same(named.as_str(), authority, Scheme::Https)?;
            true
        }
        _ => return Err(Refusal::misdirected(format!("the request is for another place than {authority}"))),
    };
    let hosts = check_host(head, authority, Scheme::Https)?;
    if !named && hosts == 0 && http == Http::Two {
        return Err(Refusal::malformed("the request names no host"));
    }
    match http {
        Http::One => to_origin_form(head, authority, hosts),
        Http::Two if !named => name_in_uri(head)?,
        Http::Two => {}
    }
    Ok(())
}

/// Copies the host of an HTTP/2 request from `Host` into `:authority`, as a proxy does when only `Host` names it (RFC
/// 9113 §8.3.1).
fn name_in_uri<F: Fields>(head: &mut Head<F>) -> Result<(), Refusal> {
    let unnamed = || Refusal::malformed("the request names no host");
    let host = head.fields.values(&header::HOST).next().and_then(|host| host.try_into().ok()).ok_or_else(unnamed)?;
    let mut parts = std::mem::take(&mut head.uri).into_parts();
    (parts.scheme, parts.authority) = (Some(http::uri::Scheme::HTTPS), Some(host));
    head.uri = Uri::from_parts(parts).map_err(|_| unnamed())?;
    Ok(())
}

/// The authority of a plain absolute-form request (RFC 9112 §3.2.2), brought into origin-form.
pub(crate) fn plain<F: Fields>(head: &mut Head<F>) -> Result<Authority, Refusal> {
    let (Some(scheme), Some(named)) = (head.uri.scheme_str(), head.uri.authority()) else {
        return Err(Refusal::malformed("this is a proxy: it takes CONNECT and absolute-form requests"));
    };
    if scheme != "http" {
        return Err(Refusal::malformed(format!("{scheme} goes through a proxy by CONNECT")));
    }
    let authority = Authority::parse(named.as_str(), 80).map_err(|bad| Refusal::malformed(bad.to_string()))?;
    let hosts = check_host(head, &authority, Scheme::Http)?;
    to_origin_form(head, &authority, hosts);
    Ok(authority)
}

/// How many `Host` fields there are: none or one, which names `authority`.
fn check_host<F: Fields>(head: &Head<F>, authority: &Authority, scheme: Scheme) -> Result<usize, Refusal> {
    let mut hosts = 0;
    for value in head.fields.values(&header::HOST) {
        hosts += 1;
        same(str::from_utf8(value).unwrap_or_default(), authority, scheme)?;
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
    // On the wire a name is ASCII (RFC 3986 §3.2.2); what else it may be mapped to, an upstream may read otherwise.
    match Authority::parse(text, default_port) {
        Ok(named) if text.is_ascii() && named == *authority => Ok(()),
        _ => Err(Refusal::misdirected(format!("the request names another host than {authority}"))),
    }
}

fn to_origin_form<F: Fields>(head: &mut Head<F>, authority: &Authority, hosts: usize) {
    if head.uri.authority().is_some() {
        let target = head.uri.path_and_query().cloned();
        head.uri = Uri::from(target.unwrap_or(PathAndQuery::from_static("/")));
    }
    // An HTTP/1.0 client need not send one; our own request is HTTP/1.1.
    if hosts == 0
        && let Ok(host) = HeaderValue::from_str(&authority.to_string())
    {
        head.fields.append(&header::HOST, host);
    }
}
