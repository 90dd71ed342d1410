//! Removal of a request's credential from the head and trailers of its response. Redirects and pagination
//! links repeat a query, and some servers repeat a request's headers in their own. Bodies are not
//! searched.

use crate::message::Fields;
use crate::placeholder::{basic_pair, hex_pair};
use crate::policy::{Half, Place, Slot};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use memchr::{memchr, memmem};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretSlice};
use std::ops::Range;

/// The length of the shortest text that is removed. A shorter one is no credential and stands in many heads by chance.
const SHORTEST: usize = 8;

/// The number of times that a value may be percent-encoded: a redirect's target within a link within a query.
const LEVELS: usize = 3;

/// The texts to remove, made once for a credential.
#[derive(Debug)]
pub struct Redaction {
    texts: Vec<Hidden>,
    /// Whether some of them are sent within Basic credentials, whose other half may be the client's.
    in_pairs: bool,
    instead: String,
}

/// One of the texts. The base64 of one half of a pair shares its outermost letters with the other half.
#[derive(Debug)]
struct Hidden {
    text: SecretSlice<u8>,
    /// The numbers of letters before and after the text that hold some of its bits.
    before: usize,
    after: usize,
}

impl Redaction {
    /// Returns the redaction for `slots`. It removes the credential without its scheme and, for Basic
    /// credentials (RFC 7617), also the halves that are not the client's. `instead` stands in their place.
    pub fn new<'a>(slots: impl IntoIterator<Item = &'a Slot>, instead: &str) -> Redaction {
        let mut redaction = Redaction { texts: Vec::new(), in_pairs: false, instead: instead.to_owned() };
        for Slot { place, value } in slots {
            let value = value.expose_secret();
            let Some(credential) = value.split_ascii_whitespace().next_back() else { continue };
            redaction.add(credential.as_bytes());
            let Some(pair) = basic_pair(value.as_bytes()).map(SecretSlice::from) else { continue };
            redaction.in_pairs = true;
            let mut halves = pair.expose_secret().splitn(2, |b| *b == b':');
            let (user, password) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
            match place {
                Place::Basic(Half::User) => redaction.add_half(user),
                Place::Basic(Half::Password) => redaction.add_half(password),
                Place::Header(_) | Place::Query(_) => {
                    [user, password].into_iter().for_each(|half| redaction.add_half(half));
                }
            }
        }
        redaction
    }

    fn add(&mut self, text: &[u8]) {
        self.add_hidden(text, 0, 0);
    }

    /// Adds a half of a pair as it is, and what base64 makes of it beside any other half: the letters that hold
    /// nothing else, for each of its three places in a group of three bytes.
    fn add_half(&mut self, half: &[u8]) {
        self.add(half);
        if half.len() < SHORTEST {
            return;
        }
        for shift in 0..3 {
            let bytes = Zeroizing::new([&[0; 2][..shift], half].concat());
            let letters = Zeroizing::new(STANDARD_NO_PAD.encode(&*bytes));
            let whole = (shift * 8).div_ceil(6)..bytes.len() * 8 / 6;
            self.add_hidden(&letters.as_bytes()[whole], shift.min(1), usize::from(bytes.len() % 3 != 0));
        }
    }

    fn add_hidden(&mut self, text: &[u8], before: usize, after: usize) {
        if text.len() >= SHORTEST && !self.texts.iter().any(|known| known.text.expose_secret() == text) {
            self.texts.push(Hidden { text: text.to_vec().into(), before, after });
        }
    }

    /// Removes the credential from the values of fields.
    pub(crate) fn apply<F: Fields>(&self, fields: &mut F) {
        // Nearly always the credential is not there, which one search of the whole text shows.
        if fields.texts().any(|text| self.may_be_in(text)) {
            fields.rewrite(|value| self.redacted(value));
        }
    }

    /// Returns the text without the credential; `None` when it is not there.
    pub(crate) fn redacted(&self, text: &[u8]) -> Option<Vec<u8>> {
        if !self.may_be_in(text) {
            return None;
        }
        let mut spans: Vec<Range<usize>> = self.texts.iter().flat_map(|hidden| spans(text, hidden)).collect();
        if self.in_pairs {
            spans.extend(pairs(text).filter(|(_, pair)| self.holds(pair)).map(|(span, _)| span));
        }
        if spans.is_empty() {
            return None;
        }
        spans.sort_by_key(|span| span.start);
        let (mut out, mut done) = (Vec::with_capacity(text.len()), 0);
        for span in spans {
            if span.start >= done {
                out.extend_from_slice(&text[done..span.start]);
                out.extend_from_slice(self.instead.as_bytes());
            }
            done = done.max(span.end);
        }
        out.extend_from_slice(&text[done..]);
        Some(out)
    }

    fn may_be_in(&self, text: &[u8]) -> bool {
        if self.texts.is_empty() {
            return false;
        }
        self.holds(text) || memchr(b'%', text).is_some() || (self.in_pairs && pairs(text).next().is_some())
    }

    fn holds(&self, text: &[u8]) -> bool {
        self.texts.iter().any(|hidden| memmem::find(text, hidden.text.expose_secret()).is_some())
    }
}

/// Returns the Basic credentials in a text, each with the range of its encoded pair and the pair itself.
fn pairs(text: &[u8]) -> impl Iterator<Item = (Range<usize>, Vec<u8>)> {
    memmem::find_iter(text, b"asic ").filter_map(|at| {
        let whole = text.get(at.checked_sub(1)?..)?;
        let from = at + "asic ".len();
        let length = text[from..].iter().position(|b| b" ,;\"".contains(b)).unwrap_or(text.len() - from);
        let pair = basic_pair(&whole[.."basic ".len() + length])?;
        Some((from..from + length, pair))
    })
}

/// Returns the ranges of `text` that hold the hidden text, as it is or percent-encoded in any way, with the letters
/// around it that hold some of its bits.
fn spans(text: &[u8], hidden: &Hidden) -> Vec<Range<usize>> {
    let secret = hidden.text.expose_secret();
    let mut spans = Vec::new();
    let mut plain = text.to_vec();
    // The positions in `text` at which each byte of `plain` begins, and at which the last one ends.
    let mut starts: Vec<usize> = (0..=text.len()).collect();
    for _ in 0..=LEVELS {
        spans.extend(memmem::find_iter(&plain, secret).map(|at| {
            let end = (at + secret.len() + hidden.after).min(plain.len());
            starts[at.saturating_sub(hidden.before)]..starts[end]
        }));
        let before = plain.len();
        (plain, starts) = unescaped(&plain, &starts);
        if plain.len() == before {
            break;
        }
    }
    spans
}

/// Returns the bytes without one level of percent-encoding, and their positions.
fn unescaped(text: &[u8], starts: &[usize]) -> (Vec<u8>, Vec<usize>) {
    let (mut plain, mut places) = (Vec::with_capacity(text.len()), Vec::with_capacity(starts.len()));
    let mut at = 0;
    while at < text.len() {
        places.push(starts[at]);
        let escape = text[at..].strip_prefix(b"%").and_then(|rest| rest.get(..2)).and_then(hex_pair);
        plain.push(escape.unwrap_or(text[at]));
        at += if escape.is_some() { 3 } else { 1 };
    }
    places.push(starts[text.len()]);
    (plain, places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;
    use proptest::prelude::*;

    fn of(value: &str) -> Redaction {
        Redaction::new(&[Slot { place: Place::Query("key".to_owned()), value: value.to_owned().into() }], "HELD")
    }

    fn redacted(value: &str, text: &str) -> String {
        let text = of(value).redacted(text.as_bytes()).unwrap_or(text.as_bytes().to_vec());
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_credential_is_found_in_every_spelling_that_servers_send_back() {
        for (value, text, expected) in [
            ("key-1234", "/dir/?page=1&key=key-1234", "/dir/?page=1&key=HELD"),
            (
                "Bearer key-1234",
                "<https://a.test/?k=key-1234>; rel=next, key-1234",
                "<https://a.test/?k=HELD>; rel=next, HELD",
            ),
            ("a/b+c=d&", "/?k=a%2Fb%2Bc%3Dd%26&x=%20", "/?k=HELD&x=%20"),
            ("a/b+c=d&", "/?k=a%2fb%2bc%3dd%26", "/?k=HELD"),
            ("a/b+c=d&", "/?k=a/b%2Bc=d%26", "/?k=HELD"),
            ("a/b+c=d&", "/login?next=%2F%3Fk%3Da%252Fb%252Bc%253Dd%2526%26x", "/login?next=%2F%3Fk%3DHELD%26x"),
            ("key-1234", "/?k=%6bey-1234", "/?k=HELD"),
            // user-name:pass-word
            ("Basic dXNlci1uYW1lOnBhc3Mtd29yZA==", "u=user-name; p=pass-word", "u=HELD; p=HELD"),
            ("Basic dXNlci1uYW1lOnBhc3Mtd29yZA==", "Basic dXNlci1uYW1lOnBhc3Mtd29yZA==", "Basic HELD"),
            ("Basic dXNlci1uYW1lOnBhc3Mtd29yZA==", "/?a=dXNlci1uYW1lOnBhc3Mtd29yZA%3D%3D", "/?a=HELD"),
            ("key-1234", "%", "%"),
            ("key-1234", "key-123", "key-123"),
            ("key-1234", "100%key-1234%2", "100%HELD%2"),
        ] {
            assert_eq!(redacted(value, text), expected, "{text}");
        }
    }

    #[test]
    fn a_half_of_a_pair_is_found_beside_the_client_s_own_half() {
        // x-access-token:pass-word, of which the password is the credential.
        let value = "Basic eC1hY2Nlc3MtdG9rZW46cGFzcy13b3Jk".to_owned().into();
        let redaction = Redaction::new(&[Slot { place: Place::Basic(Half::Password), value }], "HELD");
        // my-own:pass-word and my-own:x
        for (text, expected) in [
            ("got Basic bXktb3duOnBhc3Mtd29yZA==", Some("got Basic HELD")),
            ("{\"basic bXktb3duOnBhc3Mtd29yZA==\"}", Some("{\"basic HELD\"}")),
            ("/?a=Basic%20bXktb3duOnBhc3Mtd29yZA%3D%3D", Some("/?a=Basic%20bXktb3duOHELD%3D%3D")),
            ("/?a=Basic+bXktb3duOnBhc3Mtd29yZA%3D%3D", Some("/?a=Basic+bXktb3duOHELD%3D%3D")),
            ("got bXktb3duOnBhc3Mtd29yZA==", Some("got bXktb3duOHELD==")),
            // me:pass-word and own1:pass-word
            ("/bWU6cGFzcy13b3Jk/x", Some("/bWU6HELD/x")),
            ("b3duMTpwYXNzLXdvcmQ", Some("b3duMTHELD")),
            ("Basic bXktb3duOng=", None),
            ("x-access-token", None),
            ("Basic", None),
            ("asic ", None),
        ] {
            assert_eq!(redaction.redacted(text.as_bytes()), expected.map(|text| text.as_bytes().to_vec()), "{text}");
        }
    }

    #[test]
    fn what_is_too_short_to_be_a_credential_is_left_alone() {
        assert_eq!(redacted("Bearer r", "for your information"), "for your information");
        assert_eq!(redacted("", "x"), "x");
    }

    #[test]
    fn only_the_values_of_fields_change() {
        let mut fields = HeaderMap::new();
        fields.append("set-cookie", "last=key-1234; Path=/".parse().unwrap());
        fields.append("set-cookie", "a=b".parse().unwrap());
        of("Bearer key-1234").apply(&mut fields);
        let values: Vec<_> = fields.get_all("set-cookie").iter().collect();
        assert_eq!(values, ["last=HELD; Path=/", "a=b"]);
    }

    proptest! {
        #[test]
        fn nothing_of_it_is_left_however_it_was_escaped(
            secret in "[!-~]{8,20}",
            before in "[ -~]{0,10}",
            after in "[ -~]{0,10}",
            escapes in prop::collection::vec(0..3_u8, 20),
        ) {
            let spelt: String = secret.bytes().zip(escapes).map(|(b, escape)| match escape {
                0 if b != b'%' => char::from(b).to_string(),
                1 => format!("%{b:02x}"),
                _ => format!("%{b:02X}"),
            }).collect();
            let out = of(&secret).redacted(format!("{before} {spelt} {after}").as_bytes());
            let out = String::from_utf8(out.unwrap()).unwrap();
            prop_assert!(out.contains("HELD"), "{}", out);
            prop_assert!(!out.contains(&spelt) || "HELD".contains(&spelt) || before.contains(&spelt) || after.contains(&spelt), "{}", out);
        }

        #[test]
        fn no_text_panics(secret in "[!-~]{8,12}", text in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = of(&secret).redacted(&text);
        }
    }
}
