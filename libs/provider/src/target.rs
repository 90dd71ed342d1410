//! Where a credential may go: a host or all hosts under a suffix, a port, a path prefix.
//!
//! It matches names, never addresses: nothing is resolved here.

use crate::label::Label;
use crate::path;
use host::{Authority, BadHost, Host};
use std::fmt;
use std::str::FromStr;

/// HTTPS (RFC 9110 §4.2.2).
pub const DEFAULT_PORT: u16 = 443;

/// `api.example.com`, or `*.example.com` for every name below it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostPattern {
    Exact(Host),
    /// The suffix without `*.`; one or more labels stand before it.
    Suffix(Host),
    /// One label with a class, such as `api[0-9]+`, before the suffix.
    Labelled(Label, Host),
}

/// One place; `path` is canonical, begins with `/` and ends without one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    pub host: HostPattern,
    pub port: u16,
    pub path: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    #[error("is plain {0}, and a credential goes over https only")]
    Scheme(String),
    #[error("has a user, a query, a fragment, a space or a control character")]
    Characters,
    #[error("has '*' elsewhere than as the whole first label")]
    Wildcard,
    #[error("has '[' in its first label, and no class such as api[0-9]+ there")]
    Label,
    #[error("covers names of unrelated owners; a wildcard needs a suffix such as *.example.com")]
    TooWide,
    #[error("{0}")]
    Host(#[from] BadHost),
}

impl HostPattern {
    pub fn matches(&self, host: &Host) -> bool {
        match self {
            HostPattern::Exact(exact) => exact == host,
            HostPattern::Suffix(suffix) => is_below(host, suffix),
            HostPattern::Labelled(label, suffix) => {
                let split = host.domain().and_then(|name| name.split_once('.'));
                split.is_some_and(|(first, rest)| suffix.domain() == Some(rest) && label.matches(first))
            }
        }
    }

    /// Returns the name without its `*` or its label with a class.
    pub fn name(&self) -> &Host {
        match self {
            HostPattern::Exact(host) | HostPattern::Suffix(host) | HostPattern::Labelled(_, host) => host,
        }
    }
}

impl FromStr for HostPattern {
    type Err = BadTarget;

    fn from_str(text: &str) -> Result<HostPattern, BadTarget> {
        let (first, name) = first_label(text);
        if name.contains('*') {
            return Err(BadTarget::Wildcard);
        }
        let host: Host = name.parse()?;
        match first {
            None => Ok(HostPattern::Exact(host)),
            Some(_) if !has_one_owner(&host) => Err(BadTarget::TooWide),
            Some("*") => Ok(HostPattern::Suffix(host)),
            Some(label) => Ok(HostPattern::Labelled(label.parse().map_err(|()| BadTarget::Label)?, host)),
        }
    }
}

impl Target {
    /// From the parts as they travel; `path` need not be canonical yet.
    pub fn new(host: &str, port: u16, path: Option<&str>) -> Result<Target, BadTarget> {
        let path = path.map(path::canonical).filter(|path| path != "/");
        Ok(Target { host: host.parse()?, port, path })
    }

    /// Returns whether a request lies in this target. `path` has no query. If this target has a path, that of the
    /// request must be canonical.
    pub fn matches(&self, authority: &Authority, path: &str) -> bool {
        let within = |prefix: &str| path::is_canonical(path) && path::is_within(path, prefix);
        self.port == authority.port && self.host.matches(&authority.host) && self.path.as_deref().is_none_or(within)
    }
}

impl FromStr for Target {
    type Err = BadTarget;

    /// An entry of `api_url`: `host`, `host:port`, `host/path`, `*.suffix`, `https://…`.
    fn from_str(text: &str) -> Result<Target, BadTarget> {
        if text.bytes().any(|b| !b.is_ascii_graphic() || matches!(b, b'?' | b'#' | b'@' | b'\\' | b'{' | b'}')) {
            return Err(BadTarget::Characters);
        }
        let rest = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => rest,
            Some((scheme, _)) => return Err(BadTarget::Scheme(scheme.to_owned())),
            None => text,
        };
        let (authority, path) = match rest.find('/') {
            Some(slash) => (&rest[..slash], Some(&rest[slash..])),
            None => (rest, None),
        };
        let (first, name) = first_label(authority);
        if name.contains('*') {
            return Err(BadTarget::Wildcard);
        }
        let Authority { host, port } = Authority::parse(name, DEFAULT_PORT)?;
        let first = first.map(|first| format!("{first}.")).unwrap_or_default();
        Target::new(&format!("{first}{host}"), port, path)
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostPattern::Exact(host) => host.fmt(f),
            HostPattern::Suffix(suffix) => write!(f, "*.{suffix}"),
            HostPattern::Labelled(label, suffix) => write!(f, "{label}.{suffix}"),
        }
    }
}

impl fmt::Display for Target {
    /// `host[:port][/path]`, the port when it is not 443.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.host.fmt(f)?;
        if self.port != DEFAULT_PORT {
            write!(f, ":{}", self.port)?;
        }
        f.write_str(self.path.as_deref().unwrap_or_default())
    }
}

/// Splits off a first label with a class from the name behind it. The `[` of an IPv6 address begins no class.
fn first_label(text: &str) -> (Option<&str>, &str) {
    match text.split_once('.') {
        Some((first, rest)) if first == "*" || (first.contains('[') && !first.contains(':')) => (Some(first), rest),
        _ => (None, text),
    }
}

fn is_below(host: &Host, suffix: &Host) -> bool {
    let (Some(name), Some(suffix)) = (host.domain(), suffix.domain()) else { return false };
    name.strip_suffix(suffix).is_some_and(|labels| labels.len() > 1 && labels.ends_with('.'))
}

/// No list of public suffixes is carried: a top-level domain and the usual second levels under a
/// country (`co.uk`) are refused, the rest is the author's to know.
fn has_one_owner(suffix: &Host) -> bool {
    let Some(name) = suffix.domain() else { return false };
    let labels: Vec<&str> = name.split('.').collect();
    match labels.as_slice() {
        [] | [_] => false,
        [second, country] if country.len() == 2 => {
            !matches!(*second, "ac" | "co" | "com" | "edu" | "gob" | "gov" | "gv" | "mil" | "ne" | "net" | "or" | "org")
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Target {
        text.parse().unwrap()
    }

    #[test]
    fn every_spelling_of_a_target_has_one_canonical_text() {
        for (text, canonical) in [
            ("api.notion.com", "api.notion.com"),
            ("API.Notion.com.", "api.notion.com"),
            ("https://api.notion.com", "api.notion.com"),
            ("HTTPS://api.notion.com:443/", "api.notion.com"),
            ("api.notion.com:8443/v1/", "api.notion.com:8443/v1"),
            ("gmail.googleapis.com/gmail//v1/.", "gmail.googleapis.com/gmail/v1"),
            ("*.googleapis.com", "*.googleapis.com"),
            ("*.googleapis.com:8443/x", "*.googleapis.com:8443/x"),
            ("[::1]:8443/x", "[::1]:8443/x"),
            ("https://API[0-9]+.github.com:8443/x", "api[0-9]+.github.com:8443/x"),
        ] {
            assert_eq!(target(text).to_string(), canonical);
            assert_eq!(target(canonical), target(text));
        }
    }

    #[test]
    fn targets_that_could_mean_more_than_they_say_are_refused() {
        for text in [
            "",
            "http://api.notion.com",
            "ftp://x.test",
            "user@api.notion.com",
            "api.notion.com?x",
            "api.notion.com#x",
            "api.notion.com\\x",
            "api notion.com",
            "*",
            "*.",
            "*.com",
            "*.co.uk",
            "*.1.2.3.4",
            "api.*.com",
            "a*.example.com",
            "a[0-9].example.com",
            "a[0-9]+.com",
            "a[.]+.example.com",
            "x.a[0-9]+.example.com",
            "*.*.example.com",
            "api%2enotion.com",
            "{base_url}",
            "api.notion.com:0",
        ] {
            assert!(text.parse::<Target>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_repeated_class_stays_inside_its_label() {
        let pattern = target("api[0-9]+.github.com").host;
        for name in ["api1.github.com", "API42.GitHub.com."] {
            assert!(pattern.matches(&name.parse().unwrap()), "{name}");
        }
        for name in [
            "api.github.com",
            "github.com",
            "api1.x.github.com",
            "x.api1.github.com",
            "api1.github.com.attacker.test",
            "api1x.github.com",
            "api1-github.com",
        ] {
            assert!(!pattern.matches(&name.parse().unwrap()), "{name}");
        }
    }

    #[test]
    fn a_suffix_matches_by_whole_labels_and_never_its_own_name() {
        let pattern = target("*.linear.app").host;
        for name in ["api.linear.app", "a.b.linear.app", "API.LINEAR.APP."] {
            assert!(pattern.matches(&name.parse().unwrap()), "{name}");
        }
        for name in
            ["linear.app", "evillinear.app", "linear.app.attacker.test", "api.linear.app.attacker.test", "1.2.3.4"]
        {
            assert!(!pattern.matches(&name.parse().unwrap()), "{name}");
        }
    }
}
