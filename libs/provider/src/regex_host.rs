//! A `regex:` host of an older definition, as the patterns that match the same names.
//!
//! A regular expression over host names is how a token leaves for `googleapis.attacker.test`. It
//! is taken only when it is exactly a set of names, everything under a suffix, or names that differ
//! within their first label; what could match anything more is refused, with a name that it would
//! have matched.

use crate::label::{Label, Part};
use crate::target::HostPattern;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// More alternatives than anyone writes by hand.
const MOST: usize = 64;

/// What a regular expression does to a host name, piece by piece.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// `.*`, `.+`: anything, dots too.
    Anything,
    /// One or more of these characters, as in `[0-9]+`. None is a dot.
    Many(Vec<u8>),
    Start,
    End,
}

/// The patterns that match what `regex` matches as a whole, letters in any case; or why there are none.
pub fn patterns(regex: &str) -> Result<Vec<HostPattern>, String> {
    let hir = regex_syntax::parse(regex).map_err(|_| "is not a regular expression".to_owned())?;
    let mut patterns = Vec::new();
    for shape in shapes(&hir)? {
        let pattern = pattern(regex, &trimmed(shape))?;
        if !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
    Ok(patterns)
}

/// Every way through the expression.
fn shapes(hir: &Hir) -> Result<Vec<Vec<Piece>>, String> {
    let too_much = || "has too many alternatives; list the hosts instead".to_owned();
    let shapes = match hir.kind() {
        HirKind::Empty => vec![vec![]],
        HirKind::Literal(literal) => {
            let text = String::from_utf8_lossy(&literal.0).to_lowercase();
            vec![vec![Piece::Text(text)]]
        }
        HirKind::Class(class) => letters(class)?.into_iter().map(|letter| vec![Piece::Text(letter)]).collect(),
        HirKind::Look(Look::Start) => vec![vec![Piece::Start]],
        HirKind::Look(Look::End) => vec![vec![Piece::End]],
        HirKind::Look(_) => return Err("has an assertion inside; list the hosts instead".to_owned()),
        HirKind::Capture(capture) => shapes(&capture.sub)?,
        HirKind::Alternation(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(shapes(part)?);
            }
            all
        }
        HirKind::Repetition(repetition) => match (repetition.min, repetition.max) {
            (0, Some(1)) => [vec![vec![]], shapes(&repetition.sub)?].concat(),
            (0 | 1, None) if matches_any_character(&repetition.sub) => vec![vec![Piece::Anything]],
            (min, max) => {
                let class = within_a_label(&repetition.sub)
                    .ok_or_else(|| "repeats a part; write *.suffix or list the hosts instead".to_owned())?;
                counted(class, min, max).ok_or_else(too_much)?
            }
        },
        HirKind::Concat(parts) => {
            let mut all = vec![vec![]];
            for part in parts {
                let next = shapes(part)?;
                if all.len() * next.len() > MOST {
                    return Err(too_much());
                }
                all = all.iter().flat_map(|head| next.iter().map(move |tail| [&head[..], tail].concat())).collect();
            }
            all
        }
    };
    if shapes.len() > MOST { Err(too_much()) } else { Ok(shapes) }
}

/// Returns the characters of a class, or of a single character, if none is a dot. A repetition of them stays inside a
/// label.
fn within_a_label(hir: &Hir) -> Option<Vec<u8>> {
    let has: Box<dyn Fn(char) -> bool> = match hir.kind() {
        HirKind::Capture(capture) => return within_a_label(&capture.sub),
        HirKind::Literal(literal) if literal.0.len() == 1 => {
            let only = char::from(literal.0[0]);
            Box::new(move |c| c == only)
        }
        HirKind::Class(Class::Unicode(class)) => {
            Box::new(|c| class.iter().any(|range| range.start() <= c && c <= range.end()))
        }
        _ => return None,
    };
    let of_names = (b'a'..=b'z').chain(b'0'..=b'9').chain([b'-']);
    let either_case = |byte: &u8| has(char::from(*byte)) || has(char::from(byte.to_ascii_uppercase()));
    let mut members: Vec<u8> = of_names.filter(either_case).collect();
    members.sort_unstable();
    (!has('.') && !members.is_empty()).then_some(members)
}

/// Returns the texts that a repetition can match: nothing or many characters for `*`, many for `+`, and each number of a
/// single character for `a{1,3}`. It returns `None` for any other count.
fn counted(class: Vec<u8>, min: u32, max: Option<u32>) -> Option<Vec<Vec<Piece>>> {
    match (min, max) {
        (0, None) => Some(vec![vec![], vec![Piece::Many(class)]]),
        (1, None) => Some(vec![vec![Piece::Many(class)]]),
        (min, Some(max)) if class.len() == 1 && max as usize <= MOST => {
            let letter = char::from(class[0]);
            Some((min..=max).map(|times| vec![Piece::Text(letter.to_string().repeat(times as usize))]).collect())
        }
        _ => None,
    }
}

/// The members of a small class, in lower case.
fn letters(class: &Class) -> Result<Vec<String>, String> {
    let Class::Unicode(class) = class else { return Err("matches bytes, not names".to_owned()) };
    let size: u32 = class.iter().map(|range| u32::from(range.end()) - u32::from(range.start()) + 1).sum();
    if size > 200 {
        return Err("has a '.' that stands for any character; write '\\.' for a dot".to_owned());
    }
    let mut letters: Vec<String> =
        class.iter().flat_map(|range| range.start()..=range.end()).map(|c| c.to_lowercase().collect()).collect();
    letters.sort();
    letters.dedup();
    Ok(letters)
}

fn matches_any_character(hir: &Hir) -> bool {
    let host_characters = ('a'..='z').chain('0'..='9').chain(['-', '.']);
    match hir.kind() {
        HirKind::Capture(capture) => matches_any_character(&capture.sub),
        HirKind::Class(Class::Unicode(class)) => {
            let has = |c: char| class.iter().any(|range| range.start() <= c && c <= range.end());
            host_characters.into_iter().all(has)
        }
        _ => false,
    }
}

/// Without anchors at its ends, which say nothing about a whole match; neighbouring texts joined.
fn trimmed(shape: Vec<Piece>) -> Vec<Piece> {
    let mut pieces = shape.as_slice();
    while let [Piece::Start, rest @ ..] = pieces {
        pieces = rest;
    }
    while let [rest @ .., Piece::End] = pieces {
        pieces = rest;
    }
    let mut joined: Vec<Piece> = Vec::new();
    for piece in pieces {
        match (joined.last_mut(), piece) {
            (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(text),
            (Some(Piece::Anything), Piece::Anything) => {}
            _ => joined.push(piece.clone()),
        }
    }
    joined
}

fn pattern(regex: &str, shape: &[Piece]) -> Result<HostPattern, String> {
    let named = |text: &str| text.parse().map_err(|error| format!("matches {text:?}, which {error}"));
    match shape {
        [Piece::Text(name)] if !name.contains('*') => named(name),
        [Piece::Anything, Piece::Text(suffix)] if suffix.starts_with('.') => named(&format!("*{suffix}")),
        [Piece::Anything, Piece::Text(suffix)] => Err(would_match(regex, &format!("evil{suffix}"))),
        [.., Piece::Text(text), Piece::Anything] => {
            Err(would_match(regex, &format!("{}.attacker.test", text.trim_matches('.'))))
        }
        [.., Piece::Anything] | [] => Err(would_match(regex, "attacker.test")),
        pieces if pieces.iter().any(|piece| matches!(piece, Piece::Many(_))) => labelled(pieces),
        _ => Err("is more than names and *.suffix; list the hosts instead".to_owned()),
    }
}

/// Returns the pattern for names that differ within their first label: the label's parts, then the suffix.
fn labelled(pieces: &[Piece]) -> Result<HostPattern, String> {
    let more = || "is more than names and *.suffix; list the hosts instead".to_owned();
    let Some((Piece::Text(last), first)) = pieces.split_last() else { return Err(more()) };
    let (end, suffix) = last.split_once('.').ok_or_else(more)?;
    let mut parts = Vec::new();
    for piece in first {
        match piece {
            Piece::Many(class) => parts.push(Part::Many(class.clone())),
            Piece::Text(text) if !text.contains('.') => parts.push(Part::Text(text.clone())),
            _ => return Err(more()),
        }
    }
    parts.extend((!end.is_empty()).then(|| Part::Text(end.to_owned())));
    let label = Label::new(parts).ok_or_else(more)?;
    let text = format!("{label}.{suffix}");
    text.parse().map_err(|error| format!("matches {text:?}, which {error}"))
}

fn would_match(regex: &str, name: &str) -> String {
    format!("would also match {name}; write *.suffix or list the hosts instead of {regex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(regex: &str) -> Vec<String> {
        patterns(regex).unwrap().iter().map(HostPattern::to_string).collect()
    }

    #[test]
    fn a_regex_that_is_a_set_of_names_or_a_suffix_is_taken_as_that() {
        for (regex, expected) in [
            (r"api\.notion\.com", &["api.notion.com"][..]),
            (r"^API\.notion\.com$", &["api.notion.com"]),
            (r".*\.linear\.app", &["*.linear.app"]),
            (r"^.+\.linear\.app$", &["*.linear.app"]),
            (r"[^/]+\.linear\.app", &["*.linear.app"]),
            (r"(.*\.)?linear\.app", &["linear.app", "*.linear.app"]),
            (r"^(www\.linkedin\.com|linkedin\.com)", &["www.linkedin.com", "linkedin.com"]),
            (r"^(api\.twitter\.com|x\.com)", &["api.twitter.com", "x.com"]),
            (r"us[12]\.example\.com", &["us1.example.com", "us2.example.com"]),
            (r"(?i)a\.example\.com", &["a.example.com"]),
            (r"^api[0-9]+\.github\.com$", &["api[0-9]+.github.com"]),
            (r"api\d*\.github\.com", &["api.github.com", "api[0-9]+.github.com"]),
            (r"[A-Za-z]+-eu\.example\.com", &["[a-z]+-eu.example.com"]),
            (r"[^.]+\.notion\.com", &["[0-9a-z-]+.notion.com"]),
            (r"x{3}\.notion\.com", &["xxx.notion.com"]),
        ] {
            assert_eq!(texts(regex), expected, "{regex}");
        }
    }

    #[test]
    fn a_regex_that_can_match_a_look_alike_is_refused_with_the_look_alike() {
        for (regex, look_alike) in [
            (r".*googleapis.*", "googleapis.attacker.test"),
            (r".*githubusercontent\.com$", "evilgithubusercontent.com"),
            (r"api\.notion\.com.*", "api.notion.com.attacker.test"),
            (r".*", "attacker.test"),
            (r"api\..*", "api.attacker.test"),
        ] {
            let error = patterns(regex).unwrap_err();
            assert!(error.contains(look_alike), "{regex}: {error}");
        }
        for regex in [
            r"api.notion.com",
            r"api[0-9.]+\.notion\.com",
            r"api[0-9]+notion\.com",
            r"x\.api[0-9]+\.notion\.com",
            r"api[0-9]+\.com",
            r"api[0-9]{4}\.notion\.com",
            r"[^.]*\.notion\.com",
            r"(ab)+\.notion\.com",
            r".*\.com",
            r".*\.co\.uk",
            r"a.*\.notion\.com",
            r".*\.notion\.com|.*",
            r"\bapi\.notion\.com",
            r"a$b\.com",
            r"(",
            r"",
            r"(a|b)(c|d)(e|f)(g|h)(i|j)(k|l)(m|n)\.example\.com",
        ] {
            assert!(patterns(regex).is_err(), "{regex}: {:?}", patterns(regex));
        }
    }
}
