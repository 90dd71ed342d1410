//! What real providers want and give, as data.

use crate::script::{REDIRECT, Script, client, endpoint, exchange, grants, plain, refresh};
use base64::prelude::{BASE64_STANDARD, Engine};
use http::HeaderMap;
use oauth::{Account, Body, Client, Error, Provider, Reason, TokenAuth};
use secrecy::ExposeSecret;

fn account(id: &str, label: &str) -> Account {
    Account { id: Some(id.to_owned()), label: Some(label.to_owned()), person: None }
}

fn notion() -> Provider {
    let mut headers = HeaderMap::new();
    headers.insert("Notion-Version", "2022-06-28".parse().unwrap());
    Provider {
        token: endpoint("https://api.notion.com/v1/oauth/token"),
        pkce: false,
        token_auth: TokenAuth::Basic,
        token_body: Body::Json,
        headers,
        account: account("/workspace_id", "/workspace_name"),
        ..plain()
    }
}

#[test]
fn a_tilde_in_basic_is_itself_for_servers_that_do_not_decode() {
    let provider = Provider { token_auth: TokenAuth::Basic, ..plain() };
    let client = Client { id: "a~b".to_owned(), secret: Some("c~d%7E".into()) };
    let script = Script::new().json(200, r#"{"access_token":"t"}"#);
    grants(&provider, &script, &client).client_credentials(&[]).unwrap();
    let header = script.sent(0).authorization.unwrap();
    let pair = BASE64_STANDARD.decode(header.strip_prefix("Basic ").unwrap()).unwrap();
    assert_eq!(pair, b"a~b:c~d%257E");
}

#[test]
fn notion_wants_basic_auth_a_json_body_and_a_version_and_gives_no_lifetime() {
    let script = Script::new().json(
        200,
        r#"{"access_token":"ntn_1","refresh_token":"nrt_1","token_type":"bearer","bot_id":"b","workspace_id":"w1",
            "workspace_name":"Acme","workspace_icon":null,"owner":{"type":"user","user":{"id":"u"}},"request_id":"r"}"#,
    );
    let token = exchange(&notion(), &script).unwrap();
    let sent = script.sent(0);
    assert_eq!(sent.line, "POST https://api.notion.com/v1/oauth/token");
    assert_eq!(sent.authorization.as_deref(), Some("Basic YXBwOnMzY3JldC12YWx1ZQ=="));
    assert_eq!(sent.content_type.as_deref(), Some("application/json"));
    assert_eq!(sent.accept.as_deref(), Some("application/json"));
    assert_eq!(sent.notion_version.as_deref(), Some("2022-06-28"));
    let body = serde_json::json!({"grant_type":"authorization_code","code":"c0de-value","redirect_uri":REDIRECT});
    assert_eq!(sent.json(), body);
    assert_eq!(token.access_token.expose_secret(), "ntn_1");
    assert_eq!(token.refresh_token.unwrap().expose_secret(), "nrt_1");
    assert_eq!((token.expires_in, token.scopes), (None, None));
    assert_eq!(token.account, account("w1", "Acme"));
}

#[test]
fn two_people_of_one_notion_workspace_are_told_apart() {
    let pointers =
        Account { person: Some("/owner/user/person/email".to_owned()), ..account("/bot_id", "/workspace_name") };
    let provider = Provider { account: pointers, ..notion() };
    let logged_in = |bot: &str, user: serde_json::Value| {
        let answer = serde_json::json!({"access_token":"ntn_1","token_type":"bearer","bot_id":bot,
            "workspace_name":"Acme","owner":{"type":"user","user":user}});
        exchange(&provider, &Script::new().json(200, &answer.to_string())).unwrap().account
    };
    let ada = logged_in("b1", serde_json::json!({"id":"u1","person":{"email":"ada@acme.test"}}));
    assert_eq!(ada, account("b1", "Acme (ada@acme.test)"));
    // An app that may not see people.
    assert_eq!(logged_in("b2", serde_json::json!({"id":"u2"})), account("b2", "Acme"));
}

#[test]
fn notion_refreshes_the_same_way() {
    let script = Script::new().json(200, r#"{"access_token":"ntn_2","refresh_token":"nrt_2","token_type":"bearer"}"#);
    let token = refresh(&notion(), &script).unwrap();
    let body = serde_json::json!({"grant_type":"refresh_token","refresh_token":"r3fresh-value"});
    assert_eq!(script.sent(0).json(), body);
    assert_eq!(token.refresh_token.unwrap().expose_secret(), "nrt_2");
}

#[test]
fn basic_auth_form_encodes_both_parts_first() {
    let client = Client { id: "a:b c".to_owned(), secret: Some("p+w/ü%:".into()) };
    let script = Script::new().json(200, r#"{"access_token":"t"}"#);
    let provider = Provider { token_auth: TokenAuth::Basic, ..plain() };
    grants(&provider, &script, &client).refresh(&"r".into()).unwrap();
    let header = script.sent(0).authorization.unwrap();
    let pair = BASE64_STANDARD.decode(header.strip_prefix("Basic ").unwrap()).unwrap();
    assert_eq!(String::from_utf8(pair).unwrap(), "a%3Ab+c:p%2Bw%2F%C3%BC%25%3A");
}

const SLACK: &str = r#"{"ok":true,"access_token":"xoxb-bot","token_type":"bot","scope":"commands,chat:write",
    "bot_user_id":"U0","app_id":"A0","expires_in":43200,"refresh_token":"xoxe-bot","team":{"name":"Acme","id":"T1"},
    "authed_user":{"id":"U1","scope":"search:read,users:read","access_token":"xoxp-user","token_type":"user",
    "expires_in":43200,"refresh_token":"xoxe-user"}}"#;

#[test]
fn slacks_bot_token_lies_at_the_top() {
    let provider = Provider { account: account("/team/id", "/team/name"), ..plain() };
    let token = exchange(&provider, &Script::new().json(200, SLACK)).unwrap();
    assert_eq!(token.access_token.expose_secret(), "xoxb-bot");
    assert_eq!(token.refresh_token.unwrap().expose_secret(), "xoxe-bot");
    assert_eq!(token.scopes.unwrap(), ["commands", "chat:write"]);
    assert_eq!(token.expires_in, Some(43200));
    assert_eq!(token.account, account("T1", "Acme"));
}

#[test]
fn slacks_user_token_lies_deeper_and_the_bots_is_never_taken_for_it() {
    let provider = Provider { token_path: Some("/authed_user".to_owned()), ..plain() };
    let token = exchange(&provider, &Script::new().json(200, SLACK)).unwrap();
    assert_eq!(token.access_token.expose_secret(), "xoxp-user");
    assert_eq!(token.refresh_token.unwrap().expose_secret(), "xoxe-user");
    assert_eq!(token.scopes.unwrap(), ["search:read", "users:read"]);
    let bot_only = r#"{"ok":true,"access_token":"xoxb-bot","authed_user":{"id":"U1"}}"#;
    let error = exchange(&provider, &Script::new().json(200, bot_only)).unwrap_err();
    assert!(matches!(error, Error::Unexpected { status: 200, .. }), "{error:?}");
}

#[test]
fn slacks_renewal_of_a_user_token_comes_flat() {
    let provider = Provider { token_path: Some("/authed_user".to_owned()), ..plain() };
    let flat = r#"{"ok":true,"access_token":"xoxp-2","refresh_token":"xoxe-2","token_type":"user","expires_in":43200}"#;
    let token = refresh(&provider, &Script::new().json(200, flat)).unwrap();
    assert_eq!(token.access_token.expose_secret(), "xoxp-2");
}

#[test]
fn slack_says_no_with_status_200() {
    let script = Script::new().json(200, r#"{"ok":false,"error":"invalid_refresh_token"}"#);
    let error = refresh(&plain(), &script).unwrap_err();
    assert_eq!(error.reason(), Some(Reason::InvalidGrant));
    assert!(matches!(error, Error::Rejected { status: 200, .. }));
    let silent = Script::new().json(200, r#"{"ok":false}"#);
    assert!(
        matches!(refresh(&plain(), &silent).unwrap_err(), Error::Rejected { error, .. } if error == "unnamed_error")
    );
}

#[test]
fn github_answers_with_a_form_and_commas() {
    let form = "access_token=gho_16C7e42F292c6912E7710c838347Ae178B4a&scope=repo%2Cgist&token_type=bearer";
    let script = Script::new().then(200, "application/x-www-form-urlencoded; charset=utf-8", form);
    let token = exchange(&plain(), &script).unwrap();
    assert_eq!(token.access_token.expose_secret(), "gho_16C7e42F292c6912E7710c838347Ae178B4a");
    assert_eq!(token.scopes.unwrap(), ["repo", "gist"]);
}

#[test]
fn github_says_no_with_a_form_and_status_200() {
    let form = "error=bad_verification_code&error_description=The+code+passed+is+incorrect+or+expired.";
    let script = Script::new().then(200, "application/x-www-form-urlencoded", form);
    let error = exchange(&plain(), &script).unwrap_err();
    assert_eq!(error.reason(), Some(Reason::InvalidGrant));
    let Error::Rejected { description, .. } = error else { panic!("{error:?}") };
    assert_eq!(description.as_deref(), Some("The code passed is incorrect or expired."));
}

#[test]
fn google_gives_numbers_and_scopes_and_keeps_the_refresh_token_to_itself_on_renewal() {
    let body = r#"{"access_token":"ya29.a","expires_in":3599,"scope":"https://www.googleapis.com/auth/drive openid",
        "token_type":"Bearer","id_token":"e30.e30.x"}"#;
    let token = refresh(&plain(), &Script::new().json(200, body)).unwrap();
    assert_eq!(token.expires_in, Some(3599));
    assert!(token.refresh_token.is_none());
    assert_eq!(token.scopes.unwrap(), ["https://www.googleapis.com/auth/drive", "openid"]);
}

#[test]
fn hubspot_names_its_errors_in_status() {
    let body = r#"{"status":"BAD_REFRESH_TOKEN","message":"missing or invalid refresh token","correlationId":"x"}"#;
    let error = refresh(&plain(), &Script::new().json(400, body)).unwrap_err();
    assert_eq!(error.reason(), Some(Reason::InvalidGrant));
}

#[test]
fn a_nested_error_object_is_read() {
    let body = r#"{"error":{"message":"Invalid verification code","type":"OAuthException","code":100}}"#;
    let error = exchange(&plain(), &Script::new().json(400, body)).unwrap_err();
    let Error::Rejected { error, description, status } = error else { panic!("{error:?}") };
    assert_eq!((status, error.as_str()), (400, "OAuthException"));
    assert_eq!(description.as_deref(), Some("Invalid verification code"));
}

#[test]
fn a_public_client_sends_its_id_and_nothing_else() {
    let provider = Provider { token_auth: TokenAuth::None, ..plain() };
    let script = Script::new().json(200, r#"{"access_token":"t"}"#);
    refresh(&provider, &script).unwrap();
    let sent = script.sent(0);
    assert_eq!(sent.field("client_id").as_deref(), Some("app"));
    assert_eq!((sent.field("client_secret"), sent.authorization), (None, None));
}

#[test]
fn token_parameters_are_added_and_replace_nothing() {
    let token_params = [("audience", "api"), ("grant_type", "password"), ("client_id", "other")];
    let token_params = token_params.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    let script = Script::new().json(200, r#"{"access_token":"t"}"#);
    refresh(&Provider { token_params, ..plain() }, &script).unwrap();
    let sent = script.sent(0);
    assert_eq!(sent.field("audience").as_deref(), Some("api"));
    assert_eq!(sent.field("grant_type").as_deref(), Some("refresh_token"));
    assert_eq!(sent.field("client_id").as_deref(), Some("app"));
}

#[test]
fn headers_of_a_definition_cannot_authenticate_or_frame_a_request() {
    let mut headers = HeaderMap::new();
    for (name, value) in [("authorization", "Bearer x"), ("content-type", "text/plain"), ("host", "attacker.test")] {
        headers.insert(name, value.parse().unwrap());
    }
    let script = Script::new().json(200, r#"{"access_token":"t"}"#);
    refresh(&Provider { headers, ..plain() }, &script).unwrap();
    let sent = script.sent(0);
    assert_eq!(sent.authorization, None);
    assert_eq!(sent.content_type.as_deref(), Some("application/x-www-form-urlencoded"));
}

#[test]
fn a_machine_asks_for_itself() {
    let script = Script::new().json(200, r#"{"access_token":"t","expires_in":"3600"}"#);
    let provider = Provider { scope_separator: ",".to_owned(), ..plain() };
    let token = grants(&provider, &script, &client()).client_credentials(&["a".to_owned(), "b".to_owned()]).unwrap();
    assert_eq!(token.expires_in, Some(3600));
    let sent = script.sent(0);
    assert_eq!(sent.field("grant_type").as_deref(), Some("client_credentials"));
    assert_eq!(sent.field("scope").as_deref(), Some("a,b"));
}
