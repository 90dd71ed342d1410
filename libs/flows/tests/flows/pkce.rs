//! Logging in through the authorization page.

use crate::stage::{NOW, REDIRECT, Stage, client_of, code, definition, login, stored_client, token};
use proto::{Code, Error};
use serde_json::{Value, json};

fn notion() -> Value {
    let mut notion = definition(
        "pkce",
        json!({
            "authorization_url": "https://api.notion.com/v1/oauth/authorize",
            "token_url": "https://api.notion.com/v1/oauth/token",
            "pkce": false, "token_auth": "basic", "token_body": "json",
            "authorization_params": {"owner": "user"},
            "token_headers": {"Notion-Version": "2022-06-28"},
            "account": {"id": "/workspace_id", "label": "/workspace_name"},
            "refresh_rotates": true, "expects_refresh_token": true,
        }),
    );
    notion["name"] = json!("notion");
    notion["display_name"] = json!("Notion");
    notion["api_url"] = json!(["api.notion.com"]);
    notion
}

#[test]
fn the_first_login_asks_for_the_app_keeps_it_then_sends_the_person_to_the_provider() {
    let stage = Stage::new()
        .host("form", json!({"values":{"client_id":" 12 "},"secret":{"client_secret":"S3CRET-app\n"}}))
        .host("keep-client", json!({}))
        .host("authorize", code())
        .provider(
            200,
            json!({"access_token":"S3CRET-ntn","refresh_token":"S3CRET-nrt","token_type":"bearer","bot_id":"b",
                "workspace_id":"w1","workspace_name":"Acme's","workspace_icon":null}),
        );
    let mut op = login(notion(), Value::Null);
    op["scopes"] = json!([]);
    let reply = Value::Object(stage.run("login", op).unwrap());

    let form = &stage.asked("form")[0];
    assert_eq!(form["title"], "OAuth app for Notion");
    assert_eq!(form["fields"][0], json!({"name":"client_id","label":"Client ID","masked":false,"required":true}));
    assert_eq!(
        form["fields"][1],
        json!({"name":"client_secret","label":"Client secret","masked":true,"required":true})
    );
    let kept = &stage.asked("keep-client")[0]["client"];
    assert_eq!(kept["client_id"], "12");
    assert_eq!(kept["secret"], json!({"client_secret":"S3CRET-app"}));
    assert_eq!((&kept["token_auth"], &kept["redirect_uri"]), (&json!("basic"), &json!(REDIRECT)));
    assert_eq!(kept["bound"]["token_url"], "https://api.notion.com/v1/oauth/token");
    assert_eq!(kept["bound"]["targets"], json!(["api.notion.com"]));

    let authorize = &stage.asked("authorize")[0];
    let url = authorize["url"].as_str().unwrap();
    assert!(url.starts_with("https://api.notion.com/v1/oauth/authorize?"), "{url}");
    for part in ["owner=user", "state=st4te", "client_id=12", "response_type=code"] {
        assert!(url.contains(part), "{url}");
    }
    assert_eq!((&authorize["pkce"], &authorize["or"]), (&json!(false), &json!([])));

    assert_eq!(stage.header(0, "notion-version").unwrap(), "2022-06-28");
    assert_eq!(stage.header(0, "authorization").unwrap(), "Basic MTI6UzNDUkVULWFwcA==");
    let body: Value = serde_json::from_str(&stage.body(0)).unwrap();
    assert_eq!(body, json!({"grant_type":"authorization_code","code":"S3CRET-code","redirect_uri":REDIRECT}));

    assert_eq!(reply["secret"], json!({"access_token":"S3CRET-ntn","refresh_token":"S3CRET-nrt"}));
    let record = json!({"account":{"id":"w1","label":"Acme's"},"renewable":true,"scopes":[]});
    assert_eq!(reply["record"], record);
    assert_eq!(stage.notes(), [""; 0]);
}

#[test]
fn a_stored_app_is_used_again_without_a_form() {
    let stage = Stage::new().host("authorize", code()).provider(200, token());
    let reply = stage.run("login", login(definition("pkce", json!({})), stored_client())).unwrap();
    assert_eq!(stage.kinds(), ["authorize"]);
    assert_eq!(stage.asked("authorize")[0]["pkce"], true);
    assert_eq!(reply["record"]["expires_at"], NOW + 3600);
    assert_eq!(reply["record"]["scopes"], json!(["read"]));
    assert!(stage.body(0).contains("client_secret=S3CRET-client"));
    assert!(stage.body(0).contains("code_verifier="));
}

#[test]
fn a_public_app_may_leave_the_secret_empty() {
    let stage = Stage::new()
        .host("form", json!({"values":{"client_id":"12"},"secret":{"client_secret":""}}))
        .host("keep-client", json!({}))
        .host("authorize", code())
        .provider(200, token());
    stage.run("login", login(definition("pkce", json!({})), Value::Null)).unwrap();
    assert_eq!(stage.asked("form")[0]["fields"][1]["required"], false);
    assert_eq!(stage.asked("keep-client")[0]["client"]["token_auth"], "none");
    assert!(!stage.body(0).contains("client_secret"));
}

#[test]
fn an_empty_app_or_the_placeholder_is_not_stored() {
    for (id, secret) in [("", "S3CRET-app"), ("  ", "S3CRET-app"), ("12", "authsome-proxy-managed")] {
        let stage = Stage::new().host("form", json!({"values":{"client_id":id},"secret":{"client_secret":secret}}));
        let error = stage.run("login", login(definition("pkce", json!({})), Value::Null)).unwrap_err();
        assert_eq!(error.code, Code::Invalid, "{id:?} {secret:?}");
        assert_eq!(stage.kinds(), ["form"]);
    }
}

#[test]
fn a_definition_that_sends_the_app_elsewhere_needs_a_yes_first() {
    let moved = definition("pkce", json!({"token_url":"https://elsewhere.test/token"}));
    let stage = Stage::new().host_refuses("confirm", Error::new(Code::Declined, "no"));
    let error = stage.run("login", login(moved.clone(), stored_client())).unwrap_err();
    assert_eq!(error.code, Code::Denied);
    assert_eq!(
        stage.asked("confirm")[0]["text"],
        "use the stored OAuth client of acme with its changed definition? \
         tokens: https://elsewhere.test/token (was https://acme.test/token)"
    );

    let stage = Stage::new()
        .host("confirm", json!({}))
        .host("keep-client", json!({}))
        .host("authorize", code())
        .provider(200, token());
    stage.run("login", login(moved, stored_client())).unwrap();
    assert_eq!(stage.asked("keep-client")[0]["client"]["bound"]["token_url"], "https://elsewhere.test/token");
}

#[test]
fn refused_consent_is_denied_with_the_providers_own_words() {
    let answer = json!({"error":"access_denied","error_description":"The user\u{1b}[31m said no"});
    let stage = Stage::new().host("authorize", answer);
    let error = stage.run("login", login(definition("pkce", json!({})), stored_client())).unwrap_err();
    assert_eq!(error.code, Code::Denied);
    assert_eq!(error.message, "acme rejected the login (access_denied): The user\u{fffd}[31m said no");
}

#[test]
fn the_answer_of_another_server_gets_no_code() {
    let issuer = definition("pkce", json!({"issuer":"https://acme.test"}));
    let answer = json!({"iss":"https://evil.test","secret":{"code":"S3CRET-code"}});
    let stage = Stage::new().host("authorize", answer);
    let error = stage.run("login", login(issuer.clone(), client_of(&issuer))).unwrap_err();
    assert_eq!(error.code, Code::Denied);
    assert_eq!(stage.lines(), [""; 0]);
}

#[test]
fn a_rejected_code_or_app_says_what_to_do() {
    for (status, word, hint) in [
        (400, "invalid_grant", "authsome login acme --force"),
        (401, "invalid_client", "check the client ID and secret: authsome login acme --reset-client"),
        (200, "incorrect_client_credentials", "check the client ID and secret: authsome login acme --reset-client"),
    ] {
        let stage = Stage::new()
            .host("authorize", code())
            .provider(status, json!({"error":word,"error_description":"S3CRET-code is no good"}));
        let error = stage.run("login", login(definition("pkce", json!({})), stored_client())).unwrap_err();
        assert_eq!(error.code, Code::Denied);
        assert_eq!(error.message, format!("acme rejected the login ({word}): [secret] is no good"));
        assert_eq!(error.hint.as_deref(), Some(hint));
    }
}

#[test]
fn fewer_scopes_and_a_missing_refresh_token_are_told() {
    let expects = definition("pkce", json!({"expects_refresh_token":true}));
    let stage = Stage::new()
        .host("authorize", code())
        .provider(200, json!({"access_token":"S3CRET-a","scope":"repo,read:org"}));
    let mut op = login(expects, stored_client());
    op["scopes"] = json!(["repo", "repo:status", "gist", "openid"]);
    let reply = stage.run("login", op).unwrap();
    assert_eq!(reply["record"]["scopes"], json!(["repo", "read:org"]));
    assert_eq!(reply["record"]["renewable"], false);
    let notes = stage.notes();
    assert_eq!(notes[0], "acme granted fewer scopes than asked for: without gist");
    assert!(notes[1].contains("no refresh token"), "{notes:?}");
}

#[test]
fn an_account_is_asked_for_when_the_token_answer_does_not_tell() {
    let asks = definition("pkce", json!({"userinfo":{"url":"https://api.acme.test/me","id":"/id","label":"/login"}}));
    let stage = Stage::new()
        .host("authorize", code())
        .provider(200, token())
        .provider(200, json!({"id":7,"login":"octo\u{202e}cat"}));
    let reply = stage.run("login", login(asks.clone(), stored_client())).unwrap();
    assert_eq!(reply["record"]["account"], json!({"id":"7","label":"octo\u{fffd}cat"}));
    assert_eq!(stage.lines()[1], "GET https://api.acme.test/me");
    assert_eq!(stage.header(1, "authorization").unwrap(), "Bearer S3CRET-access");

    let stage = Stage::new().host("authorize", code()).provider(200, token()).provider(500, json!({}));
    let reply = stage.run("login", login(asks, stored_client())).unwrap();
    assert!(!reply["record"].as_object().unwrap().contains_key("account"));
    assert_eq!(stage.notes().len(), 1);
}

#[test]
fn an_account_pointer_never_puts_a_token_into_the_record() {
    let hostile = definition("pkce", json!({"account":{"id":"/refresh_token","label":"/access_token"}}));
    let stage = Stage::new().host("authorize", code()).provider(200, token());
    let reply = stage.run("login", login(hostile, stored_client())).unwrap();
    assert!(!reply["record"].as_object().unwrap().contains_key("account"));
}

#[test]
fn the_person_may_switch_to_a_device_code() {
    let both = definition(
        "pkce",
        json!({"supports_device_code":true,"device_authorization_url":"https://acme.test/device_authorization"}),
    );
    let mut declined = Error::new(Code::Declined, "the person wants a code");
    declined.use_instead = Some("device".to_owned());
    let stage = Stage::new()
        .host_refuses("authorize", declined)
        .provider(200, json!({"device_code":"S3CRET-dc","user_code":"WDJB","verification_uri":"https://acme.test/d"}))
        .host("device", json!({}))
        .provider(200, token());
    stage.run("login", login(both.clone(), client_of(&both))).unwrap();
    assert_eq!(stage.asked("authorize")[0]["or"], json!(["device"]));
    assert_eq!(stage.kinds(), ["authorize", "device"]);
}

#[test]
fn no_person_means_no_login_and_the_hosts_own_error() {
    let none = Error::new(Code::NeedsInteraction, "nobody can log in here").hint("--stdin");
    let stage = Stage::new().host_refuses("authorize", none.clone());
    let mut op = login(definition("pkce", json!({})), stored_client());
    op["interactive"] = json!(false);
    assert_eq!(stage.run("login", op).unwrap_err(), none);
}

#[test]
fn endpoints_on_plain_http_or_with_a_user_in_them_get_nothing() {
    for url in
        ["http://acme.test/token", "http://127.0.0.1:9/token", "https://u:p@acme.test/token", "file:///etc/passwd"]
    {
        let definition = definition("pkce", json!({"token_url":url}));
        let mut client = stored_client();
        client["bound"]["token_url"] = json!(url);
        let stage = Stage::new();
        let error = stage.run("login", login(definition, client)).unwrap_err();
        assert_eq!(error.code, Code::Invalid, "{url}");
        assert_eq!(error.hint.as_deref(), Some("authsome inspect acme"));
    }
    let mut local = definition("pkce", json!({"token_url":"http://127.0.0.1:9/token"}));
    local["allow_loopback_http"] = json!(true);
    let mut client = stored_client();
    client["bound"]["token_url"] = json!("http://127.0.0.1:9/token");
    let stage = Stage::new().host("authorize", code()).provider(200, token());
    assert!(stage.run("login", login(local, client)).is_ok());
}

#[test]
fn an_unknown_op_and_an_unknown_flow_are_unsupported() {
    assert_eq!(Stage::new().run("grease", json!({})).unwrap_err().code, Code::Unsupported);
    let error = Stage::new().run("login", login(definition("saml", json!({})), Value::Null)).unwrap_err();
    assert_eq!(error.code, Code::Unsupported);
    assert!(
        error
            .hint
            .unwrap()
            .contains("pkce, device_code, dcr_pkce, api_key, client_credentials, jwt_bearer, github_app")
    );
}
