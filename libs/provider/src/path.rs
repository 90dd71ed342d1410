//! How a server may read a request path, for comparing it with rules.
//!
//! Two programs that read one path differently are how a credential reaches what a rule excludes
//! (`/oauth/token/`, `/oauth/%74oken`, `/x/../oauth/token`). So a path is read twice: strictly, by
//! RFC 3986 §6.2.2, and loosely, as the most lenient server would. A prefix counts when both
//! readings lie in it, an exception when either does. The path that is sent stays as it was.

/// Both readings of one path, without query.
pub struct Readings {
    strict: String,
    loose: String,
}

impl Readings {
    pub fn of(path: &str) -> Readings {
        Readings { strict: strict(path), loose: loose(path) }
    }

    /// Every reading lies at or below `prefix`, by segment. `prefix` is canonical.
    pub fn all_within(&self, prefix: &str) -> bool {
        within(&self.strict, prefix) && within(&self.loose, prefix)
    }

    /// Some reading is `endpoint` or lies below it, whatever the case of its letters.
    ///
    /// Below the root lies everything; an endpoint at the root is the root alone.
    pub fn any_at(&self, endpoint: &str) -> bool {
        let endpoint = endpoint.to_ascii_lowercase();
        [&self.strict, &self.loose].into_iter().any(|reading| {
            let reading = reading.to_ascii_lowercase();
            reading == endpoint || (endpoint != "/" && within(&reading, &endpoint))
        })
    }
}

/// The canonical spelling of a path in a definition: no dot segments, no empty ones, no final slash.
pub(crate) fn canonical(path: &str) -> String {
    strict(path)
}

fn within(path: &str, prefix: &str) -> bool {
    prefix == "/" || path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Unreserved characters decoded (RFC 3986 §2.3), dot segments and empty segments removed.
fn strict(path: &str) -> String {
    let decoded = decode(path.as_bytes(), |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~'));
    join(String::from_utf8_lossy(&decoded).split('/'))
}

/// Everything decoded, twice; backslashes are slashes; parameters after `;` do not count.
fn loose(path: &str) -> String {
    let decoded = decode(&decode(path.as_bytes(), |_| true), |_| true);
    let text = String::from_utf8_lossy(&decoded).replace('\\', "/");
    join(text.split('/').map(|segment| segment.split_once(';').map_or(segment, |(name, _)| name)))
}

fn join<'a>(segments: impl Iterator<Item = &'a str>) -> String {
    let mut kept = Vec::new();
    for segment in segments {
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

fn decode(bytes: &[u8], wanted: impl Fn(u8) -> bool) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, tail)) = rest.split_first() {
        match escaped(rest) {
            Some(byte) if wanted(byte) => {
                decoded.push(byte);
                rest = &rest[3..];
            }
            _ => {
                decoded.push(first);
                rest = tail;
            }
        }
    }
    decoded
}

/// The byte that `%XX` at the start of `text` stands for.
fn escaped(text: &[u8]) -> Option<u8> {
    let &[b'%', high, low, ..] = text else { return None };
    let digit = |b: u8| char::from(b).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_that_a_server_may_take_for_the_endpoint_are_the_endpoint() {
        for path in [
            "/v1/oauth/token",
            "/v1/oauth/token/",
            "/v1//oauth/token",
            "/v1/oauth/%74oken",
            "/v1/oauth/%2574oken",
            "/v1/oauth%2ftoken",
            "/v1/oauth%5Ctoken",
            "/v1/oauth\\token",
            "/v1/x/../oauth/token",
            "/v1/x/%2e%2e/oauth/token",
            "/v1/./oauth/token",
            "/../v1/oauth/token",
            "/v1/oauth/token;jsessionid=1",
            "/v1;x/oauth/token",
            "/V1/OAuth/Token",
            "/v1/oauth/token/more",
        ] {
            assert!(Readings::of(path).any_at("/v1/oauth/token"), "{path}");
        }
        for path in ["/v1/oauth/tokens", "/v1/oauth", "/v1/oauth/token%", "/v1/search", "/", "*"] {
            assert!(!Readings::of(path).any_at("/v1/oauth/token"), "{path}");
        }
    }

    #[test]
    fn a_prefix_ends_at_a_segment_and_cannot_be_left_by_an_escape() {
        for path in ["/gmail/v1", "/gmail/v1/", "/gmail/v1/users/me", "/gmail//v1/x", "/gmail/%761/x", "/a/../gmail/v1"]
        {
            assert!(Readings::of(path).all_within("/gmail/v1"), "{path}");
        }
        for path in [
            "/gmail/v10",
            "/gmail",
            "/gmail/v1/../../drive",
            "/gmail/v1/%2e%2e/%2e%2e/drive",
            "/gmail/v1/..%2f..%2fdrive",
            "/gmail/v1/..%252f..%252fdrive",
            "/gmail/v1\\..\\..\\drive",
            "/gmail/v1/..;/..;/drive",
            "/gmail%2fv1/x",
            "/GMAIL/v1",
        ] {
            assert!(!Readings::of(path).all_within("/gmail/v1"), "{path}");
        }
    }

    #[test]
    fn an_endpoint_at_the_root_excludes_the_root_alone() {
        assert!(Readings::of("//").any_at("/"));
        assert!(!Readings::of("/users").any_at("/"));
    }

    proptest! {
        #[test]
        fn no_escaping_or_padding_dodges_an_endpoint(noise in proptest::collection::vec((0..4u8, any::<bool>()), 15)) {
            let path: String = "/v1/oauth/token".chars().zip(noise).map(|(c, (kind, escape))| match (c, kind) {
                ('/', 1) => "//".to_owned(),
                ('/', 2) => "/./".to_owned(),
                ('/', 3) => "/x/../".to_owned(),
                ('/', _) => "/".to_owned(),
                (c, _) if escape => format!("%{:02x}", u32::from(c)),
                (c, _) => c.to_string(),
            }).collect();
            prop_assert!(Readings::of(&path).any_at("/v1/oauth/token"), "{}", path);
        }

        #[test]
        fn no_path_panics(path in "\\PC{0,40}|[/.%a-f0-9;\\\\]{0,30}") {
            let readings = Readings::of(&path);
            prop_assert!(readings.all_within("/"));
        }
    }
}
