//! One entry of `NO_PROXY`: what is reached without the person's own proxy. It decides nothing else.

use host::{Authority, Host};
use ipnet::IpNet;
use std::net::IpAddr;
use std::str::FromStr;

/// Hosts that are reached directly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bypass(Entry);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    /// `host`, `.host` or `*.host`, each with everything below; at this port, if one is named.
    Host(Host, Option<u16>),
    /// `192.0.2.0/24`: addresses that a request names; names are not resolved for it.
    Network(IpNet),
}

/// It is neither a host nor a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither a host nor a network")]
pub struct BadBypass;

impl Bypass {
    pub(crate) fn covers(&self, to: &Authority) -> bool {
        match &self.0 {
            Entry::Host(host, port) => {
                port.is_none_or(|port| port == to.port) && (*host == to.host || below(&to.host, host))
            }
            Entry::Network(network) => to.host.ip().is_some_and(|ip| network.contains(&ip)),
        }
    }
}

impl FromStr for Bypass {
    type Err = BadBypass;

    fn from_str(text: &str) -> Result<Bypass, BadBypass> {
        if let Ok(network) = text.parse() {
            return Ok(Bypass(Entry::Network(network)));
        }
        // Unlike in a URL, an IPv6 address stands here without brackets, too.
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(Bypass(Entry::Host(ip.into(), None)));
        }
        let text = text.strip_prefix('*').unwrap_or(text);
        let text = text.strip_prefix('.').unwrap_or(text);
        match (text.parse(), text.parse::<Authority>()) {
            (Ok(host), _) => Ok(Bypass(Entry::Host(host, None))),
            (_, Ok(Authority { host, port })) => Ok(Bypass(Entry::Host(host, Some(port)))),
            _ => Err(BadBypass),
        }
    }
}

fn below(host: &Host, suffix: &Host) -> bool {
    match (host.domain(), suffix.domain()) {
        (Some(name), Some(suffix)) => name.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.')),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(entry: &str, to: &str) -> bool {
        entry.parse::<Bypass>().unwrap().covers(&to.parse().unwrap())
    }

    #[test]
    fn an_entry_is_a_host_with_all_below_it_and_perhaps_a_port() {
        for entry in ["corp.test", ".corp.test", "*.corp.test", "CORP.test", "corp.test:8443"] {
            assert!(covers(entry, "corp.test:8443") && covers(entry, "api.corp.test:8443"), "{entry}");
            assert!(!covers(entry, "notcorp.test:8443"), "{entry}");
        }
        assert!(!covers("corp.test:8443", "corp.test:443"));
    }

    #[test]
    fn an_entry_is_an_address_or_a_network_of_addresses() {
        assert!(covers("192.0.2.7", "192.0.2.7:443") && covers("2001:db8::1", "[2001:db8::1]:443"));
        assert!(covers("192.0.2.0/24", "192.0.2.7:443") && covers("2001:db8::/32", "[2001:db8::1]:443"));
        assert!(!covers("192.0.2.0/24", "192.0.3.7:443"));
        assert!(!covers("192.0.2.0/24", "corp.test:443"));
    }

    #[test]
    fn what_is_neither_is_no_entry() {
        for text in ["", ".", "*", "<local>", "192.0.2.0/33", "a b", "corp.test:0"] {
            assert_eq!(text.parse::<Bypass>(), Err(BadBypass), "{text}");
        }
    }
}
