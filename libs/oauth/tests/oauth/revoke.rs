//! Revocation, by the standard and by other ways.

use crate::script::{Script, client, plain};
use http::Method;
use oauth::{Body, Error, Provider, Revocation, RevocationAuth, TokenAuth, revoke};

fn provider(revocation: Revocation) -> Provider {
    Provider { revocation: Some(revocation), ..plain() }
}

fn standard() -> Revocation {
    Revocation {
        url: "https://as.test/revoke".to_owned(),
        loopback_http: false,
        method: Method::POST,
        auth: RevocationAuth::Client,
        body: Body::Form,
        token_param: "token".to_owned(),
    }
}

fn run(provider: &Provider, script: &Script) -> Result<(), Error> {
    revoke(script, provider, Some(&client()), &"t0ken/+value".into(), "refresh_token")
}

#[test]
fn the_standard_way_names_the_token_its_kind_and_the_client() {
    let script = Script::new().then(200, "text/plain", "");
    run(&provider(standard()), &script).unwrap();
    let sent = script.sent(0);
    assert_eq!(sent.line, "POST https://as.test/revoke");
    assert_eq!(sent.field("token").as_deref(), Some("t0ken/+value"));
    assert_eq!(sent.field("token_type_hint").as_deref(), Some("refresh_token"));
    assert_eq!(sent.field("client_secret").as_deref(), Some("s3cret-value"));
}

#[test]
fn notion_takes_basic_auth_and_json() {
    let notion = Provider { token_auth: TokenAuth::Basic, ..provider(Revocation { body: Body::Json, ..standard() }) };
    let script = Script::new().json(200, r#"{"request_id":"r"}"#);
    run(&notion, &script).unwrap();
    let sent = script.sent(0);
    assert_eq!(sent.json()["token"], "t0ken/+value");
    assert!(sent.authorization.unwrap().starts_with("Basic "));
}

#[test]
fn slack_takes_the_token_as_bearer_and_calls_a_dead_one_an_error() {
    let slack = provider(Revocation { auth: RevocationAuth::Bearer, ..standard() });
    let script = Script::new().json(200, r#"{"ok":true,"revoked":true}"#);
    run(&slack, &script).unwrap();
    let sent = script.sent(0);
    assert_eq!(sent.authorization.as_deref(), Some("Bearer t0ken/+value"));
    assert_eq!(sent.body, "");
    assert!(run(&slack, &Script::new().json(200, r#"{"ok":false,"error":"token_revoked"}"#)).is_ok());
    assert!(run(&slack, &Script::new().json(401, r#"{"message":"no"}"#)).is_ok());
    assert!(run(&slack, &Script::new().json(200, r#"{"ok":false,"error":"team_access_not_granted"}"#)).is_err());
}

#[test]
fn hubspot_takes_a_delete_with_the_token_in_the_path() {
    let url = "https://api.hubapi.com/oauth/v1/refresh-tokens/{token}".to_owned();
    let own = Revocation { url, method: Method::DELETE, auth: RevocationAuth::None, ..standard() };
    let script = Script::new().then(204, "text/plain", "");
    run(&provider(own.clone()), &script).unwrap();
    let sent = script.sent(0);
    assert_eq!(sent.line, "DELETE https://api.hubapi.com/oauth/v1/refresh-tokens/t0ken%2F%2Bvalue");
    assert_eq!((sent.body.as_str(), sent.authorization), ("", None));
    assert!(run(&provider(own), &Script::new().then(404, "text/plain", "")).is_ok());
}

#[test]
fn a_refusal_a_redirect_and_a_failure_are_not_success() {
    let standard = provider(standard());
    assert!(run(&standard, &Script::new().json(401, r#"{"error":"invalid_client"}"#)).is_err());
    assert!(run(&standard, &Script::new().then(302, "text/html", "")).is_err());
    assert!(run(&standard, &Script::new().then(404, "text/html", "")).is_err());
    assert!(run(&standard, &Script::new().then(500, "text/html", "")).is_err());
    assert!(matches!(run(&plain(), &Script::new()), Err(Error::Settings(_))));
}

#[test]
fn a_token_in_a_path_shows_in_no_error() {
    let url = "http://as.test/{token}".to_owned();
    let error = run(&provider(Revocation { url, ..standard() }), &Script::new()).unwrap_err();
    assert!(!format!("{error:?} {error}").contains("t0ken"), "{error:?}");
}
