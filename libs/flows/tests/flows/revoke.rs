//! Ending it at the provider.

use crate::stage::{Stage, connection, definition, stored_client};
use flows::TransportError;
use proto::Code;
use serde_json::{Value, json};

fn revocable(oauth: Value) -> Value {
    let mut all = json!({"revocation_url":"https://acme.test/revoke"});
    all.as_object_mut().unwrap().extend(oauth.as_object().unwrap().clone());
    definition("pkce", all)
}

fn run(stage: &Stage, oauth: Value) -> proto::Result<proto::Object> {
    stage.run("revoke", connection(revocable(oauth), stored_client()))
}

#[test]
fn the_refresh_token_goes_first_then_the_access_token() {
    let stage = Stage::new().provider(200, json!({})).provider(200, json!({}));
    run(&stage, json!({})).unwrap();
    assert!(stage.body(0).starts_with("token=S3CRET-refresh&token_type_hint=refresh_token"), "{}", stage.body(0));
    assert!(stage.body(1).starts_with("token=S3CRET-old&token_type_hint=access_token"), "{}", stage.body(1));
}

#[test]
fn slack_and_hubspot_have_their_own_ways() {
    let stage = Stage::new().provider(200, json!({"ok":true,"revoked":true}));
    run(&stage, json!({"revocation":{"auth":"bearer","tokens":["access_token"]}})).unwrap();
    assert_eq!(stage.header(0, "authorization").unwrap(), "Bearer S3CRET-old");

    let stage = Stage::new().provider(204, json!({}));
    let hubspot = json!({"revocation_url":"https://api.acme.test/oauth/v1/refresh-tokens/{token}",
        "revocation":{"method":"DELETE","auth":"none","tokens":["refresh_token"]}});
    run(&stage, hubspot).unwrap();
    assert_eq!(stage.lines(), ["DELETE https://api.acme.test/oauth/v1/refresh-tokens/S3CRET-refresh"]);
}

#[test]
fn github_takes_the_token_in_the_body_of_a_delete_at_the_clients_own_address() {
    let stage = Stage::new().provider(204, json!({}));
    let github = json!({"revocation_url":"https://api.acme.test/applications/{client_id}/token","token_auth":"body",
        "revocation":{"method":"DELETE","auth":"basic","body":"json","token_param":"access_token","tokens":["access_token"]}});
    run(&stage, github.clone()).unwrap();
    assert_eq!(stage.lines(), ["DELETE https://api.acme.test/applications/app/token"]);
    assert_eq!(stage.body(0), r#"{"access_token":"S3CRET-old"}"#);
    assert!(stage.header(0, "authorization").unwrap().starts_with("Basic "));
    // A token that is dead already.
    run(&Stage::new().provider(404, json!({"message":"Not Found"})), github).unwrap();
}

#[test]
fn no_endpoint_is_unsupported_and_a_silent_network_unavailable() {
    let stage = Stage::new();
    let error = stage.run("revoke", connection(definition("pkce", json!({})), stored_client())).unwrap_err();
    assert_eq!(error.code, Code::Unsupported);
    let mut op = connection(revocable(json!({"revocation":{"tokens":["refresh_token"]}})), stored_client());
    op["secret"] = json!({"access_token":"S3CRET-old"});
    assert_eq!(Stage::new().run("revoke", op).unwrap_err().code, Code::Unsupported);
    let stage = Stage::new().network(TransportError::NotSent("refused".into()));
    assert_eq!(run(&stage, json!({})).unwrap_err().code, Code::Unavailable);
    let stage = Stage::new().provider(401, json!({"error":"invalid_client","error_description":"S3CRET-client"}));
    assert_eq!(run(&stage, json!({})).unwrap_err().code, Code::Denied);
}

#[test]
fn a_kind_of_token_that_the_provider_does_not_revoke_holds_nothing_up() {
    let unsupported = || json!({"error":"unsupported_token_type"});
    for (first, second) in [(json!({}), unsupported()), (unsupported(), json!({}))] {
        let status = |body: &Value| if body == &json!({}) { 200 } else { 400 };
        let stage = Stage::new().provider(status(&first), first).provider(status(&second), second);
        run(&stage, json!({})).unwrap();
    }
    let stage = Stage::new().provider(400, unsupported()).provider(400, unsupported());
    assert_eq!(run(&stage, json!({})).unwrap_err().code, Code::Unsupported);
    let stage = Stage::new().provider(400, unsupported()).provider(400, json!({"error":"invalid_client"}));
    assert_eq!(run(&stage, json!({})).unwrap_err().code, Code::Denied);
}

#[test]
fn once_the_refresh_token_is_withdrawn_the_connection_is_over_whatever_becomes_of_the_access_token() {
    let withdrawn = || Stage::new().provider(200, json!({}));
    for stage in [
        withdrawn().provider(400, json!({"error":"invalid_request"})),
        withdrawn().provider(404, json!({})),
        withdrawn().provider(503, json!({})),
        withdrawn().network(TransportError::Lost("the answer was cut off".into())),
        withdrawn().network(TransportError::NotSent("connection refused".into())),
    ] {
        run(&stage, json!({})).unwrap();
        let note = &stage.notes()[0];
        assert!(note.starts_with("the refresh token of acme is withdrawn; its access token may work until"), "{note}");
    }
}

#[test]
fn while_the_refresh_token_lives_a_failure_keeps_the_connection() {
    let stage = Stage::new().provider(503, json!({}));
    assert_eq!(run(&stage, json!({})).unwrap_err().code, Code::Unavailable);
    let stage = Stage::new().provider(200, json!({})).provider(503, json!({}));
    let backwards = json!({"revocation":{"tokens":["access_token","refresh_token"]}});
    assert_eq!(run(&stage, backwards).unwrap_err().code, Code::Unavailable);
}
