//! Everything but the credential slot arrives as it was sent, over HTTP/1.
#![allow(clippy::unwrap_used)]

mod support;

use bytes::Bytes;
use http::{HeaderMap, Response};
use hyper::body::Frame;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::client::{Client, proxy_authorization};
use support::policy::Rules;
use support::upstream::{Upstream, frames, text};
use support::{API, Session, dialer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;

const GET: &str = "GET / HTTP/1.1\r\nHost: api.test\r\n\r\n";

/// An upstream that writes `answer` after each request head, and keeps the heads.
async fn verbatim(answer: &'static [u8]) -> (Upstream, Arc<Mutex<Vec<String>>>) {
    let heads: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = heads.clone();
    let upstream = Upstream::streams(&[], move |stream| {
        let kept = kept.clone();
        async move {
            let mut client = Client { stream: Box::new(stream) };
            loop {
                let head = client.head().await;
                kept.lock().unwrap().push(head);
                client.send(answer).await;
            }
        }
    })
    .await;
    (upstream, heads)
}

#[tokio::test]
async fn a_request_head_keeps_its_case_order_and_repetitions() {
    let (upstream, heads) = verbatim(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let session = Session::with(&upstream).await;
    let head = "GET /A%2fb/../c;p?x=%7e&&y=a+b HTTP/1.1\r\nHOST: api.test\r\nX-Z: 1\r\nAccept: */*\r\nx-LOWER: a  b\r\nAuthorization: Bearer authsome-proxy-managed\r\nCookie: a\r\nCookie: b\r\nX-Empty: ";
    session.api().await.ask(format!("{head}\r\n\r\n")).await;
    let expected = head.replace("authsome-proxy-managed", "real");
    assert_eq!(heads.lock().unwrap()[0].trim_end(), expected.trim_end());
}

#[tokio::test]
async fn a_response_head_keeps_its_reason_case_order_and_repetitions() {
    let (upstream, _) = verbatim(
        b"HTTP/1.1 299 Quite Fine\r\nX-B: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\ncontent-LENGTH: 2\r\nX-A: 2\r\n\r\nhi",
    )
    .await;
    let session = Session::with(&upstream).await;
    let reply = session.api().await.ask(GET).await;
    assert_eq!(reply.text(), "hi");
    let head = "HTTP/1.1 299 Quite Fine\r\nX-B: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\ncontent-LENGTH: 2\r\nX-A: 2";
    assert_eq!(reply.head.split("\r\nx-authsome").next(), Some(head));
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
async fn early_hints_reach_the_client_before_the_response() {
    let (upstream, _) =
        verbatim(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
            .await;
    let session = Session::with(&upstream).await;
    let mut client = session.api().await;
    client.send(GET).await;
    assert_eq!(client.head().await, "HTTP/1.1 103 Early Hints\r\nLink: </a.css>");
    assert_eq!(client.reply(false).await.text(), "hi");
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
async fn a_response_with_two_lengths_is_an_error() {
    let (upstream, _) = verbatim(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi!").await;
    let session = Session::with(&upstream).await;
    let reply = session.api().await.ask(GET).await;
    assert_eq!((reply.status(), reply.refusal().as_str()), (502, "upstream-broken"));
}

#[tokio::test]
async fn options_asterisk_reaches_the_server_as_it_is() {
    let (upstream, heads) = verbatim(b"HTTP/1.1 204 No Content\r\nAllow: GET\r\n\r\n").await;
    let session = Session::with(&upstream).await;
    let reply = session.api().await.ask("OPTIONS * HTTP/1.1\r\nHost: api.test\r\n\r\n").await;
    assert_eq!((reply.status(), reply.header("allow")), (204, Some("GET")));
    assert!(heads.lock().unwrap()[0].starts_with("OPTIONS * HTTP/1.1\r\n"));
    assert_eq!(*session.rules.seen.lock().unwrap(), ["OPTIONS api.test:443*"]);
}

#[tokio::test]
async fn an_http_1_0_client_is_served() {
    let upstream = Upstream::answering(|_| Response::new(frames(vec![Frame::data(Bytes::from("old"))]))).await;
    let session = Session::with(&upstream).await;
    let mut client = session.api().await;
    client.send("GET / HTTP/1.0\r\n\r\n").await;
    let all = String::from_utf8(client.rest().await).unwrap();
    assert!(all.starts_with("HTTP/1.0 200 OK\r\n") && all.ends_with("\r\n\r\nold"), "{all}");
    assert_eq!(upstream.only().headers["host"], "api.test:443");
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
async fn events_reach_the_client_as_they_are_sent() {
    let go = Arc::new(Notify::new());
    let gate = go.clone();
    let upstream = Upstream::streams(&[], move |stream| {
        let gate = gate.clone();
        async move {
            let mut client = Client { stream: Box::new(stream) };
            client.head().await;
            client.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n").await;
            // The second event is sent when the client has seen the first.
            gate.notified().await;
            client.send("data: 2\n\n").await;
        }
    })
    .await;
    let session = Session::with(&upstream).await;
    let mut client = session.api().await;
    client.send(GET).await;
    client.head().await;
    assert_eq!((client.line().await, client.line().await), ("9".to_owned(), "data: 1\n\n".to_owned()));
    go.notify_one();
    assert_eq!((client.line().await, client.line().await), ("9".to_owned(), "data: 2\n\n".to_owned()));
    // The upstream broke off without a proper end. What came before arrived; no end is made up.
    assert_eq!(client.rest().await, b"");
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
async fn a_web_socket_is_relayed_raw_after_its_upgrade() {
    let upstream = Upstream::streams(&[], |stream| async move {
        let mut client = Client { stream: Box::new(stream) };
        let head = client.head().await.to_lowercase();
        assert!(head.contains("\r\nconnection: upgrade") && head.contains("\r\nupgrade: websocket"), "{head}");
        assert!(head.contains("\r\nauthorization: bearer real"), "{head}");
        // The first frame comes together with the 101.
        client.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n\x81\x01a").await;
        let frame = client.exactly(4).await;
        client.send(frame).await;
    })
    .await;
    let session = Session::with(&upstream).await;
    let mut client = session.api().await;
    client
        .send("GET /ws HTTP/1.1\r\nHost: api.test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n")
        .await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 101 ") && head.contains("Sec-WebSocket-Accept: x"), "{head}");
    assert_eq!(client.exactly(3).await, b"\x81\x01a");
    // Bytes that are no HTTP at all.
    assert_eq!(
        {
            client.send(b"\n\0\x82\xff").await;
            client.exactly(4).await
        },
        b"\n\0\x82\xff"
    );
    assert_eq!(client.rest().await, b"");
}

#[tokio::test]
async fn an_upgrade_that_the_upstream_declines_is_a_response_like_others() {
    let (upstream, _) = verbatim(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno").await;
    let session = Session::with(&upstream).await;
    let mut client = session.api().await;
    for _ in 0..2 {
        let reply = client.ask("GET / HTTP/1.1\r\nHost: api.test\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n").await;
        assert_eq!(reply.text(), "no");
    }
}

#[tokio::test]
async fn a_switch_that_nobody_asked_for_is_an_error() {
    let (upstream, _) =
        verbatim(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n").await;
    let session = Session::with(&upstream).await;
    let reply = session.api().await.ask(GET).await;
    assert_eq!((reply.status(), reply.refusal().as_str()), (502, "upstream-broken"));
}

#[tokio::test]
async fn plain_http_passes_without_a_credential() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut client = Client { stream: Box::new(stream) };
        let head = client.head().await;
        client.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nAlt-Svc: clear\r\n\r\nhi").await;
        head
    });
    let upstream = Upstream::answering(|_| text("")).await;
    let session = Session::new(Rules::injecting("api.test"), dialer(&[("api.test:80", address)]), &upstream).await;
    let auth = proxy_authorization();
    let mut client = Client::connect(session.address).await;
    let reply = client
        .ask(format!("GET http://api.test/x?y=1 HTTP/1.1\r\nHost: api.test\r\nX-Case: 1\r\n{auth}\r\nX-Authsome-Connection: work\r\nProxy-Connection: keep-alive\r\n\r\n"))
        .await;
    assert_eq!((reply.text().as_str(), reply.header("alt-svc")), ("hi", Some("clear")));
    assert_eq!(served.await.unwrap(), "GET /x?y=1 HTTP/1.1\r\nHost: api.test\r\nX-Case: 1");
}

#[tokio::test]
async fn an_address_is_a_host_with_a_certificate_for_the_address() {
    let upstream = Upstream::answering(|_| text("ok")).await;
    for host in ["127.0.0.1", "[::1]"] {
        let rules = Rules::injecting(host);
        let name = format!("{host}:443");
        let session = Session::new(rules, dialer(&[(&name, upstream.address)]), &upstream).await;
        // rustls demands an IP subject alternative name here.
        let reply = session.inside(&name).await.ask(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
        assert_eq!(reply.text(), "ok", "{host}");
    }
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken_to_clients() {
    let upstream = Upstream::answering(|_| text("ok")).await;
    let session = Session::with(&upstream).await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let client = Client::connect(session.address).await.tunnel(API).await;
        let mut client = client.secure_by(version, session.ca.pem(), "api.test").await;
        assert_eq!(client.ask(GET).await.text(), "ok", "{version:?}");
    }
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
async fn the_answer_to_a_connect_has_no_body_and_no_length() {
    let upstream = Upstream::answering(|_| text("ok")).await;
    let session = Session::with(&upstream).await;
    let reply = Client::connect(session.address).await.ask_connect(API).await;
    assert_eq!(reply.head, "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn requests_sent_ahead_are_answered_in_order() {
    let upstream = Upstream::answering(|request| text(request.target.clone())).await;
    let session = Session::with(&upstream).await;
    let mut client = session.api().await;
    let request = |path: &str, body: &str| {
        format!("POST {path} HTTP/1.1\r\nHost: api.test\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    };
    client.send([request("/1", "abc"), request("/2", ""), request("/3", "x")].concat()).await;
    for path in ["/1", "/2", "/3"] {
        assert_eq!(client.reply(false).await.text(), path);
    }
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

#[tokio::test]
async fn an_upstream_that_says_nothing_is_a_clear_error() {
    let upstream = Upstream::streams(&[], |_| async {}).await;
    let session = Session::with(&upstream).await;
    let reply = session.api().await.ask(GET).await;
    assert_eq!((reply.status(), reply.refusal().as_str()), (502, "upstream-broken"));

    let session =
        Session::new(Rules::injecting("api.test"), dialer(&[(API, "127.0.0.1:1".parse().unwrap())]), &upstream).await;
    let reply = session.api().await.ask(GET).await;
    assert_eq!((reply.status(), reply.refusal().as_str()), (502, "upstream-unreachable"));
}
