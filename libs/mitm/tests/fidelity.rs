//! Everything but the credential slot arrives as it was sent, over HTTP/1.
#![allow(clippy::unwrap_used)]

mod support;

use bytes::Bytes;
use http::Response;
use hyper::body::Frame;
use std::sync::Arc;
use support::client::{Client, proxy_authorization};
use support::policy::Rules;
use support::upstream::{Upstream, frames, text};
use support::{API, Session, dialer, verbatim};
use tokio::sync::Notify;

const GET: &str = "GET / HTTP/1.1\r\nHost: api.test\r\n\r\n";

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
async fn a_reason_in_another_alphabet_arrives_as_it_was_sent() {
    let (upstream, _) = verbatim(b"HTTP/1.1 404 N\xe3o encontrado\r\nContent-Length: 0\r\n\r\n").await;
    let session = Session::with(&upstream).await;
    let reply = session.api().await.ask(GET).await;
    assert_eq!(reply.head.lines().next(), Some("HTTP/1.1 404 N\u{e3}o encontrado"));
}

#[tokio::test]
async fn what_caches_on_the_way_say_of_themselves_reaches_the_client() {
    let (upstream, _) = verbatim(b"HTTP/1.1 200 OK\r\nProxy-Status: cdn; hit\r\nContent-Length: 0\r\n\r\n").await;
    let session = Session::with(&upstream).await;
    assert_eq!(session.api().await.ask(GET).await.header("proxy-status"), Some("cdn; hit"));
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
async fn options_asterisk_reaches_the_server_as_it_is() {
    let (upstream, heads) = verbatim(b"HTTP/1.1 204 No Content\r\nAllow: GET\r\n\r\n").await;
    let session = Session::with(&upstream).await;
    let reply = session.api().await.ask("OPTIONS * HTTP/1.1\r\nHost: api.test\r\n\r\n").await;
    assert_eq!((reply.status(), reply.header("allow")), (204, Some("GET")));
    assert!(heads.lock().unwrap()[0].starts_with("OPTIONS * HTTP/1.1\r\n"));
    assert_eq!(*session.rules.seen.lock().unwrap(), ["OPTIONS api.test:443*"]);
}

#[tokio::test]
async fn an_absolute_form_without_a_path_gets_the_one_it_means() {
    let (upstream, heads) = verbatim(b"HTTP/1.1 204 No Content\r\n\r\n").await;
    let session = Session::with(&upstream).await;
    let mut client = session.api().await;
    for (asked, expected) in [
        ("GET https://api.test", "GET /"),
        ("GET https://api.test?x=1", "GET /?x=1"),
        ("GET https://api.test/?x=1", "GET /?x=1"),
        ("OPTIONS https://api.test", "OPTIONS *"),
        ("OPTIONS https://api.test:443", "OPTIONS *"),
        ("OPTIONS https://api.test/", "OPTIONS /"),
        ("OPTIONS https://api.test?x", "OPTIONS /?x"),
    ] {
        assert_eq!(client.ask(format!("{asked} HTTP/1.1\r\nHost: api.test\r\n\r\n")).await.status(), 204);
        let head = heads.lock().unwrap().pop().unwrap();
        assert_eq!(head.lines().next(), Some(&*format!("{expected} HTTP/1.1")), "{asked}");
    }
}

#[tokio::test]
async fn a_target_arrives_as_it_was_sent_or_its_refusal_says_why() {
    let (upstream, heads) = verbatim(b"HTTP/1.1 204 No Content\r\n\r\n").await;
    let session = Session::with(&upstream).await;
    for target in ["/a|b/{c}/\"d\"/^\\e", "/?a|b{c}^\\`'"] {
        let reply = session.api().await.ask(format!("GET {target} HTTP/1.1\r\nHost: api.test\r\n\r\n")).await;
        assert_eq!(reply.status(), 204, "{target}");
        let head = heads.lock().unwrap().pop().unwrap();
        assert_eq!(head.lines().next(), Some(&*format!("GET {target} HTTP/1.1")));
    }
    for target in ["/<", "/>", "/`", "/?<", "/?>", "/?\"", "/#x"] {
        let reply = session.api().await.ask(format!("GET {target} HTTP/1.1\r\nHost: api.test\r\n\r\n")).await;
        assert_eq!((reply.status(), reply.refusal().as_str()), (400, "malformed"), "{target}");
        assert!(reply.text().contains("must be percent-encoded"), "{}", reply.text());
    }
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
    assert_eq!(client.exactly(9).await, b"data: 1\n\n");
    go.notify_one();
    assert_eq!(client.exactly(9).await, b"data: 2\n\n");
    // The upstream broke off without a proper end. What came before arrived; no end is made up.
    assert_eq!(client.rest().await, b"");
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
