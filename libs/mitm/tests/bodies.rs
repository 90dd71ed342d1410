//! Bodies of requests and responses arrive as they were sent, over HTTP/1, and end where they end.
#![allow(clippy::unwrap_used)]

mod support;

use bytes::Bytes;
use http::{HeaderMap, Response};
use hyper::body::Frame;
use std::time::{Duration, Instant};
use support::client::Client;
use support::upstream::{Upstream, frames, text};
use support::{Session, verbatim};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const GET: &str = "GET / HTTP/1.1\r\nHost: api.test\r\n\r\n";

#[tokio::test]
async fn a_chunk_size_with_blanks_behind_it_is_a_size() {
    let (upstream, _) =
        verbatim(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5  \r\nhello\r\n0\r\n\r\n").await;
    let session = Session::with(&upstream).await;
    let mut client = session.api().await;
    for _ in 0..2 {
        assert_eq!(client.ask(GET).await.text(), "hello");
    }
    // A request is held to the letter.
    let padded = "POST / HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n\r\n5  \r\nhello\r\n0\r\n\r\n";
    assert_eq!(client.ask(padded).await.status(), 400);
}

#[tokio::test]
async fn a_response_that_goes_wrong_arrives_up_to_there() {
    let (upstream, _) = verbatim(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nwrong\r\n").await;
    let session = Session::with(&upstream).await;
    let mut client = session.api().await;
    client.send(GET).await;
    assert_eq!(
        client.head().await,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nx-authsome-connection: test/default"
    );
    assert_eq!(client.rest().await, b"5\r\nhello\r\n");
}

#[tokio::test]
async fn responses_without_a_body_have_none() {
    let (upstream, _) = verbatim(b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n").await;
    let session = Session::with(&upstream).await;
    let mut client = session.api().await;
    for _ in 0..2 {
        let reply = client.ask("HEAD / HTTP/1.1\r\nHost: api.test\r\n\r\n").await;
        assert_eq!(reply.header("content-length"), Some("12345"));
    }
    for answer in [&b"HTTP/1.1 204 No Content\r\n\r\n"[..], b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n"] {
        let (upstream, _) = verbatim(answer).await;
        let session = Session::with(&upstream).await;
        let mut client = session.api().await;
        for _ in 0..2 {
            let reply = client.ask(GET).await;
            assert!(matches!(reply.status(), 204 | 304) && reply.header("transfer-encoding").is_none());
        }
    }
}

#[tokio::test]
async fn bodies_pass_with_length_and_in_chunks_and_until_the_close() {
    let upstream = Upstream::answering(|request| {
        let data = |text: &'static str| Frame::data(Bytes::from(text));
        match request.target.as_str() {
            "/chunks" => Response::new(frames(vec![data("abc"), data("defg")])),
            _ => text(request.body.clone()),
        }
    })
    .await;
    let session = Session::with(&upstream).await;
    let mut client = session.api().await;
    let reply = client.ask("POST / HTTP/1.1\r\nHost: api.test\r\nContent-Length: 5\r\n\r\nhello").await;
    assert_eq!(reply.text(), "hello");
    let chunks = "3;ext=1\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n";
    let reply =
        client.ask(format!("POST / HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}")).await;
    assert_eq!(reply.text(), "abc0123456789");
    let reply = client.ask("GET /chunks HTTP/1.1\r\nHost: api.test\r\n\r\n").await;
    assert_eq!((reply.text().as_str(), reply.header("transfer-encoding")), ("abcdefg", Some("chunked")));
    assert_eq!(upstream.connections(), 1, "one upstream connection served all three");

    let upstream = Upstream::streams(&[], |mut stream| async move {
        let mut some = [0; 100];
        _ = stream.read(&mut some).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nuntil the end").await.unwrap();
        stream.shutdown().await.unwrap();
    })
    .await;
    let session = Session::with(&upstream).await;
    assert_eq!(session.api().await.ask(GET).await.text(), "until the end");
}

/// Python's http.server ends so, and old appliances do: what is whole for a client that asks directly is whole here.
#[tokio::test]
async fn a_response_that_ends_with_its_connection_ends_as_it_did() {
    for proper in [true, false] {
        let upstream = Upstream::streams(&[], move |stream| async move {
            let mut client = Client { stream: Box::new(stream) };
            client.head().await;
            client.send("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end").await;
            if proper {
                client.stream.shutdown().await.unwrap();
            }
        })
        .await;
        let session = Session::with(&upstream).await;
        let mut client = session.api().await;
        client.send(GET).await;
        assert_eq!(
            client.head().await,
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nx-authsome-connection: test/default\r\nconnection: close"
        );
        let mut body = Vec::new();
        let ended = client.stream.read_to_end(&mut body).await;
        assert_eq!(body, b"until the end", "{proper}");
        let broken = ended.err().map(|error| error.kind());
        assert_eq!(broken, if proper { None } else { Some(std::io::ErrorKind::UnexpectedEof) });
    }
}

#[tokio::test]
async fn trailers_pass_both_ways() {
    let upstream = Upstream::answering(|request| {
        let sum = request.trailers.as_ref().unwrap()["x-sum"].clone();
        let trailers = HeaderMap::from_iter([("x-sum".parse().unwrap(), sum)]);
        let mut response = Response::new(frames(vec![Frame::data(Bytes::from("ok")), Frame::trailers(trailers)]));
        response.headers_mut().insert("trailer", "x-sum".parse().unwrap());
        response
    })
    .await;
    let session = Session::with(&upstream).await;
    let reply = session
        .api()
        .await
        .ask("POST / HTTP/1.1\r\nHost: api.test\r\nTE: trailers\r\nConnection: TE\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 42\r\n\r\n")
        .await;
    assert_eq!((reply.text().as_str(), reply.trailers.as_str()), ("ok", "x-sum: 42\n"));
}

#[tokio::test]
async fn a_response_that_comes_before_the_end_of_its_request_is_delivered_whole() {
    let upstream = Upstream::streams(&[], |stream| async move {
        let mut client = Client { stream: Box::new(stream) };
        client.head().await;
        client.exactly(10_000).await;
        client.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig").await;
    })
    .await;
    let session = Session::with(&upstream).await;
    let mut client = session.api().await;
    client.send("POST / HTTP/1.1\r\nHost: api.test\r\nContent-Length: 1000000\r\n\r\n").await;
    client.send([b'x'; 10_000]).await;
    let reply = client.reply(false).await;
    assert_eq!((reply.status(), reply.text().as_str()), (413, "big"));
    // What else it had to say is not taken for a request.
    assert_eq!(client.rest().await, b"");
}

#[tokio::test]
async fn an_upload_goes_on_after_an_early_answer_and_so_does_its_connection() {
    let upstream = Upstream::streams(&[], |stream| async move {
        let mut client = Client { stream: Box::new(stream) };
        for answer in ["202 Accepted", "200 OK"] {
            let head = client.head().await;
            client.send(format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n")).await;
            client.body_of(&head).await;
        }
    })
    .await;
    let session = Session::with(&upstream).await;
    let mut client = session.api().await;
    client.send("POST / HTTP/1.1\r\nHost: api.test\r\nContent-Length: 1000000\r\n\r\n").await;
    assert_eq!(client.reply(false).await.status(), 202);
    // For longer than a connection lingers that is about to close.
    for _ in 0..10 {
        tokio::time::sleep(mitm::limits::LINGER / 9).await;
        client.send([b'x'; 100_000]).await;
    }
    assert_eq!(client.ask(GET).await.status(), 200);
    assert_eq!(upstream.connections(), 1);
}

#[tokio::test]
async fn a_response_with_two_lengths_is_an_error() {
    let (upstream, _) = verbatim(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi!").await;
    let session = Session::with(&upstream).await;
    let reply = session.api().await.ask(GET).await;
    assert_eq!((reply.status(), reply.refusal().as_str()), (502, "upstream-broken"));
}

#[tokio::test]
async fn leave_to_send_a_body_comes_from_the_upstream() {
    // This one gives it late, and counts on getting nothing before.
    let upstream = Upstream::streams(&[], |stream| async move {
        let mut client = Client { stream: Box::new(stream) };
        let head = client.head().await;
        assert!(head.contains("Expect: 100-continue"), "{head}");
        tokio::time::sleep(Duration::from_millis(50)).await;
        client.send("HTTP/1.1 100 Continue\r\n\r\n").await;
        assert_eq!(client.exactly(5).await, b"hello");
        client.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    })
    .await;
    let session = Session::with(&upstream).await;
    let mut client = session.api().await;
    let started = Instant::now();
    client.send("PUT / HTTP/1.1\r\nHost: api.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n").await;
    assert_eq!(client.reply(false).await.status(), 100);
    assert!(started.elapsed() >= Duration::from_millis(50));
    assert_eq!(client.ask("hello").await.status(), 200);
}

#[tokio::test]
async fn a_body_that_the_upstream_does_not_want_is_never_asked_for() {
    let (upstream, _) = verbatim(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n").await;
    let session = Session::with(&upstream).await;
    let mut client = session.api().await;
    let reply =
        client.ask("PUT / HTTP/1.1\r\nHost: api.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n").await;
    assert_eq!(reply.status(), 417);
}

#[tokio::test]
async fn an_upload_reaches_the_upstream_as_it_is_sent() {
    let upstream = Upstream::streams(&[], |stream| async move {
        let mut client = Client { stream: Box::new(stream) };
        client.head().await;
        // Answers to each part at once: both directions are open at the same time.
        client.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n").await;
        for _ in 0..2 {
            let part = client.exactly(3).await;
            client.send(part).await;
        }
    })
    .await;
    let session = Session::with(&upstream).await;
    let mut client = session.api().await;
    client.send("POST / HTTP/1.1\r\nHost: api.test\r\nContent-Length: 6\r\n\r\none").await;
    client.head().await;
    assert_eq!(client.exactly(3).await, b"one");
    client.send("two").await;
    assert_eq!(client.exactly(3).await, b"two");
}

#[tokio::test]
async fn a_length_that_chunks_override_does_not_cut_the_body() {
    let (upstream, _) =
        verbatim(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
            .await;
    let session = Session::with(&upstream).await;
    let reply = session.api().await.ask(GET).await;
    assert_eq!((reply.text().as_str(), reply.header("content-length")), ("hello", None));
}

#[tokio::test]
async fn large_bodies_pass_both_ways_unchanged() {
    let upstream = Upstream::answering(|request| text(request.body.clone())).await;
    let session = Session::with(&upstream).await;
    let body: Vec<u8> = (0..3_000_000_u32).map(|n| ((n * 31) >> 3) as u8).collect();
    let mut client = session.api().await;
    client.send(format!("POST / HTTP/1.1\r\nHost: api.test\r\nContent-Length: {}\r\n\r\n", body.len())).await;
    client.send(&body).await;
    let reply = client.reply(false).await;
    assert!(reply.body == body);
}

#[tokio::test]
async fn compressed_bodies_are_not_touched() {
    let squeezed = b"\x1f\x8b\x08\0not really";
    let upstream = Upstream::answering(move |_| {
        let mut response = text(&squeezed[..]);
        response.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
        response
    })
    .await;
    let session = Session::with(&upstream).await;
    let reply = session.api().await.ask(GET).await;
    assert_eq!((reply.body.as_slice(), reply.header("content-encoding")), (&squeezed[..], Some("gzip")));
}
