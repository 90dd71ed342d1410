//! The authorization URL, and who answered it.

use crate::script::{REDIRECT, Script, client, endpoint, exchange, plain};
use oauth::{Authorization, Provider, check_issuer};
use std::collections::{BTreeMap, HashMap};

fn query(provider: &Provider, scopes: &[&str]) -> HashMap<String, String> {
    let scopes: Vec<String> = scopes.iter().map(|s| (*s).to_owned()).collect();
    let url = Authorization::new(provider, &client(), REDIRECT, "st4te", &scopes).unwrap().url;
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let map: HashMap<String, String> = pairs.iter().cloned().collect();
    assert_eq!(map.len(), pairs.len(), "a parameter twice in {url}");
    map
}

fn params(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn the_url_carries_state_scopes_and_a_challenge_and_keeps_the_query_of_its_endpoint() {
    let provider = Provider { authorization: endpoint("https://as.test/authorize?tenant=7&x=a%20b"), ..plain() };
    let query = query(&provider, &["read", "write"]);
    for (name, value) in [
        ("tenant", "7"),
        ("x", "a b"),
        ("response_type", "code"),
        ("client_id", "app"),
        ("redirect_uri", REDIRECT),
        ("state", "st4te"),
        ("scope", "read write"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(query.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert_eq!(query["code_challenge"].len(), 43);
}

#[test]
fn the_challenge_belongs_to_the_verifier_that_is_sent_with_the_code() {
    use base64::Engine;
    let script = Script::new().json(200, r#"{"access_token":"t","token_type":"bearer"}"#);
    let provider = plain();
    let authorization = Authorization::new(&provider, &client(), REDIRECT, "s", &[]).unwrap();
    let challenge = authorization.url.query_pairs().find(|(n, _)| n == "code_challenge").unwrap().1.into_owned();
    crate::script::grants(&provider, &script, &client()).code(authorization, &"c".into()).unwrap();
    let verifier = script.sent(0).field("code_verifier").unwrap();
    assert!((43..=128).contains(&verifier.len()));
    let digest = ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes());
    assert_eq!(base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(digest), challenge);
}

#[test]
fn a_provider_without_pkce_gets_neither_challenge_nor_verifier() {
    let provider = Provider { pkce: false, ..plain() };
    assert!(!query(&provider, &[]).keys().any(|name| name.starts_with("code_")));
    let script = Script::new().json(200, r#"{"access_token":"t","token_type":"bearer"}"#);
    exchange(&provider, &script).unwrap();
    assert_eq!(script.sent(0).field("code_verifier"), None);
}

#[test]
fn extra_parameters_cannot_replace_standard_ones() {
    let hostile = params(&[
        ("state", "known"),
        ("redirect_uri", "https://attacker.test/"),
        ("client_id", "other"),
        ("response_type", "token"),
        ("response_mode", "fragment"),
        ("code_challenge", "x"),
        ("code_challenge_method", "plain"),
        ("scope", "admin"),
        ("request_uri", "https://attacker.test/"),
        ("owner", "user"),
    ]);
    let authorization = endpoint("https://as.test/authorize?state=known&response_type=token");
    let query = query(&Provider { authorization_params: hostile, authorization, ..plain() }, &["read"]);
    assert_eq!(query["state"], "st4te");
    assert_eq!(query["redirect_uri"], REDIRECT);
    assert_eq!(query["client_id"], "app");
    assert_eq!(query["response_type"], "code");
    assert_eq!(query["code_challenge_method"], "S256");
    assert_eq!(query["scope"], "read");
    assert_eq!(query["owner"], "user");
    assert!(!query.contains_key("request_uri") && !query.contains_key("response_mode"));
}

#[test]
fn scopes_go_under_the_providers_own_name_with_its_own_separator() {
    let provider = Provider {
        scope_param: "user_scope".to_owned(),
        scope_separator: ",".to_owned(),
        authorization_params: params(&[("scope", "commands")]),
        ..plain()
    };
    let query = query(&provider, &["chat:write", "users:read"]);
    assert_eq!(query["user_scope"], "chat:write,users:read");
    assert_eq!(query["scope"], "commands");
}

#[test]
fn the_resource_is_named_in_both_requests() {
    let provider = Provider { resource: Some("https://mcp.test/mcp".to_owned()), ..plain() };
    assert_eq!(query(&provider, &[])["resource"], "https://mcp.test/mcp");
    let script = Script::new().json(200, r#"{"access_token":"t","token_type":"bearer"}"#);
    exchange(&provider, &script).unwrap();
    assert_eq!(script.sent(0).field("resource").as_deref(), Some("https://mcp.test/mcp"));
}

#[test]
fn an_answer_from_another_server_is_refused() {
    let provider = Provider { issuer: Some("https://as.test".to_owned()), ..plain() };
    assert!(check_issuer(&provider, Some("https://as.test")).is_ok());
    assert!(check_issuer(&provider, None).is_ok());
    assert!(check_issuer(&provider, Some("https://as.test/")).is_ok(), "an empty path is a slash");
    for other in ["https://evil.test", "https://as.test/a", "https://as.test//", "https://AS.test", ""] {
        assert!(check_issuer(&provider, Some(other)).is_err(), "{other}");
    }
    let announced = Provider { iss_required: true, ..provider };
    assert!(check_issuer(&announced, None).is_err());
    assert!(check_issuer(&plain(), Some("https://whoever.test")).is_ok());
}
