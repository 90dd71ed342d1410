//! Where a check may send a credential.

use crate::stage::{Stage, code, definition, login, stored_client, token};
use proto::Code;
use serde_json::{Value, json};

fn checked(url: &str) -> Value {
    let mut definition = definition("pkce", json!({}));
    definition["api_url"] = json!(["api.acme.test/v1", "*.more.test"]);
    definition["check"] = json!({"url":url,"headers":{"Acme-Version":"7"}});
    definition
}

fn op(url: &str) -> Value {
    let mut client = stored_client();
    client["bound"]["targets"] = json!(["*.more.test", "api.acme.test/v1"]);
    let mut op = login(checked(url), client);
    op["check"] = json!(true);
    op
}

#[test]
fn a_check_on_the_definitions_own_hosts_is_made_with_its_headers() {
    for url in ["https://api.acme.test/v1/me", "https://a.more.test/"] {
        let stage = Stage::new().host("authorize", code()).provider(200, token()).provider(200, json!({}));
        stage.run("login", op(url)).unwrap();
        assert_eq!(stage.lines()[1], format!("GET {url}"));
        assert_eq!(stage.header(1, "authorization").unwrap(), "Bearer S3CRET-access");
        assert_eq!(stage.header(1, "acme-version").unwrap(), "7");
    }
}

#[test]
fn a_check_elsewhere_gets_no_credential() {
    for url in [
        "https://attacker.test/v1/me",
        "https://api.acme.test.attacker.test/v1/me",
        "https://api.acme.test:8443/v1/me",
        "https://api.acme.test/v2/me",
        "https://api.acme.test/v1/../v2/me",
        "https://api.acme.test/v1/%2e%2e/v2/me",
        "http://api.acme.test/v1/me",
        "https://more.test/",
        "https://user@api.acme.test/v1/me",
    ] {
        let stage = Stage::new().host("authorize", code()).provider(200, token());
        let error = stage.run("login", op(url)).unwrap_err();
        assert_eq!(error.code, Code::Invalid, "{url}");
        assert_eq!(stage.lines().len(), 1, "{url}");
    }
}

#[test]
fn a_refusal_with_the_status_of_success_is_told_by_its_body() {
    let definition = json!({"name":"acme","display_name":"Acme","auth_type":"api_key","flow":"api_key",
        "api_url":["api.acme.test"],
        "check":{"url":"https://api.acme.test/auth.test","body":{"pointer":"/ok","equals":true}}});
    let login = |answer: Value| {
        let stage = Stage::new().host("form", json!({"secret":{"api_key":"S3CRET-key"}})).provider(200, answer);
        stage.run("login", json!({"flow":"api_key","provider":definition,"check":true}))
    };
    assert!(login(json!({"ok":true})).is_ok());
    for refused in [json!({"ok":false,"error":"invalid_auth"}), json!({"error":"S3CRET-key"}), json!([])] {
        let error = login(refused).unwrap_err();
        assert_eq!(error.code, Code::Denied);
        assert!(error.message.contains("/ok is not true"), "{}", error.message);
    }
}

#[test]
fn a_key_in_the_query_is_put_there() {
    let definition = json!({"name":"acme","display_name":"Acme","auth_type":"api_key","flow":"api_key",
        "api_url":["api.acme.test"],"api_key":{"query_param":"key"},"check":{"url":"https://api.acme.test/x?a=b"}});
    let stage = Stage::new().host("form", json!({"secret":{"api_key":"S3CRET+key"}})).provider(200, json!({}));
    stage.run("login", json!({"flow":"api_key","provider":definition,"check":true})).unwrap();
    assert_eq!(stage.lines(), ["GET https://api.acme.test/x?a=b&key=S3CRET%2Bkey"]);
}

#[test]
fn an_api_that_wants_more_scopes_is_understood() {
    let wants = r#"Bearer error="insufficient_scope", scope="notes files""#;
    let refused = http::Response::builder().status(403).header("www-authenticate", wants).body(Vec::new()).unwrap();
    let stage = Stage::new().host("authorize", code()).provider(200, token()).provider_raw(refused);
    let error = stage.run("login", op("https://api.acme.test/v1/me")).unwrap_err();
    assert_eq!(error.code, Code::Denied);
    assert_eq!(error.message, "acme refused the credential (status 403): it wants the scopes notes files");
    assert_eq!(error.hint.unwrap(), "authsome login acme --scopes '+notes,+files'");
}
