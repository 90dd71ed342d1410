//! Requests that other people's parsers are tested with, whole and broken ones: as they are, and with
//! the host that the proxy serves, so that it is not the host that gets them refused.

use crate::{HOST, is_here};
use std::fs;
use std::path::{Path, PathBuf};

/// The parser of gunicorn: each line of a file is text, with its end spelt out.
#[test]
fn what_gunicorn_is_tested_with_hides_no_request() {
    let Some(sources) = sources() else { return };
    let unescaped = |text: String| {
        let text = text.replace('\n', "").replace("\\r\\n", "\r\n");
        text.replace("\\0", "\0").replace("\\n", "\n").replace("\\t", "\t").into_bytes()
    };
    let requests = ["valid", "invalid"].map(|kind| files(&sources.join("tests/requests").join(kind)));
    let requests: Vec<Vec<u8>> = requests.concat().into_iter().map(unescaped).collect();
    assert!(requests.len() > 80, "{}", requests.len());
    let arrived = judge_all(&requests);
    assert!(arrived > 50, "{arrived}: they are refused for another reason than their own");
}

/// The parser of Node.js: blocks in Markdown, in which a line's end is CR LF unless it is spelt out.
#[test]
fn what_llhttp_is_tested_with_hides_no_request() {
    let Some(sources) = sources() else { return };
    let texts = files(&sources.join("vendor/llhttp/test/request"));
    let requests: Vec<Vec<u8>> = texts.iter().flat_map(|text| blocks(text)).map(|block| unescaped(&block)).collect();
    assert!(requests.len() > 120, "{}", requests.len());
    let arrived = judge_all(&requests);
    assert!(arrived > 50, "{arrived}: they are refused for another reason than their own");
}

fn sources() -> Option<PathBuf> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/proxy/corpora/sources");
    is_here("the requests of other parsers' tests", sources.is_dir()).then_some(sources)
}

fn files(folder: &Path) -> Vec<String> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|file| fs::read_to_string(file).unwrap()).collect()
}

fn blocks(markdown: &str) -> Vec<String> {
    let block = |rest: &str| rest.split_once("\n```").map(|(block, _)| block.to_owned());
    markdown.split("```http\n").skip(1).filter_map(block).collect()
}

fn unescaped(block: &str) -> Vec<u8> {
    let block = block.replace("\\\n", "").replace('\n', "\r\n").into_bytes();
    let (mut bytes, mut rest) = (Vec::new(), block.as_slice());
    while let Some((first, after)) = rest.split_first() {
        let known = [("\\r", b'\r'), ("\\n", b'\n'), ("\\t", b'\t'), ("\\f", b'\x0c')];
        let known = known.iter().find(|(spelt, _)| rest.starts_with(spelt.as_bytes()));
        let hex = rest.strip_prefix(b"\\x").and_then(|digits| std::str::from_utf8(digits.get(..2)?).ok());
        let (byte, after) = match (known, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (Some((spelt, byte)), _) => (*byte, &rest[spelt.len()..]),
            (None, Some(byte)) => (byte, &rest[4..]),
            (None, None) => (*first, after),
        };
        bytes.push(byte);
        rest = after;
    }
    bytes
}

fn judge_all(requests: &[Vec<u8>]) -> usize {
    let cases = requests.iter().flat_map(|request| [request.clone(), at_home(request)]).collect();
    super::try_all(cases)
}

/// Each request line of the text is followed by the line of the proxy's host, and by no other one.
fn at_home(request: &[u8]) -> Vec<u8> {
    let mut mended = Vec::new();
    let mut in_head = false;
    for line in request.split_inclusive(|byte| *byte == b'\n') {
        let lower = line.to_ascii_lowercase();
        if !lower.starts_with(b"host:") {
            mended.extend(line);
        }
        if !in_head && lower.windows(6).any(|part| part == b" http/") {
            mended.extend(format!("Host: {HOST}\r\n").as_bytes());
            in_head = true;
        } else if line == b"\r\n" {
            in_head = false;
        }
    }
    mended
}
