//! One table of who may set a credential on which request.
//!
//! The proxy's choice of what to open up and the broker's choice of what to set come from this
//! table alone, so they cannot differ. It holds no credential.

use crate::path::Readings;
use crate::target::{HostPattern, Target};
use host::{Authority, Host};
use std::collections::HashMap;

/// What one owner (a provider with its connection) says about requests.
#[derive(Debug, Clone)]
pub struct Rule<T> {
    pub owner: T,
    pub targets: Vec<Target>,
    /// Its own auth endpoints; a path is required to except anything but a whole authority.
    pub except: Vec<Target>,
}

/// Whose a request is.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a, T> {
    One(&'a T),
    /// Equal targets of several owners: nobody's.
    Ambiguous(Vec<&'a T>),
    /// An auth endpoint: nothing is set there.
    Excepted(&'a T),
    None,
}

/// The table, indexed by host: a lookup does not grow with the number of owners.
#[derive(Debug)]
pub struct Routes<T> {
    rules: Vec<Rule<T>>,
    /// Host and port to (rule, target) indices.
    exact: HashMap<Authority, Vec<(usize, usize)>>,
    /// Suffix and port to (rule, target) indices.
    suffix: HashMap<Authority, Vec<(usize, usize)>>,
    /// Host and port to the rules with an exception there.
    except: HashMap<Authority, Vec<usize>>,
}

impl<T> Routes<T> {
    pub fn new(rules: Vec<Rule<T>>) -> Routes<T> {
        let mut routes =
            Routes { rules: Vec::new(), exact: HashMap::new(), suffix: HashMap::new(), except: HashMap::new() };
        for (at, rule) in rules.iter().enumerate() {
            for (index, target) in rule.targets.iter().enumerate() {
                let (table, name) = match &target.host {
                    HostPattern::Exact(host) => (&mut routes.exact, host),
                    HostPattern::Suffix(suffix) | HostPattern::Labelled(_, suffix) => (&mut routes.suffix, suffix),
                };
                table.entry(Authority::new(name.clone(), target.port)).or_default().push((at, index));
            }
            for target in &rule.except {
                let rules = routes.except.entry(Authority::new(target.host.name().clone(), target.port)).or_default();
                if !rules.contains(&at) {
                    rules.push(at);
                }
            }
        }
        routes.rules = rules;
        routes
    }

    /// Some target lies at this host and port: its connections are to be opened up.
    pub fn covers(&self, authority: &Authority) -> bool {
        let below = |suffix: Authority| {
            self.suffix.get(&suffix).is_some_and(|all| self.fitting(all, authority).next().is_some())
        };
        self.exact.contains_key(authority) || suffixes(authority).any(below)
    }

    /// Owners of the targets at this host and port, whatever their paths.
    pub fn owners<'a>(&'a self, authority: &'a Authority) -> impl Iterator<Item = &'a T> {
        let suffixes = suffixes(authority).filter_map(|suffix| self.suffix.get(&suffix));
        let entries = self.exact.get(authority).into_iter().chain(suffixes);
        let fitting = entries.flat_map(move |entries| self.fitting(entries, authority));
        fitting.map(|(rule, _)| &self.rules[rule].owner)
    }

    /// The entries whose pattern is met by the host: under a suffix may stand one label of a kind.
    fn fitting<'a>(
        &'a self,
        entries: &'a [(usize, usize)],
        authority: &'a Authority,
    ) -> impl Iterator<Item = (usize, usize)> + 'a {
        let fits = |(rule, target): (usize, usize)| self.rules[rule].targets[target].host.matches(&authority.host);
        entries.iter().copied().filter(move |entry| fits(*entry))
    }

    /// `path` is without query, as the client sent it.
    pub fn find(&self, authority: &Authority, path: &str) -> Found<'_, T> {
        let path = Readings::of(path);
        let best = self.best(authority, &path);
        let Some(&first) = best.first() else { return Found::None };
        if let Some(owner) = self.exception(authority, &path) {
            return Found::Excepted(owner);
        }
        match best.len() {
            1 => Found::One(&self.rules[first].owner),
            _ => Found::Ambiguous(best.into_iter().map(|rule| &self.rules[rule].owner).collect()),
        }
    }

    /// The rules whose most specific target is the most specific of all: exact host before suffix,
    /// longer suffix before shorter, a label of a kind before any, then the longer path.
    fn best(&self, authority: &Authority, path: &Readings) -> Vec<usize> {
        let exact = self.exact.get(authority).map(|entries| self.longest(entries.iter().copied(), path));
        if let Some(exact) = exact.filter(|rules| !rules.is_empty()) {
            return exact;
        }
        let below = suffixes(authority).filter_map(|suffix| self.suffix.get(&suffix));
        below
            .flat_map(|entries| {
                [true, false].map(|labelled| {
                    let of_kind = self.fitting(entries, authority).filter(|entry| self.is_labelled(*entry) == labelled);
                    self.longest(of_kind, path)
                })
            })
            .find(|rules| !rules.is_empty())
            .unwrap_or_default()
    }

    fn is_labelled(&self, (rule, target): (usize, usize)) -> bool {
        matches!(self.rules[rule].targets[target].host, HostPattern::Labelled(..))
    }

    fn longest(&self, entries: impl Iterator<Item = (usize, usize)>, path: &Readings) -> Vec<usize> {
        let mut length = 0;
        let mut best: Vec<usize> = Vec::new();
        for (rule, target) in entries {
            let prefix = self.rules[rule].targets[target].path.as_deref().unwrap_or_default();
            if !prefix.is_empty() && !path.all_within(prefix) {
                continue;
            }
            if prefix.len() > length {
                length = prefix.len();
                best.clear();
            }
            if prefix.len() == length && !best.contains(&rule) {
                best.push(rule);
            }
        }
        best
    }

    /// Any owner's auth endpoint counts for all: another's token has no business there either.
    fn exception(&self, authority: &Authority, path: &Readings) -> Option<&T> {
        let hit = |target: &Target| {
            target.port == authority.port
                && target.host.matches(&authority.host)
                && path.any_at(target.path.as_deref().unwrap_or("/"))
        };
        let rules = self.except.get(authority)?;
        rules.iter().map(|&rule| &self.rules[rule]).find(|rule| rule.except.iter().any(hit)).map(|rule| &rule.owner)
    }
}

/// `b.c` and `c` of `a.b.c`, longest first, at the same port.
fn suffixes(authority: &Authority) -> impl Iterator<Item = Authority> + '_ {
    let name = authority.host.domain().unwrap_or_default();
    name.match_indices('.')
        .filter_map(|(dot, _)| name[dot + 1..].parse::<Host>().ok())
        .map(|host| Authority::new(host, authority.port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rule(owner: &'static str, targets: &[&str], except: &[&str]) -> Rule<&'static str> {
        let parsed = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        Rule { owner, targets: parsed(targets), except: parsed(except) }
    }

    fn routes() -> Routes<&'static str> {
        Routes::new(vec![
            rule(
                "notion",
                &["api.notion.com"],
                &["api.notion.com/v1/oauth/token", "api.notion.com/v1/oauth/authorize"],
            ),
            rule(
                "google",
                &["*.googleapis.com"],
                &["oauth2.googleapis.com/token", "accounts.google.com/o/oauth2/v2/auth"],
            ),
            rule("gmail", &["gmail.googleapis.com/gmail/v1"], &["oauth2.googleapis.com/token"]),
            rule("klaviyo", &["a.klaviyo.com"], &[]),
            rule("klaviyo-oauth", &["a.klaviyo.com"], &["a.klaviyo.com/oauth/token"]),
            rule("linear", &["*.linear.app"], &[]),
            rule("numbered", &["api[0-9]+.linear.app"], &[]),
            rule("github", &["api[0-9]+.github.com"], &[]),
            rule("linear-mcp", &["mcp.linear.app"], &[]),
            rule("local", &["api.local.test:8443/v1"], &[]),
        ])
    }

    fn whose(url: &str) -> String {
        let (authority, path) = url.split_once('/').unwrap();
        let Ok(authority) = Authority::parse(authority, 443) else { return "no host".to_owned() };
        match routes().find(&authority, &format!("/{path}")) {
            Found::One(owner) => (*owner).to_owned(),
            Found::Ambiguous(owners) => format!("ambiguous {owners:?}"),
            Found::Excepted(_) => "excepted".to_owned(),
            Found::None => "none".to_owned(),
        }
    }

    #[test]
    fn the_most_specific_target_wins() {
        for (url, owner) in [
            ("api.notion.com/v1/users/me", "notion"),
            ("API.NOTION.COM./v1/users/me", "notion"),
            ("gmail.googleapis.com/gmail/v1/users", "gmail"),
            ("gmail.googleapis.com/gmail/v10", "google"),
            ("gmail.googleapis.com/gmail/v1/../../drive", "google"),
            ("drive.googleapis.com/x", "google"),
            ("a.b.googleapis.com/x", "google"),
            ("api.linear.app/graphql", "linear"),
            ("mcp.linear.app/mcp", "linear-mcp"),
            ("api2.linear.app/x", "numbered"),
            ("api2.x.linear.app/x", "linear"),
            ("api2.github.com/x", "github"),
            ("api.local.test:8443/v1/x", "local"),
        ] {
            assert_eq!(whose(url), owner, "{url}");
        }
    }

    #[test]
    fn look_alike_hosts_and_other_ports_get_nothing() {
        for url in [
            "sub.api.notion.com/v1",
            "notion.com/v1",
            "api.notion.com.attacker.test/v1",
            "xapi.notion.com/v1",
            "api-notion.com/v1",
            "api.notion.com:8443/v1",
            "googleapis.com/x",
            "api.github.com/x",
            "x.api2.github.com/x",
            "googleapis.attacker.test/x",
            "evilgoogleapis.com/x",
            "googleapis.com.attacker.test/x",
            "127.0.0.1/x",
            "[::1]/x",
            "api.local.test/v1",
            "api.local.test:8443/v2",
        ] {
            assert_eq!(whose(url), "none", "{url}");
        }
        for url in ["api.notion.com\0.attacker.test/", "api%2enotion.com/", "user@api.notion.com/"] {
            assert_eq!(whose(url), "no host", "{url:?}");
        }
    }

    #[test]
    fn auth_endpoints_are_excepted_however_their_path_is_spelled() {
        for url in [
            "api.notion.com/v1/oauth/token",
            "api.notion.com/v1/oauth/token/",
            "api.notion.com/v1//oauth/token",
            "api.notion.com/v1/oauth/%74oken",
            "api.notion.com/x/../v1/oauth/token",
            "api.notion.com/v1/oauth%2ftoken",
            "oauth2.googleapis.com/token",
            "a.klaviyo.com/oauth/token",
        ] {
            assert_eq!(whose(url), "excepted", "{url}");
        }
        // No target there: it is not even opened up.
        assert_eq!(whose("accounts.google.com/o/oauth2/v2/auth"), "none");
    }

    #[test]
    fn equal_targets_of_two_providers_are_nobodys() {
        assert_eq!(whose("a.klaviyo.com/api/lists"), r#"ambiguous ["klaviyo", "klaviyo-oauth"]"#);
    }

    #[test]
    fn only_authorities_with_a_target_are_covered() {
        let covers = |text: &str| routes().covers(&text.parse().unwrap());
        for text in ["api.notion.com:443", "x.googleapis.com:443", "api.local.test:8443"] {
            assert!(covers(text), "{text}");
        }
        for text in ["accounts.google.com:443", "googleapis.com:443", "api.notion.com:80", "127.0.0.1:443"] {
            assert!(!covers(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_found_is_covered(host in "[a-z]{1,4}(\\.(linear|notion|api|app|com|googleapis)){0,3}", path in "[a-z/.%]{0,20}") {
            let authority = Authority::parse(&host, 443).unwrap();
            let routes = routes();
            if !matches!(routes.find(&authority, &format!("/{path}")), Found::None) {
                prop_assert!(routes.covers(&authority));
            }
        }
    }
}
