//! One canonical host name, for matching, dialling, the TLS name and every cache key.
//!
//! Two programs that read one name differently are how credentials leave for the wrong server
//! (trailing dots, NUL, percent escapes, `127.1`). So a name is parsed here, once, by the WHATWG
//! rules that browsers and most clients follow, and what is not canonical afterwards cannot be
//! spelled. Where an address leads, and whether two identifiers are the same, are decided here for everyone, too.
//! It resolves nothing and dials nothing.

#![forbid(unsafe_code)]

mod address;
mod identifier;

pub use address::{Allowed, Reach, forbidden, reach};
pub use identifier::same_identifier;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A canonical host: lower-case ASCII domain without trailing dot, or an IP address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host(Kind);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    Domain(String),
    Ip(IpAddr),
}

/// Why a text is no host. It does not repeat the text, which may be hostile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadHost {
    #[error("the host is empty")]
    Empty,
    #[error("the host has characters that no host name has")]
    Characters,
    #[error("the host is longer than DNS allows")]
    TooLong,
    #[error("the port is not a number from 1 to 65535")]
    Port,
}

impl Host {
    /// The address, when the host is an IP literal.
    pub fn ip(&self) -> Option<IpAddr> {
        match self.0 {
            Kind::Ip(ip) => Some(ip),
            Kind::Domain(_) => None,
        }
    }

    /// The domain, when the host is a name.
    pub fn domain(&self) -> Option<&str> {
        match &self.0 {
            Kind::Domain(name) => Some(name),
            Kind::Ip(_) => None,
        }
    }

    /// 127.0.0.0/8, ::1, and names that always mean them (RFC 6761 §6.3).
    pub fn is_loopback(&self) -> bool {
        match &self.0 {
            Kind::Ip(ip) => ip.is_loopback(),
            Kind::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        }
    }
}

impl FromStr for Host {
    type Err = BadHost;

    /// A host as it stands in a URL or a CONNECT line: IPv6 in brackets, no port.
    fn from_str(text: &str) -> Result<Host, BadHost> {
        if text.is_empty() {
            return Err(BadHost::Empty);
        }
        // The URL parser decodes percent escapes and strips some characters; a client that sends
        // them means to be read differently by someone.
        let suspicious = |b: u8| b <= b' ' || b == 0x7f || matches!(b, b'%' | b'\\' | b'/' | b'@' | b'?' | b'#' | b'*');
        if text.bytes().any(suspicious) {
            return Err(BadHost::Characters);
        }
        let undotted = text.strip_suffix('.').unwrap_or(text);
        match url::Host::parse(undotted).map_err(|_| BadHost::Characters)? {
            url::Host::Ipv4(ip) => Ok(Host::from(IpAddr::V4(ip))),
            url::Host::Ipv6(ip) => Ok(Host::from(IpAddr::V6(ip))),
            url::Host::Domain(name) => Host::from_domain(name),
        }
    }
}

impl Host {
    fn from_domain(name: String) -> Result<Host, BadHost> {
        // RFC 1035 §2.3.4.
        if name.len() > 253 || name.split('.').any(|label| label.len() > 63) {
            return Err(BadHost::TooLong);
        }
        let canonical = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'_');
        if !name.bytes().all(canonical) || name.split('.').any(str::is_empty) {
            return Err(BadHost::Characters);
        }
        Ok(Host(Kind::Domain(name)))
    }
}

impl From<IpAddr> for Host {
    /// An IPv4 address mapped into IPv6 is that IPv4 address.
    fn from(ip: IpAddr) -> Host {
        Host(Kind::Ip(ip.to_canonical()))
    }
}

impl From<Ipv4Addr> for Host {
    fn from(ip: Ipv4Addr) -> Host {
        Host::from(IpAddr::V4(ip))
    }
}

impl From<Ipv6Addr> for Host {
    fn from(ip: Ipv6Addr) -> Host {
        Host::from(IpAddr::V6(ip))
    }
}

impl fmt::Display for Host {
    /// As in a URL: IPv6 in brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Domain(name) => f.write_str(name),
            Kind::Ip(IpAddr::V4(ip)) => ip.fmt(f),
            Kind::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
        }
    }
}

/// A host and a port (RFC 9110 §7.2, §9.3.6).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Authority {
    pub host: Host,
    pub port: u16,
}

impl Authority {
    pub fn new(host: Host, port: u16) -> Authority {
        Authority { host, port }
    }

    /// `host` or `host:port`; `default_port` when there is none.
    pub fn parse(text: &str, default_port: u16) -> Result<Authority, BadHost> {
        let (host, port) = split_port(text);
        let port = match port {
            None => default_port,
            Some(digits) => port_number(digits)?,
        };
        Ok(Authority { host: host.parse()?, port })
    }
}

impl FromStr for Authority {
    type Err = BadHost;

    /// `host:port`, both there, as in a CONNECT line.
    fn from_str(text: &str) -> Result<Authority, BadHost> {
        match split_port(text) {
            (host, Some(port)) => Ok(Authority { host: host.parse()?, port: port_number(port)? }),
            (_, None) => Err(BadHost::Port),
        }
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

fn split_port(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        // A colon inside brackets belongs to the address.
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    }
}

fn port_number(digits: &str) -> Result<u16, BadHost> {
    let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    match digits.parse() {
        Ok(port) if all_digits && port != 0 => Ok(port),
        _ => Err(BadHost::Port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn host(text: &str) -> Host {
        text.parse().unwrap()
    }

    #[test]
    fn spellings_of_one_name_are_one_name() {
        for text in ["API.Notion.com", "api.notion.com.", "ａpi.notion.com"] {
            assert_eq!(host(text).to_string(), "api.notion.com", "{text}");
        }
        for text in ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]"] {
            assert_eq!(host(text).to_string(), "127.0.0.1", "{text}");
        }
        assert_eq!(host("bücher.example").to_string(), "xn--bcher-kva.example");
        assert_eq!(host("[2001:DB8::1]").to_string(), "[2001:db8::1]");
    }

    #[test]
    fn names_that_two_parsers_read_differently_are_refused() {
        for text in [
            "",
            ".",
            "a..b",
            "api.notion.com..",
            "api.notion.com\0.evil.test",
            "api%2enotion.com",
            "a b",
            "a\tb",
            "a\r\nb",
            "user@api.notion.com",
            "api.notion.com/x",
            "api.notion.com?x",
            "api.notion.com#x",
            "api.notion.com\\x",
            "[::1",
            "::1",
            "[::1%eth0]",
            "*.notion.com",
            "999.1.1.1",
        ] {
            assert!(text.parse::<Host>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_connect_line_needs_a_port_and_a_host_header_does_not() {
        assert_eq!("api.notion.com:443".parse::<Authority>().unwrap().to_string(), "api.notion.com:443");
        assert_eq!("[::1]:8443".parse::<Authority>().unwrap().to_string(), "[::1]:8443");
        for text in
            ["api.notion.com", "api.notion.com:", "api.notion.com:0", "api.notion.com:+1", "x:65536", ":443", "[::1]"]
        {
            assert!(text.parse::<Authority>().is_err(), "{text}");
        }
        assert_eq!(Authority::parse("api.notion.com", 443).unwrap().port, 443);
    }

    proptest! {
        #[test]
        fn what_parsed_is_canonical(text in "\\PC{0,40}|[a-zA-Z0-9.\\-_\\[\\]:]{1,30}") {
            if let Ok(host) = text.parse::<Host>() {
                prop_assert_eq!(host.to_string().parse::<Host>(), Ok(host));
            }
        }
    }
}
