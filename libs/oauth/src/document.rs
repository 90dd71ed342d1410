//! The object of an answer, read from JSON or from the form that some providers still send.
//!
//! An answer to a refresh may hold the only copy of a token. So mistakes that leave no doubt about the meaning are
//! accepted: a raw line break inside a text, or half of a character's escape.

use serde_json::{Map, Value};
use std::fmt::Write;
use zeroize::{Zeroize, Zeroizing};

/// The fields by which a form is recognized although the media type says otherwise.
const OF_FORMS: &[&str] = &["access_token", "refresh_token", "error", "device_code"];

/// A JSON object, or a form turned into one, wiped when dropped.
#[derive(Default)]
pub(crate) struct Document(pub(crate) Map<String, Value>);

impl Document {
    /// Reads a JSON object.
    pub(crate) fn json(text: &str) -> Option<Document> {
        // A byte order mark may stand behind blanks, and C programs send the zero byte at the end of a text.
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\0');
        let read = |text: &str| serde_json::from_str(text).ok().map(Document);
        if !text.starts_with('{') {
            return None;
        }
        read(text).or_else(|| read(&mended(text)))
    }

    /// Reads a form. `declared` is true when the media type says that it is one.
    pub(crate) fn form(text: &str, declared: bool) -> Option<Document> {
        let text = text.trim();
        let pairs = || form_urlencoded::parse(text.as_bytes());
        let known = || !text.starts_with(['{', '[', '<', '"']) && pairs().any(|(name, _)| OF_FORMS.contains(&&*name));
        (declared || known())
            .then(|| pairs().map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))).collect())
            .map(Document)
    }

    /// Returns the value that a JSON pointer finds (RFC 6901).
    pub(crate) fn at(&self, pointer: &str) -> Option<&Value> {
        let (first, rest) = match pointer.strip_prefix('/')?.split_once('/') {
            Some((first, _)) => (first, &pointer[first.len() + 1..]),
            None => (&pointer[1..], ""),
        };
        self.0.get(&first.replace("~1", "/").replace("~0", "~"))?.pointer(rest)
    }

    /// Returns the text of a field, unless it is empty.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        self.0.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// Returns the text of a name, which some servers write as a number.
    pub(crate) fn name(&self, key: &str) -> Option<String> {
        match self.0.get(key)? {
            Value::Number(number) => Some(number.to_string()),
            _ => self.text(key),
        }
    }

    /// Returns the number of a field, which some servers write as a text.
    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        let number = match self.0.get(key)? {
            Value::Number(number) => number.as_f64()?,
            Value::String(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        number.is_finite().then_some(number)
    }

    /// Returns the texts of a list. A single text counts as a list of one.
    pub(crate) fn texts(&self, key: &str) -> Option<Vec<String>> {
        match self.0.get(key)? {
            Value::Array(items) => Some(items.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
            _ => self.text(key).map(|text| vec![text]),
        }
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(object) => object.values_mut().for_each(wipe),
        _ => {}
    }
}

/// Returns the JSON with raw control characters inside its texts escaped and lone surrogates replaced (RFC 8259 §7,
/// §8.2).
fn mended(text: &str) -> Zeroizing<String> {
    let mut mended = Zeroizing::new(String::with_capacity(2 * text.len()));
    let (mut inside, mut rest) = (false, text);
    while let Some(first) = rest.chars().next() {
        let mut taken = first.len_utf8();
        match first {
            '"' => {
                inside = !inside;
                mended.push(first);
            }
            '\\' if inside => taken = push_escape(&mut mended, rest),
            _ if inside && first < ' ' => push_unicode(&mut mended, u32::from(first)),
            _ => mended.push(first),
        }
        rest = &rest[taken..];
    }
    mended
}

/// Appends the escape that `rest` begins with, a lone surrogate as U+FFFD, and returns its length.
fn push_escape(mended: &mut String, rest: &str) -> usize {
    let unit =
        |at: usize| rest.get(at..at + 6).and_then(|text| u16::from_str_radix(text.strip_prefix("\\u")?, 16).ok());
    let length = match (unit(0), unit(6)) {
        (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
        (Some(0xd800..=0xdfff), _) => {
            push_unicode(mended, 0xfffd);
            return 6;
        }
        (Some(_), _) => 6,
        // A backslash escapes one character, or nothing at the end of the text.
        (None, _) => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
    };
    mended.push_str(&rest[..length]);
    length
}

fn push_unicode(mended: &mut String, unit: u32) {
    // Writing to a text does not fail.
    let _ = write!(mended, "\\u{unit:04x}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn slips_inside_of_a_text_lose_no_token() {
        for (json, label) in [
            ("{\"label\":\"two\nlines\ttab\",\"access_token\":\"t\"}", "two\nlines\ttab"),
            (r#"{"label":"half \ud83d","access_token":"t"}"#, "half \u{fffd}"),
            (r#"{"label":"\udc00\ud83d\ude00 \ud83d\n","access_token":"t"}"#, "\u{fffd}😀 \u{fffd}\n"),
            ("{\"label\":\"\\\"\u{1}\\\\\",\"access_token\":\"t\"}", "\"\u{1}\\"),
            ("\u{feff} {\"label\":\"x\",\"access_token\":\"t\"}\n\0", "x"),
        ] {
            let document = Document::json(json).unwrap_or_else(|| panic!("{json}"));
            assert_eq!(document.text("label").as_deref(), Some(label));
            assert_eq!(document.text("access_token").as_deref(), Some("t"));
        }
        for broken in ["", "{", r#"{"a":"b"#, r#"{"a":"\"#, "[{}]", "{} {}", r#"{"a":"\x"}"#] {
            assert!(Document::json(broken).is_none(), "{broken}");
        }
    }

    #[test]
    fn a_form_is_known_by_what_it_holds() {
        let known = |text: &str| Document::form(text, false).is_some();
        assert!(known("access_token=t&scope=a") && known("\nerror=bad") && known("a=b&refresh_token=r"));
        assert!(!known("hello=world") && !known("<a href=?x&error=1>") && !known("{\"a\":\"&error=1\"}") && !known(""));
        assert_eq!(Document::form("a=b+c", true).unwrap().text("a").as_deref(), Some("b c"));
    }

    proptest! {
        #[test]
        fn good_json_is_the_same_when_it_is_mended(label in "\\PC{0,12}[\u{0}-\u{1f}\"\\\\😀]{0,4}") {
            let json = serde_json::json!({"a":label,"b":{"c":[label]}}).to_string();
            let mended = mended(&json);
            prop_assert_eq!(mended.as_str(), json);
        }
    }
}
