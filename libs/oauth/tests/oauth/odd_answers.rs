//! Answers that are not what RFC 6749 says, each with what is made of it.

use crate::script::{Script, exchange, plain, refresh};
use http::Response;
use oauth::{
    Account, Body, Client, Error, Grants, MAX_ANSWER, Provider, RetryAfter, TokenAuth, TransportError, Unfinished,
};
use proptest::prelude::*;
use secrecy::ExposeSecret;
use std::time::Duration;

fn found(error: &Error) -> &'static str {
    match error {
        Error::Unexpected { found, .. } => found,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_lifetime_may_be_absent_a_text_a_fraction_or_nonsense() {
    for (told, seconds) in [
        (r#""expires_in":3600"#, Some(3600)),
        (r#""expires_in":"3600""#, Some(3600)),
        (r#""expires_in":3599.7"#, Some(3599)),
        (r#""expires_in":1e300"#, Some(3_155_760_000)),
        (r#""expires_in":0"#, None),
        (r#""expires_in":-1"#, None),
        (r#""expires_in":null"#, None),
        (r#""expires_in":"soon""#, None),
        (r#""expires_in":"inf""#, None),
        (r#""expires_in":{}"#, None),
        (r#""x":1"#, None),
    ] {
        let body = format!(r#"{{"access_token":"t","token_type":"bearer",{told}}}"#);
        assert_eq!(exchange(&plain(), &Script::new().json(200, &body)).unwrap().expires_in, seconds, "{told}");
    }
}

#[test]
fn scopes_may_be_a_list_or_joined_by_anything_usual() {
    for (told, scopes) in [
        (r#""scope":"a b""#, Some(vec!["a", "b"])),
        (r#""scope":"a,b""#, Some(vec!["a", "b"])),
        (r#""scope":"a, b  ""#, Some(vec!["a", "b"])),
        (r#""scope":["a","b"]"#, Some(vec!["a", "b"])),
        (r#""scopes":["a"]"#, Some(vec!["a"])),
        (r#""scope":"""#, Some(vec![])),
        (r#""scope":null"#, None),
        (r#""x":1"#, None),
    ] {
        let body = format!(r#"{{"access_token":"t",{told}}}"#);
        let token = exchange(&plain(), &Script::new().json(200, &body)).unwrap();
        let scopes = scopes.map(|s| s.into_iter().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(token.scopes, scopes, "{told}");
    }
}

#[test]
fn any_bearer_by_whatever_name_is_taken_and_a_token_with_a_proof_is_not() {
    for kind in [r#""bearer""#, r#""Bearer""#, r#""BEARER""#, r#""bot""#, r#""user""#, "null", r#""""#] {
        let body = format!(r#"{{"access_token":"t","token_type":{kind}}}"#);
        assert!(exchange(&plain(), &Script::new().json(200, &body)).is_ok(), "{kind}");
    }
    for kind in ["DPoP", "mac"] {
        let body = format!(r#"{{"access_token":"t","token_type":"{kind}"}}"#);
        assert!(exchange(&plain(), &Script::new().json(200, &body)).is_err(), "{kind}");
    }
}

#[test]
fn html_instead_of_json_tells_status_and_type_and_nothing_of_the_page() {
    let page = "<!doctype html><title>t0p-secret</title>";
    for status in [200, 403, 404] {
        let error = refresh(&plain(), &Script::new().then(status, "text/html; charset=utf-8", page)).unwrap_err();
        assert_eq!(found(&error), "HTML");
        let text = error.to_string();
        assert_eq!(text, format!("expected an access token, got HTML (status {status}, text/html)"));
    }
    let error = refresh(&plain(), &Script::new().then(502, "text/html", page)).unwrap_err();
    assert_eq!(found(&error), "a failure of the server");
}

#[test]
fn a_redirect_of_the_token_endpoint_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let response = Response::builder().status(status).header("location", "https://attacker.test/").body(Vec::new());
        let script = Script::new().then_response(response.unwrap());
        let error = refresh(&plain(), &script).unwrap_err();
        assert_eq!(found(&error), "a redirect, which is not followed");
        assert_eq!(script.count(), 1);
    }
}

#[test]
fn more_than_a_mebibyte_is_not_read() {
    let body = format!(r#"{{"access_token":"t","x":"{}"}}"#, "x".repeat(MAX_ANSWER));
    let error = refresh(&plain(), &Script::new().json(200, &body)).unwrap_err();
    assert_eq!(found(&error), "more than 1 MiB");
    let body = format!(r#"{{"access_token":"t","x":"{}"}}"#, "x".repeat(MAX_ANSWER - 40));
    assert!(refresh(&plain(), &Script::new().json(200, &body)).is_ok());
}

#[test]
fn an_empty_or_foreign_answer_is_unexpected() {
    for (body, what) in [
        ("", "nothing"),
        ("[]", "something else"),
        ("null", "something else"),
        (r#""t""#, "something else"),
        ("{}", "a document without access_token"),
        (r#"{"access_token":""}"#, "a document without access_token"),
        (r#"{"access_token":7}"#, "a document without access_token"),
        (r#"{"access_token":{"a":1}}"#, "a document without access_token"),
        (r#"{"accessToken":"t"}"#, "a document without access_token"),
        (r#"{"access_token":"t"#, "something else"),
    ] {
        let error = refresh(&plain(), &Script::new().json(200, body)).unwrap_err();
        assert_eq!(found(&error), what, "{body}");
    }
}

#[test]
fn a_form_is_read_under_whatever_media_type() {
    let form = "access_token=t&refresh_token=r&expires_in=5";
    for kind in ["application/x-www-form-urlencoded", "text/plain", "application/json", "text/html; charset=utf-8", "x"]
    {
        let token = refresh(&plain(), &Script::new().then(200, kind, form)).unwrap();
        assert_eq!((token.access_token.expose_secret(), token.expires_in), ("t", Some(5)), "{kind}");
        let error = refresh(&plain(), &Script::new().then(400, kind, "error=invalid_grant")).unwrap_err();
        assert!(matches!(&error, Error::Rejected { error, .. } if error == "invalid_grant"), "{kind} {error:?}");
    }
}

#[test]
fn an_answer_whose_end_did_not_come_is_taken_when_its_json_is_whole() {
    let cut = |status: u16, kind: &str, body: &str| {
        let response = Response::builder().status(status).header("content-type", kind);
        let response = response.extension(Unfinished("the answer was cut off".to_owned()));
        refresh(&plain(), &Script::new().then_response(response.body(body.as_bytes().to_vec()).unwrap()))
    };
    let whole = r#"{"access_token":"t","refresh_token":"r"}"#;
    for kind in ["application/json", "text/html", "application/x-www-form-urlencoded"] {
        assert_eq!(cut(200, kind, whole).unwrap().refresh_token.unwrap().expose_secret(), "r");
        for end in 0..whole.len() {
            assert!(matches!(cut(200, kind, &whole[..end]), Err(Error::Lost(_))), "{kind} {end}");
        }
    }
    // The beginning of a form is another form.
    for body in ["access_token=t", "access_token=t&refresh_token=r"] {
        assert!(matches!(cut(200, "application/x-www-form-urlencoded", body), Err(Error::Lost(_))), "{body}");
    }
    assert!(matches!(cut(400, "application/json", r#"{"error":"invalid_grant"}"#), Err(Error::Rejected { .. })));
    // A server that fails or refuses has said so before its body.
    for (status, body) in [(502, "<html>"), (500, ""), (401, r#"{"err"#)] {
        assert!(matches!(cut(status, "text/html", body), Err(Error::Unexpected { .. })), "{status}");
    }
}

#[test]
fn a_token_that_would_break_out_of_a_header_is_refused() {
    for token in [r"a\r\nx-evil: 1", r"a\u0000b", r"a\u007f", "ключ"] {
        let access = format!(r#"{{"access_token":"{token}"}}"#);
        assert!(refresh(&plain(), &Script::new().json(200, &access)).is_err(), "{token}");
        let renewal = format!(r#"{{"access_token":"t","refresh_token":"{token}"}}"#);
        assert!(refresh(&plain(), &Script::new().json(200, &renewal)).is_err(), "{token}");
    }
}

#[test]
fn a_busy_provider_says_when_to_come_back() {
    let busy = |status: u16, after: &str| {
        let response = Response::builder().status(status).header("retry-after", after).body(b"slow down".to_vec());
        refresh(&plain(), &Script::new().then_response(response.unwrap())).unwrap_err()
    };
    let seconds = Some(RetryAfter::In(Duration::from_secs(120)));
    assert_eq!(busy(429, "120"), Error::Throttled { status: 429, retry_after: seconds });
    assert_eq!(busy(503, "x"), Error::Throttled { status: 503, retry_after: None });
    let date = busy(503, "Wed, 21 Oct 2015 07:28:00 GMT");
    assert!(matches!(date, Error::Throttled { retry_after: Some(RetryAfter::At(_)), .. }), "{date:?}");
}

#[test]
fn a_failing_server_is_not_believed_even_if_it_speaks_oauth() {
    let error = refresh(&plain(), &Script::new().json(500, r#"{"error":"invalid_grant"}"#)).unwrap_err();
    assert!(matches!(error, Error::Unexpected { status: 500, .. }), "{error:?}");
}

#[test]
fn not_sent_and_lost_are_told_apart() {
    let refused = TransportError::NotSent("connection refused".into());
    assert!(matches!(refresh(&plain(), &Script::new().fails(refused)).unwrap_err(), Error::NotSent(_)));
    let cut = TransportError::Lost("the answer was cut off".into());
    assert!(matches!(refresh(&plain(), &Script::new().fails(cut)).unwrap_err(), Error::Lost(_)));
}

#[test]
fn what_was_sent_in_secret_is_cut_out_of_the_providers_own_words() {
    let echo = r#"{"error":"invalid_grant","error_description":"token r3fresh-value of app with s3cret-value is bad"}"#;
    let Error::Rejected { description, .. } = refresh(&plain(), &Script::new().json(400, echo)).unwrap_err() else {
        panic!("not rejected")
    };
    assert_eq!(description.as_deref(), Some("token [secret] of app with [secret] is bad"));
    let basic = Provider { token_auth: oauth::TokenAuth::Basic, ..plain() };
    let error = refresh(&basic, &Script::new().json(400, echo)).unwrap_err();
    assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    let as_word = r#"{"error":"r3fresh-value"}"#;
    let error = refresh(&plain(), &Script::new().json(400, as_word)).unwrap_err();
    assert!(!format!("{error:?}").contains("r3fresh"), "{error:?}");
}

/// What a server says that quotes the request it got: its body, its credential.
fn quoting(provider: &Provider, client: &Client, ask: impl Fn(&Grants) -> Option<Error>) -> String {
    let script = Script::new().json(200, "{}");
    ask(&Grants { transport: &script, provider, client });
    let sent = script.sent(0);
    let quoted = format!("cannot parse: {} {}", sent.body, sent.authorization.unwrap_or_default());
    let body = serde_json::json!({"error":"invalid_request","error_description":quoted}).to_string();
    let script = Script::new().json(400, &body);
    let error = ask(&Grants { transport: &script, provider, client });
    format!("{:?}", error.unwrap())
}

#[test]
fn a_request_that_is_quoted_as_it_was_sent_shows_no_secret_in_any_encoding() {
    let client = Client { id: "app".to_owned(), secret: Some(r#"S+K/R="T 99"#.into()) };
    let refresh = |grants: &Grants| grants.refresh(&"ab/cd+ef==ZZZZ".into()).err();
    let own = |grants: &Grants| grants.client_credentials(&["read".to_owned()]).err();
    for (token_body, token_auth) in
        [(Body::Form, TokenAuth::Body), (Body::Json, TokenAuth::Body), (Body::Form, TokenAuth::Basic)]
    {
        let provider = Provider { token_body, token_auth, ..plain() };
        for text in [quoting(&provider, &client, refresh), quoting(&provider, &client, own)] {
            assert!(text.contains("cannot parse: ") && text.contains("[secret]"), "{text}");
            for part in ["ZZZZ", "ab/cd", "99", "S+K", "S%2BK", "YXBw"] {
                assert!(!text.contains(part), "{part} in {text}");
            }
        }
    }
    let assertion = |grants: &Grants| grants.jwt_bearer(&"eyJh.eyJp.c2ln".into()).err();
    let text = quoting(&plain(), &client, assertion);
    assert!(!text.contains("eyJ") && text.contains("[secret]"), "{text}");
}

#[test]
fn an_error_word_that_is_no_word_is_not_repeated() {
    for word in [r"\u001b[31mred", r"a\nb", "йод", &"x".repeat(81)] {
        let body = format!(r#"{{"error":"{word}"}}"#);
        let error = refresh(&plain(), &Script::new().json(400, &body)).unwrap_err();
        assert!(matches!(&error, Error::Rejected { error, .. } if error == "unnamed_error"), "{error:?}");
    }
}

#[test]
fn a_pointer_that_leads_to_a_token_finds_no_account() {
    let body = r#"{"access_token":"t0ken-one","refresh_token":"t0ken-two","id":7,"note":"has t0ken-two in it",
        "inner":{"id_token":"t0ken-three"},"name":"Acme"}"#;
    for (pointer, label) in [
        ("/access_token", None),
        ("/refresh_token", None),
        ("/inner/id_token", None),
        ("/note", None),
        ("/inner", None),
        ("/missing", None),
        ("access_token", None),
        ("", None),
        ("/", None),
        ("/name", Some("Acme")),
        ("/id", Some("7")),
    ] {
        let account = Account { label: Some(pointer.to_owned()), ..Account::default() };
        let token = exchange(&Provider { account, ..plain() }, &Script::new().json(200, body)).unwrap();
        assert_eq!(token.account.label.as_deref(), label, "{pointer}");
    }
}

#[test]
fn debug_shows_no_token() {
    let body = r#"{"access_token":"t0ken-one","refresh_token":"t0ken-two"}"#;
    let token = exchange(&plain(), &Script::new().json(200, body)).unwrap();
    assert!(!format!("{token:?}").contains("t0ken"));
}

fn json() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        Just("access_token"),
        Just("refresh_token"),
        Just("expires_in"),
        Just("scope"),
        Just("error"),
        Just("ok"),
        Just("authed_user"),
    ];
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|n| n.to_string()),
        "\\PC{0,12}".prop_map(|text| serde_json::Value::from(text).to_string()),
        Just(r#"{"access_token":"inner"}"#.to_owned()),
        Just(r#"["a",1,null]"#.to_owned()),
    ];
    proptest::collection::vec((name, value), 0..6).prop_map(|pairs| {
        let fields: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name:?}:{value}")).collect();
        format!("{{{}}}", fields.join(","))
    })
}

proptest! {
    #[test]
    fn no_answer_panics_and_a_token_is_always_fit_for_a_header(
        body in prop_oneof![json(), "\\PC{0,60}"],
        status in 100u16..600,
        content_type in prop_oneof![Just("application/json"), Just("text/plain"), Just("application/x-www-form-urlencoded"), Just("\\PC")],
    ) {
        let provider = Provider { token_path: Some("/authed_user".to_owned()), ..plain() };
        if let Ok(token) = refresh(&provider, &Script::new().then(status, content_type, &body)) {
            prop_assert!((200..300).contains(&status));
            let text = token.access_token.expose_secret();
            prop_assert!(!text.is_empty() && text.bytes().all(|b| (0x20..=0x7e).contains(&b)));
        }
    }

    #[test]
    fn no_error_repeats_a_body(secret in "[a-zA-Z0-9]{12,24}", status in 200u16..600) {
        let body = format!("<p>{secret}</p>");
        let error = refresh(&plain(), &Script::new().then(status, "text/html", &body)).unwrap_err();
        let shown = format!("{error:?} {error}");
        prop_assert!(!shown.contains(&secret));
    }
}
