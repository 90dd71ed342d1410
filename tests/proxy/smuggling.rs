//! Requests that hide another one from half of their readers: the published ways of CL.TE, TE.CL, TE.TE,
//! CL.0, 0.CL and of chunk framing, and each byte that some parser has taken for a blank.
//!
//! The upstream may get requests that a strict reader finds in the bytes that were sent, or beginnings
//! of them, framed in one way only. Refusing all of it is as good.

mod answers;
mod corpora;
mod court;
mod mutations;

use crate::HOST;
use crate::reader;
use court::{Court, SILENCE, answers};
use std::io::Write;

const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: api.notion.test\r\n\r\n";

/// Bytes that a parser somewhere skips, takes for a blank or for the end of a line.
const ODD: &[u8] = b"\x00\x01\x04\x08\x09\x0a\x0b\x0c\x0d\x1a\x1b\x1c\x1f \"'(),-./:;=@[\\]_{}\x7f\x80\x85\xa0\xc3\xff";

#[test]
fn a_transfer_encoding_that_half_of_the_readers_see_hides_no_request() {
    let mut lines: Vec<Vec<u8>> = [
        "Transfer-Encoding: chunked",
        "transfer-encoding: CHUNKED",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunkedx",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked,",
        "Transfer-Encoding: ,chunked",
        "Transfer-Encoding: x, chunked",
        "Transfer-Encoding: chunked;q=0",
        "Transfer-Encoding: identity",
        "Transfer-Encoding:",
        "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding:\r\n\tchunked",
        "Transfer-Encoding\r\n : chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
        "Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        "X: a\nTransfer-Encoding: chunked",
        "X: a\rTransfer-Encoding: chunked",
        "X: a\r\n Transfer-Encoding: chunked",
        "X:\"\r\nTransfer-Encoding: chunked\r\nY: \"",
        "Content-Encoding: chunked",
        "TE: chunked",
        "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked",
        "Connection: Content-Length",
        "Connection: close, Content-Length, Host",
        "Foo: bar\r\n\rTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTrailer: Content-Length",
        "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
        "Expect: 100-continue, x",
    ]
    .iter()
    .map(|line| line.as_bytes().to_vec())
    .collect();
    for odd in ODD {
        for line in [
            "*Transfer-Encoding: chunked",
            "Transfer*Encoding: chunked",
            "Transfer-Encoding*: chunked",
            "Transfer-Encoding:*chunked",
            "Transfer-Encoding: chun*ked",
            "Transfer-Encoding: chunked*",
        ] {
            lines.push(filled(line, *odd));
        }
    }
    let cases = lines.iter().flat_map(|line| {
        // Who sees the length alone, or the chunks alone, finds one request in the first of each pair.
        let by_length = format!("0\r\n\r\n{HIDDEN}");
        let by_chunks = format!("{:x}\r\n{HIDDEN}\r\n0\r\n\r\n", HIDDEN.len());
        [(by_length.len(), by_length), (4, by_chunks)].map(|(length, body)| {
            let length = format!("Content-Length: {length}");
            [post(&[length.as_bytes(), line], &body), post(&[line, length.as_bytes()], &body)]
        })
    });
    try_all(cases.flatten().collect());
}

#[test]
fn a_length_that_half_of_the_readers_understand_hides_no_request() {
    let mut lines: Vec<Vec<u8>> = [
        "Content-Length: 0\r\nContent-Length: 47",
        "Content-Length: 47\r\nContent-Length: 0",
        "Content-Length: 47, 47",
        "Content-Length: 0, 47",
        "Content-Length: 047",
        "Content-Length: 0x2f",
        "Content-Length: 4e1",
        "Content-Length: 47.0",
        "Content-Length: +47",
        "Content-Length: -47",
        "Content-Length: ",
        "Content-Length: 18446744073709551663",
        "Content-Length: 4294967343",
        "Content-Length: \u{664}\u{667}",
        "Content-Length:\r\n 47",
        "Content-Length\r\n : 47",
        "X: a\nContent-Length: 47",
        "X: a\rContent-Length: 47",
        "Connection: Content-Length\r\nContent-Length: 47",
        "Expect: 100-continue\r\nContent-Length: 47",
        "Expect: x 100-continue\r\nContent-Length: 47",
    ]
    .iter()
    .map(|line| line.as_bytes().to_vec())
    .collect();
    for odd in ODD {
        for line in [
            "*Content-Length: 47",
            "Content*Length: 47",
            "Content-Length*: 47",
            "Content-Length:*47",
            "Content-Length: 4*7",
            "Content-Length: 47*",
        ] {
            lines.push(filled(line, *odd));
        }
    }
    assert_eq!(HIDDEN.len(), 47);
    try_all(lines.iter().map(|line| post(&[line], HIDDEN)).collect());
}

#[test]
fn chunks_that_half_of_the_readers_understand_hide_no_request() {
    let mut bodies: Vec<Vec<u8>> = [
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello\r\n0\n\n",
        "5\r\nhello\r\n0\r\n\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhelloXX0\r\n\r\n",
        "5\r\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "5_0\r\nhello\r\n0\r\n\r\n",
        "\r\nhello\r\n0\r\n\r\n",
        ";\r\nhello\r\n0\r\n\r\n",
        "10000000000000005\r\nhello\r\n0\r\n\r\n",
        "100000005\r\nhello\r\n0\r\n\r\n",
        "5;a=b\r\nhello\r\n0;c\r\n\r\n",
        "5;a=\nb\r\nhello\r\n0\r\n\r\n",
        "5;a=\rb\r\nhello\r\n0\r\n\r\n",
        "5;\"\r\nhello\r\n\"\r\n0\r\n\r\n",
        "0;\n31\r\n\r\n",
        "0\r\nX: a\nContent-Length: 47\r\n\r\n",
        "0\r\nX: a\r\n Y: b\r\n\r\n",
        "0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "0\r\nContent-Length: 47\r\n\r\n",
        "0\r\nHost: other.test\r\n\r\n",
        "0\r\n: a\r\n\r\n",
        "0\r\nX\r\n\r\n",
        "0\r\n\rX\r\n\r\n",
        "00000000\r\n\r\n",
        "-0\r\n\r\n",
        "2\r\n\r\n\r\n0\r\n\r\n",
    ]
    .iter()
    .map(|body| body.as_bytes().to_vec())
    .collect();
    for odd in ODD {
        for body in [
            "*5\r\nhello\r\n0\r\n\r\n",
            "5*\r\nhello\r\n0\r\n\r\n",
            "5\r\nhello\r\n*0\r\n\r\n",
            "5\r\nhello\r\n0*\r\n\r\n",
            "0\r\n*X: a\r\n\r\n",
            "0\r\nX*: a\r\n\r\n",
        ] {
            bodies.push(filled(body, *odd));
        }
    }
    let cases = bodies.into_iter().map(|body| {
        let head = post(&[b"Transfer-Encoding: chunked"], "");
        [head, body, HIDDEN.as_bytes().to_vec()].concat()
    });
    try_all(cases.collect());
}

#[test]
fn a_request_line_that_half_of_the_readers_understand_hides_no_request() {
    let mut lines: Vec<Vec<u8>> = [
        "POST / HTTP/1.1\n",
        "POST / HTTP/1.1\r",
        "POST / HTTP/1.1\r\r\n",
        "POST / HTTP/1.1 \r\n",
        "POST  / HTTP/1.1\r\n",
        "POST /  HTTP/1.1\r\n",
        "POST\t/\tHTTP/1.1\r\n",
        " POST / HTTP/1.1\r\n",
        "\nPOST / HTTP/1.1\r\n",
        "POST / HTTP/1.1\r\n\r\nHost: x",
        "POST /\r\n",
        "POST / HTTP/0.9\r\n",
        "POST / HTTP/1.10\r\n",
        "POST / HTTP/01.1\r\n",
        "POST / HTTP/2.0\r\n",
        "POST / HTTP/1\r\n",
        "POST / http/1.1\r\n",
        "POST / XTTP/1.1\r\n",
        "POST / GET /hidden HTTP/1.1\r\n",
        "POST / HTTP/1.1\r\n \r\n",
        "POST / HTTP/1.1\r\n: a\r\n",
        "POST / HTTP/1.1\r\nX\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ]
    .iter()
    .map(|line| line.as_bytes().to_vec())
    .collect();
    for odd in ODD {
        for line in [
            "*POST / HTTP/1.1\r\n",
            "PO*ST / HTTP/1.1\r\n",
            "POST*/ HTTP/1.1\r\n",
            "POST /a*b HTTP/1.1\r\n",
            "POST /*HTTP/1.1\r\n",
            "POST / HTTP/1.1*\r\n",
        ] {
            lines.push(filled(line, *odd));
        }
    }
    let rest = format!("Host: {HOST}\r\nContent-Length: 47\r\n\r\n{HIDDEN}").into_bytes();
    let mut cases: Vec<Vec<u8>> = lines.iter().map(|line| [line.as_slice(), &rest].concat()).collect();
    cases.push(
        format!("POST / HTTP/1.0\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}").into_bytes(),
    );
    for method in ["GET", "DELETE", "OPTIONS", "TRACE", "X"] {
        cases.push(format!("{method} / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 47\r\n\r\n{HIDDEN}").into_bytes());
    }
    try_all(cases);
}

#[test]
fn a_trailer_is_no_way_out_for_what_no_head_may_hold() {
    let court = Court::new();
    for trailer in [
        "Authorization: Bearer authsome-proxy-managed",
        "X: authsome-proxy-managed",
        "X-Authsome-Connection: default",
        "Proxy-Authorization: Basic eDp5",
    ] {
        let head = post(&[b"Transfer-Encoding: chunked"], "");
        let mut client = court.proxy.connect();
        client.sock.set_read_timeout(Some(4 * SILENCE)).unwrap();
        client.write_all(&[&head, format!("1\r\nx\r\n0\r\n{trailer}\r\n\r\n").as_bytes()].concat()).unwrap();
        client.flush().unwrap();
        answers(&mut client, 1);
        let seen = court.wire.take().unwrap().bytes;
        let seen = String::from_utf8_lossy(&seen).to_ascii_lowercase();
        for forbidden in ["authsome", "proxy-authorization"] {
            assert!(!seen.contains(forbidden), "{trailer}: {seen}");
        }
    }
}

/// What is unambiguous arrives: the cases above are not all refused for another reason.
#[test]
fn requests_that_hide_nothing_all_arrive() {
    let chunked = "POST /a HTTP/1.1\r\nHost: api.notion.test\r\nTransfer-Encoding: chunked\r\n\r\n";
    let cases = [
        HIDDEN.to_owned(),
        String::from_utf8(post(&[b"Content-Length: 47"], HIDDEN)).unwrap(),
        format!("{chunked}5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n{HIDDEN}"),
        format!("{HIDDEN}{HIDDEN}"),
    ];
    let court = Court::new();
    for case in cases {
        let sent = reader::read(case.as_bytes());
        assert_eq!(court.judge_within(20 * SILENCE, case.as_bytes()).unwrap().len(), sent.whole(), "{case}");
    }
}

fn post(lines: &[&[u8]], body: &str) -> Vec<u8> {
    let mut request = format!("POST /a HTTP/1.1\r\nHost: {HOST}\r\n").into_bytes();
    for line in lines {
        request.extend(*line);
        request.extend(b"\r\n");
    }
    request.extend(b"\r\n");
    request.extend(body.as_bytes());
    request
}

fn filled(line: &str, odd: u8) -> Vec<u8> {
    line.bytes().map(|byte| if byte == b'*' { odd } else { byte }).collect()
}

/// All cases, and then all that is wrong with them. How many requests arrived.
fn try_all(cases: Vec<Vec<u8>>) -> usize {
    let court = Court::new();
    let (mut arrived, mut faults) = (0, Vec::new());
    for case in &cases {
        match court.judge(case) {
            Ok(got) => arrived += got.len(),
            Err(fault) => faults.push(format!("{fault}\n  sent {:?}", String::from_utf8_lossy(case))),
        }
    }
    assert!(faults.is_empty(), "{} of {} cases:\n{}", faults.len(), cases.len(), faults.join("\n"));
    // Nothing came late either.
    court.judge(HIDDEN.as_bytes()).unwrap();
    arrived
}
