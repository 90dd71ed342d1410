//! What may be shown of text from a wire, and of a line when `AUTHSOME_TRACE=1`.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;

/// Longest foreign text that is shown, in characters.
const SHOWN: usize = 200;

/// Foreign text made fit for a terminal: control and bidi characters replaced, cut at 200.
///
/// An http(s) URL is shown whole, its other than printable ASCII characters replaced.
pub fn shown(text: &str) -> String {
    if text.starts_with("https://") || text.starts_with("http://") {
        return text.chars().map(|c| if c.is_ascii_graphic() { c } else { '\u{fffd}' }).collect();
    }
    let mut shown: String = text.chars().take(SHOWN).map(|c| if is_hostile(c) { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

/// Longest text of another program's error that is shown, in characters: it may name several paths.
const TOLD: usize = 2000;

/// An error of the other side, made fit for a terminal.
pub(crate) fn told(error: &mut crate::Error) {
    let parts = error.hint.iter_mut().chain(&mut error.error);
    for text in std::iter::once(&mut error.message).chain(parts).chain(&mut error.choices) {
        if text.chars().any(is_hostile) || text.len() > TOLD {
            *text = text.chars().take(TOLD).map(|c| if is_hostile(c) { '\u{fffd}' } else { c }).collect();
        }
    }
}

/// Returns text that is safe for a terminal: control and bidi characters are replaced, except newline and tab.
pub fn for_terminal(text: &str) -> Cow<'_, str> {
    let is_kept = |c: char| !is_hostile(c) || matches!(c, '\n' | '\t');
    if text.chars().all(is_kept) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if is_kept(c) { c } else { '\u{fffd}' }).collect())
}

/// Returns JSON that is safe for a terminal: the characters that [`for_terminal`] replaces are escaped. No value
/// changes, since JSON has such characters in its texts alone.
pub fn json_for_terminal(json: &str) -> Cow<'_, str> {
    let is_kept = |c: char| !is_hostile(c) || matches!(c, '\n' | '\t');
    if json.chars().all(is_kept) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        match is_kept(c) {
            true => escaped.push(c),
            // All of them are below U+10000, so each needs one escape (RFC 8259, section 7).
            false => escaped.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
    }
    Cow::Owned(escaped)
}

/// C0, C1, DEL, line separators, zero-width and bidirectional controls.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}')
}

/// The same value with every object under a key `secret` replaced by its field names.
pub fn without_secrets(value: &Value) -> Value {
    match value {
        Value::Object(object) => Value::Object(
            object
                .iter()
                .map(|(key, inner)| {
                    let kept = if key == "secret" { names_only(inner) } else { without_secrets(inner) };
                    (key.clone(), kept)
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(without_secrets).collect()),
        other => other.clone(),
    }
}

fn names_only(secret: &Value) -> Value {
    match secret {
        Value::Object(object) => {
            Value::Object(object.keys().map(|key| (key.clone(), Value::from("[secret]"))).collect())
        }
        _ => Value::from("[secret]"),
    }
}

/// Field names under which secrets travel. Such a field outside of `secret` is a fault.
const SECRET_NAMES: &[&str] =
    &["access_token", "refresh_token", "id_token", "api_key", "client_secret", "private_key", "password"];

/// The name of a secret field that lies outside of `secret`, at any depth.
pub fn misplaced_secret(object: &crate::Object) -> Option<&'static str> {
    object.iter().filter(|(key, _)| *key != "secret").find_map(|(key, value)| {
        let named = SECRET_NAMES.iter().find(|name| *name == key && value.is_string());
        named.copied().or_else(|| match value {
            Value::Object(inner) => misplaced_secret(inner),
            Value::Array(items) => items.iter().filter_map(Value::as_object).find_map(misplaced_secret),
            _ => None,
        })
    })
}

/// The same in a JSON text, which is not taken apart for it; an error when it is no JSON.
pub fn misplaced_secret_in(text: &str) -> serde_json::Result<Option<&'static str>> {
    serde_json::from_str::<Looked>(text).map(|looked| looked.misplaced)
}

/// A value that was looked through.
#[derive(Default)]
struct Looked {
    is_text: bool,
    misplaced: Option<&'static str>,
}

impl<'de> Deserialize<'de> for Looked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Looked, D::Error> {
        deserializer.deserialize_any(Looking)
    }
}

struct Looking;

impl<'de> Visitor<'de> for Looking {
    type Value = Looked;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Looked, A::Error> {
        let mut misplaced = None;
        while let Some(key) = map.next_key::<Cow<str>>()? {
            // Looked through as well: what is passed over unread may be no JSON.
            let value: Looked = map.next_value()?;
            if key == "secret" {
                continue;
            }
            let named = SECRET_NAMES.iter().copied().find(|name| value.is_text && *name == key);
            misplaced = misplaced.or(named).or(value.misplaced);
        }
        Ok(Looked { is_text: false, misplaced })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Looked, A::Error> {
        let mut misplaced = None;
        while let Some(item) = items.next_element::<Looked>()? {
            misplaced = misplaced.or(item.misplaced);
        }
        Ok(Looked { is_text: false, misplaced })
    }

    fn visit_str<E>(self, _: &str) -> Result<Looked, E> {
        Ok(Looked { is_text: true, misplaced: None })
    }

    fn visit_bool<E>(self, _: bool) -> Result<Looked, E> {
        Ok(Looked::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Looked, E> {
        Ok(Looked::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Looked, E> {
        Ok(Looked::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Looked, E> {
        Ok(Looked::default())
    }

    fn visit_unit<E>(self) -> Result<Looked, E> {
        Ok(Looked::default())
    }
}

/// How a line that is not valid protocol is spoken of: never its text.
pub fn described(line: &[u8]) -> String {
    let start = if line.first() == Some(&b'{') { "beginning with '{'" } else { "not beginning with '{'" };
    format!("{} bytes, {start}", line.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_replaced_at_any_depth() {
        let line = serde_json::json!({"a":[{"secret":{"token":"t0p"}}],"secret":"t0p","ok":{"client":{"secret":{"x":{"y":"t0p"}}}}});
        assert!(!without_secrets(&line).to_string().contains("t0p"));
    }

    #[test]
    fn a_misplaced_secret_is_found_in_the_text_as_in_the_object() {
        for (text, found) in [
            (r#"{"record":{"access_token":"x"},"n":1}"#, Some("access_token")),
            (r#"{"a":[{"b":{"api_\u006bey":"x"}}],"c":null}"#, Some("api_key")),
            (r#"{"secret":{"access_token":"x"},"a":{"secret":{"api_key":"x"}},"t":true}"#, None),
            (r#"{"env":{"TOKEN":"access_token"},"password":null,"api_key":1.5,"id_token":{}}"#, None),
        ] {
            assert_eq!(misplaced_secret_in(text).unwrap(), found, "{text}");
            assert_eq!(misplaced_secret(&serde_json::from_str(text).unwrap()), found, "{text}");
        }
        assert!(misplaced_secret_in("{").is_err() && misplaced_secret_in("{},{}").is_err());
    }

    #[test]
    fn json_for_a_terminal_means_the_same() {
        let value = serde_json::json!({"a\u{202e}": ["\u{1b}[31m", "\u{9b}\u{7f}\u{feff}", "plain \u{e9}\t"]});
        for json in [value.to_string(), format!("{value:#}")] {
            let shown = json_for_terminal(&json);
            assert!(!shown.chars().any(|c| is_hostile(c) && c != '\n'), "{shown:?}");
            assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), value);
        }
        assert_eq!(for_terminal("a\u{1b}[0m\n\tb\u{9b}"), "a\u{fffd}[0m\n\tb\u{fffd}");
    }

    #[test]
    fn terminal_escapes_and_bidi_overrides_do_not_reach_a_terminal() {
        let shown = shown("a\u{1b}[31m\u{202e}b\nc");
        assert_eq!(shown, "a\u{fffd}[31m\u{fffd}b\u{fffd}c");
    }

    #[test]
    fn long_text_is_cut_and_a_url_is_not() {
        assert_eq!(shown(&"x".repeat(300)).chars().count(), 201);
        let url = format!("https://example.test/{}", "x".repeat(300));
        assert_eq!(shown(&url), url);
    }
}
