//! Header fields that end at a proxy (RFC 9110 §7.6.1), and those that are this proxy's own.
//! All others keep their order, their repetitions and their spelling.

use crate::tls::Http;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Takes out of a request what must not go further. `upgrade` keeps the pair that asks for it.
/// HTTP/2 has no `Connection` (RFC 9113 §8.2.2).
pub(crate) fn strip_request(headers: &mut HeaderMap, upgrade: bool, http: Http) {
    let trailers = headers.get_all(header::TE).iter().any(|value| lists(value, "trailers"));
    strip(headers, |name| upgrade && *name == header::UPGRADE, is_private);
    if trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
    match (upgrade, trailers) {
        (true, _) => {
            headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        }
        (false, true) if http == Http::One => {
            headers.insert(header::CONNECTION, HeaderValue::from_static("TE"));
        }
        (false, _) => {}
    }
}

/// Takes out of a response what must not go further; of an intercepted one also the invitation to
/// come back by a way that the proxy does not see (RFC 7838).
pub(crate) fn strip_response(headers: &mut HeaderMap, upgrade: bool, intercepted: bool) {
    strip(
        headers,
        |name| upgrade && *name == header::UPGRADE,
        |name| is_private(name) || (intercepted && *name == header::ALT_SVC),
    );
    if upgrade {
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    }
}

/// Whether a request asks to leave HTTP for another protocol (RFC 9110 §7.8).
pub(crate) fn asks_upgrade(headers: &HeaderMap) -> bool {
    headers.contains_key(header::UPGRADE)
        && headers.get_all(header::CONNECTION).iter().any(|value| lists(value, "upgrade"))
}

pub(crate) fn expects_continue(headers: &HeaderMap) -> bool {
    headers.get(header::EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

/// The proxy's own fields: its password, its errors, the choice of a connection.
fn is_private(name: &HeaderName) -> bool {
    name.as_str().starts_with("proxy-") || name.as_str().starts_with("x-authsome-")
}

fn is_hop_by_hop(name: &HeaderName) -> bool {
    [header::CONNECTION, header::TE, header::TRANSFER_ENCODING, header::UPGRADE].contains(name)
        || name.as_str() == "keep-alive"
}

/// Rebuilt only where something goes: removing in place would change the order of the rest.
fn strip(headers: &mut HeaderMap, keep: impl Fn(&HeaderName) -> bool, also: impl Fn(&HeaderName) -> bool) {
    let mut nominated: Vec<HeaderName> = headers.get_all(header::CONNECTION).iter().flat_map(nominations).collect();
    if headers.contains_key(header::TRANSFER_ENCODING) {
        // RFC 9112 §6.3: the length is overridden, and goes with what overrode it.
        nominated.push(header::CONTENT_LENGTH);
    }
    // What every connection of ours does may be said on both sides; most messages then stay whole.
    let persistent = headers.get_all(header::CONNECTION).iter().all(is_keep_alive);
    let stays = |name: &HeaderName| keep(name) || (persistent && *name == header::CONNECTION);
    let goes = |name: &HeaderName| (is_hop_by_hop(name) || also(name) || nominated.contains(name)) && !stays(name);
    if !headers.keys().any(goes) {
        return;
    }
    let all = std::mem::replace(headers, HeaderMap::with_capacity(headers.keys_len()));
    let mut current = None;
    for (name, value) in all {
        // A repetition comes without its name.
        current = name.or(current);
        if let Some(name) = current.as_ref().filter(|name| !goes(name)) {
            headers.append(name, value);
        }
    }
}

/// The fields that `Connection` names; never those that say for whom a message is or where it ends.
fn nominations(connection: &HeaderValue) -> Vec<HeaderName> {
    let names = connection.to_str().unwrap_or_default().split(',').map(str::trim);
    let names = names.filter_map(|name| name.parse().ok());
    names.filter(|name| *name != header::HOST && *name != header::CONTENT_LENGTH).collect()
}

fn is_keep_alive(connection: &HeaderValue) -> bool {
    connection.as_bytes().eq_ignore_ascii_case(b"keep-alive")
}

fn lists(value: &HeaderValue, token: &str) -> bool {
    value.to_str().is_ok_and(|text| text.split(',').any(|item| item.trim().eq_ignore_ascii_case(token)))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        strip_request(&mut headers, false, Http::One);
        assert_eq!(names(&headers), ["host", "b", "b", "a"]);
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
            ("b", "1"),
        ]);
        strip_response(&mut headers, false, true);
        assert_eq!(names(&headers), ["b"]);
    }
}
