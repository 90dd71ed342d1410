//! Text of several lines that a person pastes, a private key or the file it came in: where it ends.
//!
//! It is told line by line, so that a prompt takes all of it and leaves none to whoever reads the
//! terminal next. Whether it is any good is not told here.

use crate::value;
use serde::de::IgnoredAny;

/// How far a text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// It began, and its end is still to come.
    Open,
    /// Its last line ends it.
    Whole,
    /// It is neither a key nor a file, so only its reader can tell.
    Unknown,
}

/// Of the lines so far.
pub fn reach(text: &str) -> Reach {
    let text = text.trim();
    if value::is_too_long(text) {
        return Reach::Whole;
    }
    if text.starts_with('{') {
        return object(text);
    }
    match text.lines().last() {
        // RFC 7468 §2.
        Some(last) if last.contains("-----END ") => Reach::Whole,
        _ if text.contains("-----BEGIN ") => Reach::Open,
        _ => Reach::Unknown,
    }
}

/// One with a mistake in it ends there: no further line would mend it.
fn object(text: &str) -> Reach {
    match serde_json::from_str::<IgnoredAny>(text) {
        Err(error) if error.is_eof() => Reach::Open,
        _ => Reach::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After each line.
    fn reaches(text: &str) -> Vec<Reach> {
        let lines: Vec<&str> = text.lines().collect();
        (1..=lines.len()).map(|count| reach(&lines[..count].join("\n"))).collect()
    }

    #[test]
    fn a_key_goes_to_its_end_line_over_empty_ones() {
        let key = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMII\n-----END RSA PRIVATE KEY-----";
        assert_eq!(reaches(key), [Reach::Open, Reach::Open, Reach::Open, Reach::Open, Reach::Whole]);
        assert_eq!(reach("Bag Attributes"), Reach::Unknown);
        assert_eq!(reach("Bag Attributes\n-----BEGIN PRIVATE KEY-----"), Reach::Open);
    }

    #[test]
    fn a_file_goes_to_its_last_brace_and_one_with_a_mistake_no_further() {
        let file = "{\n  \"a\": {\n    \"b\": \"}\"\n  }\n}";
        assert_eq!(reaches(file), [Reach::Open, Reach::Open, Reach::Open, Reach::Open, Reach::Whole]);
        assert_eq!(reaches("{\n  a: 1,\n  b: 2\n}")[1], Reach::Whole);
    }

    #[test]
    fn what_never_ends_is_whole_when_it_is_too_long_to_be_taken() {
        let endless = format!("-----BEGIN PRIVATE KEY-----\n{}", "A".repeat(300 * 1024));
        assert_eq!(reach(&endless), Reach::Whole);
        assert_eq!(reach(""), Reach::Unknown);
    }
}
