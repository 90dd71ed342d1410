//! The strict reading of one HTTP/1 request head (RFC 9112): what two parsers could read
//! differently is refused, which is how one request is smuggled inside another.

use crate::fields;
use crate::http1::lines::Lines;
use crate::limits::HEAD_BYTES;
use crate::message::Head;
use http::uri::PathAndQuery;
use http::{Method, Uri};
use memchr::{memchr, memchr_iter};

/// A request as it was read.
#[derive(Clone)]
pub(crate) struct Request {
    pub head: Head<Lines>,
    pub framing: Framing,
    pub version: Version,
    /// The client sends no other after it.
    pub last: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    Http10,
    Http11,
}

/// How the body after a head is delimited (RFC 9112 §6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    Empty,
    Length(u64),
    Chunked,
    /// Of responses only.
    UntilClose,
}

/// What is wrong with a head; fixed texts, which repeat nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("a carriage return and a line feed must come as a pair")]
    LoneCrLf,
    #[error("the request line is not HTTP/1.0 or HTTP/1.1")]
    RequestLine,
    #[error("the request target is no URI; characters such as < > \" ` # must be percent-encoded in it")]
    Target,
    #[error("a header line begins with white space")]
    Folded,
    #[error("a header line has no proper name")]
    Name,
    #[error("a header value has a control character")]
    Control,
    #[error("there must be exactly one Host")]
    Host,
    #[error("the length of the body is ambiguous")]
    Length,
    #[error("the request head is too large")]
    TooLarge,
    #[error("the request head did not arrive in time")]
    Slow,
    #[error("a chunk of the body is malformed")]
    Chunk,
    #[error("a trailer holds a placeholder that has no credential there")]
    Placeholder,
}

/// The end of the head in `bytes` (after its empty line), or none yet. `seen` bytes were looked at
/// before and held no end.
pub(crate) fn end(bytes: &[u8], seen: usize) -> Result<Option<usize>, Fault> {
    for at in memchr_iter(b'\n', &bytes[seen..]).map(|at| seen + at) {
        match bytes[..at] {
            [.., b'\r', b'\n', b'\r'] => return Ok(Some(at + 1)),
            [.., b'\r'] => {}
            _ => return Err(Fault::LoneCrLf),
        }
    }
    Ok(None)
}

/// Reads a whole head, its empty line included.
pub(crate) fn request(bytes: &[u8]) -> Result<Request, Fault> {
    let mut unread = Unread { rest: bytes };
    let (method, uri, version) = request_line(unread.next().unwrap_or_default())?;
    let mut fields = Lines::with_room(bytes.len());
    let mut seen = Decisive::default();
    for line in unread.take_while(|line| !line.is_empty()) {
        let (name, value) = field(line)?;
        seen.take(name, value)?;
        fields.push(name, value);
    }
    let framing = seen.framing(version)?;
    let last = version == Version::Http10 || fields::closes(&fields);
    Ok(Request { head: Head { method, uri, fields }, framing, version, last })
}

/// Reads the trailers after a body, their empty line included; `None` when there are more to come.
pub(crate) fn trailers(bytes: &[u8]) -> Result<Option<(Lines, usize)>, Fault> {
    let end = if bytes.starts_with(b"\r\n") { Some(2) } else { end(bytes, 0)? };
    let Some(end) = end.filter(|end| *end <= HEAD_BYTES) else {
        return if bytes.len() < HEAD_BYTES { Ok(None) } else { Err(Fault::TooLarge) };
    };
    let mut fields = Lines::default();
    for line in (Unread { rest: &bytes[..end] }).take_while(|line| !line.is_empty()) {
        let (name, value) = field(line)?;
        fields.push(name, value);
    }
    Ok(Some((fields, end)))
}

fn request_line(line: &[u8]) -> Result<(Method, Uri, Version), Fault> {
    let mut words = line.split(|b| *b == b' ');
    let (Some(method), Some(target), Some(version), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Fault::RequestLine);
    };
    let version = match version {
        b"HTTP/1.1" => Version::Http11,
        b"HTTP/1.0" => Version::Http10,
        _ => return Err(Fault::RequestLine),
    };
    // A fragment is no part of a target; the parser of URIs would drop it.
    if memchr(b'#', target).is_some() {
        return Err(Fault::Target);
    }
    let method = Method::from_bytes(method).map_err(|_| Fault::RequestLine)?;
    let uri = Uri::try_from(target).map_err(|_| Fault::Target)?;
    let uri = with_a_path(uri, &method, target)?;
    Ok((method, uri, version))
}

/// An absolute form may end with its authority, or go on with its query: what leaves is a path all the
/// same, or the `*` of an OPTIONS that asks about the server as a whole (RFC 9112 §3.2.1, §3.2.4).
fn with_a_path(uri: Uri, method: &Method, target: &[u8]) -> Result<Uri, Fault> {
    let Some((scheme, authority)) = uri.scheme_str().zip(uri.authority()) else { return Ok(uri) };
    let after = scheme.len() + "://".len() + authority.as_str().len();
    let path = match target.get(after..).unwrap_or_default() {
        b"" if *method == Method::OPTIONS => PathAndQuery::from_static("*"),
        query @ [b'?', ..] => PathAndQuery::try_from(&[b"/", query].concat()[..]).map_err(|_| Fault::Target)?,
        _ => return Ok(uri),
    };
    let mut parts = uri.into_parts();
    parts.path_and_query = Some(path);
    Uri::from_parts(parts).map_err(|_| Fault::Target)
}

/// Name and value of a field line.
fn field(line: &[u8]) -> Result<(&[u8], &[u8]), Fault> {
    if matches!(line[0], b' ' | b'\t') {
        return Err(Fault::Folded);
    }
    let colon = memchr(b':', line).ok_or(Fault::Name)?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    if name.is_empty() || !name.iter().all(|b| TOKEN[usize::from(*b)]) {
        return Err(Fault::Name);
    }
    if value.iter().any(|b| (*b < b' ' && *b != b'\t') || *b == 0x7f) {
        return Err(Fault::Control);
    }
    Ok((name, value.trim_ascii()))
}

/// The fields that decide where a request ends and for whom it is.
#[derive(Default)]
struct Decisive {
    hosts: usize,
    length: Option<u64>,
    chunked: bool,
}

impl Decisive {
    fn take(&mut self, name: &[u8], value: &[u8]) -> Result<(), Fault> {
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.hosts += 1,
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                let length = digits(value).ok_or(Fault::Length)?;
                if self.length.replace(length).is_some() {
                    return Err(Fault::Length);
                }
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                // Other codings are legal, unused, and the classic disguise.
                if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                    return Err(Fault::Length);
                }
                self.chunked = true;
            }
            14 | 17 if fields::is_disguised_length(name) => return Err(Fault::Length),
            _ => {}
        }
        Ok(())
    }

    fn framing(&self, version: Version) -> Result<Framing, Fault> {
        if self.hosts > 1 || (version == Version::Http11 && self.hosts == 0) {
            return Err(Fault::Host);
        }
        match (self.length, self.chunked) {
            (None | Some(0), false) => Ok(Framing::Empty),
            (Some(length), false) => Ok(Framing::Length(length)),
            (None, true) if version == Version::Http11 => Ok(Framing::Chunked),
            _ => Err(Fault::Length),
        }
    }
}

/// A length: digits alone.
pub(super) fn digits(text: &[u8]) -> Option<u64> {
    match text.iter().all(u8::is_ascii_digit) {
        true => str::from_utf8(text).ok()?.parse().ok(),
        false => None,
    }
}

/// `tchar`, RFC 9110 §5.6.2.
const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0_u8;
    while b < 0x80 {
        table[b as usize] = b.is_ascii_alphanumeric()
            || matches!(
                b,
                b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
            );
        b += 1;
    }
    table
};

/// Lines without their CRLF.
struct Unread<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Unread<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let at = memchr(b'\n', self.rest)?;
        let (line, rest) = self.rest.split_at(at);
        self.rest = &rest[1..];
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(head: &str) -> Result<Framing, Fault> {
        match end(head.as_bytes(), 0)? {
            Some(end) => request(&head.as_bytes()[..end]).map(|request| request.framing),
            None => panic!("no end"),
        }
    }

    #[test]
    fn a_body_is_delimited_by_one_length_or_by_chunks() {
        assert_eq!(judge("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Ok(Framing::Empty));
        assert_eq!(judge("GET / HTTP/1.0\r\n\r\n"), Ok(Framing::Empty));
        assert_eq!(judge("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 12\r\n\r\n"), Ok(Framing::Length(12)));
        assert_eq!(judge("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"), Ok(Framing::Chunked));
    }

    #[test]
    fn heads_that_two_parsers_read_differently_are_refused() {
        let with = |lines: &str| format!("POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n");
        for (lines, fault) in [
            ("Content-Length: 5\r\nTransfer-Encoding: chunked", Fault::Length),
            ("Transfer-Encoding: chunked\r\nContent-Length: 5", Fault::Length),
            ("Content-Length: 5\r\nContent-Length: 5", Fault::Length),
            ("Content-Length: 5, 5", Fault::Length),
            ("Content-Length: +5", Fault::Length),
            ("Content-Length: 0x5", Fault::Length),
            ("Content-Length: ", Fault::Length),
            ("Content-Length: 99999999999999999999", Fault::Length),
            ("Transfer-Encoding: chunked, chunked", Fault::Length),
            ("Transfer-Encoding: gzip, chunked", Fault::Length),
            ("Transfer-Encoding: xchunked", Fault::Length),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", Fault::Length),
            ("Transfer_Encoding: chunked", Fault::Length),
            ("content_length: 5", Fault::Length),
            ("Transfer-Encoding : chunked", Fault::Name),
            ("Transfer-Encoding\t: chunked", Fault::Name),
            ("X: a\r\n Transfer-Encoding: chunked", Fault::Folded),
            ("X: a\r\n\tb", Fault::Folded),
            ("X: a\nTransfer-Encoding: chunked", Fault::LoneCrLf),
            ("X: a\rTransfer-Encoding: chunked", Fault::Control),
            ("X: a\0b", Fault::Control),
            (": x", Fault::Name),
            ("no colon", Fault::Name),
            ("Host: b", Fault::Host),
        ] {
            assert_eq!(judge(&with(lines)), Err(fault), "{lines:?}");
        }
        assert_eq!(judge("GET / HTTP/1.1\r\n\r\n"), Err(Fault::Host));
        assert_eq!(judge("PRI * HTTP/2.0\r\n\r\n"), Err(Fault::RequestLine));
        assert_eq!(judge("GET / HTTP/1.1\n\n"), Err(Fault::LoneCrLf));
        assert_eq!(judge("GET /\r\n\r\n"), Err(Fault::RequestLine));
        assert_eq!(judge("GET /#x HTTP/1.1\r\nHost: a\r\n\r\n"), Err(Fault::Target));
        assert_eq!(judge(" GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Err(Fault::RequestLine));
        assert_eq!(judge("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), Err(Fault::RequestLine));
        assert_eq!(judge("GET /\r HTTP/1.1\r\nHost: a\r\n\r\n"), Err(Fault::Target));
    }

    #[test]
    fn trailers_are_read_as_strictly_as_a_head() {
        let read = |text: &str| trailers(text.as_bytes()).map(|read| read.map(|(_, end)| end));
        assert_eq!(read("\r\nGET / "), Ok(Some(2)));
        assert_eq!(read("X: y\r\nZ:\r\n\r\nGET / "), Ok(Some(12)));
        for part in ["", "\r", "X: y\r\n", "X: y\r\n\r"] {
            assert_eq!(read(part), Ok(None), "{part:?}");
        }
        for (text, fault) in [
            ("X: y\n\r\n", Fault::LoneCrLf),
            (" folded\r\n\r\n", Fault::Folded),
            ("X: a\r\n b\r\n\r\n", Fault::Folded),
            (": a\r\n\r\n", Fault::Name),
            ("X\r\n\r\n", Fault::Name),
            ("X : a\r\n\r\n", Fault::Name),
            ("X: a\0\r\n\r\n", Fault::Control),
            ("\rX: a\r\n\r\n", Fault::Name),
        ] {
            assert_eq!(read(text), Err(fault), "{text:?}");
        }
    }

    #[test]
    fn the_end_of_a_head_is_found_wherever_the_reads_were_cut() {
        let head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
        for cut in 0..head.len() {
            let seen = match end(&head[..cut], 0).unwrap() {
                Some(found) => {
                    assert_eq!(found, head.len() - 4);
                    continue;
                }
                None => cut,
            };
            assert_eq!(end(head, seen).unwrap(), Some(head.len() - 4), "cut at {cut}");
        }
    }
}
