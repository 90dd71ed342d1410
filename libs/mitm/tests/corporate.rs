//! The way to the providers leads through a proxy of the person's own.
#![allow(clippy::unwrap_used)]

mod support;

use mitm::{Dialer, ProxyScheme, UpstreamProxy};
use std::net::SocketAddr;
use support::client::Client;
use support::policy::Rules;
use support::upstream::{Upstream, text};
use support::{Session, authority, dialer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const GET: &str = "GET / HTTP/1.1\r\nHost: api.test\r\n\r\n";

fn through(scheme: ProxyScheme, address: SocketAddr, password: Option<&str>) -> UpstreamProxy {
    let user = password.map(|password| ("me".to_owned(), password.to_owned().into()));
    UpstreamProxy {
        named_by: "HTTPS_PROXY".to_owned(),
        scheme,
        address: authority(&address.to_string()),
        user,
        bypass: Vec::new(),
    }
}

async fn session(proxy: UpstreamProxy, upstream: &Upstream) -> Session {
    let dialer = Dialer { upstream_proxy: Some(proxy), ..dialer(&[]) };
    Session::new(Rules::injecting("api.test"), dialer, upstream).await
}

async fn join(mut client: impl AsyncRead + AsyncWrite + Unpin, target: SocketAddr) {
    let mut onward = TcpStream::connect(target).await.unwrap();
    _ = tokio::io::copy_bidirectional(&mut client, &mut onward).await;
}

/// A SOCKS5 proxy that takes this password alone, and tells the name it was asked for.
async fn socks(password: &'static str, target: SocketAddr) -> (SocketAddr, tokio::task::JoinHandle<Option<String>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut two = [0; 2];
        stream.read_exact(&mut two).await.unwrap();
        let mut methods = vec![0; usize::from(two[1])];
        stream.read_exact(&mut methods).await.unwrap();
        if !methods.contains(&2) {
            stream.write_all(&[5, 0xff]).await.unwrap();
            return None;
        }
        stream.write_all(&[5, 2]).await.unwrap();
        stream.read_exact(&mut two).await.unwrap();
        let mut name = vec![0; usize::from(two[1])];
        stream.read_exact(&mut name).await.unwrap();
        let mut given = vec![0; usize::from(stream.read_u8().await.unwrap())];
        stream.read_exact(&mut given).await.unwrap();
        let right = name == b"me" && given == password.as_bytes();
        stream.write_all(&[1, u8::from(!right)]).await.unwrap();
        if !right {
            return None;
        }
        let mut head = [0; 5];
        stream.read_exact(&mut head).await.unwrap();
        assert_eq!(head[..4], [5, 1, 0, 3], "a name, and no address, is asked for");
        let mut name = vec![0; usize::from(head[4])];
        stream.read_exact(&mut name).await.unwrap();
        let port = stream.read_u16().await.unwrap();
        stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
        tokio::spawn(join(stream, target));
        Some(format!("{}:{port}", String::from_utf8(name).unwrap()))
    });
    (address, asked)
}

#[tokio::test]
async fn a_socks_proxy_gets_the_name_and_the_password() {
    let upstream = Upstream::answering(|_| text("ok")).await;
    let (address, asked) = socks("secret", upstream.address).await;
    let session = session(through(ProxyScheme::Socks5, address, Some("secret")), &upstream).await;
    assert_eq!(session.api().await.ask(GET).await.text(), "ok");
    assert_eq!(asked.await.unwrap().unwrap(), "api.test:443");
    assert_eq!(upstream.only().headers["authorization"], "Bearer real");
}

#[tokio::test]
async fn a_socks_proxy_that_wants_another_password_is_named_in_the_error() {
    let upstream = Upstream::answering(|_| text("ok")).await;
    for password in [Some("wrong"), None] {
        let (address, _asked) = socks("secret", upstream.address).await;
        let session = session(through(ProxyScheme::Socks5, address, password), &upstream).await;
        let reply = session.api().await.ask(GET).await;
        assert_eq!((reply.status(), reply.refusal().as_str()), (502, "upstream-proxy"));
        assert!(reply.text().contains("wants a password"), "{}", reply.text());
    }
    assert_eq!(upstream.count(), 0);
}

/// An upstream that is itself a proxy in TLS: it answers the CONNECT and leads on to `target`.
async fn secure(target: SocketAddr) -> Upstream {
    Upstream::streams(&[b"http/1.1"], move |stream| async move {
        let mut client = Client { stream: Box::new(stream) };
        let head = client.head().await;
        assert!(head.starts_with("CONNECT api.test:443 HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("Proxy-Authorization: Basic bWU6c2VjcmV0"), "{head}");
        client.send("HTTP/1.1 200 OK\r\n\r\n").await;
        join(client.stream, target).await;
    })
    .await
}

#[tokio::test]
async fn a_proxy_in_tls_is_verified_and_asked_for_a_tunnel() {
    let upstream = Upstream::answering(|_| text("ok")).await;
    let proxy = secure(upstream.address).await;
    let trusting = through(ProxyScheme::Https(proxy.roots()), proxy.address, Some("secret"));
    let session = session(trusting, &upstream).await;
    assert_eq!(session.api().await.ask(GET).await.text(), "ok");
    assert_eq!(proxy.connections(), 1);
}

#[tokio::test]
async fn a_proxy_in_tls_with_an_untrusted_certificate_gets_no_password() {
    let upstream = Upstream::answering(|_| text("ok")).await;
    let proxy = secure(upstream.address).await;
    let trusting = through(ProxyScheme::Https(upstream.roots()), proxy.address, Some("secret"));
    let session = session(trusting, &upstream).await;
    let reply = session.api().await.ask(GET).await;
    assert_eq!((reply.status(), reply.refusal().as_str()), (502, "upstream-proxy"));
    assert_eq!((proxy.connections(), upstream.count()), (0, 0));
}

/// A proxy that forwards plain requests and tunnels nothing but port 443, as squid does by default: it answers each with
/// the request that it got.
async fn squid() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut client = Client { stream: Box::new(stream) };
            tokio::spawn(async move {
                loop {
                    let head = client.head().await;
                    let answer = match head.as_str() {
                        head if head.starts_with("CONNECT ") => {
                            "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n".to_owned()
                        }
                        head if head.contains("/wants-password ") => {
                            "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n".to_owned()
                        }
                        head => format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{head}", head.len()),
                    };
                    client.send(answer).await;
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn plain_http_goes_to_a_proxy_in_absolute_form_with_its_own_password() {
    let upstream = Upstream::answering(|_| text("")).await;
    let proxy = through(ProxyScheme::Http, squid().await, Some("secret"));
    let dialer = Dialer { http_proxy: Some(proxy), ..dialer(&[]) };
    let session = Session::new(Rules::injecting("api.test"), dialer, &upstream).await;
    let auth = support::client::proxy_authorization();
    for (target, written) in [
        ("GET http://plain.test/x?y=1", "GET http://plain.test/x?y=1"),
        ("GET http://plain.test:8080/x", "GET http://plain.test:8080/x"),
        ("GET http://plain.test", "GET http://plain.test/"),
        ("OPTIONS http://plain.test", "OPTIONS http://plain.test"),
    ] {
        let host = if target.contains(":8080") { "plain.test:8080" } else { "plain.test" };
        let head = format!("{target} HTTP/1.1\r\nHost: {host}\r\n{auth}\r\nX-A: 1\r\n\r\n");
        let reply = Client::connect(session.address).await.ask(head).await;
        let expected =
            format!("{written} HTTP/1.1\r\nHost: {host}\r\nX-A: 1\r\nProxy-Authorization: Basic bWU6c2VjcmV0");
        assert_eq!(reply.text(), expected);
    }
    let head = format!("GET http://plain.test/wants-password HTTP/1.1\r\nHost: plain.test\r\n{auth}\r\n\r\n");
    let reply = Client::connect(session.address).await.ask(head).await;
    assert_eq!((reply.status(), reply.refusal().as_str()), (502, "upstream-proxy"));
}

#[tokio::test]
async fn each_scheme_goes_through_its_own_proxy() {
    let upstream = Upstream::answering(|_| text("ok")).await;
    let secure = secure(upstream.address).await;
    let https = through(ProxyScheme::Https(secure.roots()), secure.address, Some("secret"));
    let http = through(ProxyScheme::Http, squid().await, None);
    let dialer = Dialer { upstream_proxy: Some(https), http_proxy: Some(http), ..dialer(&[]) };
    let session = Session::new(Rules::injecting("api.test"), dialer, &upstream).await;
    assert_eq!(session.api().await.ask(GET).await.text(), "ok");
    let auth = support::client::proxy_authorization();
    let head = format!("GET http://plain.test/ HTTP/1.1\r\nHost: plain.test\r\n{auth}\r\n\r\n");
    let reply = Client::connect(session.address).await.ask(head).await;
    assert_eq!(reply.text(), "GET http://plain.test/ HTTP/1.1\r\nHost: plain.test");
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_said_to_be_the_person_s_own() {
    let upstream = Upstream::answering(|_| text("ok")).await;
    let closed = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
    let session = session(through(ProxyScheme::Http, closed, None), &upstream).await;
    let reply = session.api().await.ask(GET).await;
    assert_eq!((reply.status(), reply.refusal().as_str()), (502, "upstream-proxy"));
    assert!(reply.text().contains("HTTPS_PROXY") && reply.text().contains("cannot be reached"), "{}", reply.text());
}

#[tokio::test]
async fn hosts_that_are_excepted_are_reached_without_it() {
    let upstream = Upstream::answering(|_| text("ok")).await;
    // Nobody listens there: who is led there fails.
    let closed = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
    for bypass in ["api.test", ".test", "*.test"] {
        let bypass = vec![bypass.parse().unwrap()];
        let proxy = UpstreamProxy { bypass, ..through(ProxyScheme::Http, closed, None) };
        let resolver = std::sync::Arc::new(Loopback);
        let dialer = Dialer { upstream_proxy: Some(proxy), resolver, allow_private: true, ..dialer(&[]) };
        let api = format!("api.test:{}", upstream.address.port());
        let session = Session::new(Rules::injecting("api.test"), dialer, &upstream).await;
        let get = format!("GET / HTTP/1.1\r\nHost: {api}\r\n\r\n");
        assert_eq!(session.inside(&api).await.ask(get).await.text(), "ok");
    }
}

struct Loopback;

impl mitm::Resolve for Loopback {
    fn resolve<'a>(&'a self, _: &'a str) -> mitm::Answer<'a, std::io::Result<Vec<std::net::IpAddr>>> {
        Box::pin(async { Ok(vec![[127, 0, 0, 1].into()]) })
    }
}
