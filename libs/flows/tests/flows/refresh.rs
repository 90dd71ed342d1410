//! Renewals: what is kept, what is cleared, and what each failure means.

use crate::stage::{NOW, Stage, connection, definition, stored_client, token};
use flows::TransportError;
use http::Response;
use proto::{Code, Error, Outcome};
use serde_json::{Value, json};

fn renew(stage: &Stage) -> proto::Result<proto::Object> {
    stage.run("refresh", connection(definition("pkce", json!({})), stored_client()))
}

fn fails(stage: Stage) -> Error {
    let error = renew(&stage).unwrap_err();
    assert_eq!(error.code, Code::RefreshFailed);
    error
}

fn page(status: u16) -> Stage {
    let response = Response::builder().status(status).header("content-type", "text/html");
    Stage::new().provider_raw(response.body(b"<p>S3CRET-page</p>".to_vec()).unwrap())
}

#[test]
fn a_renewal_brings_both_new_tokens_and_a_new_end() {
    let stage = Stage::new().provider(200, token());
    let reply = renew(&stage).unwrap();
    assert_eq!(reply["secret"], json!({"access_token":"S3CRET-access","refresh_token":"S3CRET-new"}));
    assert_eq!(reply["record"], json!({"expires_at":NOW + 3600,"renewable":true,"scopes":["read"]}));
    assert_eq!(stage.lines(), ["POST https://acme.test/token"]);
    assert!(stage.body(0).contains("grant_type=refresh_token&refresh_token=S3CRET-refresh"));
    assert_eq!(stage.kinds(), [""; 0]);
}

#[test]
fn a_token_is_not_sent_for_a_host_that_is_gone() {
    let stage = Stage::new().cancelled_after(std::time::Duration::ZERO);
    assert_eq!(renew(&stage).unwrap_err().outcome, Some(Outcome::RetryAt), "it may be tried again");
    assert!(stage.lines().is_empty());
}

#[test]
fn without_a_new_refresh_token_the_old_one_is_kept_and_without_a_lifetime_the_end_is_cleared() {
    let stage = Stage::new().provider(200, json!({"access_token":"S3CRET-access","token_type":"bearer"}));
    let reply = renew(&stage).unwrap();
    assert_eq!(reply["secret"], json!({"access_token":"S3CRET-access","refresh_token":"S3CRET-refresh"}));
    assert_eq!(reply["record"], json!({"expires_at":null,"renewable":true}));
}

#[test]
fn notion_renews_with_json_and_basic_auth() {
    let notion = definition(
        "pkce",
        json!({"pkce":false,"token_auth":"basic","token_body":"json",
        "token_headers":{"Notion-Version":"2022-06-28"}}),
    );
    let mut client = stored_client();
    client["token_auth"] = Value::Null;
    let stage = Stage::new().provider(200, token());
    stage.run("refresh", connection(notion, client)).unwrap();
    let body: Value = serde_json::from_str(&stage.body(0)).unwrap();
    assert_eq!(body, json!({"grant_type":"refresh_token","refresh_token":"S3CRET-refresh"}));
    assert!(stage.header(0, "authorization").unwrap().starts_with("Basic "));
}

#[test]
fn a_client_keeps_the_way_it_was_made_with() {
    let mut client = stored_client();
    client["token_auth"] = json!("basic");
    let stage = Stage::new().provider(200, token());
    stage.run("refresh", connection(definition("pkce", json!({})), client)).unwrap();
    assert!(stage.header(0, "authorization").is_some() && !stage.body(0).contains("client_secret"));
}

#[test]
fn a_dead_refresh_token_means_reauthorize() {
    for (status, body) in [
        (400, json!({"error":"invalid_grant","error_description":"S3CRET-refresh is revoked"})),
        (200, json!({"ok":false,"error":"invalid_refresh_token"})),
        (200, json!({"error":"bad_refresh_token"})),
        (400, json!({"status":"BAD_REFRESH_TOKEN","message":"no"})),
    ] {
        let error = fails(Stage::new().provider(status, body));
        assert_eq!(error.outcome, Some(Outcome::Reauthorize), "{error:?}");
        assert_eq!(error.hint.as_deref(), Some("authsome login acme --force"));
        assert!(error.message.starts_with("acme rejected the refresh token ("), "{error:?}");
    }
}

#[test]
fn a_wrong_client_means_fix_config_unless_it_was_registered() {
    let rejected = || Stage::new().provider(401, json!({"error":"invalid_client"}));
    let error = fails(rejected());
    assert_eq!(error.outcome, Some(Outcome::FixConfig));
    assert_eq!(error.message, "acme rejected the OAuth client (invalid_client)");
    assert_eq!(error.error.as_deref(), Some("invalid_client"), "what may be kept of it");
    assert_eq!(error.hint.as_deref(), Some("check the client ID and secret: authsome login acme --reset-client"));
    let mut client = stored_client();
    client["registered"] = json!(true);
    let error = rejected().run("refresh", connection(definition("dcr_pkce", json!({})), client)).unwrap_err();
    assert_eq!(error.outcome, Some(Outcome::Reauthorize));
}

#[test]
fn a_request_that_was_not_processed_may_be_tried_again() {
    let answer = |status: u16, after: &str| {
        let response = Response::builder().status(status).header("retry-after", after).body(Vec::new()).unwrap();
        Stage::new().provider_raw(response)
    };
    let past = "Wed, 21 Oct 2015 07:28:00 GMT";
    for (stage, at) in [
        (answer(429, "120"), Some(NOW + 120)),
        (answer(503, "0"), Some(NOW + 1)),
        (answer(503, "99999999999"), Some(NOW + 3600)),
        (answer(503, past), Some(NOW + 1)),
        (answer(429, "x"), None),
        (Stage::new().network(TransportError::NotSent("connection refused".into())), None),
        (Stage::new().provider(400, json!({"error":"temporarily_unavailable"})), None),
    ] {
        let error = fails(stage);
        assert_eq!((error.outcome, error.retry_at), (Some(Outcome::RetryAt), at), "{error:?}");
    }
}

#[test]
fn a_server_that_says_it_failed_may_be_asked_again() {
    for stage in [
        page(500),
        page(502),
        page(504),
        Stage::new().provider(500, json!({"error":"server_error"})),
        // Its own trouble may speak in any words: only the next answer tells.
        Stage::new().provider(500, json!({"error":"invalid_grant"})),
    ] {
        let error = fails(stage);
        assert_eq!((error.outcome, error.retry_at), (Some(Outcome::RetryAt), None), "{error:?}");
        assert_eq!(error.hint, None, "nobody need log in again: {error:?}");
    }
}

#[test]
fn an_answer_that_is_not_whole_or_not_understood_is_lost() {
    for stage in [
        Stage::new().network(TransportError::Lost("the answer was cut off".into())),
        page(200),
        Stage::new().provider(200, json!({})),
        Stage::new().provider(200, json!({"access_token":"S3CRET-a","token_type":"DPoP"})),
    ] {
        let error = fails(stage);
        assert_eq!((error.outcome, error.retry_at), (Some(Outcome::Lost), None), "{error:?}");
    }
}

#[test]
fn an_address_that_is_no_token_endpoint_means_fix_config() {
    for status in [302, 404, 405] {
        let response = Response::builder().status(status).header("location", "https://evil.test/").body(Vec::new());
        let error = fails(Stage::new().provider_raw(response.unwrap()));
        assert_eq!(error.outcome, Some(Outcome::FixConfig), "{status}");
    }
}

#[test]
fn every_failure_carries_an_outcome_even_without_a_request() {
    let plain = || definition("pkce", json!({}));
    let mut no_token = connection(plain(), stored_client());
    no_token["secret"] = json!({"access_token":"S3CRET-old"});
    let mut bad = connection(definition("pkce", json!({"token_url":"http://acme.test/token"})), stored_client());
    bad["record"]["x"] = json!(1);
    let no_endpoint = connection(definition("pkce", json!({"token_url":null})), stored_client());
    let mut unreadable = connection(plain(), stored_client());
    unreadable["provider"] = json!({"name":"acme"});
    let unknown = connection(definition("saml", json!({})), stored_client());
    for op in [no_token, connection(plain(), Value::Null), bad, no_endpoint, unreadable, unknown] {
        let stage = Stage::new();
        let error = stage.run("refresh", op).unwrap_err();
        assert!(error.outcome.is_some(), "{error:?}");
        assert_eq!(stage.lines(), [""; 0]);
    }
}
