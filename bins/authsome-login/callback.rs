//! The redirect URI, and what comes back to it (RFC 6749 §4.1.2, RFC 9207).

use crate::page;
use proto::ops::flow::Authorized;
use proto::{Error, Result, Secrets};
use ring::digest::{SHA256, digest};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use url::{Host, Url};

/// Where OAuth apps of authsome's users are registered to send people back.
pub const DEFAULT: &str = "http://127.0.0.1:7998/auth/callback/oauth";

/// Paths that are always answered, besides a configured one.
pub const PATHS: &[&str] = &["/auth/callback/oauth", "/api/auth/callback/oauth"];

/// The redirect URI: plain http on loopback (RFC 8252 §7.3).
#[derive(Debug, Clone)]
pub struct Callback {
    url: Url,
    address: SocketAddr,
}

impl Callback {
    /// From the config key `callback`, else the default.
    pub fn parse(configured: Option<&str>) -> Result<Callback> {
        let text = configured.unwrap_or(DEFAULT);
        let bad = |what: &str| {
            Error::invalid(format!("config key callback: {what}: {}", proto::redact::shown(text)))
                .hint(format!("\"callback\": {DEFAULT:?}, with any port"))
        };
        let mut url = Url::parse(text).map_err(|_| bad("not a URL"))?;
        let ip = match url.host() {
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
            Some(Host::Domain("localhost")) => IpAddr::from([127, 0, 0, 1]),
            _ => return Err(bad("not a loopback address")),
        };
        if url.scheme() != "http" || !ip.is_loopback() || url.query().is_some() || url.fragment().is_some() {
            return Err(bad("not a plain http URL on a loopback address"));
        }
        // Listened on it would be another port each time, which no app has registered.
        if url.port() == Some(0) {
            return Err(bad("port 0 is no port to listen on"));
        }
        if [page::FORM, page::WAIT].contains(&url.path()) {
            return Err(bad("a path that the login page has for itself"));
        }
        if url.path() == "/" {
            url.set_path(PATHS[0]);
        }
        let port = url.port_or_known_default().unwrap_or(80);
        Ok(Callback { url, address: SocketAddr::new(ip, port) })
    }

    pub fn redirect_uri(&self) -> &str {
        self.url.as_str()
    }

    /// Returns the address at which the page listens and a tunnel ends.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns all addresses to listen on: `localhost` is IPv4 to some browsers and IPv6 to others.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let mut addresses = vec![self.address];
        if matches!(self.url.host(), Some(Host::Domain(_))) {
            addresses.push(SocketAddr::new(IpAddr::from(Ipv6Addr::LOCALHOST), self.address.port()));
        }
        addresses
    }

    /// `http://127.0.0.1:7998`, which is also the origin of the page's own forms.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// What a browser sends as `Host`.
    pub fn host(&self) -> String {
        let origin = self.origin();
        origin.strip_prefix("http://").unwrap_or(&origin).to_owned()
    }

    pub fn is_callback(&self, path: &str) -> bool {
        path == self.url.path() || PATHS.contains(&path)
    }
}

/// Why an answer to the redirect URI is none of this login's. It uses up nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotOurs {
    NoState,
    OtherState,
    Neither,
}

impl NotOurs {
    pub fn reason(self) -> &'static str {
        match self {
            NotOurs::NoState => "this address has no \"state\", so it cannot be told from a forged one",
            NotOurs::OtherState => "this address belongs to another login",
            NotOurs::Neither => "this address holds neither a code nor an error",
        }
    }
}

/// The parameters of the provider's answer (RFC 6749 §4.1.2, RFC 9207 §2).
const PARAMETERS: [&str; 5] = ["code", "state", "iss", "error", "error_description"];

/// Returns a posted answer as a query, without anything else that was posted.
pub fn query_of(body: &[u8]) -> String {
    let pairs = url::form_urlencoded::parse(body).filter(|(name, _)| PARAMETERS.contains(&&**name));
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Reads the query of a callback; the `state` must be this login's.
pub fn read_query(query: &str, state: &str) -> Result<Authorized, NotOurs> {
    let mut answer = Authorized::default();
    let mut given = None;
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "state" => given = Some(value.into_owned()),
            "code" => answer.secret.set("code", value),
            "iss" => answer.iss = Some(value.into_owned()),
            "error" => answer.error = Some(value.into_owned()),
            "error_description" => answer.error_description = Some(value.into_owned()),
            _ => {}
        }
    }
    let is_answer = answer.error.is_some() || answer.secret.get("code").is_some();
    match given {
        Some(given) if !same(&given, state) => Err(NotOurs::OtherState),
        Some(_) if is_answer => Ok(answer),
        None if is_answer => Err(NotOurs::NoState),
        _ => Err(NotOurs::Neither),
    }
}

/// What a person pasted: the whole address they ended at, or, with PKCE only, a bare code.
///
/// Without PKCE anybody's code would do, so the `state` must come along (RFC 9700 §4.5).
pub fn read_pasted(text: &str, state: &str, pkce: bool) -> Result<Authorized, &'static str> {
    let text = text.trim();
    let is_address = text.contains("://");
    if let Some((_, answer)) = text.split_once(|c| c == '?' || (c == '#' && is_address)) {
        // Some providers put the answer behind the `#`, others put something else there.
        return read_query(&answer.replace('#', "&"), state).map_err(NotOurs::reason);
    }
    let looks_like_a_code = !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic()) && !is_address;
    match (looks_like_a_code, pkce) {
        (true, true) => Ok(Authorized { secret: Secrets::new().with("code", text), ..Authorized::default() }),
        (true, false) => Err("paste the whole address: this provider's code is safe only together with its \"state\""),
        (false, _) => Err("this is not the address that the provider sent you to"),
    }
}

/// Equal, told without the time depending on where they differ: digests are compared.
pub fn same(a: &str, b: &str) -> bool {
    digest(&SHA256, a.as_bytes()).as_ref() == digest(&SHA256, b.as_bytes()).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_the_one_that_apps_are_registered_with() {
        let callback = Callback::parse(None).unwrap();
        assert_eq!(callback.redirect_uri(), "http://127.0.0.1:7998/auth/callback/oauth");
        assert_eq!(callback.host(), "127.0.0.1:7998");
    }

    #[test]
    fn only_plain_http_on_loopback_can_be_configured() {
        for bad in [
            "https://127.0.0.1:1/x",
            "http://0.0.0.0:1/",
            "http://example.test:1/",
            "http://127.0.0.1:1/?a",
            "http://127.0.0.1:0/",
            "http://127.0.0.1:1/form",
            "http://127.0.0.1:1/x/../wait",
            "x",
        ] {
            assert!(Callback::parse(Some(bad)).is_err(), "{bad}");
        }
        let callback = Callback::parse(Some("http://127.0.0.1:40123")).unwrap();
        assert_eq!(callback.redirect_uri(), "http://127.0.0.1:40123/auth/callback/oauth");
    }

    #[test]
    fn a_posted_answer_becomes_a_query_without_what_no_answer_has() {
        let body = b"state=s%26&code=a+b&id_token=secret&session_state=x";
        assert_eq!(query_of(body), "state=s%26&code=a+b");
    }

    #[test]
    fn localhost_is_listened_on_for_both_versions_of_ip() {
        let addresses = |text| Callback::parse(Some(text)).unwrap().addresses();
        assert_eq!(addresses("http://localhost:7998/"), ["127.0.0.1:7998", "[::1]:7998"].map(|a| a.parse().unwrap()));
        assert_eq!(addresses("http://[::1]:7998/"), ["[::1]:7998".parse().unwrap()]);
    }

    #[test]
    fn an_answer_without_this_logins_state_is_not_taken() {
        assert_eq!(read_query("code=c", "s").unwrap_err(), NotOurs::NoState);
        assert_eq!(read_query("code=c&state=t", "s").unwrap_err(), NotOurs::OtherState);
        assert_eq!(read_query("state=s", "s").unwrap_err(), NotOurs::Neither);
        assert_eq!(read_query("code=c&state=s", "s").unwrap().secret.get("code"), Some("c"));
    }

    #[test]
    fn a_bare_code_is_taken_only_with_pkce() {
        assert!(read_pasted("abc123", "s", true).is_ok());
        assert!(read_pasted("abc123", "s", false).is_err());
        for end in ["?code=c&state=s#_", "#code=c&state=s", "?x=1#state=s&code=c"] {
            let pasted = format!("http://127.0.0.1:7998/auth/callback/oauth{end}");
            assert!(read_pasted(&pasted, "s", false).is_ok(), "{end}");
        }
        assert!(read_pasted("https://evil.test/", "s", true).is_err());
    }
}
