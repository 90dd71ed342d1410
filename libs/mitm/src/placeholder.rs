//! The worthless text that programs hold in a credential's place: finding it, in the spellings in
//! which clients send it, so that it is replaced or refused but never forwarded.

use crate::message::{Fields, Head};
use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use memchr::memchr;
use memchr::memmem::Finder;
use std::borrow::Cow;

pub(crate) struct Placeholders(Vec<Finder<'static>>);

/// Clients disagree about padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Placeholders {
    /// Empty texts are left out: they are everywhere.
    pub fn new(texts: &[String]) -> Placeholders {
        let known = texts.iter().filter(|text| !text.is_empty());
        Placeholders(known.map(|text| Finder::new(text.as_bytes()).into_owned()).collect())
    }

    pub fn in_text(&self, text: &[u8]) -> bool {
        self.0.iter().any(|finder| finder.find(text).is_some())
    }

    /// Returns whether the placeholder is in a field's value: as it is, percent-encoded, or inside Basic credentials
    /// (RFC 7617 §2).
    pub fn in_value(&self, text: &[u8]) -> bool {
        self.in_escaped(text) || basic_pair(text).is_some_and(|pair| self.in_escaped(&pair))
    }

    /// Returns whether the placeholder is in `text`, as it is or percent-encoded.
    pub fn in_escaped(&self, text: &[u8]) -> bool {
        self.in_text(text) || (memchr(b'%', text).is_some() && self.in_text(&unescape(text)))
    }

    /// The name of a field that holds it.
    pub fn in_fields<F: Fields>(&self, fields: &F) -> Option<String> {
        let (name, _) = fields.each().find(|(name, value)| self.in_value(value) || self.in_token(name))?;
        Some(String::from_utf8_lossy(name).into_owned())
    }

    /// Where in a request head it is, in words for a message.
    pub fn find<F: Fields>(&self, head: &Head<F>) -> Option<String> {
        if let Some(name) = self.in_fields(&head.fields) {
            return Some(format!("the header {name}"));
        }
        if self.in_token(head.method.as_str().as_bytes()) {
            return Some("the method".to_owned());
        }
        if self.in_escaped(head.uri.path().as_bytes()) {
            return Some("the path".to_owned());
        }
        head.uri.query().filter(|query| self.in_escaped(query.as_bytes())).map(|_| "the query".to_owned())
    }

    /// Returns whether the placeholder is in a name or method. The case of its letters may have been changed on the
    /// way.
    fn in_token(&self, token: &[u8]) -> bool {
        self.0
            .iter()
            .any(|finder| token.len() >= finder.needle().len() && finder.find(&token.to_ascii_lowercase()).is_some())
    }
}

/// Returns `user:password` of a header's Basic credentials (RFC 7617 §2), by either alphabet of base64.
pub(crate) fn basic_pair(value: &[u8]) -> Option<Vec<u8>> {
    let (scheme, pair) = value.split_at_checked(5)?;
    if !scheme.eq_ignore_ascii_case(b"basic") || !pair.first()?.is_ascii_whitespace() {
        return None;
    }
    let pair: Vec<u8> = pair.trim_ascii().iter().map(|b| standard(*b)).collect();
    BASE64.decode(pair).ok()
}

fn standard(letter: u8) -> u8 {
    match letter {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    }
}

/// Percent escapes undone, where they are proper ones (RFC 3986 §2.1).
pub(crate) fn unescape(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'%', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        match (first, after.get(..2).and_then(hex_pair)) {
            (b'%', Some(byte)) => {
                plain.push(byte);
                rest = &after[2..];
            }
            _ => {
                plain.push(first);
                rest = after;
            }
        }
    }
    Cow::Owned(plain)
}

pub(crate) fn hex_pair(pair: &[u8]) -> Option<u8> {
    if !pair.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Placeholders {
        Placeholders::new(&["authsome-proxy-managed".to_owned(), String::new()])
    }

    #[test]
    fn it_is_found_in_every_spelling_that_clients_send() {
        for text in [
            "authsome-proxy-managed",
            "Bearer authsome-proxy-managed",
            "token=\"authsome-proxy-managed\", x=1",
            // authsome-proxy-managed: and x:authsome-proxy-managed, padded and not
            "Basic YXV0aHNvbWUtcHJveHktbWFuYWdlZDo=",
            "basic  eDphdXRoc29tZS1wcm94eS1tYW5hZ2Vk",
            "BASIC YXV0aHNvbWUtcHJveHktbWFuYWdlZDo",
            "Basic\tYXV0aHNvbWUtcHJveHktbWFuYWdlZDo=",
            // ÿÿ:authsome-proxy-managed, in the alphabet of URLs
            "Basic __86YXV0aHNvbWUtcHJveHktbWFuYWdlZA==",
            // authsome%2Dproxy%2Dmanaged:
            "Basic YXV0aHNvbWUlMkRwcm94eSUyRG1hbmFnZWQ6",
            "https://app.test/?key=authsome%2dproxy-managed",
        ] {
            assert!(known().in_value(text.as_bytes()), "{text}");
        }
        assert!(known().in_escaped(b"/x?key=authsome%2Dproxy%2dmanaged"));
        assert!(known().in_escaped(b"%61uthsome-proxy-managed"));
        assert!(known().in_token(b"X-Authsome-Proxy-Managed"));
    }

    #[test]
    fn other_texts_are_not_it() {
        for text in ["", "Bearer sk-1", "Basic !!!", "Basic", "authsome-proxy-manage", "Basic eDp5"] {
            assert!(!known().in_value(text.as_bytes()), "{text}");
        }
        assert!(!known().in_escaped(b"%%2%zz%"));
    }
}
