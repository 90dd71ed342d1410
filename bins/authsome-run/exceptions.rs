//! Hosts that clients ask without the proxy: loopback, and those of the person's own `NO_PROXY` that take no routed
//! host out of the session.
//!
//! Clients read these entries in different ways: curl and Go compare whole labels, requests and wget any ending, and
//! Ruby looks addresses up. An entry is left out if any of these ways takes a routed host out.

use ipnet::IpNet;
use proto::ops::credential::{Route, Target};
use std::net::IpAddr;

/// Hosts that never go through the proxy.
const LOOPBACK: &[&str] = &["127.0.0.1", "localhost", "::1"];

/// The shortest prefix of an IPv4 network that may be private; the widest private network is 10.0.0.0/8.
const WIDEST_IPV4: u8 = 8;

/// The shortest prefix of an IPv6 network that may be private; the widest private network is fc00::/7.
const WIDEST_IPV6: u8 = 7;

/// The entries of `NO_PROXY`, sorted by what becomes of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Exceptions {
    /// The command's `NO_PROXY`.
    pub direct: String,
    /// Entries that would have taken a routed host out, each with the provider.
    pub led_past: Vec<(String, String)>,
    /// Entries that are left out because the session is strict.
    pub not_strict: Vec<String>,
}

/// Sorts the entries of `own`, the values of the person's `NO_PROXY` variables.
pub fn exceptions<'a>(own: impl IntoIterator<Item = &'a str>, routes: &[Route], strict: bool) -> Exceptions {
    let mut found = Exceptions::default();
    let mut direct: Vec<&str> = Vec::new();
    let separated = |values: &'a str| values.split([',', ' ', '\t', '\n']).filter(|entry| !entry.is_empty());
    for entry in own.into_iter().flat_map(separated) {
        let is_loopback = LOOPBACK.contains(&entry);
        if let Some(provider) = led_past(entry, routes) {
            push(&mut found.led_past, (entry.to_owned(), provider));
        } else if strict && !is_loopback {
            push(&mut found.not_strict, entry.to_owned());
        } else {
            push(&mut direct, entry);
        }
    }
    // A definition may name a host on this machine.
    LOOPBACK.iter().filter(|host| led_past(host, routes).is_none()).for_each(|host| push(&mut direct, host));
    found.direct = direct.join(",");
    found
}

fn push<T: PartialEq>(into: &mut Vec<T>, item: T) {
    if !into.contains(&item) {
        into.push(item);
    }
}

/// Returns the provider whose hosts, or some of them, are not asked through the proxy because of `entry`.
fn led_past(entry: &str, routes: &[Route]) -> Option<String> {
    let covering = |route: &&Route| route.targets.iter().any(|target| covers(entry, target));
    routes.iter().find(covering).map(|route| route.provider.to_string())
}

fn covers(entry: &str, target: &Target) -> bool {
    let entry = entry.to_ascii_lowercase();
    if let Ok(network) = entry.parse::<IpNet>() {
        let widest = if network.addr().is_ipv4() { WIDEST_IPV4 } else { WIDEST_IPV6 };
        let address: Option<IpAddr> = target.host.trim_matches(['[', ']']).parse().ok();
        return network.prefix_len() < widest || address.is_some_and(|address| network.contains(&address));
    }
    let name = bare_name(&entry);
    let anywhere = name.trim_start_matches(['*', '.']);
    // global-agent allows `*` in any place.
    let (start, end) = match (anywhere.split_once('*'), anywhere.rsplit_once('*')) {
        (Some((start, _)), Some((_, end))) => (if name.starts_with('*') { "" } else { start }, end),
        _ => ("", anywhere),
    };
    let host = target.host.trim_matches(['[', ']']).to_ascii_lowercase();
    match host.strip_prefix('*') {
        // `.example.com`: any host below it may be meant.
        Some(below) => below.ends_with(end) || end.ends_with(below),
        None => host.starts_with(start) && host.ends_with(end),
    }
}

/// Returns the host of an entry such as `https://example.com/` (which httpx takes), `example.com:443`, `[::1]:443` or
/// `example.com.`.
fn bare_name(entry: &str) -> &str {
    let entry = entry.split_once("://").map_or(entry, |(_, rest)| rest);
    let entry = entry.split('/').next().unwrap_or_default();
    if let Some(rest) = entry.strip_prefix('[') {
        return rest.split(']').next().unwrap_or_default();
    }
    let host = match entry.split_once(':') {
        Some((host, port)) if !port.contains(':') => host,
        // An IPv6 address has colons of its own.
        _ => entry,
    };
    host.strip_suffix('.').unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(hosts: &[&str]) -> Route {
        let target = |host: &&str| Target { host: (*host).to_owned(), port: 443, path: None };
        Route {
            provider: "openai".parse().unwrap(),
            connection: None,
            choices: Vec::new(),
            targets: hosts.iter().map(target).collect(),
            except: Vec::new(),
            former: Vec::new(),
            env: Default::default(),
            places: Vec::new(),
            private_network: false,
        }
    }

    #[test]
    fn an_entry_that_any_client_takes_for_a_routed_host_is_left_out() {
        for entry in [
            "*",
            "api.openai.com",
            "openai.com",
            ".openai.com",
            "*.openai.com",
            "API.OpenAI.com:443",
            "com",
            ".com",
            "ai.com",
            "*openai.com",
            "0.0.0.0/0",
            "::/0",
            "0.0.0.0/1",
            ".",
            "com:443",
            "https://api.openai.com",
            "https://",
            "api.openai.com.",
            "api.*",
            "api.*.com",
            "*api.open*",
            "*.openai.*",
        ] {
            let found = exceptions([entry], &[route(&["api.openai.com"])], false);
            assert_eq!(found.led_past, [(entry.to_owned(), "openai".to_owned())], "{entry}");
            assert_eq!(found.direct, "127.0.0.1,localhost,::1", "{entry}");
        }
        for entry in [
            "internal.test",
            "10.0.0.0/8",
            "fd00::/8",
            "notopenai.com",
            "api.openai.com.test",
            "www.*",
            "*.test",
            "192.168.1.1",
        ] {
            let found = exceptions([entry], &[route(&["api.openai.com"])], false);
            assert_eq!(found.led_past, [], "{entry}");
            assert!(found.direct.starts_with(entry), "{entry}");
        }
    }

    #[test]
    fn an_entry_for_one_host_below_a_routed_domain_is_left_out() {
        for (entry, covering) in [
            ("a.acme.test", true),
            ("acme.test", true),
            (".test", true),
            ("acme.example", false),
            ("xacme.test", false),
        ] {
            let found = exceptions([entry], &[route(&["*.acme.test"])], false);
            assert_eq!(!found.led_past.is_empty(), covering, "{entry}");
        }
    }

    #[test]
    fn an_address_is_in_its_network_and_loopback_is_asked_through_the_proxy_where_it_is_routed() {
        let found = exceptions(["10.0.0.0/8 10.1.2.4"], &[route(&["10.1.2.3"])], false);
        assert_eq!(found.led_past, [("10.0.0.0/8".to_owned(), "openai".to_owned())]);
        assert_eq!(found.direct, "10.1.2.4,127.0.0.1,localhost,::1");
        assert_eq!(exceptions([], &[route(&["127.0.0.1"])], false).direct, "localhost,::1");
    }

    #[test]
    fn a_strict_session_asks_nothing_but_loopback_without_the_proxy() {
        let found = exceptions(["intern.test,localhost"], &[], true);
        assert_eq!(
            (found.direct.as_str(), found.not_strict),
            ("localhost,127.0.0.1,::1", vec!["intern.test".to_owned()])
        );
    }
}
