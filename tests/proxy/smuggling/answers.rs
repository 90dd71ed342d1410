//! The other way round: an upstream whose answer hides another one.

use super::HIDDEN;
use super::court::{Court, SILENCE, answers};
use std::io::{Read, Write};

#[test]
fn an_answer_that_nobody_asked_for_is_given_to_nobody() {
    let evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    let court = Court::new();
    for head in [
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 46\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 46\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0, 46\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 46\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 46\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding : chunked\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\nContent-Length: 46\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nContent-Length: 46\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 46\r\n\r\n",
        "HTTP/1.1 100 Continue\r\nContent-Length: 46\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
    ] {
        court.wire.answer_once(format!("{head}{evil}"));
        let mut first = court.proxy.connect();
        first.sock.set_read_timeout(Some(SILENCE)).unwrap();
        first.write_all(HIDDEN.as_bytes()).unwrap();
        first.flush().unwrap();
        answers(&mut first, 0);
        // By the same client, if it still may, and by another one.
        let second = court.proxy.connect();
        for mut client in [first, second] {
            client.sock.set_read_timeout(Some(4 * SILENCE)).unwrap();
            if client.write_all(HIDDEN.as_bytes()).and_then(|()| client.flush()).is_ok() {
                let mut answer = [0; 4096];
                let count = client.read(&mut answer).unwrap_or(0);
                let answer = String::from_utf8_lossy(&answer[..count]);
                assert!(!answer.contains("evil"), "{head}: {answer}");
            }
        }
        let mut third = court.proxy.connect();
        third.write_all(HIDDEN.as_bytes()).unwrap();
        third.flush().unwrap();
        assert_eq!(answers(&mut third, 1), 1, "{head}: the next one got no answer");
        court.wire.take().unwrap();
    }
}
