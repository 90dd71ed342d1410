//! The attacks that are known against proxies of this kind, each as a client would try it.
#![allow(clippy::unwrap_used)]

mod support;

use host::Host;
use mitm::limits::{CROWD, FIRST_BYTE, STRANGERS};
use mitm::{Answer, Dialer, Permitted, Resolve, SessionCa};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::client::{Client, proxy_authorization};
use support::policy::Rules;
use support::upstream::{Upstream, text};
use support::{API, HELD, Session, authority, dialer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[tokio::test]
async fn a_client_without_the_password_gets_407_and_nothing_else() {
    let upstream = Upstream::answering(|_| text("")).await;
    let session = Session::with(&upstream).await;
    let right = proxy_authorization();
    for auth in [
        "X: 1".to_owned(),
        "Proxy-Authorization: Basic eDp5".to_owned(),
        "Proxy-Authorization: Basic ".to_owned(),
        right.replace("Basic ", "Bearer "),
        format!("{}A", right),
        right[..right.len() - 2].to_owned(),
        format!("{right}\r\n{right}"),
        right.replace("Proxy-", ""),
    ] {
        for request in ["CONNECT api.test:443", "GET http://api.test/"] {
            let head = format!("{request} HTTP/1.1\r\nHost: api.test\r\n{auth}\r\n\r\n");
            let reply = Client::connect(session.address).await.ask(&head).await;
            assert_eq!((reply.status(), reply.refusal().as_str()), (407, "proxy-password"), "{head}");
            assert!(reply.header("proxy-authenticate").unwrap().starts_with("Basic"));
        }
    }
    assert_eq!(upstream.connections(), 0);
    assert!(session.rules.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_request_for_another_host_than_its_connect_is_misdirected() {
    let upstream = Upstream::answering(|_| text("")).await;
    let session = Session::with(&upstream).await;
    for head in [
        "GET / HTTP/1.1\r\nHost: evil.test",
        "GET / HTTP/1.1\r\nHost: api.test:8443",
        "GET / HTTP/1.1\r\nHost: api.test.evil.test",
        "GET / HTTP/1.1\r\nHost: user@api.test",
        "GET / HTTP/1.1\r\nHost: ",
        "GET / HTTP/1.1\r\nHost: api%2etest",
        "GET https://evil.test/ HTTP/1.1\r\nHost: api.test",
        "GET https://api.test/ HTTP/1.1\r\nHost: evil.test",
        "GET http://api.test/ HTTP/1.1\r\nHost: api.test",
        "GET https://api.test@evil.test/ HTTP/1.1\r\nHost: api.test",
        "CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443",
        "CONNECT x:443 HTTP/1.1\r\nHost: x:443",
    ] {
        let reply = session.api().await.ask(format!("{head}\r\n\r\n")).await;
        assert_eq!((reply.status(), reply.refusal().as_str()), (421, "misdirected"), "{head}");
    }
    assert_eq!(upstream.count(), 0);
}

#[tokio::test]
async fn spellings_of_the_same_host_are_the_same_host() {
    let upstream = Upstream::answering(|_| text("")).await;
    let session = Session::with(&upstream).await;
    for host in ["api.test", "API.test", "api.test.", "api.test:443"] {
        let reply = session.api().await.ask(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
        assert_eq!(reply.status(), 200, "{host}");
    }
    let reply = session.api().await.ask("GET https://api.test/x?y HTTP/1.1\r\nHost: api.test\r\n\r\n").await;
    assert_eq!(reply.status(), 200);
    let requests = upstream.requests.lock().unwrap();
    // The target is sent in origin-form, Host as the client spelt it.
    assert_eq!(requests.last().unwrap().target, "/x?y");
    assert_eq!(requests[1].headers["host"], "API.test");
}

#[tokio::test]
async fn a_spelling_that_only_some_would_read_as_the_host_is_misdirected() {
    let upstream = Upstream::answering(|_| text("")).await;
    let session = Session::with(&upstream).await;
    // Full-width letters and another full stop: IDN maps both to api.test, an upstream need not.
    for host in ["ａpi.test", "api。test", "api.test\u{ad}"] {
        for head in
            [format!("GET / HTTP/1.1\r\nHost: {host}"), format!("GET https://{host}/ HTTP/1.1\r\nHost: api.test")]
        {
            let reply = session.api().await.ask(format!("{head}\r\n\r\n")).await;
            assert!(matches!(reply.status(), 400 | 421), "{head}");
        }
    }
    assert_eq!(upstream.count(), 0);
}

#[tokio::test]
async fn a_tls_name_other_than_the_connect_is_misdirected() {
    let upstream = Upstream::answering(|_| text("")).await;
    let session = Session::with(&upstream).await;
    // The client is shown the CONNECT's certificate, and here accepts it although it asked for another.
    let client = Client::connect(session.address).await.tunnel(API).await;
    let failed = client.handshake(session.ca.pem(), "other.test:443", &[]).await.err().unwrap();
    assert!(failed.to_string().contains("certificate"), "{failed}");

    let mut client = trusting_anything(&session, API, "other.test").await;
    let reply = client.ask("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n").await;
    assert_eq!((reply.status(), reply.refusal().as_str()), (421, "misdirected"));
    assert_eq!(upstream.connections(), 0);
}

#[tokio::test]
async fn heads_that_could_smuggle_a_request_are_refused() {
    let upstream = Upstream::answering(|_| text("")).await;
    let session = Session::with(&upstream).await;
    for lines in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer_Encoding: chunked\r\n",
        "Content-Length: 5\r\nTransfer_encoding: chunked\r\n",
        "CONTENT_LENGTH: 5\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "X: a\r\n Transfer-Encoding: chunked\r\n",
        "X: a\nY: b\r\n",
        "X: a\rY: b\r\n",
        "X: a\0b\r\n",
        "Host: api.test\r\n",
    ] {
        let mut client = session.api().await;
        // Whatever hides behind the head must not be read as a request.
        let head = format!(
            "POST / HTTP/1.1\r\nHost: api.test\r\n{lines}\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: api.test\r\n\r\n"
        );
        let reply = client.ask(head).await;
        assert_eq!((reply.status(), reply.refusal().as_str()), (400, "malformed"), "{lines:?}");
        assert_eq!(client.rest().await, b"", "{lines:?}");
    }
    assert_eq!(upstream.count(), 0);
}

#[tokio::test]
async fn trailers_are_held_to_the_rules_of_a_head() {
    let upstream = Upstream::answering(|_| text("ok")).await;
    let session = Session::with(&upstream).await;
    let request = |trailers: &str| {
        format!(
            "POST / HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n{trailers}\r\n\r\n"
        )
    };
    for (trailers, status, code) in [
        (&*format!("X: {HELD}"), 403, "placeholder"),
        (&*format!("Authorization: Bearer {HELD}"), 403, "placeholder"),
        ("X: a\r\n Y: b", 400, "malformed"),
        (": a", 400, "malformed"),
        ("X: a\0b", 400, "malformed"),
    ] {
        let mut client = session.api().await;
        let reply = client.ask(request(trailers)).await;
        assert_eq!((reply.status(), reply.refusal().as_str()), (status, code), "{trailers:?}");
        assert_eq!(client.rest().await, b"", "{trailers:?}");
        assert_eq!(session.rules.refusals.lock().unwrap().pop().as_deref(), Some(code));
    }
    assert_eq!(upstream.count(), 0);
    let kept =
        "Content-Length: 9\r\nX-Authsome-Connection: work\r\nX-Sum: 1\r\nProxy-Authorization: Basic eDp5\r\nHost: b";
    assert_eq!(session.api().await.ask(request(kept)).await.text(), "ok");
    let names: Vec<_> = upstream.only().trailers.unwrap().keys().map(|name| name.to_string()).collect();
    assert_eq!(names, ["x-sum"]);
}

#[tokio::test]
async fn the_same_heads_are_refused_before_a_tunnel() {
    let upstream = Upstream::answering(|_| text("")).await;
    let session = Session::with(&upstream).await;
    let auth = proxy_authorization();
    for head in [
        format!("CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n{auth}\r\nX: a\nY: b\r\n\r\n"),
        format!(
            "POST http://api.test/ HTTP/1.1\r\nHost: api.test\r\n{auth}\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
        ),
    ] {
        let reply = Client::connect(session.address).await.ask(&head).await;
        assert_eq!((reply.status(), reply.refusal().as_str()), (400, "malformed"), "{head}");
    }
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off() {
    let upstream = Upstream::answering(|_| text("")).await;
    let session = Session::with(&upstream).await;
    let mut client = session.api().await;
    let endless = format!("GET / HTTP/1.1\r\nHost: api.test\r\nX: {}", "a".repeat(mitm::limits::HEAD_BYTES));
    assert_eq!(client.ask(endless).await.status(), 431);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_drips_is_cut_off() {
    let upstream = Upstream::answering(|_| text("")).await;
    let session = Session::with(&upstream).await;
    let mut client = Client::connect(session.address).await;
    client.send("CONNECT api.te").await;
    // The test's clock jumps to the next timer: the answer's own patience is shorter than ours.
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 408"), "{head}");
}

/// As another user of the machine can: connections that say nothing.
async fn silent(session: &Session, count: usize) -> Vec<Client> {
    let mut clients = Vec::new();
    for _ in 0..count {
        clients.push(Client::connect(session.address).await);
    }
    clients
}

#[tokio::test]
async fn silent_connections_keep_nobody_out_and_the_oldest_of_them_goes_first() {
    support::raise_descriptors();
    let upstream = Upstream::answering(|_| text("ok")).await;
    let session = Session::with(&upstream).await;
    let mut own = session.api().await;
    let mut silent = silent(&session, STRANGERS + 50).await;
    assert_eq!(session.api().await.ask("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n").await.text(), "ok");
    // A client of the session is none of them, however long it rests.
    assert_eq!(own.ask("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n").await.text(), "ok");
    assert_eq!(silent[0].rest().await, b"");
    assert_eq!(silent[40].rest().await, b"");
    let last = silent.last_mut().unwrap();
    assert_eq!(last.ask_connect("api.test:443").await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_client_without_the_password_has_seconds_to_say_something() {
    let upstream = Upstream::answering(|_| text("")).await;
    let session = Session::with(&upstream).await;
    let mut client = Client::connect(session.address).await;
    let begun = tokio::time::Instant::now();
    assert_eq!(client.rest().await, b"");
    assert!(begun.elapsed() >= FIRST_BYTE && begun.elapsed() < FIRST_BYTE * 2, "{:?}", begun.elapsed());
    // The same after a wrong one.
    let mut client = Client::connect(session.address).await;
    assert_eq!(client.ask("CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n\r\n").await.status(), 407);
    let begun = tokio::time::Instant::now();
    assert_eq!(client.rest().await, b"");
    assert!(begun.elapsed() < FIRST_BYTE * 2, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn in_a_crowd_another_user_s_connection_is_closed_at_once() {
    let upstream = Upstream::answering(|_| text("ok")).await;
    let session = Session::among_others(&upstream, |_, _| true).await;
    // Without a crowd nobody asks whose it is: a session may serve other users, who show the password.
    assert_eq!(session.api().await.ask("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n").await.text(), "ok");
    let _crowd = silent(&session, CROWD).await;
    assert_eq!(Client::connect(session.address).await.rest().await, b"");
    let session = Session::among_others(&upstream, |_, _| false).await;
    let _crowd = silent(&session, CROWD + 1).await;
    assert_eq!(session.api().await.ask("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n").await.text(), "ok");
}

#[tokio::test]
async fn a_connect_that_names_no_authority_is_malformed() {
    let upstream = Upstream::answering(|_| text("")).await;
    let session = Session::with(&upstream).await;
    for target in ["api.test", "api.test:0", "api.test:99999", "user@api.test:443", "[::1", "api%2etest:443", ":443"] {
        let mut client = Client::connect(session.address).await;
        let reply = client.ask_connect(target).await;
        assert_eq!(reply.status(), 400, "{target}");
    }
}

#[tokio::test]
async fn a_refused_host_is_told_at_the_connect() {
    let upstream = Upstream::answering(|_| text("")).await;
    let rules = Rules { refused_hosts: vec!["evil.test".to_owned()], ..Rules::injecting("api.test") };
    let session = Session::new(rules, dialer(&[]), &upstream).await;
    let reply = Client::connect(session.address).await.ask_connect("EVIL.test.:443").await;
    assert_eq!((reply.status(), reply.refusal().as_str()), (403, "no-rule"));
    assert_eq!(reply.head.lines().next(), Some("HTTP/1.1 403 Forbidden"));
}

#[tokio::test]
async fn a_host_without_a_rule_is_tunnelled_with_its_own_certificate() {
    let upstream =
        Upstream::answering(|request| text(request.headers["authorization"].to_str().unwrap().to_owned())).await;
    let session =
        Session::new(Rules::injecting("api.test"), dialer(&[("plain.test:443", upstream.address)]), &upstream).await;
    let client = Client::connect(session.address).await.tunnel("plain.test:443").await;
    let name = ServerName::try_from("plain.test").unwrap();
    let stream = client.handshake_as(upstream.roots(), name, &[]).await.unwrap();
    let mut client = Client { stream: Box::new(stream) };
    let reply = client.ask(format!("GET / HTTP/1.1\r\nHost: plain.test\r\nAuthorization: {HELD}\r\n\r\n")).await;
    // Untouched is untouched: the proxy cannot see what is inside.
    assert_eq!(reply.text(), HELD);
}

#[tokio::test]
async fn a_strict_session_s_tunnel_carries_tls_for_its_own_host_alone() {
    let upstream = Upstream::answering(|_| text("ok")).await;
    let rules = Rules { tls_only: true, ..Rules::injecting("api.test") };
    let session = Session::new(rules, dialer(&[("plain.test:443", upstream.address)]), &upstream).await;
    let tunnel = async || Client::connect(session.address).await.tunnel("plain.test:443").await;
    let name = |name: &'static str| ServerName::try_from(name).unwrap();
    let stream = tunnel().await.handshake_as(upstream.roots(), name("plain.test"), &[]).await.unwrap();
    let mut client = Client { stream: Box::new(stream) };
    assert_eq!(client.ask("GET / HTTP/1.1\r\nHost: plain.test\r\n\r\n").await.text(), "ok");
    // Another host that the same server has, and none: an address is not named.
    for other in ["other.test", "127.0.0.1"] {
        let refused = tunnel().await.handshake_as(upstream.roots(), name(other), &[]).await.err().unwrap();
        assert!(refused.to_string().contains("UnrecognisedName"), "{other}: {refused}");
    }
    for bytes in ["GET / HTTP/1.1\r\nHost: other.test\r\n\r\n", "SSH-2.0-x\r\n"] {
        let mut client = tunnel().await;
        client.send(bytes).await;
        assert_eq!(client.rest().await, b"", "{bytes}");
    }
    assert_eq!(*session.rules.refusals.lock().unwrap(), ["no-rule"; 4]);
    assert_eq!(upstream.connections(), 1);
}

#[tokio::test]
async fn a_tunnel_carries_any_bytes_both_ways_and_each_side_ends_by_itself() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        all.reverse();
        stream.write_all(&all).await.unwrap();
    });
    let upstream = Upstream::answering(|_| text("")).await;
    let session = Session::new(Rules::injecting("api.test"), dialer(&[("plain.test:22", address)]), &upstream).await;
    let mut client = Client::connect(session.address).await;
    let auth = proxy_authorization();
    // The first bytes come together with the CONNECT, as some clients send them.
    client.send(format!("CONNECT plain.test:22 HTTP/1.1\r\nHost: plain.test:22\r\n{auth}\r\n\r\n\0\r\nabc")).await;
    client.stream.shutdown().await.unwrap();
    assert!(client.head().await.starts_with("HTTP/1.1 200"));
    assert_eq!(client.rest().await, b"cba\n\r\0");
}

#[tokio::test]
async fn metadata_and_link_local_addresses_are_never_dialled() {
    let upstream = Upstream::answering(|_| text("")).await;
    // Even where private addresses are allowed.
    let rules = Rules { private: true, intercepted: Vec::new(), ..Rules::injecting("api.test") };
    let session = Session::new(rules, Dialer { allow_private: true, ..dialer(&[]) }, &upstream).await;
    for target in [
        "169.254.169.254:80",
        "[fe80::1]:80",
        "[fd00:ec2::254]:80",
        "0xa9fea9fe:80",
        "[::ffff:169.254.169.254]:80",
        "0.0.0.0:80",
    ] {
        let reply = Client::connect(session.address).await.ask_connect(target).await;
        assert_eq!((reply.status(), reply.refusal().as_str()), (403, "upstream-address"), "{target}");
    }
}

#[tokio::test]
async fn private_addresses_are_dialled_only_where_the_policy_says_so() {
    let upstream = Upstream::answering(|_| text("ok")).await;
    let loopback = upstream.address.to_string();
    for private in [false, true] {
        let rules = Rules { private, intercepted: vec!["127.0.0.1".to_owned()], ..Rules::injecting("x") };
        let session = Session::new(rules, dialer(&[]), &upstream).await;
        let request = format!("GET / HTTP/1.1\r\nHost: {loopback}\r\n\r\n");
        let reply = session.inside(&loopback).await.ask(request).await;
        match private {
            true => assert_eq!(reply.text(), "ok"),
            false => assert_eq!((reply.status(), reply.refusal().as_str()), (403, "upstream-address")),
        }
    }
}

/// Gives another answer each time, as a rebinding attacker's name server does.
struct Rebinding(AtomicUsize, Vec<Vec<IpAddr>>);

impl Resolve for Rebinding {
    fn resolve<'a>(&'a self, _name: &'a str) -> Answer<'a, io::Result<Vec<IpAddr>>> {
        let answer = self.1[self.0.fetch_add(1, Ordering::SeqCst) % self.1.len()].clone();
        Box::pin(async { Ok(answer) })
    }
}

#[tokio::test]
async fn a_name_that_leads_to_a_forbidden_address_is_not_dialled_even_beside_a_good_one() {
    let upstream = Upstream::answering(|_| text("")).await;
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    for answer in
        [vec![ip("127.0.0.1")], vec![ip("192.0.2.1"), ip("169.254.169.254")], vec![ip("192.0.2.1"), ip("10.0.0.1")]]
    {
        let resolver = Arc::new(Rebinding(AtomicUsize::new(0), vec![answer.clone()]));
        let dialer = Dialer { resolver: resolver.clone(), ..dialer(&[]) };
        let session = Session::new(Rules::injecting("api.test"), dialer, &upstream).await;
        let reply = session.api().await.ask("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n").await;
        assert_eq!((reply.status(), reply.refusal().as_str()), (403, "upstream-address"), "{answer:?}");
        assert_eq!(resolver.0.load(Ordering::SeqCst), 1, "a name is resolved once per connection");
    }
}

#[tokio::test]
async fn a_host_that_the_authority_does_not_name_needs_a_new_session() {
    let upstream = Upstream::answering(|_| text("")).await;
    let ca = SessionCa::new(vec![Permitted::Host("other.test".parse().unwrap())]).unwrap();
    let session = Session::with_ca(Rules::injecting("api.test"), dialer(&[]), &upstream, ca).await;
    let reply = Client::connect(session.address).await.ask_connect(API).await;
    assert_eq!((reply.status(), reply.refusal().as_str()), (403, "new-host"));
}

#[tokio::test]
async fn an_upstream_with_an_untrusted_certificate_gets_no_credential() {
    let upstream = Upstream::answering(|_| text("")).await;
    let stranger = Upstream::answering(|_| text("")).await;
    let session = Session::new(Rules::injecting("api.test"), dialer(&[(API, stranger.address)]), &upstream).await;
    let reply = session.api().await.ask("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n").await;
    assert_eq!((reply.status(), reply.refusal().as_str()), (502, "upstream-tls"));
    assert!(reply.text().contains("--upstream-ca"), "{}", reply.text());
    assert_eq!(stranger.count(), 0);
}

#[tokio::test]
async fn an_upstream_that_shows_an_authority_s_own_certificate_is_told_what_to_show() {
    let upstream = Upstream::self_signed().await;
    let session = Session::with(&upstream).await;
    let reply = session.api().await.ask("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n").await;
    assert_eq!((reply.status(), reply.refusal().as_str()), (502, "upstream-tls"));
    assert!(reply.text().contains("CA:FALSE"), "{}", reply.text());
}

#[tokio::test]
async fn requests_that_are_no_proxy_requests_are_malformed() {
    let upstream = Upstream::answering(|_| text("")).await;
    let session = Session::with(&upstream).await;
    let auth = proxy_authorization();
    for line in
        ["GET / HTTP/1.1", "GET https://api.test/ HTTP/1.1", "GET ftp://api.test/ HTTP/1.1", "OPTIONS * HTTP/1.1"]
    {
        let reply =
            Client::connect(session.address).await.ask(format!("{line}\r\nHost: api.test\r\n{auth}\r\n\r\n")).await;
        assert_eq!(reply.status(), 400, "{line}");
    }
    let reply = Client::connect(session.address)
        .await
        .ask(format!("GET http://api.test/ HTTP/1.1\r\nHost: evil.test\r\n{auth}\r\n\r\n"))
        .await;
    assert_eq!(reply.status(), 421);
    assert_eq!(upstream.connections(), 0);
}

#[tokio::test]
async fn a_panic_in_one_connection_leaves_the_others_alone() {
    let upstream = Upstream::answering(|_| text("ok")).await;
    let rules = Rules { panics_at: Some("/panic"), ..Rules::injecting("api.test") };
    let session = Session::new(rules, dialer(&[(API, upstream.address)]), &upstream).await;
    let mut other = session.api().await;
    let mut client = session.api().await;
    client.send("GET /panic HTTP/1.1\r\nHost: api.test\r\n\r\n").await;
    assert_eq!(client.rest().await, b"");
    assert_eq!(other.ask("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n").await.text(), "ok");
    assert_eq!(session.api().await.ask("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n").await.text(), "ok");
}

#[tokio::test]
async fn the_authority_is_of_no_use_for_hosts_it_was_not_made_for() {
    let permitted = [Permitted::Host(host("api.test")), Permitted::Below(host("apps.test"))];
    let ca = SessionCa::new(permitted.to_vec()).unwrap();
    for (name, permits) in [
        ("api.test", true),
        ("sub.api.test", false),
        ("apps.test", false),
        ("a.apps.test", true),
        ("a.b.apps.test", true),
        ("xapps.test", false),
        ("evil.test", false),
        ("127.0.0.1", false),
    ] {
        assert_eq!(ca.permits(&host(name)), permits, "{name}");
    }
}

fn host(text: &str) -> Host {
    text.parse().unwrap()
}

/// A client that does not compare the certificate's name, as an attacker inside the session would be.
async fn trusting_anything(session: &Session, connect: &str, name: &str) -> Client {
    let client = Client::connect(session.address).await.tunnel(connect).await;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(session.ca.pem().as_bytes()) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let verifier = support::client::NameIgnored::new(roots, authority(connect));
    client.secure_with(verifier, name).await
}
