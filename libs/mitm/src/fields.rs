//! Header fields that end at a proxy (RFC 9110 §7.6.1), and those that are this proxy's own.
//! All others keep their order, their repetitions and their spelling.

use crate::message::Fields;
use crate::tls::Http;
use http::header::{self, HeaderName, HeaderValue};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// Between a client and its proxy. `Proxy-Status` is not among them: it is for everyone (RFC 9209 §2).
const PROXY: [HeaderName; 4] = [
    header::PROXY_AUTHORIZATION,
    header::PROXY_AUTHENTICATE,
    HeaderName::from_static("proxy-authentication-info"),
    HeaderName::from_static("proxy-connection"),
];

/// Takes out of a request what must not go further. `upgrade` keeps the pair that asks for it.
/// HTTP/2 has no `Connection` (RFC 9113 §8.2.2).
pub(crate) fn strip_request<F: Fields>(fields: &mut F, upgrade: bool, http: Http) {
    let trailers = fields.values(&header::TE).any(|value| lists(value, "trailers"));
    let keep = kept(upgrade, http);
    strip(fields, keep, is_private);
    if trailers {
        fields.set(&header::TE, HeaderValue::from_static("trailers"));
    }
    match (upgrade, trailers) {
        (true, _) => fields.set(&header::CONNECTION, HeaderValue::from_static("Upgrade")),
        (false, true) if http == Http::One => fields.set(&header::CONNECTION, HeaderValue::from_static("TE")),
        (false, _) => {}
    }
}

/// Takes out of a response what must not go further; of an intercepted one also the invitation to
/// come back by a way that the proxy does not see (RFC 7838).
pub(crate) fn strip_response<F: Fields>(fields: &mut F, upgrade: bool, http: Http, intercepted: bool) {
    let keep = kept(upgrade, http);
    strip(fields, keep, |name| is_private(name) || (intercepted && is(name, &header::ALT_SVC)));
    if upgrade {
        fields.set(&header::CONNECTION, HeaderValue::from_static("Upgrade"));
    }
}

/// Takes out of trailers what must not go further, and what means nothing there (RFC 9110 §6.5.1).
pub(crate) fn strip_trailers<F: Fields>(fields: &mut F) {
    let framing = [header::CONTENT_LENGTH, header::HOST, header::TRAILER, header::ALT_SVC];
    fields.retain(|name| !is_hop_by_hop(name) && !is_private(name) && !framing.iter().any(|other| is(name, other)));
}

/// Whether a request asks to leave HTTP for another protocol (RFC 9110 §7.8).
pub(crate) fn asks_upgrade<F: Fields>(fields: &F) -> bool {
    fields.contains(&header::UPGRADE) && fields.values(&header::CONNECTION).any(|value| lists(value, "upgrade"))
}

/// Whether the sender closes the connection after this message (RFC 9112 §9.6).
pub(crate) fn closes<F: Fields>(fields: &F) -> bool {
    fields.values(&header::CONNECTION).any(|value| lists(value, "close"))
}

/// Returns whether a field would set a body's length for a server that takes `_` for `-`, as many gateways do.
pub(crate) fn disguises_length<F: Fields>(fields: &F) -> bool {
    fields.each().any(|(name, _)| is_disguised_length(name))
}

/// Returns whether a name is `Content-Length` or `Transfer-Encoding` with `_` in the place of `-`.
pub(crate) fn is_disguised_length(name: &[u8]) -> bool {
    let is = |real: &HeaderName| {
        let real = real.as_str().as_bytes();
        let same = |(own, real): (&u8, &u8)| own.eq_ignore_ascii_case(real) || (*own == b'_' && *real == b'-');
        name.len() == real.len() && memchr::memchr(b'_', name).is_some() && name.iter().zip(real).all(same)
    };
    is(&header::TRANSFER_ENCODING) || is(&header::CONTENT_LENGTH)
}

pub(crate) fn expects_continue<F: Fields>(fields: &F) -> bool {
    fields.values(&header::EXPECT).any(|value| value.eq_ignore_ascii_case(b"100-continue"))
}

/// The proxy's own fields: its password, its errors, the choice of a connection.
fn is_private(name: &[u8]) -> bool {
    let proxy = || PROXY.iter().any(|other| is(name, other));
    (begins(name, b"proxy-") && proxy()) || begins(name, b"x-authsome-")
}

fn begins(name: &[u8], prefix: &[u8]) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn is(name: &[u8], other: &HeaderName) -> bool {
    name.eq_ignore_ascii_case(other.as_str().as_bytes())
}

fn is_hop_by_hop(name: &[u8]) -> bool {
    [header::CONNECTION, header::TE, header::TRANSFER_ENCODING, header::UPGRADE, KEEP_ALIVE]
        .iter()
        .any(|other| is(name, other))
}

/// Chunks go through HTTP/1 as they are.
fn kept(upgrade: bool, http: Http) -> impl Fn(&[u8]) -> bool {
    move |name| (upgrade && is(name, &header::UPGRADE)) || (http == Http::One && is(name, &header::TRANSFER_ENCODING))
}

fn strip<F: Fields>(fields: &mut F, keep: impl Fn(&[u8]) -> bool, also: impl Fn(&[u8]) -> bool) {
    let mut nominated: Vec<String> = fields.values(&header::CONNECTION).flat_map(nominations).collect();
    if fields.contains(&header::TRANSFER_ENCODING) {
        // RFC 9112 §6.3: the length is overridden, and goes with what overrode it.
        nominated.push(header::CONTENT_LENGTH.to_string());
    }
    // What every connection of ours does may be said on both sides.
    let persistent = fields.values(&header::CONNECTION).all(|value| value.eq_ignore_ascii_case(b"keep-alive"));
    let stays = |name: &[u8]| keep(name) || (persistent && is(name, &header::CONNECTION));
    let named = |name: &[u8]| nominated.iter().any(|other| name.eq_ignore_ascii_case(other.as_bytes()));
    fields.retain(|name| stays(name) || !(is_hop_by_hop(name) || also(name) || named(name)));
}

/// The fields that `Connection` names; never those that say for whom a message is or where it ends.
fn nominations(connection: &[u8]) -> impl Iterator<Item = String> {
    let names = str::from_utf8(connection).unwrap_or_default().split(',').map(str::trim);
    let kept = ["", "keep-alive", "close", header::HOST.as_str(), header::CONTENT_LENGTH.as_str()];
    names.filter(move |name| !kept.iter().any(|kept| name.eq_ignore_ascii_case(kept))).map(str::to_owned)
}

fn lists(value: &[u8], token: &str) -> bool {
    value.split(|b| *b == b',').any(|item| item.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
}
#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;

    fn fields(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).fold(
            HeaderMap::new(),
            |mut headers, (name, value)| {
                headers.append(name, value);
                headers
            },
        )
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        headers.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn what_concerns_one_connection_ends_there_and_the_rest_keeps_its_order() {
        let mut headers = fields(&[
            ("host", "a"),
            ("connection", "close, x-hop, host"),
            ("b", "1"),
            ("x-hop", "1"),
            ("proxy-authorization", "Basic x"),
            ("proxy-connection", "keep-alive"),
            ("x-authsome-connection", "work"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("te", "gzip"),
            ("a", "1"),
            ("b", "2"),
        ]);
        let mut chunked = headers.clone();
        strip_request(&mut headers, false, Http::Two);
        assert_eq!(names(&headers), ["host", "b", "b", "a"]);
        strip_request(&mut chunked, false, Http::One);
        assert_eq!(names(&chunked), ["host", "b", "b", "transfer-encoding", "a"]);
    }

    #[test]
    fn an_upgrade_and_the_wish_for_trailers_are_kept() {
        let mut headers = fields(&[("connection", "keep-alive, Upgrade"), ("upgrade", "websocket")]);
        assert!(asks_upgrade(&headers));
        strip_request(&mut headers, true, Http::One);
        assert_eq!(
            (&headers["connection"], &headers["upgrade"]),
            (&"Upgrade".parse().unwrap(), &"websocket".parse().unwrap())
        );

        let mut headers = fields(&[("te", "gzip, trailers")]);
        strip_request(&mut headers, false, Http::One);
        assert_eq!((&headers["te"], &headers["connection"]), (&"trailers".parse().unwrap(), &"TE".parse().unwrap()));
    }

    #[test]
    fn a_response_cannot_lead_around_the_proxy_or_speak_in_its_name() {
        let mut headers = fields(&[
            ("alt-svc", "h3=\":443\""),
            ("x-authsome-error", "denied"),
            ("proxy-authenticate", "x"),
            ("proxy-authentication-info", "x"),
            ("proxy-status", "cdn; error=dns_timeout"),
            ("b", "1"),
        ]);
        strip_response(&mut headers, false, Http::One, true);
        assert_eq!(names(&headers), ["proxy-status", "b"]);
    }
}
