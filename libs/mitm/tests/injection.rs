//! The credential: where it goes, where it does not, and what else stays as it was.
#![allow(clippy::unwrap_used)]

mod support;

use mitm::Place;
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
    for request in [
        format!("GET / HTTP/1.1\r\nHost: api.test\r\nX-Api-Key: {HELD}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: api.test\r\nCookie: a=b; k={HELD}\r\n\r\n"),
        format!("GET /?key={HELD} HTTP/1.1\r\nHost: api.test\r\n\r\n"),
        "GET /?key=authsome%2Dproxy%2Dmanaged HTTP/1.1\r\nHost: api.test\r\n\r\n".to_owned(),
        format!("GET /v1/{HELD}/x HTTP/1.1\r\nHost: api.test\r\n\r\n"),
        "GET / HTTP/1.1\r\nHost: api.test\r\nX-Other: Basic YXV0aHNvbWUtcHJveHktbWFuYWdlZDo=\r\n\r\n".to_owned(),
    ] {
        let reply = session.api().await.ask(&request).await;
        assert_eq!((reply.status(), reply.refusal().as_str()), (403, "placeholder"), "{request}");
    }
    assert_eq!(upstream.count(), 0);
    assert_eq!(session.rules.refusals.lock().unwrap().len(), 6);
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
