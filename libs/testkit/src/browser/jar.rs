//! Cookies (RFC 6265), by host and path; a host's cookies are the same on every port.

use url::Url;

#[derive(Default)]
pub(super) struct Jar(Vec<Cookie>);

struct Cookie {
    host: String,
    path: String,
    name: String,
    value: String,
    strict: bool,
    lax: bool,
}

impl Jar {
    /// Takes what `Set-Cookie` headers say. Max-Age of 0 or less removes.
    pub fn keep(&mut self, url: &Url, headers: &[(String, String)]) {
        for (_, line) in headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")) {
            let mut parts = line.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { continue };
            let attributes: Vec<(String, &str)> = parts
                .map(|part| part.split_once('=').unwrap_or((part, "")))
                .map(|(name, value)| (name.to_ascii_lowercase(), value))
                .collect();
            let get = |wanted: &str| attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| *value);
            let host = url.host_str().unwrap_or_default().to_owned();
            let path = get("path").filter(|path| path.starts_with('/')).map_or_else(|| directory(url), str::to_owned);
            self.0.retain(|known| (known.host != host) || (known.path != path) || (known.name != name));
            if get("max-age").and_then(|age| age.parse::<i64>().ok()).is_some_and(|age| age <= 0) {
                continue;
            }
            let same_site = get("samesite").unwrap_or_default();
            self.0.push(Cookie {
                host,
                path,
                name: name.to_owned(),
                value: value.to_owned(),
                strict: same_site.eq_ignore_ascii_case("strict"),
                // Without the attribute browsers behave as if it said Lax.
                lax: !same_site.eq_ignore_ascii_case("none"),
            });
        }
    }

    /// The Cookie header for a top-level navigation. `lax`: it is one that Lax cookies go along with.
    pub fn header(&self, url: &Url, lax: bool) -> Option<String> {
        let host = url.host_str().unwrap_or_default();
        let fits = |cookie: &&Cookie| {
            cookie.host == host && under(url.path(), &cookie.path) && (lax || !(cookie.lax || cookie.strict))
        };
        let pairs: Vec<String> =
            self.0.iter().filter(fits).map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

/// RFC 6265 §5.1.4.
fn under(path: &str, prefix: &str) -> bool {
    match path.strip_prefix(prefix) {
        Some(rest) => rest.is_empty() || rest.starts_with('/') || prefix.ends_with('/'),
        None => false,
    }
}

fn directory(url: &Url) -> String {
    match url.path().rsplit_once('/') {
        Some((directory, _)) if !directory.is_empty() => directory.to_owned(),
        _ => "/".to_owned(),
    }
}
