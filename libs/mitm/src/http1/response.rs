//! The head of an upstream's response. Upstreams are read as leniently as browsers do, but for where
//! a body ends: two answers to that are none.

use crate::fields;
use crate::http1::head::{Framing, digits};
use crate::http1::lines::Lines;
use crate::limits::HEAD_BYTES;
use crate::message::Fields;
use bytes::{Buf, BytesMut};
use http::{Method, header};
use memchr::memchr;
use std::mem::MaybeUninit;

pub(crate) struct Response {
    pub status: u16,
    /// Any bytes but control characters.
    pub reason: Vec<u8>,
    pub fields: Lines,
    pub framing: Framing,
    /// The connection can serve another request after it.
    pub persistent: bool,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("its response is not HTTP/1: {0}")]
    Syntax(httparse::Error),
    #[error("the head of its response is too large")]
    TooLarge,
    #[error("the length of its response is ambiguous")]
    Length,
}

/// Field lines of one head.
const LINES: usize = 256;

/// Takes a whole head from the front of `input`; `None` when there is more to come.
pub(crate) fn take(input: &mut BytesMut, asked: &Method) -> Result<Option<Response>, Malformed> {
    let mut lines = [const { MaybeUninit::uninit() }; LINES];
    let mut parsed = httparse::Response::new(&mut []);
    let mut config = httparse::ParserConfig::default();
    config.allow_spaces_after_header_name_in_responses(false);
    let end = match config.parse_response_with_uninit_headers(&mut parsed, input, &mut lines) {
        Ok(httparse::Status::Complete(end)) if end <= HEAD_BYTES => end,
        Ok(httparse::Status::Partial) if input.len() < HEAD_BYTES => return Ok(None),
        Ok(_) => return Err(Malformed::TooLarge),
        Err(error) => return Err(Malformed::Syntax(error)),
    };
    // Complete means that all parts are there.
    let (status, http_11) = (parsed.code.unwrap_or_default(), parsed.version == Some(1));
    let mut fields = Lines::with_room(end);
    parsed.headers.iter().for_each(|field| fields.push(field.name.as_bytes(), field.value));
    let reason = reason(parsed.reason.unwrap_or_default(), input).to_vec();
    let framing = framing(status, &fields, asked)?;
    let persistent = http_11 && framing != Framing::UntilClose && !fields::closes(&fields);
    input.advance(end);
    Ok(Some(Response { status, reason, fields, framing, persistent }))
}

/// The parser hides a reason that is not ASCII: then it is taken from the status line.
fn reason<'a>(shown: &'a str, head: &'a [u8]) -> &'a [u8] {
    if !shown.is_empty() {
        return shown.as_bytes();
    }
    let head = head.trim_ascii_start();
    let line = &head[..memchr(b'\n', head).unwrap_or_default()];
    line.strip_suffix(b"\r").unwrap_or(line).get("HTTP/1.1 200 ".len()..).unwrap_or_default()
}

/// RFC 9112 §6.3.
fn framing(status: u16, fields: &Lines, asked: &Method) -> Result<Framing, Malformed> {
    if *asked == Method::HEAD || matches!(status, 100..=199 | 204 | 304) {
        return Ok(Framing::Empty);
    }
    if let Some(coding) = fields.values(&header::TRANSFER_ENCODING).last() {
        let last = coding.rsplit(|b| *b == b',').next().unwrap_or_default();
        return match last.trim_ascii().eq_ignore_ascii_case(b"chunked") {
            true => Ok(Framing::Chunked),
            false => Ok(Framing::UntilClose),
        };
    }
    let mut lengths = fields.values(&header::CONTENT_LENGTH);
    let Some(first) = lengths.next() else { return Ok(Framing::UntilClose) };
    let length = digits(first).filter(|_| lengths.all(|other| other == first));
    length.map(Framing::Length).ok_or(Malformed::Length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(head: &str) -> Result<(Framing, bool), Malformed> {
        let mut input = BytesMut::from(head);
        take(&mut input, &Method::GET).map(|response| response.map(|r| (r.framing, r.persistent)).unwrap())
    }

    #[test]
    fn a_body_ends_where_the_rfc_says() {
        for (head, expected) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", (Framing::Length(3), true)),
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n", (Framing::Length(3), true)),
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", (Framing::Chunked, true)),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n", (Framing::Chunked, true)),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", (Framing::UntilClose, false)),
            ("HTTP/1.1 200 OK\r\n\r\n", (Framing::UntilClose, false)),
            ("HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n", (Framing::Length(0), false)),
            ("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n", (Framing::Length(3), false)),
            ("HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n", (Framing::Empty, true)),
            ("HTTP/1.1 200\r\nContent-Length: 3\r\n\r\n", (Framing::Length(3), true)),
        ] {
            assert_eq!(judged(head).unwrap(), expected, "{head:?}");
        }
    }

    #[test]
    fn a_response_of_two_lengths_or_none_that_can_be_read_is_refused() {
        for length in ["3\r\nContent-Length: 4", "x", "+3", "3, 3", ""] {
            assert!(judged(&format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n")).is_err(), "{length}");
        }
        assert!(judged("SSH-2.0-x\r\n\r\n").is_err());
        let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "a".repeat(HEAD_BYTES));
        assert!(matches!(judged(&endless), Err(Malformed::TooLarge)));
    }

    #[test]
    fn a_head_is_taken_when_it_is_whole() {
        let mut input = BytesMut::from("HTTP/1.1 200 Fine\r\nA: b\r\n");
        assert!(take(&mut input, &Method::GET).unwrap().is_none());
        input.extend_from_slice(b"\r\nbody");
        let response = take(&mut input, &Method::GET).unwrap().unwrap();
        assert_eq!((response.status, &response.reason[..], &input[..]), (200, &b"Fine"[..], &b"body"[..]));
    }

    #[test]
    fn a_reason_is_whatever_stands_there() {
        for (line, expected) in [
            (&b"HTTP/1.1 404 N\xe3o \xc3\xa9"[..], &b"N\xe3o \xc3\xa9"[..]),
            (b"\r\nHTTP/1.0 404 \xff", b"\xff"),
            (b"HTTP/1.1 404 ", b""),
            (b"HTTP/1.1 404", b""),
        ] {
            let mut input = BytesMut::from(&[line, b"\r\n\r\n"].concat()[..]);
            assert_eq!(take(&mut input, &Method::GET).unwrap().unwrap().reason, expected, "{line:?}");
        }
    }
}
