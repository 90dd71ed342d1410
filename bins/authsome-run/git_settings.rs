//! Removal of proxy settings from those that git takes from the environment (git-config(1), "ENVIRONMENT"). git prefers
//! them to `https_proxy`.

use std::collections::BTreeMap;

/// Changes of the environment. Each is a variable with its new value, or `None` to remove it.
pub type Changes = Vec<(String, Option<String>)>;

/// Returns the changes of `environment` after which no setting there names a proxy.
pub fn without_proxy(environment: &BTreeMap<String, String>) -> Changes {
    let mut changes = numbered(environment);
    if let Some(text) = environment.get("GIT_CONFIG_PARAMETERS") {
        let settings = words(text);
        let kept: Vec<&str> = settings.iter().copied().filter(|setting| !names_proxy(key(setting))).collect();
        if kept.len() < settings.len() {
            let kept = (!kept.is_empty()).then(|| kept.join(" "));
            changes.push(("GIT_CONFIG_PARAMETERS".to_owned(), kept));
        }
    }
    changes
}

/// Returns the changes of `GIT_CONFIG_COUNT` and of the variables that it counts, `GIT_CONFIG_KEY_n` and
/// `GIT_CONFIG_VALUE_n`.
fn numbered(environment: &BTreeMap<String, String>) -> Changes {
    let variable = |what: &str, n: usize| format!("GIT_CONFIG_{what}_{n}");
    let count = environment.get("GIT_CONFIG_COUNT").and_then(|count| count.parse::<usize>().ok()).unwrap_or(0);
    let settings: Vec<(&String, &String)> = (0..count)
        .map_while(|n| Some((environment.get(&variable("KEY", n))?, environment.get(&variable("VALUE", n))?)))
        .collect();
    let kept: Vec<_> = settings.iter().filter(|(key, _)| !names_proxy(key)).collect();
    // A count without its keys stays as it is: git itself refuses it.
    if settings.len() < count || kept.len() == count {
        return Vec::new();
    }
    let mut changes = vec![("GIT_CONFIG_COUNT".to_owned(), Some(kept.len().to_string()))];
    for n in 0..count {
        let setting = kept.get(n);
        changes.push((variable("KEY", n), setting.map(|(key, _)| (*key).clone())));
        changes.push((variable("VALUE", n), setting.map(|(_, value)| (*value).clone())));
    }
    changes
}

/// Returns whether a key names a proxy or the login there: `http.proxy`, `http.https://example.com/.proxy`,
/// `remote.origin.proxy` and their like.
fn names_proxy(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let section = key.starts_with("http.") || key.starts_with("remote.");
    section && (key.ends_with(".proxy") || key.ends_with(".proxyauthmethod"))
}

/// Splits `GIT_CONFIG_PARAMETERS`, in which `git -c` passes settings on: `'key'='value'`, in older versions
/// `'key=value'`, with spaces between.
fn words(text: &str) -> Vec<&str> {
    let (mut words, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\'' => quoted = !quoted,
            '\\' if !quoted => escaped = true,
            ' ' if !quoted => {
                words.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    words.push(&text[start..]);
    words.retain(|word| !word.is_empty());
    words
}

fn key(setting: &str) -> &str {
    // A URL in a key may contain `=`, so the text is split after the name of a proxy setting.
    let text = setting.trim_start_matches('\'');
    text.split_once("'=").or_else(|| text.split_once('=')).map_or(text, |(key, _)| key).trim_end_matches('\'')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_proxy_among_numbered_settings_goes_and_the_others_move_up() {
        let before = environment(&[
            ("GIT_CONFIG_COUNT", "3"),
            ("GIT_CONFIG_KEY_0", "http.https://api.github.com/.Proxy"),
            ("GIT_CONFIG_VALUE_0", ""),
            ("GIT_CONFIG_KEY_1", "user.name"),
            ("GIT_CONFIG_VALUE_1", "me"),
            ("GIT_CONFIG_KEY_2", "http.proxy"),
            ("GIT_CONFIG_VALUE_2", "http://proxy.test"),
        ]);
        let mut after = before.clone();
        for (name, value) in without_proxy(&before) {
            match value {
                Some(value) => _ = after.insert(name, value),
                None => _ = after.remove(&name),
            }
        }
        let wanted = [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "user.name"), ("GIT_CONFIG_VALUE_0", "me")];
        assert_eq!(after, environment(&wanted));
    }

    #[test]
    fn a_proxy_that_git_was_told_on_its_command_line_goes_and_the_others_stay() {
        for (before, after) in [
            ("'http.proxy'='http://a' 'user.name'='a b'", Some("'user.name'='a b'")),
            ("'http.proxy=http://a' 'x.y=it'\\''s'", Some("'x.y=it'\\''s'")),
            ("'remote.origin.proxy'=''", None),
        ] {
            let changes = without_proxy(&environment(&[("GIT_CONFIG_PARAMETERS", before)]));
            assert_eq!(changes, [("GIT_CONFIG_PARAMETERS".to_owned(), after.map(str::to_owned))]);
        }
    }

    #[test]
    fn settings_without_a_proxy_stay_as_they_are() {
        let count = environment(&[("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "a.b"), ("GIT_CONFIG_VALUE_0", "")]);
        assert_eq!(without_proxy(&count), []);
        assert_eq!(without_proxy(&environment(&[("GIT_CONFIG_COUNT", "99")])), []);
        assert_eq!(without_proxy(&environment(&[("GIT_CONFIG_PARAMETERS", "'a.b'='http.proxy'")])), []);
    }
}
