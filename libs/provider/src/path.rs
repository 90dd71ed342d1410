//! Request paths, compared with the paths that a definition names.
//!
//! Two programs that read one path differently are how a credential reaches what a rule excludes
//! (`/oauth//token`, `/x/..%2foauth/token`, `/oauth/token%20`). So where a path decides, only a
//! canonical one counts, which no program has a reason to change before it reads it. The path that
//! is sent stays as it was.

/// Returns whether all programs read `path` in the same way. It is a request's path without the query.
///
/// Refused are dot segments, empty segments (but for a final slash), `\`, `;`, everything but visible
/// ASCII, and escapes that are improper or stand for a control character, for a character that needs
/// none (RFC 3986 §2.3), for one that would divide the path anew (`/ \ ; ? # %`), for white space at the
/// end or beginning of a segment, or for bytes that are not UTF-8.
pub fn is_canonical(path: &str) -> bool {
    // An OPTIONS request may be about the server as a whole (RFC 9112 §3.2.4).
    if path == "*" {
        return true;
    }
    let Some(segments) = path.strip_prefix('/') else { return false };
    let segments = segments.strip_suffix('/').unwrap_or(segments);
    path == "/" || segments.split('/').all(is_canonical_segment)
}

/// Returns whether a canonical `path` is `prefix` or lies below it, by segments. `prefix` has no final slash.
pub(crate) fn is_within(path: &str, prefix: &str) -> bool {
    prefix == "/" || path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Returns whether a canonical `path` is `endpoint` or lies below it. The case of letters does not matter.
///
/// An endpoint at the root is the root alone.
pub(crate) fn is_at(path: &str, endpoint: &str) -> bool {
    if endpoint == "/" {
        return path == "/";
    }
    is_within(&path.to_ascii_lowercase(), &endpoint.to_ascii_lowercase())
}

/// Returns the canonical form of a path in a definition: without dot segments, empty segments and a final slash.
pub(crate) fn canonical(path: &str) -> String {
    let decoded = decode_unreserved(path.as_bytes());
    let mut kept = Vec::new();
    for segment in String::from_utf8_lossy(&decoded).split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment.to_owned()),
        }
    }
    format!("/{}", kept.join("/"))
}

fn is_canonical_segment(segment: &str) -> bool {
    if matches!(segment, "" | "." | "..") || !segment.bytes().all(|b| b.is_ascii_graphic() && b != b'\\' && b != b';') {
        return false;
    }
    if !segment.contains('%') {
        return true;
    }
    let Some(plain) = unescape(segment.as_bytes()) else { return false };
    str::from_utf8(&plain).is_ok_and(|plain| plain.trim() == plain)
}

/// Returns the decoded bytes of a segment; `None` when it has an escape that a canonical path may not have.
fn unescape(segment: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(segment.len());
    let mut rest = segment;
    while let Some((&first, tail)) = rest.split_first() {
        if first != b'%' {
            plain.push(first);
            rest = tail;
            continue;
        }
        let byte = escaped(rest).filter(|b| !b.is_ascii_control() && !is_unreserved(*b) && !b"/\\;?#%".contains(b))?;
        plain.push(byte);
        rest = &rest[3..];
    }
    Some(plain)
}

fn decode_unreserved(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, tail)) = rest.split_first() {
        match escaped(rest).filter(|byte| is_unreserved(*byte)) {
            Some(byte) => {
                decoded.push(byte);
                rest = &rest[3..];
            }
            None => {
                decoded.push(first);
                rest = tail;
            }
        }
    }
    decoded
}

/// RFC 3986 §2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// The byte that `%XX` at the start of `text` stands for.
fn escaped(text: &[u8]) -> Option<u8> {
    let &[b'%', high, low, ..] = text else { return None };
    let digit = |b: u8| char::from(b).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_path_that_two_programs_read_differently_is_not_canonical() {
        for path in [
            "",
            "v1",
            "//",
            "/v1//token",
            "//v1",
            "/v1/token//",
            "/.",
            "/..",
            "/v1/./token",
            "/v1/x/../token",
            "/../v1",
            "/v1/..",
            "/v1\\token",
            "/v1/token;jsessionid=1",
            "/v1/..;/token",
            "/v1%2ftoken",
            "/v1%2Ftoken",
            "/v1%5Ctoken",
            "/v1/token%3bx",
            "/v1/token%3fx",
            "/v1/token%23",
            "/v1/%2e%2e/token",
            "/v1/x/%2e./token",
            "/v1/.%00./token",
            "/v1/%74oken",
            "/v1/%2574oken",
            "/v1/..%25252ftoken",
            "/v1/..%c0%af../token",
            "/v1/%c0%ae/token",
            "/v1/%ff",
            "/v1/%e9",
            "/v1/token%20",
            "/v1/%20token",
            "/v1/token%c2%a0",
            "/v1/token%0a",
            "/v1/to%7fken",
            "/v1/token%",
            "/v1/token%2",
            "/v1/token%zz",
            "/v1/token%u002f",
            "/v1/tok\u{e9}n",
            "/v1/token ",
        ] {
            assert!(!is_canonical(path), "{path}");
        }
    }

    #[test]
    fn paths_as_clients_send_them_are_canonical() {
        for path in [
            "/",
            "*",
            "/v1",
            "/v1/",
            "/v1/oauth/token",
            "/gmail/v1/users/me/messages:batchModify",
            "/repos/o/r/contents/my%20file.txt",
            "/v1/caf%C3%A9/%e2%82%ac",
            "/v1/a%2Bb%3D%40%3A",
            "/v1/...",
            "/v1/.well-known/x",
            "/v1/(a,b)!$&'*+=@~_-/x|y{z}",
        ] {
            assert!(is_canonical(path), "{path}");
        }
    }

    #[test]
    fn a_prefix_ends_at_a_segment() {
        for path in ["/gmail/v1", "/gmail/v1/", "/gmail/v1/users/me"] {
            assert!(is_within(path, "/gmail/v1"), "{path}");
        }
        for path in ["/gmail/v10", "/gmail", "/GMAIL/v1", "/x/gmail/v1", "/", "*"] {
            assert!(!is_within(path, "/gmail/v1"), "{path}");
        }
    }

    #[test]
    fn an_endpoint_is_itself_and_all_below_it_in_any_case() {
        for path in ["/v1/oauth/token", "/v1/oauth/token/", "/V1/OAuth/Token", "/v1/oauth/token/more"] {
            assert!(is_at(path, "/v1/oauth/token"), "{path}");
        }
        for path in ["/v1/oauth/tokens", "/v1/oauth", "/v1/search", "/", "*"] {
            assert!(!is_at(path, "/v1/oauth/token"), "{path}");
        }
        assert!(is_at("/", "/") && !is_at("/users", "/"));
    }

    /// Returns a path as the loosest server may read it: decoded until no escape is left, with `/` for `\`, and without
    /// parameters and spaces.
    fn loosely(path: &str) -> String {
        let mut text = path.to_owned();
        for _ in 0..3 {
            let plain = text.split('%').enumerate().map(|(at, part)| {
                match (at, u8::from_str_radix(part.get(..2).unwrap_or("x"), 16)) {
                    (0, _) => part.to_owned(),
                    (_, Ok(byte)) => format!("{}{}", char::from(byte), &part[2..]),
                    _ => format!("%{part}"),
                }
            });
            text = plain.collect();
        }
        let mut kept: Vec<&str> = Vec::new();
        let text = text.replace('\\', "/");
        for segment in text.split('/').map(|segment| segment.split([';', '?', '#', '\0']).next().unwrap().trim()) {
            match segment {
                "" | "." => {}
                ".." => drop(kept.pop()),
                segment => kept.push(segment),
            }
        }
        format!("/{}", kept.join("/"))
    }

    proptest! {
        /// A canonical path leads even the loosest server into no endpoint and out of no prefix without our seeing it.
        #[test]
        fn a_canonical_path_is_read_alike_by_all(path in "/(v1|oauth|token|x|\\.|%2e|%2f|/|%20|;|\\\\|%25|%00|%74oken|%5c){0,8}") {
            if is_canonical(&path) {
                let loose = loosely(&path);
                prop_assert_eq!(is_at(&path, "/v1/token"), is_at(&loose, "/v1/token"), "{}", path);
                prop_assert_eq!(is_within(&path, "/v1"), is_within(&loose, "/v1"), "{}", path);
            }
        }

        #[test]
        fn no_path_panics(path in "\\PC{0,40}|[/.%a-f0-9;\\\\]{0,30}") {
            let _ = (is_canonical(&path), canonical(&path), is_at(&path, "/x"));
        }

        /// Every path that a definition may name is canonical in a request.
        #[test]
        fn a_definition_s_path_is_its_own_canonical_spelling(path in "(/|\\.|a|%61|%2e|%3a|%c3%a9|~){0,12}") {
            let once = canonical(&path);
            if is_canonical(&once) {
                prop_assert_eq!(canonical(&once), once);
            }
        }
    }
}
