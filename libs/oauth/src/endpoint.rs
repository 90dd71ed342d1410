//! The address of an endpoint: https, or plain http on loopback where that was asked for.

use std::fmt;
use url::Url;

/// An absolute URL without user, password and fragment (RFC 6749 §3.1, §3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

/// Why a text is no endpoint. It does not repeat the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadEndpoint {
    #[error("it is not an absolute URL")]
    NotAUrl,
    #[error("it is not https")]
    NotHttps,
    #[error("it holds a user name or a password")]
    HasUser,
    #[error("it has a fragment")]
    HasFragment,
}

impl Endpoint {
    /// An https URL.
    pub fn https(text: &str) -> Result<Endpoint, BadEndpoint> {
        Endpoint::parse(text, false)
    }

    /// An https URL, or an http one if `loopback_http` and its host is this machine.
    pub fn parse(text: &str, loopback_http: bool) -> Result<Endpoint, BadEndpoint> {
        let url = Url::parse(text).map_err(|_| BadEndpoint::NotAUrl)?;
        let host: host::Host = url.host_str().unwrap_or("").parse().map_err(|_| BadEndpoint::NotAUrl)?;
        match url.scheme() {
            "https" => {}
            "http" if loopback_http && host.is_loopback() => {}
            _ => return Err(BadEndpoint::NotHttps),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadEndpoint::HasUser);
        }
        if url.fragment().is_some() {
            return Err(BadEndpoint::HasFragment);
        }
        Ok(Endpoint(url))
    }

    pub fn url(&self) -> &Url {
        &self.0
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_is_an_endpoint_and_loopback_only_where_allowed() {
        assert!(Endpoint::https("https://api.notion.com/v1/oauth/token").is_ok());
        assert_eq!(Endpoint::https("http://127.0.0.1:9/t"), Err(BadEndpoint::NotHttps));
        for text in ["http://127.0.0.1:9/t", "http://localhost/t", "http://[::1]:9/t", "http://127.1/t"] {
            assert!(Endpoint::parse(text, true).is_ok(), "{text}");
        }
        for text in ["http://api.notion.com/t", "http://127.0.0.1.evil.test/t", "http://localhost.evil.test/t"] {
            assert_eq!(Endpoint::parse(text, true), Err(BadEndpoint::NotHttps), "{text}");
        }
    }

    #[test]
    fn a_url_with_a_user_a_fragment_or_another_scheme_is_refused() {
        assert_eq!(Endpoint::https("https://a:b@x.test/t"), Err(BadEndpoint::HasUser));
        assert_eq!(Endpoint::https("https://x.test/t#f"), Err(BadEndpoint::HasFragment));
        assert_eq!(Endpoint::https("file:///etc/passwd"), Err(BadEndpoint::NotAUrl));
        assert_eq!(Endpoint::https("ftp://x.test/"), Err(BadEndpoint::NotHttps));
        assert_eq!(Endpoint::https("/token"), Err(BadEndpoint::NotAUrl));
    }
}
