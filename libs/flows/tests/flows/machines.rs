//! Logins with no person in them: client credentials and signed assertions.

use crate::stage::{NOW, Stage, connection, definition, login, stored_client};
use flows::TransportError;
use proto::{Code, Outcome};
use serde_json::{Value, json};
use testkit::jwt::KEY_PEM as KEY;

fn answer() -> Value {
    json!({"access_token":"S3CRET-access","refresh_token":"S3CRET-unasked","expires_in":"600","token_type":"Bearer"})
}

#[test]
fn client_credentials_ask_for_the_client_then_the_token() {
    let stage = Stage::new()
        .host("form", json!({"values":{"client_id":"m1"},"secret":{"client_secret":"S3CRET-m"}}))
        .host("keep-client", json!({}))
        .provider(200, answer());
    let reply = stage.run("login", login(definition("client_credentials", json!({})), Value::Null)).unwrap();
    assert_eq!(reply["secret"], json!({"access_token":"S3CRET-access"}));
    assert_eq!(reply["record"], json!({"expires_at":NOW + 600,"renewable":true,"scopes":["read"]}));
    assert!(stage.body(0).contains("grant_type=client_credentials") && stage.body(0).contains("scope=read"));
}

#[test]
fn client_credentials_renew_by_asking_again_and_nothing_can_be_lost() {
    let op = || connection(definition("client_credentials", json!({})), stored_client());
    let stage = Stage::new().provider(200, answer());
    let reply = stage.run("refresh", op()).unwrap();
    assert_eq!(reply["secret"], json!({"access_token":"S3CRET-access"}));
    assert_eq!(reply["record"]["renewable"], true);
    for stage in [Stage::new().network(TransportError::Lost("cut".into())), Stage::new().provider(500, json!({}))] {
        let error = stage.run("refresh", op()).unwrap_err();
        assert_eq!((error.outcome, error.retry_at), (Some(Outcome::RetryAt), None));
    }
    let stage = Stage::new().provider(401, json!({"error":"invalid_client"}));
    assert_eq!(stage.run("refresh", op()).unwrap_err().outcome, Some(Outcome::FixConfig));
}

fn claims(stage: &Stage) -> Value {
    let body = stage.body(0);
    payload(body.split_once("assertion=").unwrap().1)
}

fn payload(assertion: &str) -> Value {
    use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
    let payload = assertion.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[test]
fn a_service_account_signs_a_short_lived_assertion() {
    let stage = Stage::new()
        .host("form", json!({"values":{"client_id":"sa@acme.test"},"secret":{"private_key":KEY}}))
        .host("keep-client", json!({}))
        .provider(200, json!({"access_token":"S3CRET-access","expires_in":3599,"token_type":"Bearer"}));
    let reply = stage.run("login", login(definition("jwt_bearer", json!({})), Value::Null)).unwrap();
    assert_eq!(stage.asked("form")[0]["fields"][1]["name"], "private_key");
    assert_eq!(stage.asked("keep-client")[0]["client"]["secret"]["private_key"], KEY.trim());
    assert_eq!(
        claims(&stage),
        json!({"iss":"sa@acme.test","aud":"https://acme.test/token","iat":NOW,"exp":NOW + 300,"scope":"read"})
    );
    assert_eq!(reply["record"]["renewable"], true);
}

#[test]
fn the_file_that_google_hands_out_may_be_pasted_whole() {
    let file = json!({"type":"service_account","project_id":"p","private_key_id":"k7","private_key":KEY,
        "client_email":"sa@p.iam.gserviceaccount.com","client_id":"108","token_uri":"https://attacker.test/token"});
    let stage = Stage::new()
        .host("form", json!({"values":{"client_id":""},"secret":{"private_key":file.to_string()}}))
        .host("keep-client", json!({}))
        .provider(200, answer());
    stage.run("login", login(definition("jwt_bearer", json!({})), Value::Null)).unwrap();
    let kept = &stage.asked("keep-client")[0]["client"];
    assert_eq!((&kept["client_id"], &kept["key_id"]), (&json!("sa@p.iam.gserviceaccount.com"), &json!("k7")));
    assert_eq!(claims(&stage)["iss"], "sa@p.iam.gserviceaccount.com");
    assert_eq!(stage.lines(), ["POST https://acme.test/token"]);
}

#[test]
fn a_key_that_cannot_sign_is_refused_before_it_is_kept() {
    for key in ["", "S3CRET-not-a-key", "{\"type\":\"service_account\"}"] {
        let stage = Stage::new().host("form", json!({"values":{"client_id":"sa"},"secret":{"private_key":key}}));
        let error = stage.run("login", login(definition("jwt_bearer", json!({})), Value::Null)).unwrap_err();
        assert_eq!(error.code, Code::Invalid, "{key}");
    }
}

fn app() -> Value {
    definition("github_app", json!({"token_url":"https://api.acme.test/app/installations"}))
}

#[test]
fn a_github_app_shows_its_assertion_for_a_token_of_one_installation() {
    let stage = Stage::new()
        .host("form", json!({"values":{"client_id":"Iv1.a","installation_id":"42"},"secret":{"private_key":KEY}}))
        .host("keep-client", json!({}))
        .provider(
            201,
            json!({"token":"S3CRET-ghs","expires_at":"2023-11-14T23:13:20Z","permissions":{"contents":"read"}}),
        );
    let reply = stage.run("login", login(app(), Value::Null)).unwrap();
    assert_eq!(stage.lines(), ["POST https://api.acme.test/app/installations/42/access_tokens"]);
    let bearer = stage.header(0, "authorization").unwrap();
    assert_eq!(payload(bearer.strip_prefix("Bearer ").unwrap()), json!({"iss":"Iv1.a","iat":NOW - 60,"exp":NOW + 480}));
    assert_eq!(reply["secret"], json!({"access_token":"S3CRET-ghs"}));
    assert_eq!(
        reply["record"],
        json!({"expires_at":NOW + 3600,"renewable":true,"scopes":["contents:read"],"installation_id":"42"})
    );
}

#[test]
fn a_github_app_renews_for_the_same_installation() {
    let client = json!({"client_id":"Iv1.a","secret":{"private_key":KEY}});
    let mut op = connection(app(), client);
    op["record"]["installation_id"] = json!("42");
    let stage = Stage::new().provider(201, json!({"token":"S3CRET-ghs","expires_at":"not a date"}));
    let reply = stage.run("refresh", op.clone()).unwrap();
    assert_eq!(reply["record"], json!({"expires_at":null,"renewable":true}));
    op["record"]["installation_id"] = json!("42/../../user");
    let stage = Stage::new();
    assert_eq!(stage.run("refresh", op).unwrap_err().outcome, Some(Outcome::FixConfig));
    assert_eq!(stage.lines(), [""; 0]);
}
