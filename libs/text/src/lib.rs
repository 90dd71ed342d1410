//! Decoding of bytes to text by a byte order mark or a charset.
//!
//! Some editors, shells and servers put a mark before UTF-8, or write UTF-16, and JSON parsers refuse both.
//! [`read`] is for a person's own files and input. It decodes by a mark or as UTF-8, or fails. [`guess`] is for
//! answers of servers. It takes the charset from the header and never fails, since every byte that can be read
//! counts. Neither knows what the text means.

#![forbid(unsafe_code)]

use std::borrow::Cow;

const UTF_8_MARK: &[u8] = b"\xef\xbb\xbf";

/// The error for bytes that are no text. It repeats none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no text in UTF-8")]
pub struct NotText;

/// Returns the text of a person's own file or input, without its byte order mark: UTF-8, or UTF-16 behind a mark.
pub fn read(bytes: &[u8]) -> Result<Cow<'_, str>, NotText> {
    if let Some((order, rest)) = utf_16_mark(bytes) {
        return utf_16(rest, order).map(Cow::Owned).ok_or(NotText);
    }
    std::str::from_utf8(without_mark(bytes)).map(Cow::Borrowed).map_err(|_| NotText)
}

/// Returns the text that a server sent with this `charset` parameter, without its byte order mark.
///
/// A mark counts more than the charset, as in browsers. Bytes that are no character become U+FFFD. In an
/// unknown charset, everything but ASCII becomes U+FFFD, so tokens, which are ASCII, stay whole.
pub fn guess<'a>(bytes: &'a [u8], charset: Option<&str>) -> Cow<'a, str> {
    if let Some((order, rest)) = utf_16_mark(bytes) {
        return Cow::Owned(utf_16_lossy(rest, order));
    }
    let marked = bytes.starts_with(UTF_8_MARK);
    let bytes = without_mark(bytes);
    let charset = charset.unwrap_or_default().to_ascii_lowercase();
    match charset.as_str() {
        _ if marked => String::from_utf8_lossy(bytes),
        "utf-16" | "utf-16le" | "utf-16be" | "ucs-2" | "unicode" => {
            let told = if charset == "utf-16le" { Order::Little } else { Order::Big };
            // A server that says UTF-16 and sends single bytes is wrong about the charset.
            match order_of_ascii(bytes) {
                Some(order) => Cow::Owned(utf_16_lossy(bytes, order)),
                None if charset == "utf-16" && std::str::from_utf8(bytes).is_ok() => String::from_utf8_lossy(bytes),
                None => Cow::Owned(utf_16_lossy(bytes, told)),
            }
        }
        // Browsers read Latin-1 as windows-1252 (WHATWG Encoding §4.2). Text that is valid UTF-8 is seldom anything
        // else, so it was mislabelled.
        "iso-8859-1" | "latin1" | "windows-1252" | "cp1252" | "us-ascii" | "ascii" => {
            match std::str::from_utf8(bytes) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => Cow::Owned(bytes.iter().map(|byte| windows_1252(*byte)).collect()),
            }
        }
        _ => match order_of_ascii(bytes) {
            Some(order) => Cow::Owned(utf_16_lossy(bytes, order)),
            None => String::from_utf8_lossy(bytes),
        },
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Little,
    Big,
}

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(UTF_8_MARK).unwrap_or(bytes)
}

fn utf_16_mark(bytes: &[u8]) -> Option<(Order, &[u8])> {
    match bytes {
        [0xff, 0xfe, rest @ ..] => Some((Order::Little, rest)),
        [0xfe, 0xff, rest @ ..] => Some((Order::Big, rest)),
        _ => None,
    }
}

/// Returns the order in which UTF-16 without a mark begins with two ASCII characters, as JSON does (RFC 4627 §3).
fn order_of_ascii(bytes: &[u8]) -> Option<Order> {
    match bytes {
        [1..=0x7f, 0, 1..=0x7f, 0, ..] => Some(Order::Little),
        [0, 1..=0x7f, 0, 1..=0x7f, ..] => Some(Order::Big),
        _ => None,
    }
}

fn units(bytes: &[u8], order: Order) -> impl Iterator<Item = u16> {
    bytes.chunks_exact(2).map(move |pair| match order {
        Order::Little => u16::from_le_bytes([pair[0], pair[1]]),
        Order::Big => u16::from_be_bytes([pair[0], pair[1]]),
    })
}

fn utf_16(bytes: &[u8], order: Order) -> Option<String> {
    let whole = bytes.len().is_multiple_of(2);
    char::decode_utf16(units(bytes, order)).collect::<Result<String, _>>().ok().filter(|_| whole)
}

fn utf_16_lossy(bytes: &[u8], order: Order) -> String {
    char::decode_utf16(units(bytes, order)).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// Returns the character of a byte in windows-1252; its five unused bytes are control characters, as in browsers.
fn windows_1252(byte: u8) -> char {
    const FROM_80: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => FROM_80[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn utf_16_of(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn a_file_with_a_byte_order_mark_is_the_file_without_it() {
        let text = r#"{"a":"é😀"}"#;
        let marked = |mark: &[u8], bytes: Vec<u8>| [mark, &bytes].concat();
        for bytes in [
            text.as_bytes().to_vec(),
            marked(b"\xef\xbb\xbf", text.as_bytes().to_vec()),
            marked(b"\xff\xfe", utf_16_of(text, u16::to_le_bytes)),
            marked(b"\xfe\xff", utf_16_of(text, u16::to_be_bytes)),
        ] {
            assert_eq!(read(&bytes).unwrap(), text, "{bytes:?}");
            assert_eq!(guess(&bytes, None), text, "{bytes:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_in_a_persons_own_file() {
        for bytes in [&b"\xff"[..], b"a\xe9", b"\xff\xfea", b"\xfe\xff\xd8\x00", b"\x1f\x8b\x08"] {
            assert_eq!(read(bytes), Err(NotText), "{bytes:?}");
        }
    }

    #[test]
    fn the_charset_of_the_header_is_heeded_where_the_bytes_need_one() {
        for (bytes, charset, text) in [
            (&b"\"\xe9\""[..], Some("iso-8859-1"), "\"é\""),
            (b"\"\x80\"", Some("Windows-1252"), "\"€\""),
            ("\"é\"".as_bytes(), Some("iso-8859-1"), "\"é\""),
            ("\"é\"".as_bytes(), Some("x-unknown"), "\"é\""),
            (b"\"a\xe9\"", Some("x-unknown"), "\"a\u{fffd}\""),
            (b"\"a\xe9\"", None, "\"a\u{fffd}\""),
            (b"{\0\"\0", Some("utf-16le"), "{\""),
            (b"\0{\0\"", Some("utf-16"), "{\""),
            (b"{\0\"\0", Some("utf-16"), "{\""),
            (b"{\"", Some("utf-16"), "{\""),
            (b"{\0\"\0", None, "{\""),
        ] {
            assert_eq!(guess(bytes, charset), text, "{bytes:?} {charset:?}");
        }
    }

    proptest! {
        #[test]
        fn ascii_comes_through_whatever_charset_is_said(
            text in "[ -~]{1,40}", charset in "utf-8|UTF8|iso-8859-1|windows-1252|us-ascii|shift_jis|x|",
        ) {
            prop_assert_eq!(guess(text.as_bytes(), Some(&charset)), text.as_str());
        }

        #[test]
        fn whatever_comes_becomes_some_text(
            bytes in prop::collection::vec(any::<u8>(), 0..40), charset in "utf-16(le|be)?|utf-8|iso-8859-1|x",
        ) {
            guess(&bytes, Some(&charset));
        }
    }
}
