//! HTTP/2 on both legs, where the upstream speaks it, and gRPC in it.
#![allow(clippy::unwrap_used)]

mod support;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Version};
use http_body_util::{BodyExt, Empty, Full, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use mitm::limits::{HEAD, IDLE};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use support::client::Client;
use support::policy::Rules;
use support::upstream::{Upstream, frame, frames, goodbye, ok_frame, text};
use support::{API, HELD, Session, dialer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

const BOTH: &[&[u8]] = &[b"h2", b"http/1.1"];

type Body = BoxBody<Bytes, Infallible>;

/// An HTTP/2 client inside an intercepted connection to `api.test`.
async fn client(session: &Session) -> SendRequest<Body> {
    let client = Client::connect(session.address).await.tunnel(API).await;
    let stream = client.handshake(session.ca.pem(), API, BOTH).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

async fn ask(sender: &mut SendRequest<Body>, request: Request<Body>) -> Response<Incoming> {
    sender.send_request(request).await.unwrap()
}

fn get(url: &str) -> Request<Body> {
    Request::get(url).body(Empty::new().boxed()).unwrap()
}

async fn json(response: Response<Incoming>) -> (u16, serde_json::Value) {
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap())
}

#[tokio::test]
async fn the_version_is_the_one_that_the_upstream_speaks() {
    for (upstream_alpn, offered, agreed) in [
        (BOTH, BOTH, Some(&b"h2"[..])),
        (&BOTH[1..], BOTH, Some(b"http/1.1")),
        (BOTH, &BOTH[1..], Some(b"http/1.1")),
        (&[], BOTH, Some(b"http/1.1")),
        (BOTH, &[], None),
    ] {
        let upstream = Upstream::speaking(upstream_alpn, |_| text("ok")).await;
        let session = Session::with(&upstream).await;
        let client = Client::connect(session.address).await.tunnel(API).await;
        let stream = client.handshake(session.ca.pem(), API, offered).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), agreed, "{upstream_alpn:?} {offered:?}");
        if agreed != Some(b"h2") {
            let mut client = Client { stream: Box::new(stream) };
            assert_eq!(client.ask("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n").await.text(), "ok");
            assert_eq!(upstream.only().version, Version::HTTP_11);
        }
    }
}

#[tokio::test]
async fn injecting_does_not_downgrade() {
    let upstream = Upstream::speaking(BOTH, |_| text("ok")).await;
    let session = Session::with(&upstream).await;
    let mut client = client(&session).await;
    let mut request = get("https://api.test/v1?x=1");
    request.headers_mut().insert("authorization", format!("Bearer {HELD}").parse().unwrap());
    request.headers_mut().insert("x-authsome-connection", "work".parse().unwrap());
    let response = ask(&mut client, request).await;
    assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_2));
    assert_eq!(response.headers()["x-authsome-connection"], "test/default");
    let request = upstream.only();
    assert_eq!((request.version, request.target.as_str()), (Version::HTTP_2, "https://api.test/v1?x=1"));
    assert_eq!(request.headers["authorization"], "Bearer real");
    assert_eq!(request.headers.len(), 1);
}

#[tokio::test]
async fn all_clients_share_one_connection_that_is_dialled_once() {
    let upstream = Upstream::speaking(BOTH, |request| text(request.target.clone())).await;
    let session = Session::with(&upstream).await;
    let mut tasks = Vec::new();
    let clients = [client(&session).await, client(&session).await];
    for number in 0..60 {
        let mut client = clients[number % 2].clone();
        tasks.push(tokio::spawn(async move {
            let url = format!("https://api.test/{number}");
            let response = ask(&mut client, get(&url)).await;
            assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), url);
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!((upstream.count(), upstream.connections()), (60, 1));
}

#[tokio::test]
async fn a_grpc_call_keeps_its_trailers_both_ways() {
    let upstream = Upstream::speaking(BOTH, |request| {
        assert_eq!(request.headers["te"], "trailers");
        let trailers = HeaderMap::from_iter([("grpc-status".parse().unwrap(), "0".parse().unwrap())]);
        let mut parts = vec![Frame::data(request.body.clone())];
        parts.push(Frame::trailers(trailers));
        Response::new(frames(parts))
    })
    .await;
    let session = Session::with(&upstream).await;
    let mut client = client(&session).await;
    let sum = HeaderMap::from_iter([("x-sum".parse().unwrap(), "7".parse().unwrap())]);
    let request = Request::post("https://api.test/pkg.Service/Call")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(frames(vec![Frame::data(Bytes::from_static(b"\0\0\0\0\x02hi")), Frame::trailers(sum)]))
        .unwrap();
    let response = ask(&mut client, request).await.into_body().collect().await.unwrap();
    assert_eq!(response.trailers().unwrap()["grpc-status"], "0");
    assert_eq!(response.to_bytes(), &b"\0\0\0\0\x02hi"[..]);
    assert_eq!(upstream.only().trailers.unwrap()["x-sum"], "7");
}

#[tokio::test]
async fn a_stream_may_carry_both_directions_at_once() {
    let upstream = Upstream::streams(BOTH, |stream| async move {
        let service = hyper::service::service_fn(|request: Request<Incoming>| async {
            Ok::<_, Infallible>(Response::new(request.into_body()))
        });
        _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(stream), service)
            .await;
    })
    .await;
    let session = Session::with(&upstream).await;
    let mut client = client(&session).await;
    let (mut parts, body) = http_body_util::channel::Channel::<Bytes, Infallible>::new(1);
    let request = Request::post("https://api.test/").body(body.boxed()).unwrap();
    let mut response = ask(&mut client, request).await.into_body();
    for part in ["one", "two"] {
        parts.send_data(Bytes::from(part)).await.unwrap();
        assert_eq!(response.frame().await.unwrap().unwrap().into_data().unwrap(), part);
    }
    drop(parts);
    assert_eq!(response.collect().await.unwrap().to_bytes(), "");
}

#[tokio::test]
async fn another_authority_than_the_connects_is_misdirected() {
    let upstream = Upstream::speaking(BOTH, |_| text("ok")).await;
    let session = Session::with(&upstream).await;
    let mut client = client(&session).await;
    for url in ["https://evil.test/", "https://api.test:8443/", "http://api.test/", "https://user@api.test/"] {
        let (status, body) = json(ask(&mut client, get(url)).await).await;
        assert_eq!((status, &body["code"]), (421, &"misdirected".into()), "{url}");
    }
    let mut request = get("https://api.test/");
    request.headers_mut().insert("host", "evil.test".parse().unwrap());
    assert_eq!(ask(&mut client, request).await.status(), 421);
    let connect = Request::builder().method(Method::CONNECT).uri("api.test:443").body(Empty::new().boxed()).unwrap();
    assert_eq!(ask(&mut client, connect).await.status(), 421);
    assert_eq!(upstream.count(), 0);
}

#[tokio::test]
async fn a_misplaced_placeholder_and_a_401_are_treated_as_in_http_1() {
    let upstream =
        Upstream::speaking(BOTH, |request| match request.headers["authorization"] == "Bearer real-renewed" {
            true => text(request.body.clone()),
            false => support::upstream::status(401),
        })
        .await;
    let rules = Rules { renews: true, ..Rules::injecting("api.test") };
    let session = Session::new(rules, dialer(&[(API, upstream.address)]), &upstream).await;
    let mut client = client(&session).await;
    let (status, body) = json(ask(&mut client, get(&format!("https://api.test/?k={HELD}"))).await).await;
    assert_eq!((status, &body["code"]), (403, &"placeholder".into()));
    assert_eq!(upstream.count(), 0);

    let request = Request::post("https://api.test/").body(Full::from("hello").boxed()).unwrap();
    let response = ask(&mut client, request).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hello");
    assert_eq!(upstream.count(), 2);
}

#[tokio::test]
async fn a_placeholder_leaves_in_no_part_of_a_head_and_a_trace_not_at_all() {
    let upstream = Upstream::speaking(BOTH, |_| text("ok")).await;
    for unruled in [None, Some("/")] {
        let rules = Rules { unruled, ..Rules::injecting("api.test") };
        let session = Session::new(rules, dialer(&[(API, upstream.address)]), &upstream).await;
        let mut client = client(&session).await;
        let held = |target: &str| get(&format!("https://api.test{target}"));
        let mut requests =
            vec![held("/?k=authsome%2Dproxy%2Dmanaged"), held(&format!("/{HELD}")), held("/%61uthsome-proxy-managed")];
        for (name, value) in [
            ("x-key", HELD),
            ("cookie", "k=authsome-proxy-managed"),
            ("referer", "https://a.test/?authsome%2Dproxy-managed"),
            ("x-basic", "Basic YXV0aHNvbWUtcHJveHktbWFuYWdlZDo="),
            ("name-authsome-proxy-managed", "1"),
        ] {
            let mut request = held("/");
            request.headers_mut().insert(name, value.parse().unwrap());
            requests.push(request);
        }
        for request in requests {
            let shown = format!("{request:?}");
            let (status, body) = json(ask(&mut client, request).await).await;
            assert_eq!((status, &body["code"]), (403, &"placeholder".into()), "{shown}");
        }
        let mut trace = get("https://api.test/");
        *trace.method_mut() = Method::TRACE;
        let (status, body) = json(ask(&mut client, trace).await).await;
        assert_eq!((status, &body["code"]), (403, &"method".into()));
    }
    assert_eq!(upstream.count(), 0);
}

#[tokio::test]
async fn a_credential_does_not_come_back_in_a_head_or_a_trailer() {
    let upstream = Upstream::speaking(BOTH, |request| {
        let sent = request.headers["authorization"].clone();
        let trailers = HeaderMap::from_iter([("x-echo".parse().unwrap(), sent.clone())]);
        let mut response =
            Response::new(frames(vec![Frame::data(Bytes::from_static(b"hi")), Frame::trailers(trailers)]));
        response.headers_mut().insert("location", "/?t=real%2dtoken%2D1".parse().unwrap());
        response.headers_mut().insert("x-echo", sent);
        response
    })
    .await;
    let slots = vec![(mitm::Place::Header(http::header::AUTHORIZATION), "Bearer real-token-1".to_owned())];
    let rules = Rules { slots, ..Rules::injecting("api.test") };
    let session = Session::new(rules, dialer(&[(API, upstream.address)]), &upstream).await;
    let response = ask(&mut client(&session).await, get("https://api.test/")).await;
    assert_eq!(response.headers()["x-echo"], format!("Bearer {HELD}"));
    assert_eq!(response.headers()["location"], format!("/?t={HELD}"));
    let body = response.into_body().collect().await.unwrap();
    assert_eq!(body.trailers().unwrap()["x-echo"], format!("Bearer {HELD}"));
}

#[tokio::test]
async fn a_length_in_disguise_is_malformed() {
    let upstream = Upstream::speaking(BOTH, |_| text("ok")).await;
    let session = Session::with(&upstream).await;
    let mut client = client(&session).await;
    for name in ["transfer_encoding", "content_length", "content_Length"] {
        let mut request = get("https://api.test/");
        request.headers_mut().insert(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), "5".parse().unwrap());
        let (status, body) = json(ask(&mut client, request).await).await;
        assert_eq!((status, &body["code"]), (400, &"malformed".into()), "{name}");
    }
    assert_eq!(upstream.count(), 0);
}

#[tokio::test]
async fn an_upstream_that_goes_away_is_dialled_again() {
    // Each connection serves one request and says goodbye.
    let upstream = Upstream::streams(BOTH, |stream| async move {
        let service = hyper::service::service_fn(|_: Request<Incoming>| async {
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("ok"))))
        });
        let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let soon = tokio::time::sleep(Duration::from_millis(100));
        tokio::select! {
            _ = connection.as_mut() => return,
            () = soon => connection.as_mut().graceful_shutdown(),
        }
        _ = connection.await;
    })
    .await;
    let session = Session::with(&upstream).await;
    let mut client = client(&session).await;
    for _ in 0..3 {
        assert_eq!(ask(&mut client, get("https://api.test/")).await.status(), 200);
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    assert!(upstream.connections() >= 3);
}

#[tokio::test]
async fn requests_that_an_upstream_did_not_process_are_sent_again() {
    // Each connection serves ten requests and says so, when others are already on their way to it.
    let served = Arc::new(AtomicUsize::new(0));
    let counted = served.clone();
    let upstream = Upstream::by_hand(move || {
        let counted = counted.clone();
        move |raw| {
            let farewell = if (raw.kind, raw.stream) == (1, 19) { goodbye(19) } else { Vec::new() };
            if !raw.ends() || raw.stream > 19 {
                return farewell;
            }
            counted.fetch_add(1, Ordering::SeqCst);
            [farewell, ok_frame(raw.stream)].concat()
        }
    })
    .await;
    let session = Session::with(&upstream).await;
    let client = client(&session).await;
    let mut tasks = Vec::new();
    for number in 0..40 {
        let mut client = client.clone();
        let request = Request::builder().uri("https://api.test/");
        let request = match number % 3 {
            0 => request.body(Empty::new().boxed()),
            1 => request.method(Method::POST).body(Empty::new().boxed()),
            _ => request.method(Method::POST).body(Full::from("some body").boxed()),
        };
        tasks.push(tokio::spawn(async move { ask(&mut client, request.unwrap()).await.status().as_u16() }));
    }
    for task in tasks {
        assert_eq!(task.await.unwrap(), 200);
    }
    // None of them twice, and no connection that another one had just opened was thrown away.
    assert_eq!((served.load(Ordering::SeqCst), upstream.connections()), (40, 4));
}

#[tokio::test]
async fn a_refused_stream_is_sent_again_a_few_times() {
    for (refusals, status) in [(2, 200), (100, 502)] {
        let seen = Arc::new(AtomicUsize::new(0));
        let counted = seen.clone();
        let upstream = Upstream::by_hand(move || {
            let counted = counted.clone();
            move |raw| match raw.ends() {
                false => Vec::new(),
                true if counted.fetch_add(1, Ordering::SeqCst) >= refusals => ok_frame(raw.stream),
                true => frame(3, 0, raw.stream, &7_u32.to_be_bytes()),
            }
        })
        .await;
        let session = Session::with(&upstream).await;
        let request = Request::post("https://api.test/").body(Full::from("hello").boxed()).unwrap();
        assert_eq!(ask(&mut client(&session).await, request).await.status(), status);
        assert_eq!(seen.load(Ordering::SeqCst), 3);
    }
}

#[tokio::test]
async fn a_body_that_was_too_long_to_keep_is_not_sent_again() {
    let upstream = Upstream::by_hand(|| {
        let mut taken = 0;
        move |raw| {
            let before = taken;
            taken += if raw.kind == 0 { raw.payload.len() } else { 0 };
            if before <= 100_000 && taken > 100_000 { goodbye(0) } else { Vec::new() }
        }
    })
    .await;
    let session = Session::with(&upstream).await;
    let request = Request::post("https://api.test/").body(Full::from(vec![7; 200_000]).boxed()).unwrap();
    let (status, body) = json(ask(&mut client(&session).await, request).await).await;
    assert_eq!((status, &body["code"], upstream.connections()), (502, &"upstream-broken".into(), 1));
}

#[tokio::test]
async fn a_placeholder_in_a_trailer_is_the_clients_fault() {
    let upstream = Upstream::speaking(BOTH, |_| text("ok")).await;
    let session = Session::with(&upstream).await;
    let trailers = HeaderMap::from_iter([("x-key".parse().unwrap(), HELD.parse().unwrap())]);
    let body = frames(vec![Frame::data(Bytes::from_static(b"hi")), Frame::trailers(trailers)]);
    let request = Request::post("https://api.test/").body(body).unwrap();
    let (status, body) = json(ask(&mut client(&session).await, request).await).await;
    assert_eq!((status, &body["code"]), (403, &"placeholder".into()));
    assert_eq!(*session.rules.refusals.lock().unwrap(), ["placeholder"]);
    assert_eq!(upstream.count(), 0);
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A client that writes frames.
async fn by_hand(session: &Session) -> tokio_rustls::client::TlsStream<Box<dyn support::client::Duplex>> {
    let client = Client::connect(session.address).await.tunnel(API).await;
    let mut stream = client.handshake(session.ca.pem(), API, BOTH).await.unwrap();
    stream.write_all(&[PREFACE, &frame(4, 0, 0, &[])].concat()).await.unwrap();
    stream
}

#[tokio::test]
async fn a_request_that_names_its_host_in_a_field_alone_is_carried() {
    let upstream = Upstream::speaking(BOTH, |_| text("ok")).await;
    let session = Session::with(&upstream).await;
    for (host, status) in [("api.test", 0x88), ("evil.test", 0x48)] {
        let mut stream = by_hand(&session).await;
        // :method GET, :scheme https, :path /, and host (the static table's 38), as a literal.
        let head = [&[0x82, 0x87, 0x84, 0x0f, 38 - 15, host.len() as u8], host.as_bytes()].concat();
        stream.write_all(&frame(1, 5, 1, &head)).await.unwrap();
        loop {
            let mut head = [0; 9];
            stream.read_exact(&mut head).await.unwrap();
            let mut payload = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
            stream.read_exact(&mut payload).await.unwrap();
            if head[3] == 1 {
                assert_eq!(payload[0], status, "{host}: {payload:?}");
                break;
            }
        }
    }
    let request = upstream.only();
    assert_eq!(request.target, "https://api.test/");
    assert_eq!(request.headers["authorization"], "Bearer real");
}

#[tokio::test]
async fn a_flood_of_frames_that_ask_for_nothing_ends_the_connection() {
    let upstream = Upstream::speaking(BOTH, |_| text("ok")).await;
    let session = Session::with(&upstream).await;
    let mut quiet = client(&session).await;
    for flood in [frame(8, 0, 0, &[0, 0, 0, 1]), frame(2, 0, 1, &[0, 0, 0, 0, 1]), frame(0xfa, 0, 0, b"x")] {
        let mut stream = by_hand(&session).await;
        let many = flood.repeat(mitm::limits::FRAMES_AT_ONCE as usize + 100);
        // It may be cut off in the middle.
        _ = stream.write_all(&many).await;
        let mut said = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut said)).await;
        assert!(ended.is_ok(), "still open after {} bytes", many.len());
    }
    assert_eq!(ask(&mut quiet, get("https://api.test/")).await.status(), 200);
}

/// How long the proxy bears with a client that says `first` and then nothing; what it says to it.
async fn patience(first: &[u8]) -> (Duration, Vec<u8>) {
    let upstream = Upstream::speaking(BOTH, |_| text("ok")).await;
    let session = Session::with(&upstream).await;
    let client = Client::connect(session.address).await.tunnel(API).await;
    let mut stream = client.handshake(session.ca.pem(), API, BOTH).await.unwrap();
    stream.write_all(first).await.unwrap();
    tokio::time::pause();
    let (begun, mut said) = (Instant::now(), Vec::new());
    // Whether TLS was closed properly is of no interest to who never spoke.
    let read = tokio::time::timeout(IDLE * 2, stream.read_to_end(&mut said)).await;
    assert!(read.is_ok(), "still open after {:?}", begun.elapsed());
    (begun.elapsed(), said)
}

#[tokio::test]
async fn a_client_that_says_nothing_is_let_go() {
    let (borne, _) = patience(b"").await;
    assert!(borne >= HEAD && borne < HEAD * 2, "{borne:?}");
}

#[tokio::test]
async fn a_client_that_does_not_answer_is_told_of_the_end_and_then_let_go() {
    let first = [PREFACE, &frame(4, 0, 0, &[])].concat();
    let (borne, said) = patience(&first).await;
    assert!(borne >= IDLE && borne < IDLE + HEAD, "{borne:?}");
    let farewell = goodbye(0x7fff_ffff);
    assert!(said.windows(farewell.len()).any(|part| part == farewell), "{said:?}");
}

#[tokio::test]
async fn a_body_that_said_its_length_may_not_stall_for_ever() {
    let upstream = Upstream::speaking(BOTH, |_| text("ok")).await;
    let session = Session::with(&upstream).await;
    let mut client = client(&session).await;
    let (mut parts, body) = http_body_util::channel::Channel::<Bytes, Infallible>::new(1);
    let request = Request::post("https://api.test/").header("content-length", "9").body(body.boxed()).unwrap();
    parts.send_data(Bytes::from("half")).await.unwrap();
    tokio::time::pause();
    let begun = Instant::now();
    let (status, _) = json(tokio::time::timeout(IDLE * 2, ask(&mut client, request)).await.unwrap()).await;
    assert_eq!(status, 408);
    assert!(begun.elapsed() >= IDLE && begun.elapsed() < IDLE * 2);
    assert_eq!(*session.rules.refusals.lock().unwrap(), ["malformed"]);
}

#[tokio::test]
async fn a_panic_ends_one_stream_alone() {
    let upstream = Upstream::speaking(BOTH, |_| text("ok")).await;
    let rules = Rules { panics_at: Some("/panic"), ..Rules::injecting("api.test") };
    let session = Session::new(rules, dialer(&[(API, upstream.address)]), &upstream).await;
    let mut client = client(&session).await;
    assert!(client.send_request(get("https://api.test/panic")).await.is_err());
    assert_eq!(ask(&mut client, get("https://api.test/")).await.status(), 200);
}

#[tokio::test]
async fn an_upstream_that_cannot_be_reached_is_a_clear_error() {
    let upstream = Upstream::speaking(BOTH, |_| text("ok")).await;
    let refused = "127.0.0.1:1".parse().unwrap();
    let session = Session::new(Rules::injecting("api.test"), dialer(&[(API, refused)]), &upstream).await;
    // Nothing is known of its versions, so the client's second choice is taken.
    let client = Client::connect(session.address).await.tunnel(API).await;
    let stream = client.handshake(session.ca.pem(), API, BOTH).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let reply = Client { stream: Box::new(stream) }.ask("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n").await;
    assert_eq!((reply.status(), reply.refusal().as_str()), (502, "upstream-unreachable"));
    // A gRPC client has no second choice; it is told in its own language.
    let client = Client::connect(session.address).await.tunnel(API).await;
    let stream = client.handshake(session.ca.pem(), API, &BOTH[..1]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
}

#[tokio::test]
async fn a_large_body_passes_both_ways_unchanged() {
    let upstream = Upstream::speaking(BOTH, |request| text(request.body.clone())).await;
    let session = Session::with(&upstream).await;
    let body: Vec<u8> = (0..3_000_000_u32).map(|n| ((n * 31) >> 3) as u8).collect();
    let mut client = client(&session).await;
    let request = Request::post("https://api.test/").body(Full::from(body.clone()).boxed()).unwrap();
    let response = ask(&mut client, request).await;
    assert!(response.into_body().collect().await.unwrap().to_bytes() == body);
}
