//! The decoding of content codings (RFC 9110 §8.4.1). No request asks for one, but a server in front of a provider may
//! compress nevertheless.
//!
//! The decoded size is bounded, so that a few bytes cannot fill the memory. A body that is not coded as its header says
//! is returned as it came; whether it can be read is decided elsewhere.

use crate::MAX_ANSWER;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use std::io::Read;
use zeroize::Zeroizing;

/// The most codings of one body, one inside the other.
const DEEPEST: usize = 3;

/// A body without its codings.
pub(crate) struct Undone {
    /// At most one byte more than [`MAX_ANSWER`].
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    /// True when the coded bytes ended or were damaged before the end that their coding marks.
    pub(crate) unfinished: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
}

/// Returns the body with the codings of `Content-Encoding` undone, the last one first.
pub(crate) fn undo(headers: &HeaderMap, body: Zeroizing<Vec<u8>>) -> Undone {
    let mut undone = Undone { bytes: body, unfinished: false };
    for coding in codings(headers).into_iter().rev() {
        let Some((bytes, whole)) = undone_once(coding, &undone.bytes) else { continue };
        undone = Undone { bytes, unfinished: undone.unfinished || !whole };
    }
    undone
}

/// Returns the codings in the order in which they were applied. Unknown ones are ignored, since some servers put a
/// charset there.
fn codings(headers: &HeaderMap) -> Vec<Coding> {
    let lines = headers.get_all(CONTENT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    let names = lines.flat_map(|line| line.split(','));
    let known = names.filter_map(|name| match name.trim().to_ascii_lowercase().as_str() {
        "gzip" | "x-gzip" => Some(Coding::Gzip),
        "deflate" => Some(Coding::Deflate),
        "br" => Some(Coding::Brotli),
        _ => None,
    });
    known.take(DEEPEST).collect()
}

/// Returns the decoded bytes, and whether they are complete; `None` when the body is not coded like this.
fn undone_once(coding: Coding, body: &[u8]) -> Option<(Zeroizing<Vec<u8>>, bool)> {
    match coding {
        Coding::Gzip => drained(flate2::read::MultiGzDecoder::new(body)),
        // RFC 9110 §8.4.1.2 means zlib, but some servers send bare deflate data.
        Coding::Deflate => {
            drained(flate2::read::ZlibDecoder::new(body)).or_else(|| drained(flate2::read::DeflateDecoder::new(body)))
        }
        Coding::Brotli => drained(brotli_decompressor::Decompressor::new(body, 4096)),
    }
}

fn drained(decoder: impl Read) -> Option<(Zeroizing<Vec<u8>>, bool)> {
    let longest = MAX_ANSWER + 1;
    // The buffer has its full size from the start. One that grows leaves copies of a secret behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(longest));
    let read = decoder.take(longest as u64).read_to_end(&mut bytes);
    (read.is_ok() || !bytes.is_empty()).then_some((bytes, read.is_ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::read::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;

    const TEXT: &[u8] = br#"{"access_token":"t"}"#;

    fn coded(encoder: impl Read) -> Vec<u8> {
        let (mut encoder, mut bytes) = (encoder, Vec::new());
        encoder.read_to_end(&mut bytes).unwrap();
        bytes
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        coded(GzEncoder::new(bytes, Compression::best()))
    }

    fn undo_of(name: &str, body: &[u8]) -> Undone {
        let headers = HeaderMap::from_iter([(CONTENT_ENCODING, name.parse().unwrap())]);
        undo(&headers, Zeroizing::new(body.to_vec()))
    }

    #[test]
    fn every_coding_in_every_spelling_is_undone() {
        let deflated = coded(DeflateEncoder::new(TEXT, Compression::fast()));
        let zlib = coded(ZlibEncoder::new(TEXT, Compression::fast()));
        for (name, body) in [
            ("gzip", gzip(TEXT)),
            ("X-GZIP", gzip(TEXT)),
            ("deflate", zlib),
            ("deflate", deflated),
            ("gzip, gzip", gzip(&gzip(TEXT))),
            ("identity, gzip", gzip(TEXT)),
            ("identity", TEXT.to_vec()),
            ("utf-8", TEXT.to_vec()),
            ("gzip", TEXT.to_vec()),
            ("br", TEXT.to_vec()),
        ] {
            let undone = undo_of(name, &body);
            assert_eq!((undone.bytes.as_slice(), undone.unfinished), (TEXT, false), "{name}");
        }
    }

    #[test]
    fn brotli_with_its_dictionary_is_undone() {
        // {"error":"invalid_grant","error_description":"The refresh token is no longer available for this application."}
        let body = include_bytes!("../tests/data/refused.json.br");
        let undone = undo_of("br", body);
        let text = String::from_utf8_lossy(&undone.bytes).into_owned();
        assert!(text.starts_with(r#"{"error":"invalid_grant""#) && text.ends_with("application.\"}"), "{text}");
        assert!(!undone.unfinished);
    }

    #[test]
    fn a_few_bytes_that_would_fill_the_memory_are_bounded() {
        let bomb = gzip(&vec![b' '; 64 * MAX_ANSWER]);
        assert!(bomb.len() < MAX_ANSWER);
        assert_eq!(undo_of("gzip", &bomb).bytes.len(), MAX_ANSWER + 1);
    }

    #[test]
    fn coded_bytes_that_were_cut_are_unfinished_and_what_came_is_kept() {
        let whole = gzip(TEXT);
        let undone = undo_of("gzip", &whole[..whole.len() - 5]);
        assert_eq!((undone.bytes.as_slice(), undone.unfinished), (TEXT, true));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_undone_or_left(name in "gzip|deflate|br", body in prop::collection::vec(any::<u8>(), 0..200)) {
            undo_of(&name, &body);
        }
    }
}
