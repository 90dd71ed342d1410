//! Connections: kept, shared, bounded, ended.
#![allow(clippy::unwrap_used)]

mod support;

use mitm::limits::{HEAD, IDLE};
use mitm::{Dialer, ProxyScheme, UpstreamProxy};
use rustls::HandshakeKind;
use rustls::pki_types::ServerName;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::client::{Client, only};
use support::policy::Rules;
use support::upstream::{Upstream, text};
use support::{API, Session, authority, dialer};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;

const GET: &str = "GET / HTTP/1.1\r\nHost: api.test\r\n\r\n";

#[tokio::test]
async fn a_new_connection_does_not_wait_for_a_delayed_acknowledgement() {
    let upstream = Upstream::answering(|_| text("ok")).await;
    let session = Session::with(&upstream).await;
    session.api().await.ask(GET).await;
    let mut times = Vec::new();
    for _ in 0..15 {
        let started = Instant::now();
        session.api().await.ask(GET).await;
        times.push(started.elapsed());
    }
    times.sort();
    // The stall is 40 ms on Linux; a handshake without optimization takes a few.
    assert!(times[times.len() / 2] < Duration::from_millis(35), "{times:?}");
}

/// The ticket of TLS 1.3 comes with the first response, and not before.
#[tokio::test]
async fn a_client_that_comes_back_resumes_its_tls_session() {
    let upstream = Upstream::answering(|_| text("ok")).await;
    let session = Session::with(&upstream).await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let tls = TlsConnector::from(only(version, session.ca.pem()));
        for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let client = Client::connect(session.address).await.tunnel(API).await;
            let stream = tls.connect(ServerName::try_from("api.test").unwrap(), client.stream).await.unwrap();
            assert_eq!(stream.get_ref().1.handshake_kind(), Some(kind), "{version:?}");
            let mut client = Client { stream: Box::new(stream) };
            assert_eq!(client.ask(GET).await.text(), "ok");
        }
    }
}

#[cfg(feature = "aws-lc-rs")]
#[tokio::test]
async fn a_client_that_can_agrees_on_keys_by_ml_kem_too() {
    let upstream = Upstream::answering(|_| text("ok")).await;
    let session = Session::with(&upstream).await;
    let tls = TlsConnector::from(only(&rustls::version::TLS13, session.ca.pem()));
    let client = Client::connect(session.address).await.tunnel(API).await;
    let stream = tls.connect(ServerName::try_from("api.test").unwrap(), client.stream).await.unwrap();
    let group = stream.get_ref().1.negotiated_key_exchange_group().unwrap().name();
    assert_eq!(group, rustls::NamedGroup::X25519MLKEM768);
}

#[tokio::test]
async fn upstream_connections_are_used_again_by_other_clients() {
    let upstream = Upstream::answering(|_| text("ok")).await;
    let session = Session::with(&upstream).await;
    for _ in 0..5 {
        session.api().await.ask(GET).await;
    }
    assert_eq!(upstream.connections(), 1);
}

/// An upstream that passes over such a body would take it for the head of the next request.
#[tokio::test]
async fn a_connection_that_carried_an_unexpected_body_is_not_used_again() {
    let upstream = Upstream::answering(|_| text("ok")).await;
    let session = Session::with(&upstream).await;
    let mut client = session.api().await;
    let mut before = 0;
    for (method, again) in
        [("GET", false), ("DELETE", false), ("OPTIONS", false), ("HEAD", false), ("POST", true), ("PUT", true)]
    {
        let head = format!("{method} / HTTP/1.1\r\nHost: api.test\r\nContent-Length: 5\r\n\r\nhello");
        assert_eq!(client.ask(head).await.status(), 200, "{method}");
        assert_eq!(client.ask(GET).await.status(), 200, "{method}");
        let (connections, expected) = (upstream.connections(), if again { 0 } else { 1 });
        assert_eq!(connections - before.max(1), expected, "{method}: the next request came on another connection");
        before = connections;
    }
}

#[tokio::test]
async fn idle_upstream_connections_are_bounded_in_total() {
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let upstream = held(gate.clone()).await;
    let session = Session::with(&upstream).await;
    let some = mitm::limits::POOL + 6;
    let mut clients = Vec::new();
    for _ in 0..some {
        let mut client = session.api().await;
        client.send(GET).await;
        clients.push(client);
    }
    gate.add_permits(some);
    for client in &mut clients {
        assert_eq!(client.reply(false).await.status(), 200);
    }
    assert_eq!(upstream.connections(), some);
    // The same number again: the pool serves as many as it holds, the rest is dialled anew.
    for client in &mut clients {
        client.send(GET).await;
    }
    gate.add_permits(some);
    for client in &mut clients {
        assert_eq!(client.reply(false).await.status(), 200);
    }
    assert_eq!(upstream.connections(), some + 6);
}

/// Answers one request per permit.
async fn held(gate: Arc<tokio::sync::Semaphore>) -> Upstream {
    Upstream::streams(&[], move |stream| {
        let gate = gate.clone();
        async move {
            let mut client = Client { stream: Box::new(stream) };
            loop {
                client.head().await;
                gate.acquire().await.unwrap().forget();
                client.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn an_idle_connection_that_the_upstream_closed_is_not_used_again() {
    let upstream = Upstream::streams(&[], |stream| async move {
        let mut client = Client { stream: Box::new(stream) };
        client.head().await;
        // It does not say that it is going to close.
        client.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    })
    .await;
    let session = Session::with(&upstream).await;
    let mut client = session.api().await;
    for _ in 0..5 {
        assert_eq!(client.ask("POST / HTTP/1.1\r\nHost: api.test\r\nContent-Length: 0\r\n\r\n").await.status(), 200);
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(upstream.connections(), 5);
}

#[tokio::test]
async fn a_connection_lost_at_its_second_use_is_replaced_when_nothing_can_happen_twice() {
    let upstream = Upstream::streams(&[], |stream| async move {
        let mut client = Client { stream: Box::new(stream) };
        client.head().await;
        client.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
        // Read, and dropped without an answer.
        client.head().await;
    })
    .await;
    let session = Session::with(&upstream).await;
    let mut client = session.api().await;
    assert_eq!(client.ask(GET).await.status(), 200);
    assert_eq!(client.ask(GET).await.status(), 200);
    assert_eq!(upstream.connections(), 2);
    let reply = client.ask("POST / HTTP/1.1\r\nHost: api.test\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!((reply.status(), reply.refusal().as_str()), (502, "upstream-broken"));
}

/// An upstream that answers nothing, and reads no body for so long; told when its client has gone.
async fn silent(deaf: Duration) -> (Upstream, Arc<Notify>) {
    let gone = Arc::new(Notify::new());
    let told = gone.clone();
    let upstream = Upstream::streams(&[], move |stream| {
        let told = told.clone();
        async move {
            let mut client = Client { stream: Box::new(stream) };
            client.head().await;
            sleep(deaf).await;
            client.rest().await;
            told.notify_one();
        }
    });
    (upstream.await, gone)
}

#[tokio::test]
async fn a_client_that_leaves_ends_its_request_upstream() {
    let (upstream, gone) = silent(Duration::ZERO).await;
    let session = Session::with(&upstream).await;
    let mut client = session.api().await;
    client.send(GET).await;
    sleep(Duration::from_millis(50)).await;
    drop(client);
    timeout(Duration::from_secs(5), gone.notified()).await.unwrap();
}

#[tokio::test]
async fn a_body_may_pause_for_longer_than_a_head_whatever_came_before_it() {
    let upstream = Upstream::answering(|request| text(request.body.clone())).await;
    let session = Session::with(&upstream).await;
    let mut client = session.api().await;
    let head = "POST / HTTP/1.1\r\nHost: api.test\r\nContent-Length: 8000\r\n\r\n";
    for pause in [Duration::ZERO, HEAD * 2] {
        client.send(head).await;
        sleep(Duration::from_millis(50)).await;
        tokio::time::pause();
        tokio::time::advance(pause).await;
        tokio::time::resume();
        client.send([b'x'; 8000]).await;
        assert_eq!(client.reply(false).await.body.len(), 8000, "{pause:?}");
    }
}

#[tokio::test]
async fn an_upload_that_the_upstream_does_not_take_is_given_up_in_the_end() {
    let (upstream, gone) = silent(IDLE * 2).await;
    let session = Session::with(&upstream).await;
    let (read, mut write) = tokio::io::split(session.api().await.stream);
    let mut client = Client { stream: Box::new(tokio::io::join(read, tokio::io::sink())) };
    let sent = tokio::spawn(async move {
        let head = "POST / HTTP/1.1\r\nHost: api.test\r\nContent-Length: 50000000\r\n\r\n";
        write.write_all(head.as_bytes()).await?;
        write.write_all(&vec![b'x'; 50_000_000]).await
    });
    sleep(Duration::from_millis(500)).await;
    assert!(!sent.is_finished());
    tokio::time::pause();
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 502") && head.contains("upstream-broken"), "{head}");
    timeout(IDLE * 3, gone.notified()).await.unwrap();
}

#[tokio::test]
async fn a_second_try_that_fails_does_not_cost_the_client_its_connection() {
    let first = Arc::new(AtomicBool::new(true));
    let upstream = Upstream::streams(&[], move |stream| {
        let first = first.clone();
        async move {
            let mut client = Client { stream: Box::new(stream) };
            client.head().await;
            // The second try comes on a connection of its own, which breaks.
            if first.swap(false, Ordering::SeqCst) {
                client.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n").await;
                client.head().await;
                client.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
            }
        }
    })
    .await;
    let rules = Rules { renews: true, ..Rules::injecting("api.test") };
    let session = Session::new(rules, dialer(&[(API, upstream.address)]), &upstream).await;
    let mut client = session.api().await;
    let reply = client.ask(GET).await;
    assert_eq!((reply.status(), reply.header("connection")), (401, None));
    assert_eq!(client.ask(GET).await.status(), 200);
    assert_eq!(upstream.connections(), 2);
}

#[tokio::test]
async fn told_to_end_it_lets_a_running_response_finish_and_takes_no_new_client() {
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let upstream = held(gate.clone()).await;
    let mut session = Session::with(&upstream).await;
    let mut idle = session.api().await;
    let mut busy = session.api().await;
    busy.send(GET).await;
    sleep(Duration::from_millis(50)).await;
    session.stop();
    // A proper end: TLS tells it from a connection that was cut.
    assert_eq!(tokio::io::AsyncReadExt::read_to_end(&mut idle.stream, &mut Vec::new()).await.unwrap(), 0);
    assert!(tokio::net::TcpStream::connect(session.address).await.is_err());
    gate.add_permits(1);
    assert_eq!(busy.reply(false).await.status(), 200);
    timeout(Duration::from_secs(1), &mut session.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cut_off() {
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let upstream = held(gate).await;
    let mut session = Session::with(&upstream).await;
    let mut busy = session.api().await;
    busy.send(GET).await;
    sleep(Duration::from_millis(50)).await;
    let started = Instant::now();
    session.stop();
    session.task.await.unwrap();
    assert!(started.elapsed() >= mitm::limits::DRAIN);
    assert_eq!(busy.rest().await, b"");
}

#[tokio::test]
async fn an_upstream_proxy_is_asked_for_a_tunnel_with_its_password() {
    let upstream = Upstream::answering(|_| text("ok")).await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let target = upstream.address;
    let asked = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut client = Client { stream: Box::new(stream) };
        let head = client.head().await;
        client.send("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n").await;
        let mut onward = tokio::net::TcpStream::connect(target).await.unwrap();
        tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client.stream, &mut onward).await });
        head
    });
    let proxy = UpstreamProxy {
        named_by: "HTTPS_PROXY".to_owned(),
        scheme: ProxyScheme::Http,
        address: authority(&address.to_string()),
        user: Some(("me".to_owned(), "secret".to_owned().into())),
        bypass: Vec::new(),
    };
    let dialer = Dialer { upstream_proxy: Some(proxy), ..dialer(&[]) };
    let session = Session::new(Rules::injecting("api.test"), dialer, &upstream).await;
    assert_eq!(session.api().await.ask(GET).await.text(), "ok");
    // me:secret; and the session's own password stays here.
    let expected = "CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\nProxy-Authorization: Basic bWU6c2VjcmV0";
    assert_eq!(asked.await.unwrap(), expected);
}

#[tokio::test]
async fn an_upstream_proxy_that_refuses_is_named_in_the_error() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut client = Client { stream: Box::new(stream) };
        client.head().await;
        client.send("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
    });
    let upstream = Upstream::answering(|_| text("ok")).await;
    let proxy = UpstreamProxy {
        named_by: "HTTPS_PROXY".to_owned(),
        scheme: ProxyScheme::Http,
        address: authority(&address.to_string()),
        user: None,
        bypass: Vec::new(),
    };
    let dialer = Dialer { upstream_proxy: Some(proxy), ..dialer(&[]) };
    let session = Session::new(Rules::injecting("api.test"), dialer, &upstream).await;
    let reply = session.api().await.ask(GET).await;
    assert_eq!((reply.status(), reply.refusal().as_str()), (502, "upstream-proxy"));
    let told = reply.text();
    assert!(
        told.contains(&address.to_string()) && told.contains("your own proxy") && told.contains("HTTPS_PROXY"),
        "{told}"
    );
}

#[tokio::test]
async fn a_certificate_is_minted_once_per_host_and_dies_with_the_session() {
    let upstream = Upstream::answering(|_| text("ok")).await;
    let session = Session::with(&upstream).await;
    let name = rustls::pki_types::ServerName::try_from("api.test").unwrap();
    let mut leaves = Vec::new();
    for _ in 0..2 {
        let client = Client::connect(session.address).await.tunnel(API).await;
        let stream = client.handshake(session.ca.pem(), API, &[]).await.unwrap();
        leaves.push(stream.get_ref().1.peer_certificates().unwrap().to_vec());
    }
    assert_eq!(leaves[0], leaves[1]);
    // Another session's authority does not vouch for it.
    let other = Session::with(&upstream).await;
    let mut roots = rustls::RootCertStore::empty();
    use rustls::pki_types::pem::PemObject;
    roots.add(rustls::pki_types::CertificateDer::from_pem_slice(other.ca.pem().as_bytes()).unwrap()).unwrap();
    let client = Client::connect(session.address).await.tunnel(API).await;
    assert!(client.handshake_as(roots, name, &[]).await.is_err());
}
