//! A token answer, brought to the shape of RFC 6749 §5.1 and taken apart.

use crate::document::Document;
use crate::{Account, Provider};
use secrecy::SecretString;
use serde_json::{Map, Value};

/// What a token endpoint gave.
#[derive(Debug)]
pub struct Token {
    pub access_token: SecretString,
    pub refresh_token: Option<SecretString>,
    /// Seconds; absent when the provider told none, or none that makes sense.
    pub expires_in: Option<u64>,
    /// Granted scopes; absent when the answer does not tell (RFC 6749 §5.1: as asked).
    pub scopes: Option<Vec<String>>,
    /// What the definition's pointers found, never a token.
    pub account: Account,
}

/// Where in an answer the token may lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// At the definition's path, and nowhere else: beside it may lie another's token.
    Path,
    /// There, or else at the top: renewals of some providers come flat.
    PathOrTop,
}

/// Returns the answer in the shape of RFC 6749 §5.1, or says what it is if it holds no usable token.
///
/// A lifetime or scope of a strange shape is dropped rather than refused: a rotated refresh token
/// in the same answer must not be lost over it.
pub(crate) fn standard(document: &Document, provider: &Provider, place: Place) -> Result<Document, &'static str> {
    const NONE: &str = "a document without access_token";
    let top = Some(&document.0);
    let inner = match provider.token_path.as_deref() {
        None => top,
        Some(path) => {
            let nested = document.at(path).and_then(Value::as_object).filter(|o| has_token(o));
            if place == Place::PathOrTop { nested.or(top) } else { nested }
        }
    }
    .ok_or(NONE)?;
    let mut standard = Document::default();
    standard.0.insert("access_token".into(), secret(inner, "access_token").ok_or(NONE)?.into());
    if matches!(inner.get("token_type"), Some(Value::String(kind)) if !usable_as_bearer(kind)) {
        return Err("a token that needs a proof with each use");
    }
    standard.0.insert("token_type".into(), "bearer".into());
    if matches!(inner.get("refresh_token"), Some(Value::String(text)) if !text.is_empty()) {
        let token = secret(inner, "refresh_token").ok_or("a refresh_token that cannot be sent")?;
        standard.0.insert("refresh_token".into(), token.into());
    }
    if let Some(seconds) = inner.get("expires_in").and_then(seconds) {
        standard.0.insert("expires_in".into(), seconds.into());
    }
    if let Some(scopes) = inner.get("scope").or_else(|| inner.get("scopes")).and_then(scopes) {
        standard.0.insert("scope".into(), scopes.join(" ").into());
    }
    Ok(standard)
}

/// Whose account, by the definition's pointers into the whole answer.
pub(crate) fn account(document: &Document, pointers: &Account) -> Account {
    let mut secrets = Vec::new();
    collect_secrets(&document.0, &mut secrets);
    let find = |path: &Option<String>| {
        let text = match document.at(path.as_deref()?)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let hostile = text.is_empty() || text.chars().any(char::is_control) || text.chars().count() > 200;
        // A pointer that leads to a token would put it where records lie open.
        let reveals = secrets.iter().any(|secret| !secret.is_empty() && text.contains(secret));
        (!hostile && !reveals).then_some(text)
    };
    let label = match (find(&pointers.label), find(&pointers.person)) {
        (Some(label), Some(person)) => Some(format!("{label} ({person})")),
        (label, person) => label.or(person),
    };
    Account { id: find(&pointers.id), label, person: None }
}

fn collect_secrets<'a>(object: &'a Map<String, Value>, found: &mut Vec<&'a str>) {
    for (key, value) in object {
        match value {
            Value::String(text) if key.ends_with("token") || key.ends_with("secret") => found.push(text),
            Value::Object(inner) => collect_secrets(inner, found),
            Value::Array(items) => {
                items.iter().filter_map(Value::as_object).for_each(|inner| collect_secrets(inner, found));
            }
            _ => {}
        }
    }
}

fn has_token(object: &Map<String, Value>) -> bool {
    secret(object, "access_token").is_some()
}

/// RFC 6749 appendix A.12, A.17: printable ASCII, so that no header or line can be broken by it.
pub(crate) fn secret(object: &Map<String, Value>, key: &str) -> Option<String> {
    let text = object.get(key)?.as_str()?.trim();
    let printable = !text.is_empty() && text.bytes().all(|b| matches!(b, 0x20..=0x7e));
    printable.then(|| text.to_owned())
}

/// Vendors name their bearer tokens `bot`, `user`, `token`; these two need a proof with each use.
fn usable_as_bearer(token_type: &str) -> bool {
    !token_type.eq_ignore_ascii_case("mac") && !token_type.eq_ignore_ascii_case("dpop")
}

/// A number, or a text with one. Zero and less is how some say "no end".
fn seconds(value: &Value) -> Option<u64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse::<f64>().ok()?,
        _ => return None,
    };
    // A century: more would overflow somebody's clock.
    (number.is_finite() && number >= 1.0).then_some(number.min(3_155_760_000.0) as u64)
}

/// A text with spaces or commas, or a list.
fn scopes(value: &Value) -> Option<Vec<String>> {
    let split = |text: &str| -> Vec<String> {
        text.split(|c: char| c == ',' || c.is_whitespace()).filter(|s| !s.is_empty()).map(str::to_owned).collect()
    };
    match value {
        Value::String(text) => Some(split(text)),
        Value::Array(items) => Some(items.iter().filter_map(Value::as_str).flat_map(split).collect()),
        _ => None,
    }
}
