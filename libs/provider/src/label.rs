//! A label of a host name with a repeated class of characters in it: `api[0-9]+`.
//!
//! No class has a dot. So a label never matches names of another owner.

use std::fmt;
use std::str::FromStr;

/// The parts of a label, in their order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Part {
    Text(String),
    /// One or more of these characters. They are sorted.
    Many(Vec<u8>),
}

/// The most parts of a label.
const MOST: usize = 8;

impl Label {
    /// Returns the label; `None` when it has no class, too many parts, or a character that no label has.
    pub(crate) fn new(parts: Vec<Part>) -> Option<Label> {
        let is_sound = |part: &Part| match part {
            Part::Text(text) => !text.is_empty() && text.bytes().all(is_of_label),
            Part::Many(class) => !class.is_empty() && class.iter().copied().all(is_of_label),
        };
        let has_class = parts.iter().any(|part| matches!(part, Part::Many(_)));
        (has_class && parts.len() <= MOST && parts.iter().all(is_sound)).then_some(Label(parts))
    }

    /// Returns whether the whole of `label`, in lower case, matches.
    pub(crate) fn matches(&self, label: &str) -> bool {
        matches(&self.0, label.as_bytes())
    }
}

fn matches(parts: &[Part], rest: &[u8]) -> bool {
    match parts.split_first() {
        None => rest.is_empty(),
        Some((Part::Text(text), parts)) => rest.strip_prefix(text.as_bytes()).is_some_and(|rest| matches(parts, rest)),
        Some((Part::Many(class), parts)) => {
            let length = rest.iter().take_while(|byte| class.contains(byte)).count();
            (1..=length).any(|taken| matches(parts, &rest[taken..]))
        }
    }
}

fn is_of_label(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

impl FromStr for Label {
    type Err = ();

    /// Parses text and `[…]+`, where a class holds characters and ranges of them.
    fn from_str(text: &str) -> Result<Label, ()> {
        let text = text.to_ascii_lowercase();
        let (mut parts, mut rest) = (Vec::new(), text.as_str());
        while let Some((before, after)) = rest.split_once('[') {
            let (inside, after) = after.split_once("]+").ok_or(())?;
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Many(class(inside).ok_or(())?));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Label::new(parts).ok_or(())
    }
}

fn class(text: &str) -> Option<Vec<u8>> {
    let (mut members, mut rest) = (Vec::new(), text.as_bytes());
    loop {
        rest = match rest {
            [] => break,
            [first, b'-', last, rest @ ..] if first <= last => {
                members.extend(*first..=*last);
                rest
            }
            [_, b'-', _, ..] => return None,
            [one, rest @ ..] => {
                members.push(*one);
                rest
            }
        };
    }
    members.sort_unstable();
    members.dedup();
    Some(members)
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0 {
            match part {
                Part::Text(text) => f.write_str(text)?,
                Part::Many(class) => write!(f, "[{}]+", ranges(class))?,
            }
        }
        Ok(())
    }
}

/// Returns a class as text, such as `0-9a-f`. A hyphen comes last, where it stands for itself.
fn ranges(class: &[u8]) -> String {
    let mut text = String::new();
    let mut rest: Vec<u8> = class.iter().copied().filter(|byte| *byte != b'-').collect();
    while let Some(&first) = rest.first() {
        let length = rest.iter().zip(first..).take_while(|(byte, next)| **byte == *next).count();
        match rest[..length] {
            [first, .., last] if length > 2 => text.extend([char::from(first), '-', char::from(last)]),
            _ => text.extend(rest[..length].iter().copied().map(char::from)),
        }
        rest.drain(..length);
    }
    if class.contains(&b'-') {
        text.push('-');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_label_is_matched_as_a_whole() {
        for (pattern, good, bad) in [
            ("api[0-9]+", &["api1", "api42"][..], &["api", "api1x", "xapi1", "api-1"][..]),
            ("[0-9a-z-]+", &["a", "a-1"], &["", "a.b", "a_b"]),
            ("[ab]+b[0-9]+", &["abb1", "bb1"], &["b1", "ab"]),
        ] {
            let label: Label = pattern.parse().unwrap();
            assert_eq!(label.to_string(), pattern);
            assert!(good.iter().all(|text| label.matches(text)), "{pattern}");
            assert!(!bad.iter().any(|text| label.matches(text)), "{pattern}");
        }
    }

    #[test]
    fn what_is_no_class_is_no_label() {
        for text in [
            "api",
            "api[0-9]",
            "api[0-9",
            "a[.]+",
            "a[z-a]+",
            "a[]+",
            "a[0-9]+_",
            "[a]+[b]+[c]+[d]+[e]+[f]+[g]+[h]+[i]+",
        ] {
            assert!(text.parse::<Label>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_as_the_same(text in "[a-c]{0,2}\\[[0-9a-f]{1,6}-?\\]\\+[a-c-]{0,3}", other in "[a-f0-9-]{0,8}") {
            if let Ok(label) = text.parse::<Label>() {
                let again: Label = label.to_string().parse().unwrap();
                prop_assert_eq!(again.matches(&other), label.matches(&other));
                prop_assert_eq!(again, label);
            }
        }
    }
}
