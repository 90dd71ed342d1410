//! The URL of an endpoint: https, a canonical host, nothing hidden in it.

use host::Authority;
use url::Url;

/// Why a text is no endpoint; it continues "<field> …".
pub type Fault = String;

/// Parses an endpoint. `loopback_http` lets plain http through to loopback hosts.
pub fn parse(text: &str, loopback_http: bool) -> Result<Url, Fault> {
    if text.bytes().any(|b| !b.is_ascii_graphic() || matches!(b, b'\\' | b'"' | b'<' | b'>' | b'`' | b'|' | b'^')) {
        return Err("has a space or a character that no URL has".to_owned());
    }
    if text.contains(['{', '}']) {
        return Err("has a template other than {base_url}".to_owned());
    }
    let Some((scheme, rest)) = text.split_once("://") else { return Err("is not an https URL".to_owned()) };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("has a user in it".to_owned());
    }
    let default_port = if scheme.eq_ignore_ascii_case("http") { 80 } else { 443 };
    let authority = Authority::parse(authority, default_port).map_err(|error| format!("has no host: {error}"))?;
    let url = Url::parse(text).map_err(|error| format!("is not a URL: {error}"))?;
    match url.scheme() {
        "https" => {}
        "http" if loopback_http && authority.host.is_loopback() => {}
        "http" if authority.host.is_loopback() => {
            return Err("is plain http; a user's own definition may say \"allow_loopback_http\": true".to_owned());
        }
        other => return Err(format!("is {other}, not https")),
    }
    if url.fragment().is_some() {
        return Err("has a fragment".to_owned());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_https_and_says_plainly_where_it_is() {
        for text in ["https://api.notion.com/v1/oauth/token", "https://x.test:8443/a?b=c", "https://[2001:db8::1]/t"] {
            assert!(parse(text, false).is_ok(), "{text}");
        }
        for text in [
            "",
            "api.notion.com/token",
            "http://api.notion.com/token",
            "http://127.0.0.1/token",
            "ftp://api.notion.com/",
            "file:///etc/passwd",
            "javascript://x/%0aalert(1)",
            "https:api.notion.com/token",
            "https:\\\\api.notion.com/token",
            "https://user:pw@api.notion.com/token",
            "https://api.notion.com@attacker.test/",
            "https://api.notion.com/#token",
            "https://api%2enotion.com/",
            "https://api.notion.com/a b",
            "https://api.notion.com/\r\nHost: x",
            "https://api.notion.com/{tenant}",
            "https:///token",
            "https://",
        ] {
            assert!(parse(text, false).is_err(), "{text:?}");
        }
    }

    #[test]
    fn plain_http_reaches_loopback_only_and_only_when_allowed() {
        for text in ["http://127.0.0.1:9000/token", "http://localhost:9000/token", "http://[::1]:9000/token"] {
            assert!(parse(text, true).is_ok(), "{text}");
            assert!(parse(text, false).unwrap_err().contains("allow_loopback_http"), "{text}");
        }
        for text in ["http://127.0.0.1.attacker.test/token", "http://10.0.0.1/token"] {
            assert!(parse(text, true).is_err(), "{text}");
        }
    }
}
