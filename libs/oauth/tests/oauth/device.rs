//! Device authorization, one poll at a time.

use crate::script::{Script, client, endpoint, grants, plain};
use oauth::device::{Poll, Started};
use oauth::{Error, Provider, Reason, TransportError};
use secrecy::ExposeSecret;

const CODE: &str = r#"{"device_code":"d3vice-value","user_code":"WDJB-MJHT","verification_uri":"https://as.test/device",
    "verification_uri_complete":"https://as.test/device?user_code=WDJB-MJHT","expires_in":1800,"interval":7}"#;

fn provider() -> Provider {
    Provider { device_authorization: endpoint("https://as.test/device_authorization"), ..plain() }
}

fn poll(provider: &Provider, script: &Script) -> Result<Poll, Error> {
    let client = client();
    let grants = grants(provider, script, &client);
    let started = grants.device_start(&["read".to_owned()]).unwrap();
    grants.device_poll(&started)
}

fn start(provider: &Provider, script: &Script) -> Result<Started, Error> {
    grants(provider, script, &client()).device_start(&[])
}

#[test]
fn a_code_is_asked_for_and_polled_once() {
    let script = Script::new().json(200, CODE).json(200, r#"{"access_token":"t","token_type":"bearer"}"#);
    let provider = provider();
    let client = client();
    let grants = grants(&provider, &script, &client);
    let started = grants.device_start(&["read".to_owned()]).unwrap();
    assert_eq!((started.user_code.as_str(), started.expires_in, started.interval), ("WDJB-MJHT", 1800, 7));
    assert_eq!(started.verification_uri, "https://as.test/device");
    assert_eq!(started.verification_uri_complete.as_deref(), Some("https://as.test/device?user_code=WDJB-MJHT"));
    let Poll::Done(token) = grants.device_poll(&started).unwrap() else { panic!("not done") };
    assert_eq!(token.access_token.expose_secret(), "t");
    assert_eq!(script.sent(0).line, "POST https://as.test/device_authorization");
    assert_eq!(script.sent(0).field("scope").as_deref(), Some("read"));
    let sent = script.sent(1);
    assert_eq!(sent.line, "POST https://as.test/token");
    assert_eq!(sent.field("grant_type").as_deref(), Some("urn:ietf:params:oauth:grant-type:device_code"));
    assert_eq!(sent.field("device_code").as_deref(), Some("d3vice-value"));
}

#[test]
fn a_pending_code_is_polled_once_and_no_more() {
    let script = Script::new().json(200, CODE).json(400, r#"{"error":"authorization_pending"}"#);
    assert!(matches!(poll(&provider(), &script), Ok(Poll::Pending)));
    assert_eq!(script.count(), 2);
}

#[test]
fn slow_down_is_understood_with_any_status() {
    for status in [200, 400, 429] {
        let script = Script::new().json(200, CODE).json(status, r#"{"error":"slow_down"}"#);
        assert!(matches!(poll(&provider(), &script), Ok(Poll::SlowDown(None))), "{status}");
    }
    let script = Script::new().json(200, CODE).then(503, "text/html", "busy");
    assert!(matches!(poll(&provider(), &script), Ok(Poll::SlowDown(None))));
}

#[test]
fn refusal_and_expiry_end_it_and_a_network_failure_is_the_callers_to_judge() {
    for (word, reason) in [("access_denied", Reason::AccessDenied), ("expired_token", Reason::ExpiredToken)] {
        let script = Script::new().json(200, CODE).json(400, &format!(r#"{{"error":"{word}"}}"#));
        assert_eq!(poll(&provider(), &script).unwrap_err().reason(), Some(reason));
    }
    let script = Script::new().json(200, CODE).fails(TransportError::NotSent("refused".into()));
    assert!(matches!(poll(&provider(), &script).unwrap_err(), Error::NotSent(_)));
    assert_eq!(script.count(), 2);
}

#[test]
fn what_some_leave_out_or_write_otherwise_is_filled_in() {
    let google =
        r#"{"device_code":"d","user_code":"u","verification_url":"https://www.google.com/device","interval":"5"}"#;
    let provider = provider();
    let script = Script::new().json(200, google);
    let client = client();
    let started = grants(&provider, &script, &client).device_start(&[]).unwrap();
    assert_eq!(started.verification_uri, "https://www.google.com/device");
    assert_eq!((started.expires_in, started.interval), (900, 5));
    assert_eq!(started.verification_uri_complete, None);
    assert_eq!(script.sent(0).field("scope"), None);
}

#[test]
fn an_address_that_is_none_of_the_webs_is_not_shown() {
    for uri in ["javascript:alert(1)", "file:///etc/passwd", "not a url", ""] {
        let body = format!(r#"{{"device_code":"d","user_code":"u","verification_uri":"{uri}","expires_in":9}}"#);
        let (provider, client) = (provider(), client());
        let script = Script::new().json(200, &body);
        assert!(grants(&provider, &script, &client).device_start(&[]).is_err(), "{uri}");
    }
}

#[test]
fn a_bare_poll_sends_json_with_the_code_alone() {
    let provider = Provider { bare_device_poll: true, ..provider() };
    let script = Script::new().json(200, CODE).json(200, r#"{"access_token":"t"}"#);
    assert!(matches!(poll(&provider, &script), Ok(Poll::Done(_))));
    let sent = script.sent(1);
    assert_eq!(sent.content_type.as_deref(), Some("application/json"));
    assert_eq!(sent.json(), serde_json::json!({"device_code":"d3vice-value"}));
}

#[test]
fn a_device_answer_without_a_field_names_it() {
    for (body, found) in [
        (r#"{"device_code":"d","user_code":"u","verification_uri":null}"#, "a document without verification_uri"),
        (r#"{"device_code":"d","user_code":"","verification_uri":"https://a.test/"}"#, "a document without user_code"),
        (r#"{"user_code":"u","verification_uri":"https://a.test/"}"#, "a document without device_code"),
        (
            r#"{"device_code":"d","user_code":"u","verification_uri":"tel:1"}"#,
            "a verification_uri that is no web address",
        ),
    ] {
        let error = start(&provider(), &Script::new().json(200, body)).err().unwrap();
        assert!(matches!(error, Error::Unexpected { found: said, .. } if said == found), "{body} {error:?}");
    }
}

#[test]
fn codes_that_are_numbers_are_texts() {
    let body = r#"{"device_code":1234,"user_code":56789012,"verification_uri":"https://a.test/","expires_in":"60"}"#;
    let started = start(&provider(), &Script::new().json(200, body)).unwrap();
    assert_eq!((started.user_code.as_str(), started.expires_in), ("56789012", 60));
}
