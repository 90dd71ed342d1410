//! One table of who may set a credential on which request.
//!
//! The proxy's choice of what to open up and the broker's choice of what to set come from this
//! table alone, so they cannot differ. It holds no credential.

use crate::path;
use crate::target::{HostPattern, Target};
use host::{Authority, Host};
use std::borrow::Cow;
use std::collections::HashMap;

/// What one owner (a provider with its connection) says about requests.
#[derive(Debug, Clone)]
pub struct Rule<T> {
    pub owner: T,
    pub targets: Vec<Target>,
    /// Its own auth endpoints; a path is required to except anything but a whole authority.
    pub except: Vec<Target>,
    /// Places that its credential went to until the definition changed. They get nothing, and their connections are
    /// opened so that no placeholder goes there.
    pub former: Vec<Target>,
}

/// Whose a request is.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a, T> {
    /// The owner of the target that the request lies in, and the path of that target.
    One(&'a T, Option<&'a str>),
    /// The path decides, and two programs may read it differently, so nothing may be set. The owner is one of those
    /// that it may belong to.
    Unclear(&'a T),
    /// Equal targets of several owners: nobody's.
    Ambiguous(Vec<&'a T>),
    /// An auth endpoint: nothing is set there.
    Excepted(&'a T),
    None,
}

/// The index of a rule and that of one of its targets.
type Entry = (usize, usize);

/// The table, indexed by host: a lookup does not grow with the number of owners.
#[derive(Debug)]
pub struct Routes<T> {
    rules: Vec<Rule<T>>,
    /// The entries by host and port.
    exact: HashMap<Authority, Vec<Entry>>,
    /// The entries by suffix and port.
    suffix: HashMap<Authority, Vec<Entry>>,
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

    /// Returns whether some target lies at this host and port, or lay there before. Its connections must be opened.
    pub fn covers(&self, authority: &Authority) -> bool {
        self.levels(authority).next().is_some() || self.was_covered(authority)
    }

    /// Owners of the targets at this host and port, whatever their paths.
    pub fn owners<'a>(&'a self, authority: &'a Authority) -> impl Iterator<Item = &'a T> {
        let entries = self.levels(authority).flat_map(Cow::into_owned);
        entries.map(|(rule, _)| &self.rules[rule].owner)
    }

    /// `path` is without query, as the client sent it.
    pub fn find(&self, authority: &Authority, path: &str) -> Found<'_, T> {
        let mut by_path = self.except.contains_key(authority);
        let mut best = Vec::new();
        for entries in self.levels(authority) {
            by_path |= entries.iter().any(|entry| self.target(entry).path.is_some());
            if by_path && !path::is_canonical(path) {
                return Found::Unclear(&self.rules[entries[0].0].owner);
            }
            best = self.longest(&entries, path);
            if !best.is_empty() {
                break;
            }
        }
        let Some(&first) = best.first() else { return Found::None };
        if let Some(owner) = self.exception(authority, path) {
            return Found::Excepted(owner);
        }
        match best.len() {
            1 => Found::One(&self.rules[first.0].owner, self.target(&first).path.as_deref()),
            _ => Found::Ambiguous(best.into_iter().map(|(rule, _)| &self.rules[rule].owner).collect()),
        }
    }

    /// Returns the targets at a host and port, the most specific first: an exact host before a suffix, a longer suffix
    /// before a shorter one, and a label with a class before `*`.
    fn levels<'a>(&'a self, authority: &'a Authority) -> impl Iterator<Item = Cow<'a, [Entry]>> {
        let exact = self.exact.get(authority).map(|entries| Cow::Borrowed(entries.as_slice()));
        let below = suffixes(authority).filter_map(|suffix| self.suffix.get(&suffix));
        let below = below.flat_map(move |entries| {
            [true, false].map(|labelled| {
                let fits = |host: &HostPattern| {
                    matches!(host, HostPattern::Labelled(..)) == labelled && host.matches(&authority.host)
                };
                entries.iter().copied().filter(|entry| fits(&self.target(entry).host)).collect::<Vec<_>>()
            })
        });
        exact.into_iter().chain(below.filter(|entries| !entries.is_empty()).map(Cow::Owned))
    }

    fn target(&self, &(rule, target): &Entry) -> &Target {
        &self.rules[rule].targets[target]
    }

    /// Returns the targets with the longest path that the request lies in, one of each rule.
    fn longest(&self, entries: &[Entry], path: &str) -> Vec<Entry> {
        let mut length = 0;
        let mut best: Vec<Entry> = Vec::new();
        for &entry in entries {
            let prefix = self.target(&entry).path.as_deref().unwrap_or_default();
            if !prefix.is_empty() && !path::is_within(path, prefix) {
                continue;
            }
            if prefix.len() > length {
                length = prefix.len();
                best.clear();
            }
            if prefix.len() == length && !best.iter().any(|(rule, _)| *rule == entry.0) {
                best.push(entry);
            }
        }
        best
    }

    /// Any owner's auth endpoint counts for all: another's token has no business there either.
    fn exception(&self, authority: &Authority, path: &str) -> Option<&T> {
        let hit = |target: &Target| {
            target.port == authority.port
                && target.host.matches(&authority.host)
                && path::is_at(path, target.path.as_deref().unwrap_or("/"))
        };
        let rules = self.except.get(authority)?;
        rules.iter().map(|&rule| &self.rules[rule]).find(|rule| rule.except.iter().any(hit)).map(|rule| &rule.owner)
    }

    fn was_covered(&self, authority: &Authority) -> bool {
        let at = |target: &Target| target.port == authority.port && target.host.matches(&authority.host);
        self.rules.iter().any(|rule| rule.former.iter().any(at))
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
        Rule { owner, targets: parsed(targets), except: parsed(except), former: Vec::new() }
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
            Found::One(owner, _) => (*owner).to_owned(),
            Found::Unclear(_) => "unclear".to_owned(),
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
    fn auth_endpoints_are_excepted_in_any_case_and_with_all_below_them() {
        for url in [
            "api.notion.com/v1/oauth/token",
            "api.notion.com/v1/oauth/token/",
            "api.notion.com/V1/OAuth/token/x",
            "oauth2.googleapis.com/token",
            "a.klaviyo.com/oauth/token",
        ] {
            assert_eq!(whose(url), "excepted", "{url}");
        }
        // No target there: it is not even opened up.
        assert_eq!(whose("accounts.google.com/o/oauth2/v2/auth"), "none");
    }

    #[test]
    fn where_a_path_decides_only_a_canonical_one_counts() {
        for url in [
            // The login endpoint on this host is excepted.
            "api.notion.com/v1/oauth//token",
            "api.notion.com/v1/oauth/%74oken",
            "api.notion.com/x/../v1/oauth/token",
            "api.notion.com/v1/oauth%2ftoken",
            "api.notion.com/v1/oauth/token%20",
            "api.notion.com/v1/search;x",
            // The target on this host has a path.
            "gmail.googleapis.com/gmail/v1/../../drive",
            "gmail.googleapis.com/evil//../gmail/v1/x",
            "gmail.googleapis.com/evil/../gmail/v1/x",
            "gmail.googleapis.com/gmail/v1/..%25252fdrive",
            "gmail.googleapis.com/gmail/.%00./drive",
            "gmail.googleapis.com/gmail/v1/..%c0%af../drive",
            "api.local.test:8443/v2//x",
        ] {
            assert_eq!(whose(url), "unclear", "{url}");
        }
        // On other hosts the path does not decide.
        for path in ["a//b", "a/../b", "a%2fb", "a;b", "%ff"] {
            assert_eq!(whose(&format!("drive.googleapis.com/{path}")), "google", "{path}");
            assert_eq!(whose(&format!("accounts.google.com/{path}")), "none", "{path}");
        }
    }

    #[test]
    fn the_path_of_the_target_is_told() {
        let routes = routes();
        let gmail = "gmail.googleapis.com:443".parse().unwrap();
        assert_eq!(routes.find(&gmail, "/gmail/v1/users"), Found::One(&"gmail", Some("/gmail/v1")));
        assert_eq!(routes.find(&gmail, "/drive"), Found::One(&"google", None));
    }

    #[test]
    fn a_former_place_is_looked_at_and_gets_nothing() {
        let former = vec!["old.x.test".parse().unwrap(), "*.old.test/v1".parse().unwrap()];
        let routes = Routes::new(vec![Rule { former, ..rule("x", &["api.x.test"], &[]) }]);
        for name in ["old.x.test:443", "a.old.test:443"] {
            let authority = name.parse().unwrap();
            assert!(routes.covers(&authority), "{name}");
            assert_eq!(routes.find(&authority, "/v1/x"), Found::None, "{name}");
        }
        assert!(!routes.covers(&"old.x.test:8443".parse().unwrap()));
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
