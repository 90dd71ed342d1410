//! The credential: where it goes, where it does not, and what else stays as it was.
#![allow(clippy::unwrap_used)]

mod support;

use mitm::Place;
use support::client::{Client, proxy_authorization};
use support::policy::Rules;
use support::upstream::{Upstream, text};
use support::{API, HELD, Session, dialer};

#[tokio::test]
async fn the_credential_replaces_the_placeholder() {
    let upstream = Upstream::answering(|_| text("hello")).await;
    let session = Session::with(&upstream).await;
    let mut client = session.api().await;
    let reply =
        client.ask(format!("GET /v1?x=1 HTTP/1.1\r\nHost: api.test\r\nAuthorization: Bearer {HELD}\r\n\r\n")).await;
    assert_eq!((reply.status(), reply.text().as_str()), (200, "hello"));
    let request = upstream.only();
    assert_eq!(request.target, "/v1?x=1");
    assert_eq!(request.headers["authorization"], "Bearer real");
    assert_eq!(request.headers.len(), 2);
    assert_eq!(reply.header("x-authsome-connection"), Some("test/default"));
    assert_eq!(*session.rules.seen.lock().unwrap(), ["GET api.test:443/v1"]);
}

#[tokio::test]
async fn the_credential_fills_an_absent_header() {
    let upstream = Upstream::answering(|_| text("")).await;
    let session = Session::with(&upstream).await;
    session.api().await.ask("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n").await;
    assert_eq!(upstream.only().headers["authorization"], "Bearer real");
}

#[tokio::test]
async fn a_credential_that_the_client_brought_is_left_alone() {
    let upstream = Upstream::answering(|_| text("")).await;
    let session = Session::with(&upstream).await;
    let reply = session.api().await.ask("GET / HTTP/1.1\r\nHost: api.test\r\nAuthorization: Bearer own\r\n\r\n").await;
    assert_eq!(upstream.only().headers["authorization"], "Bearer own");
    assert_eq!(reply.header("x-authsome-connection"), None);
}

#[tokio::test]
async fn a_query_parameter_is_a_slot_too() {
    let upstream = Upstream::answering(|_| text("")).await;
    let rules = Rules { slots: vec![(Place::Query("key".into()), "r&l".into())], ..Rules::injecting("api.test") };
    let session = Session::new(rules, dialer(&[(API, upstream.address)]), &upstream).await;
    session.api().await.ask(format!("GET /x?key={HELD}&b=%2F HTTP/1.1\r\nHost: api.test\r\n\r\n")).await;
    assert_eq!(upstream.only().target, "/x?key=r%26l&b=%2F");
}

/// Targets and further header lines with a placeholder where no credential goes.
fn misplaced() -> Vec<(String, String)> {
    let target = |target: &str| (target.to_owned(), String::new());
    let line = |line: &str| ("/".to_owned(), format!("{line}\r\n"));
    vec![
        target(&format!("/?key={HELD}")),
        target("/?key=authsome%2Dproxy%2Dmanaged"),
        target("/?next=https%3A%2F%2Fx.test%2F%3Fkey%3D%61uthsome-proxy-managed"),
        target(&format!("/v1/{HELD}/x")),
        target("/v1/authsome%2dproxy%2dmanaged"),
        line(&format!("X-Api-Key: {HELD}")),
        line(&format!("Cookie: a=b; k={HELD}")),
        line("Referer: https://app.test/?key=authsome%2Dproxy-managed"),
        line(&format!("Name-{HELD}: 1")),
        line(&format!("Name-{}: 1", HELD.to_uppercase())),
        // authsome-proxy-managed: and x:authsome-proxy-managed
        line("X-Other: Basic YXV0aHNvbWUtcHJveHktbWFuYWdlZDo="),
        line("X-Other: basic\teDphdXRoc29tZS1wcm94eS1tYW5hZ2Vk"),
    ]
}

#[tokio::test]
async fn a_client_that_puts_the_placeholder_in_another_of_the_places_gets_the_credential_there() {
    let upstream = Upstream::answering(|_| text("")).await;
    let key = Place::Header("x-api-key".parse().unwrap());
    let rules = Rules { alternatives: vec![(key, "real".into())], ..Rules::injecting("api.test") };
    let session = Session::new(rules, dialer(&[(API, upstream.address)]), &upstream).await;
    session.api().await.ask(format!("GET / HTTP/1.1\r\nHost: api.test\r\nX-Api-Key: {HELD}\r\n\r\n")).await;
    let request = upstream.only();
    assert_eq!(request.headers["x-api-key"], "real");
    assert!(!request.headers.contains_key("authorization"));
    let reply =
        session.api().await.ask(format!("GET / HTTP/1.1\r\nHost: api.test\r\nX-Other-Key: {HELD}\r\n\r\n")).await;
    assert_eq!((reply.status(), reply.refusal().as_str()), (403, "placeholder"));
}

#[tokio::test]
async fn a_placeholder_without_a_slot_is_refused_and_never_forwarded() {
    let upstream = Upstream::answering(|_| text("")).await;
    let session = Session::with(&upstream).await;
    for (target, lines) in misplaced() {
        let request = format!("GET {target} HTTP/1.1\r\nHost: api.test\r\n{lines}\r\n");
        let reply = session.api().await.ask(&request).await;
        assert_eq!((reply.status(), reply.refusal().as_str()), (403, "placeholder"), "{request}");
    }
    let method = format!("{HELD} / HTTP/1.1\r\nHost: api.test\r\n\r\n");
    assert_eq!(session.api().await.ask(&method).await.refusal(), "placeholder");
    assert_eq!(upstream.count(), 0);
    assert_eq!(session.rules.refusals.lock().unwrap().len(), misplaced().len() + 1);
}

/// An excepted endpoint, a former host and a path that nobody has a rule for are the same here: the policy sets
/// nothing.
#[tokio::test]
async fn a_placeholder_where_nothing_is_set_is_refused_wherever_it_stands() {
    let upstream = Upstream::answering(|_| text("")).await;
    let rules = Rules { unruled: Some("/"), ..Rules::injecting("api.test") };
    let session = Session::new(rules, dialer(&[(API, upstream.address)]), &upstream).await;
    let bearer = ("/".to_owned(), format!("Authorization: Bearer {HELD}\r\n"));
    for (target, lines) in misplaced().into_iter().chain([bearer]) {
        let request = format!("GET {target} HTTP/1.1\r\nHost: api.test\r\n{lines}\r\n");
        assert_eq!(session.api().await.ask(&request).await.refusal(), "placeholder", "{request}");
    }
    assert_eq!(upstream.count(), 0);
}

#[tokio::test]
async fn a_placeholder_in_plain_http_is_refused_for_any_host() {
    let upstream = Upstream::answering(|_| text("")).await;
    let session = Session::with(&upstream).await;
    let auth = proxy_authorization();
    for host in ["api.test", "unknown.test"] {
        for (target, lines) in misplaced() {
            let head = format!("GET http://{host}{target} HTTP/1.1\r\nHost: {host}\r\n{auth}\r\n{lines}\r\n");
            let reply = Client::connect(session.address).await.ask(&head).await;
            assert_eq!((reply.status(), reply.refusal().as_str()), (403, "placeholder"), "{head}");
        }
    }
    assert_eq!(upstream.connections(), 0);
}

#[tokio::test]
async fn a_placeholder_in_a_trailer_of_plain_http_is_refused() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let dialer = dialer(&[("plain.test:80", listener.local_addr().unwrap())]);
    let upstream = Upstream::answering(|_| text("")).await;
    let session = Session::new(Rules::injecting("api.test"), dialer, &upstream).await;
    let arrived = tokio::spawn(async move {
        let mut client = Client { stream: Box::new(listener.accept().await.unwrap().0) };
        String::from_utf8(client.rest().await).unwrap()
    });
    let auth = proxy_authorization();
    let chunked = format!(
        "POST http://plain.test/ HTTP/1.1\r\nHost: plain.test\r\n{auth}\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX: {HELD}\r\n\r\n"
    );
    let reply = Client::connect(session.address).await.ask(&chunked).await;
    assert_eq!((reply.status(), reply.refusal().as_str()), (403, "placeholder"));
    let arrived = arrived.await.unwrap();
    assert!(!arrived.contains(HELD), "{arrived}");
}

#[tokio::test]
async fn a_body_may_hold_the_word() {
    let upstream = Upstream::answering(|request| text(request.body.clone())).await;
    let session = Session::with(&upstream).await;
    let length = HELD.len();
    let post = format!("POST / HTTP/1.1\r\nHost: api.test\r\nContent-Length: {length}\r\n\r\n{HELD}");
    assert_eq!(session.api().await.ask(post).await.text(), HELD);
}

/// An upstream that implements it answers with the request as it got it.
#[tokio::test]
async fn a_method_that_shows_its_own_request_is_refused() {
    let upstream = Upstream::answering(|_| text("")).await;
    let session = Session::with(&upstream).await;
    let mut client = session.api().await;
    for method in ["TRACE", "TRACK", "Trace", "track"] {
        let reply = client.ask(format!("{method} / HTTP/1.1\r\nHost: api.test\r\n\r\n")).await;
        assert_eq!((reply.status(), reply.refusal().as_str()), (403, "method"), "{method}");
    }
    assert_eq!(upstream.count(), 0);
}

#[tokio::test]
async fn a_placeholder_on_a_path_without_a_rule_is_refused() {
    let upstream = Upstream::answering(|_| text("")).await;
    let rules = Rules { unruled: Some("/oauth/"), ..Rules::injecting("api.test") };
    let session = Session::new(rules, dialer(&[(API, upstream.address)]), &upstream).await;
    let mut client = session.api().await;
    let reply = client
        .ask(format!("POST /oauth/token HTTP/1.1\r\nHost: api.test\r\nAuthorization: Bearer {HELD}\r\n\r\n"))
        .await;
    assert_eq!((reply.status(), reply.refusal().as_str()), (403, "placeholder"));
    // Without it the request passes, and nothing is set.
    client.ask("POST /oauth/token HTTP/1.1\r\nHost: api.test\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(upstream.only().headers.get("authorization"), None);
}

#[tokio::test]
async fn a_credential_with_a_line_break_is_refused() {
    for value in ["a\r\nX-Evil: 1", "a\nb", "a\0b"] {
        let upstream = Upstream::answering(|_| text("")).await;
        let place = Place::Header(http::header::AUTHORIZATION);
        let rules = Rules { slots: vec![(place, value.to_owned())], ..Rules::injecting("api.test") };
        let session = Session::new(rules, dialer(&[(API, upstream.address)]), &upstream).await;
        let reply = session.api().await.ask("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n").await;
        assert_eq!((reply.status(), reply.refusal().as_str()), (403, "credential-malformed"));
        assert_eq!(upstream.count(), 0);
    }
}

#[tokio::test]
async fn what_the_policy_refuses_is_answered_in_its_words() {
    let upstream = Upstream::answering(|_| text("")).await;
    let refusal = mitm::Refusal::new(http::StatusCode::CONFLICT, "ambiguous", "two connections: a, b")
        .fix("authsome run --connection test=a")
        .docs("https://docs.test/ambiguous");
    let rules = Rules { refuse_request: Some(refusal), ..Rules::injecting("api.test") };
    let session = Session::new(rules, dialer(&[(API, upstream.address)]), &upstream).await;
    let reply = session.api().await.ask("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n").await;
    assert_eq!((reply.status(), reply.refusal().as_str()), (409, "ambiguous"));
    let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(body["fix"], "authsome run --connection test=a");
    assert_eq!(body["docs"], "https://docs.test/ambiguous");
    assert_eq!(upstream.count(), 0);
}

#[tokio::test]
async fn the_proxys_own_headers_never_leave() {
    let upstream = Upstream::answering(|_| text("")).await;
    let session = Session::with(&upstream).await;
    session
        .api()
        .await
        .ask("GET / HTTP/1.1\r\nHost: api.test\r\nProxy-Authorization: Basic eDp5\r\nProxy-Connection: keep-alive\r\nX-Authsome-Connection: work\r\nx-authsome-anything: 1\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n\r\n")
        .await;
    let mut names: Vec<_> = upstream.only().headers.keys().map(|name| name.to_string()).collect();
    names.sort();
    assert_eq!(names, ["authorization", "host"]);
}

#[tokio::test]
async fn an_upstream_cannot_speak_in_the_proxys_name_or_lead_around_it() {
    let upstream = Upstream::answering(|_| {
        let mut response = text("");
        for (name, value) in
            [("x-authsome-error", "denied"), ("x-authsome-connection", "x"), ("alt-svc", "h3=\":443\"")]
        {
            response.headers_mut().insert(name, value.parse().unwrap());
        }
        response
    })
    .await;
    let session = Session::with(&upstream).await;
    let reply = session.api().await.ask("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n").await;
    assert_eq!(reply.header("x-authsome-error"), None);
    assert_eq!(reply.header("alt-svc"), None);
    assert_eq!(reply.headers("x-authsome-connection"), ["test/default"]);
}

/// `/` and `+` are what encodings differ about.
const KEY: &str = "key/1234+5678";

/// A session whose credential is the query parameter `key`.
async fn by_query(upstream: &Upstream) -> Session {
    let rules = Rules { slots: vec![(Place::Query("key".into()), KEY.into())], ..Rules::injecting("api.test") };
    Session::new(rules, dialer(&[(API, upstream.address)]), upstream).await
}

#[tokio::test]
async fn a_key_in_a_query_does_not_come_back_by_a_redirect_or_a_link() {
    let upstream = Upstream::answering(|request| {
        let query = request.target.split_once('?').unwrap().1;
        let lower = query.replace("%2F", "%2f").replace("%2B", "%2b");
        let mut response = support::upstream::status(301);
        for (name, value) in [
            ("location", format!("/dir/?{query}")),
            ("content-location", format!("/dir/?{lower}")),
            ("refresh", format!("0; url=/dir/?key={KEY}")),
            ("link", format!("<https://api.test/?page=2&{query}>; rel=\"next\"")),
            ("set-cookie", format!("last={KEY}; Path=/")),
            ("set-cookie", "other=1".to_owned()),
            ("x-login", format!("/login?next={}", query.replace('%', "%25").replace('=', "%3D"))),
        ] {
            response.headers_mut().append(name, value.parse().unwrap());
        }
        response
    })
    .await;
    let session = by_query(&upstream).await;
    let reply = session.api().await.ask("GET /dir?page=1 HTTP/1.1\r\nHost: api.test\r\n\r\n").await;
    assert_eq!(upstream.only().target, "/dir?page=1&key=key%2F1234%2B5678");
    let held = format!("/dir/?page=1&key={HELD}");
    for (name, expected) in [
        ("location", held.clone()),
        ("content-location", held),
        ("refresh", format!("0; url=/dir/?key={HELD}")),
        ("link", format!("<https://api.test/?page=2&page=1&key={HELD}>; rel=\"next\"")),
        ("x-login", format!("/login?next=page%3D1&key%3D{HELD}")),
    ] {
        assert_eq!(reply.header(name), Some(&*expected), "{name}");
    }
    assert_eq!(reply.headers("set-cookie"), [&*format!("last={HELD}; Path=/"), "other=1"]);
    assert!(!reply.head.contains("1234"), "{}", reply.head);
    // Who follows the redirect gets the credential again.
    let next = reply.header("location").unwrap();
    session.api().await.ask(format!("GET {next} HTTP/1.1\r\nHost: api.test\r\n\r\n")).await;
    assert_eq!(upstream.requests.lock().unwrap()[1].target, "/dir/?page=1&key=key%2F1234%2B5678");
}

#[tokio::test]
async fn a_header_s_credential_does_not_come_back_in_a_head_an_early_hint_or_a_trailer() {
    let (upstream, _) = support::verbatim(
        b"HTTP/1.1 103 Early Hints\r\nLink: </real-token-1>\r\n\r\nHTTP/1.1 299 As real-token-1\r\nX-Echo: Bearer real-token-1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: real-token-1\r\n\r\n",
    )
    .await;
    let slots = vec![(Place::Header(http::header::AUTHORIZATION), "Bearer real-token-1".to_owned())];
    let rules = Rules { slots, ..Rules::injecting("api.test") };
    let session = Session::new(rules, dialer(&[(API, upstream.address)]), &upstream).await;
    let mut client = session.api().await;
    client.send("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n").await;
    assert_eq!(client.head().await, format!("HTTP/1.1 103 Early Hints\r\nLink: </{HELD}>"));
    let reply = client.reply(false).await;
    assert_eq!(reply.head.lines().next(), Some(&*format!("HTTP/1.1 299 As {HELD}")));
    assert_eq!(reply.header("x-echo"), Some(&*format!("Bearer {HELD}")));
    assert_eq!(reply.trailers, format!("X-Sum: {HELD}\n"));
}

#[tokio::test]
async fn a_basic_credential_does_not_come_back_in_either_form() {
    let upstream = Upstream::answering(|request| {
        let mut response = text("");
        response.headers_mut().insert("x-echo", request.headers["authorization"].clone());
        response.headers_mut().insert("x-user", "sk-1234567".parse().unwrap());
        response
    })
    .await;
    // sk-1234567:
    let slots = vec![(Place::Header(http::header::AUTHORIZATION), "Basic c2stMTIzNDU2Nzo=".to_owned())];
    let rules = Rules { slots, ..Rules::injecting("api.test") };
    let session = Session::new(rules, dialer(&[(API, upstream.address)]), &upstream).await;
    let reply = session.api().await.ask("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n").await;
    assert_eq!((reply.header("x-echo"), reply.header("x-user")), (Some(&*format!("Basic {HELD}")), Some(HELD)));
}

#[tokio::test]
async fn what_the_client_sent_itself_comes_back_as_it_is() {
    let upstream = Upstream::answering(|request| {
        let mut response = text("");
        response.headers_mut().insert("x-echo", request.headers["authorization"].clone());
        response
    })
    .await;
    let session = Session::with(&upstream).await;
    let own = "GET / HTTP/1.1\r\nHost: api.test\r\nAuthorization: Bearer my-own-token\r\n\r\n";
    assert_eq!(session.api().await.ask(own).await.header("x-echo"), Some("Bearer my-own-token"));
}

#[tokio::test]
async fn a_redirect_is_handed_to_the_client() {
    let upstream = Upstream::answering(|_| {
        let mut response = support::upstream::status(302);
        response.headers_mut().insert("location", "https://other.test/".parse().unwrap());
        response
    })
    .await;
    let session = Session::with(&upstream).await;
    let reply = session.api().await.ask("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n").await;
    assert_eq!((reply.status(), reply.header("location")), (302, Some("https://other.test/")));
    assert_eq!(upstream.count(), 1);
}

#[tokio::test]
async fn after_a_refusal_the_connection_serves_the_next_request() {
    let upstream = Upstream::answering(|request| text(request.body.clone())).await;
    let rules = Rules { unruled: Some("/oauth/"), ..Rules::injecting("api.test") };
    let session = Session::new(rules, dialer(&[(API, upstream.address)]), &upstream).await;
    let mut client = session.api().await;
    let refused = format!("POST /oauth/x HTTP/1.1\r\nHost: api.test\r\nX: {HELD}\r\nContent-Length: 5\r\n\r\nhello");
    assert_eq!(client.ask(refused).await.refusal(), "placeholder");
    let reply = client.ask("POST / HTTP/1.1\r\nHost: api.test\r\nContent-Length: 4\r\n\r\nnext").await;
    assert_eq!(reply.text(), "next");
    // The answer to a HEAD has no body, whoever gives it.
    client.send(format!("HEAD /oauth/x HTTP/1.1\r\nHost: api.test\r\nX: {HELD}\r\n\r\n")).await;
    let reply = client.reply(true).await;
    assert_eq!((reply.status(), reply.header("x-authsome-error")), (403, Some("placeholder")));
    assert_eq!(client.ask("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n").await.status(), 200);
}
