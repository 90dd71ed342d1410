//! The challenge of a resource to a request without a token: `WWW-Authenticate` (RFC 9110 §11.6.1, RFC 6750 §3, RFC
//! 9728 §5.1).

use crate::{Endpoint, Error, Transport, wire};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, Method};

/// A `Bearer` or `DPoP` challenge, as far as it helps a login. Empty when there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Challenge {
    /// The address of the resource's metadata (RFC 9728 §5.1). It was not checked.
    pub resource_metadata: Option<String>,
    /// The scopes that the request needs; empty when the challenge names none.
    pub scopes: Vec<String>,
    /// The error word (RFC 6750 §3.1).
    pub error: Option<String>,
}

/// Asks the resource without a token and returns its challenge; empty when it has none, whatever the status.
pub fn challenge(
    transport: &dyn Transport,
    headers: &HeaderMap,
    url: &str,
    loopback_http: bool,
) -> Result<Challenge, Error> {
    let endpoint = Endpoint::parse(url, loopback_http)
        .map_err(|why| Error::Settings(format!("the resource cannot be asked: {why}")))?;
    let response = transport.send(wire::empty(Method::GET, endpoint.url(), headers)?)?;
    Ok(Challenge::of(response.headers()))
}

impl Challenge {
    /// Reads the challenge in an answer's headers; of several fields of one name the first counts.
    pub fn of(headers: &HeaderMap) -> Challenge {
        let mut challenge = Challenge::default();
        for line in headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|line| line.to_str().ok()) {
            for (name, value) in parameters(line) {
                match name.as_str() {
                    "resource_metadata" => challenge.resource_metadata = challenge.resource_metadata.or(Some(value)),
                    "error" => challenge.error = challenge.error.or(Some(value)),
                    "scope" if challenge.scopes.is_empty() => challenge.scopes = scopes(value.split_whitespace()),
                    _ => {}
                }
            }
        }
        challenge
    }
}

/// The most scopes that a login takes from a server. More would make an address that no server accepts.
const MOST_SCOPES: usize = 100;

/// Keeps valid scopes (RFC 6749 §3.3), each once.
pub(crate) fn scopes<'a>(named: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let allowed = |b: u8| matches!(b, b'!' | b'#'..=b'[' | b']'..=b'~');
    let mut scopes: Vec<String> = Vec::new();
    for scope in named.into_iter().filter(|scope| !scope.is_empty() && scope.bytes().all(allowed)) {
        if scopes.len() < MOST_SCOPES && !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }
    scopes
}

/// Returns the parameters of `Bearer` and `DPoP` challenges, with names in lower case.
fn parameters(line: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut of_tokens = false;
    for item in items(line) {
        let (before, value) = item.split_once('=').unwrap_or((&item, ""));
        // A challenge begins with its scheme: `Bearer`, or `Bearer realm="x"`.
        let name = match before.trim().split_once([' ', '\t']) {
            Some((scheme, name)) => {
                of_tokens = is_of_tokens(scheme);
                name
            }
            None if !item.contains('=') => {
                of_tokens = is_of_tokens(before.trim());
                continue;
            }
            None => before,
        };
        if of_tokens {
            found.push((name.trim().to_ascii_lowercase(), unquoted(value.trim())));
        }
    }
    found
}

fn is_of_tokens(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("dpop")
}

/// Splits a line at the commas outside of quotes.
fn items(line: &str) -> Vec<String> {
    let (mut items, mut quoted, mut escaped) = (vec![String::new()], false, false);
    for c in line.chars() {
        match c {
            ',' if !quoted => items.push(String::new()),
            _ => {
                quoted ^= c == '"' && !escaped;
                escaped = quoted && c == '\\' && !escaped;
                if let Some(item) = items.last_mut() {
                    item.push(c);
                }
            }
        }
    }
    items.into_iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').map(|inner| inner.strip_suffix('"').unwrap_or(inner)) else {
        return value.to_owned();
    };
    let mut text = String::new();
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        text.extend(if c == '\\' { rest.next() } else { Some(c) });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(lines: &[&str]) -> Challenge {
        Challenge::of(&lines.iter().map(|line| (WWW_AUTHENTICATE, line.parse().unwrap())).collect())
    }

    #[test]
    fn a_challenge_is_found_among_others_in_every_spelling() {
        let metadata = Some("https://a.test/.well-known/oauth-protected-resource".to_owned());
        for lines in [
            &[r#"Bearer resource_metadata="https://a.test/.well-known/oauth-protected-resource", scope="a b""#][..],
            &[
                r#"Basic realm="x, y", bearer scope="a b",resource_metadata=https://a.test/.well-known/oauth-protected-resource"#,
            ],
            &[
                "Negotiate",
                r#"BEARER realm="\"q\", Basic", Resource_Metadata = "https://a.test/.well-known/oauth-protected-resource" , scope="a  b a""#,
            ],
            &[
                r#"DPoP algs="ES256", scope="a b""#,
                r#"Bearer resource_metadata="https://a.test/.well-known/oauth-protected-resource""#,
            ],
        ] {
            let challenge = of(lines);
            assert_eq!(challenge.resource_metadata, metadata, "{lines:?}");
            assert_eq!(challenge.scopes, ["a", "b"], "{lines:?}");
        }
    }

    #[test]
    fn another_schemes_parameters_are_not_ours() {
        assert_eq!(of(&[r#"Basic scope="a", resource_metadata="https://evil.test/""#]), Challenge::default());
        assert_eq!(of(&["Bearer"]), Challenge::default());
        assert_eq!(of(&[r#"Bearer error="insufficient_scope""#]).error.as_deref(), Some("insufficient_scope"));
        assert_eq!(of(&[r#"Bearer scope="a\"b c\\d é""#]).scopes, [""; 0]);
    }

    proptest! {
        #[test]
        fn any_line_is_read(line in "(Bearer|Basic|DPoP)?[ -~]{0,60}") {
            of(&[&line]);
        }
    }
}
