//! Registration of a client.

use crate::script::Script;
use oauth::register::{Registered, register};
use oauth::{Endpoint, Error, TokenAuth};
use secrecy::ExposeSecret;

fn run(script: &Script, wish: TokenAuth) -> Result<Registered, Error> {
    let endpoint = Endpoint::https("https://as.test/register").unwrap();
    register(script, &Default::default(), &endpoint, "http://127.0.0.1:7998/cb", wish, &["read".to_owned()])
}

#[test]
fn a_native_client_with_one_redirect_uri_is_registered() {
    let answer = r#"{"client_id":"c1","client_secret":"s1","client_secret_expires_at":1800000000,
        "token_endpoint_auth_method":"client_secret_basic","registration_access_token":"rat"}"#;
    let script = Script::new().json(201, answer);
    let registered = run(&script, TokenAuth::Body).unwrap();
    assert_eq!(registered.client.id, "c1");
    assert_eq!(registered.client.secret.unwrap().expose_secret(), "s1");
    assert_eq!(registered.token_auth, TokenAuth::Basic);
    assert_eq!(registered.expires_at, Some(1_800_000_000));
    let sent = script.sent(0).json();
    assert_eq!(sent["redirect_uris"], serde_json::json!(["http://127.0.0.1:7998/cb"]));
    assert_eq!(sent["application_type"], "native");
    assert_eq!(sent["token_endpoint_auth_method"], "client_secret_post");
    assert_eq!(sent["scope"], "read");
}

#[test]
fn a_client_without_a_secret_is_public_and_a_secret_without_an_end_has_none() {
    let script = Script::new().json(200, r#"{"client_id":"c1","client_secret_expires_at":0}"#);
    let registered = run(&script, TokenAuth::Body).unwrap();
    assert_eq!((registered.token_auth, registered.expires_at), (TokenAuth::None, None));
    let script = Script::new().json(201, r#"{"client_id":"c1","client_secret":"s1"}"#);
    assert_eq!(run(&script, TokenAuth::None).unwrap().token_auth, TokenAuth::Basic);
}

#[test]
fn a_refusal_is_told_and_an_answer_without_a_client_is_unexpected() {
    let script = Script::new().json(400, r#"{"error":"invalid_redirect_uri","error_description":"no loopback"}"#);
    assert!(matches!(run(&script, TokenAuth::None), Err(Error::Rejected { .. })));
    assert!(matches!(run(&Script::new().json(201, "{}"), TokenAuth::None), Err(Error::Unexpected { .. })));
}
