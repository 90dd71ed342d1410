//! The check of one value of a form.
//!
//! A message never holds the value, which may be a secret with one letter too many.

use proto::PLACEHOLDER;
use proto::ops::flow::Field;
use zeroize::Zeroizing;

/// The most bytes of one value. No key is longer, and the value escaped as JSON still fits into a line of the protocol.
pub const MAX_BYTES: u64 = 256 * 1024;

/// Returns true when a value may have several lines: a key in PEM, or the file that holds it.
pub fn has_lines(field: &Field) -> bool {
    field.name == "private_key"
}

pub fn is_too_long(value: &str) -> bool {
    value.len() as u64 > MAX_BYTES
}

/// Checks `value`. The error says what is wrong with it, so that a person can mend it without seeing it.
pub fn check(field: &Field, value: &str) -> Result<(), String> {
    if value.is_empty() {
        return if field.required { Err(format!("{} is needed", field.label)) } else { Ok(()) };
    }
    if value == PLACEHOLDER {
        return Err("this is the placeholder that a session shows, not a credential".to_owned());
    }
    if is_too_long(value) {
        return Err(format!("it is too long: more than {} KiB", MAX_BYTES / 1024));
    }
    let breaks: &[char] = if has_lines(field) { &['\r', '\n', '\t'] } else { &[] };
    if value.chars().any(|c| c.is_control() && !breaks.contains(&c)) {
        return Err("it has control characters in it".to_owned());
    }
    let Some(pattern) = &field.pattern else { return Ok(()) };
    // A definition with a pattern that does not compile is refused earlier. Such a pattern of a drop-in flow is
    // ignored.
    let Ok(whole) = regex_lite::Regex::new(&format!("^(?:{pattern})$")) else { return Ok(()) };
    if whole.is_match(value) {
        return Ok(());
    }
    let hint = field.pattern_hint.as_ref().map(|hint| format!(": {}", proto::redact::shown(hint))).unwrap_or_default();
    Err(match slip(value) {
        Some(slip) => format!("{slip}{hint}"),
        None => {
            let (count, pattern) = (value.chars().count(), proto::redact::shown(pattern));
            format!("its {count} characters do not have the right form{hint} (as a pattern: {pattern})")
        }
    })
}

/// Recognizes a common mistake in copying a key.
fn slip(value: &str) -> Option<&'static str> {
    let first = value.split([' ', ':', '=']).next().unwrap_or_default();
    let is_name = first.len() < value.len() && first.contains('_') && !first.contains(|c: char| c.is_ascii_lowercase());
    let quotes = ['"', '\'', '`', '“', '”', '‘', '’'];
    if value.starts_with(quotes) || value.ends_with(quotes) {
        Some("there are quotes around it")
    } else if ["bearer", "authorization", "x-api-key"].iter().any(|word| first.eq_ignore_ascii_case(word)) {
        Some("it is a whole header: leave out all but the key")
    } else if is_name && first.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        Some("it begins with the name of a variable: leave out all but the key")
    } else if value.contains("...") || value.contains("**") || value.contains(['…', '•', '●']) {
        Some("it is shortened, as keys are shown in lists: copy the whole one, or make a new one")
    } else if value.contains(char::is_whitespace) {
        Some("there is a space in it")
    } else if !value.is_ascii() {
        Some("there is a character in it that no key has, perhaps an invisible one")
    } else {
        None
    }
}

/// Returns `value` with the line ends of Unix. A browser always sends those of DOS.
pub fn unix_lines(value: &str) -> Zeroizing<String> {
    Zeroizing::new(value.replace("\r\n", "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(value: &str) -> String {
        let field = Field {
            name: "api_key".into(),
            label: "API key".into(),
            masked: true,
            required: true,
            pattern: Some("sk-[A-Za-z0-9_-]{20,}".into()),
            pattern_hint: Some("an OpenAI key begins with sk-".into()),
            ..Field::default()
        };
        let problem = check(&field, value).unwrap_err();
        assert!(value.is_empty() || !problem.contains(value), "{problem}");
        problem
    }

    #[test]
    fn a_key_that_is_too_short_is_told_its_length_and_its_form() {
        let told = "its 8 characters do not have the right form: an OpenAI key begins with sk- (as a pattern: sk-[A-Za-z0-9_-]{20,})";
        assert_eq!(problem("sk-REAL2"), told);
    }

    #[test]
    fn what_goes_wrong_in_copying_a_key_is_recognized() {
        let key = "sk-abcdefghijklmnopqrstuvwxyz";
        for (value, told) in [
            (format!("\"{key}\""), "quotes around it"),
            (format!("“{key}”"), "quotes around it"),
            (format!("Bearer {key}"), "whole header"),
            (format!("Authorization: Bearer {key}"), "whole header"),
            (format!("OPENAI_API_KEY={key}"), "name of a variable"),
            ("sk-abcd...wxyz".to_owned(), "shortened"),
            ("sk-abcd…wxyz".to_owned(), "shortened"),
            ("sk-********************".to_owned(), "shortened"),
            (key.replace("ij", "i j"), "a space in it"),
            (format!("{key}\u{200b}"), "an invisible one"),
            (format!("{key}\n"), "control characters"),
        ] {
            assert!(problem(&value).contains(told), "{value}: {}", problem(&value));
        }
    }
}
