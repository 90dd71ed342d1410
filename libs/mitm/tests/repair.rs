//! A 401 to a credential of ours is reported, and the request perhaps sent once more.
#![allow(clippy::unwrap_used)]

mod support;

use http::Response;
use std::sync::atomic::Ordering;
use support::policy::Rules;
use support::upstream::{Body, Recorded, Upstream, status, text};
use support::{API, Session, dialer};

/// Takes the renewed credential alone.
async fn picky() -> Upstream {
    Upstream::answering(|request| match is_renewed(request) {
        true => text(request.body.clone()),
        false => unauthorized(),
    })
    .await
}

fn is_renewed(request: &Recorded) -> bool {
    request.headers.get("authorization").is_some_and(|value| value == "Bearer real-renewed")
}

fn unauthorized() -> Response<Body> {
    let mut response = text("no");
    *response.status_mut() = http::StatusCode::UNAUTHORIZED;
    response.headers_mut().insert("www-authenticate", "Bearer error=\"invalid_token\"".parse().unwrap());
    response
}

async fn session(renews: bool, upstream: &Upstream) -> Session {
    let rules = Rules { renews, ..Rules::injecting("api.test") };
    Session::new(rules, dialer(&[(API, upstream.address)]), upstream).await
}

fn post(body: &str) -> String {
    format!("POST /x HTTP/1.1\r\nHost: api.test\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn after_a_renewal_the_request_is_sent_once_more_with_its_body() {
    let upstream = picky().await;
    let session = session(true, &upstream).await;
    let mut client = session.api().await;
    let reply = client.ask(post("hello")).await;
    assert_eq!((reply.status(), reply.text().as_str()), (200, "hello"));
    assert_eq!(upstream.count(), 2);
    let challenge = Some("Bearer error=\"invalid_token\"".to_owned());
    assert_eq!(*session.rules.reports.lock().unwrap(), [("lease-0".to_owned(), challenge, true)]);
    assert_eq!(*session.rules.answers.lock().unwrap(), ["lease-1 POST api.test:443/x 200"]);
    // The connection goes on as if nothing had happened.
    assert_eq!(client.ask(post("again")).await.text(), "again");
}

#[tokio::test]
async fn a_chosen_connection_is_chosen_for_the_second_try_too() {
    let upstream = picky().await;
    let session = session(true, &upstream).await;
    session.api().await.ask("GET / HTTP/1.1\r\nHost: api.test\r\nX-Authsome-Connection: work\r\n\r\n").await;
    assert_eq!(*session.rules.chosen.lock().unwrap(), [Some("work".to_owned()), Some("work".to_owned())]);
}

#[tokio::test]
async fn without_a_renewal_the_first_answer_is_delivered() {
    let upstream = picky().await;
    let session = session(false, &upstream).await;
    let reply = session.api().await.ask(post("hello")).await;
    assert_eq!((reply.status(), reply.text().as_str()), (401, "no"));
    assert_eq!(reply.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
    assert_eq!(upstream.count(), 1);
}

#[tokio::test]
async fn there_is_no_third_try() {
    let upstream = Upstream::answering(|_| unauthorized()).await;
    let session = session(true, &upstream).await;
    let reply = session.api().await.ask(post("hello")).await;
    assert_eq!((reply.status(), upstream.count()), (401, 2));
    assert_eq!(session.rules.renewals.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_body_larger_than_the_bound_is_streamed_and_not_replayed() {
    let upstream = picky().await;
    let session = session(true, &upstream).await;
    let reply = session.api().await.ask(post(&"x".repeat(mitm::limits::REPLAY_BYTES + 1))).await;
    assert_eq!((reply.status(), upstream.count()), (401, 1));
    assert!(!session.rules.reports.lock().unwrap()[0].2);

    let reply = session.api().await.ask(post(&"x".repeat(mitm::limits::REPLAY_BYTES))).await;
    // The credential had been renewed by the report above.
    assert_eq!((reply.status(), reply.body.len()), (200, mitm::limits::REPLAY_BYTES));
}

#[tokio::test]
async fn a_body_that_still_waits_for_leave_is_sent_with_the_second_try() {
    let upstream = Upstream::streams(&[], |stream| async move {
        let mut client = support::client::Client { stream: Box::new(stream) };
        loop {
            let renewed = client.head().await.contains("real-renewed");
            match renewed {
                false => client.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n").await,
                true => {
                    client.send("HTTP/1.1 100 Continue\r\n\r\n").await;
                    let body = client.exactly(5).await;
                    client.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").await;
                    client.send(body).await;
                }
            }
        }
    })
    .await;
    let session = session(true, &upstream).await;
    let mut client = session.api().await;
    client.send("POST / HTTP/1.1\r\nHost: api.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n").await;
    assert_eq!(client.reply(false).await.status(), 100);
    assert_eq!(client.ask("hello").await.text(), "hello");
}

#[tokio::test]
async fn a_401_to_the_clients_own_credential_is_none_of_our_business() {
    let upstream = Upstream::answering(|_| unauthorized()).await;
    let session = session(true, &upstream).await;
    let reply = session.api().await.ask("GET / HTTP/1.1\r\nHost: api.test\r\nAuthorization: own\r\n\r\n").await;
    assert_eq!((reply.status(), upstream.count()), (401, 1));
    assert!(session.rules.reports.lock().unwrap().is_empty());
}

#[tokio::test]
async fn other_statuses_are_not_reported() {
    for code in [200, 400, 403, 407, 500] {
        let upstream = Upstream::answering(move |_| status(code)).await;
        let session = session(true, &upstream).await;
        assert_eq!(session.api().await.ask(post("x")).await.status(), code);
        assert!(session.rules.reports.lock().unwrap().is_empty(), "{code}");
    }
}
