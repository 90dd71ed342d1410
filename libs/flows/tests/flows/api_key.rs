//! Pasting a key.

use crate::stage::{Stage, connection};
use flows::TransportError;
use proto::{Code, Outcome};
use serde_json::{Value, json};

fn openai() -> Value {
    json!({"name":"openai","display_name":"OpenAI","auth_type":"api_key","flow":"api_key","api_url":["api.openai.com"],
        "dashboard_url":"https://platform.openai.com/api-keys",
        "api_key":{"key_pattern":"S3.RET-[a-z0-9]+|sk-.*","key_pattern_hint":"an OpenAI key begins with sk-"},
        "check":{"url":"https://api.openai.com/v1/models"}})
}

fn login(definition: Value, check: bool) -> Value {
    json!({"flow":"api_key","provider":definition,"interactive":true,"check":check})
}

fn typed(key: &str) -> Stage {
    Stage::new().host("form", json!({"secret":{"api_key":key}}))
}

#[test]
fn one_masked_field_with_pattern_and_hint_is_asked_for_and_the_key_is_tried_once() {
    let stage = typed(" S3CRET-abc\n").provider(200, json!({"data":[]}));
    let reply = stage.run("login", login(openai(), true)).unwrap();
    let form = &stage.asked("form")[0];
    assert_eq!(form["title"], "API key for OpenAI");
    assert_eq!(
        form["fields"],
        json!([{"name":"api_key","label":"API key","masked":true,"required":true,
            "pattern":"S3.RET-[a-z0-9]+|sk-.*","pattern_hint":"an OpenAI key begins with sk-"}])
    );
    assert_eq!(stage.lines(), ["GET https://api.openai.com/v1/models"]);
    assert_eq!(stage.header(0, "authorization").unwrap(), "Bearer S3CRET-abc");
    assert_eq!(reply["secret"], json!({"api_key":"S3CRET-abc"}));
    assert_eq!(reply["record"], json!({"renewable":false}));
}

#[test]
fn a_key_that_cannot_be_one_is_refused_before_it_is_sent() {
    for (key, message) in [
        ("", "the API key of openai is empty"),
        ("  \n", "the API key of openai is empty"),
        ("authsome-proxy-managed", "the API key of openai is the placeholder that programs see, not the real one"),
        ("S3CRET-abc def", "the API key of openai has a space or a character that no key has"),
        ("S3CRET-abc\r\nx-evil: 1", "the API key of openai has a space or a character that no key has"),
        ("S3CRET-ABC", "the API key of openai does not look like one"),
        ("xS3CRET-abc", "the API key of openai does not look like one"),
        ("S3CRET-abc.", "the API key of openai does not look like one"),
    ] {
        let stage = typed(key);
        let error = stage.run("login", login(openai(), true)).unwrap_err();
        assert_eq!((error.code, error.message.as_str()), (Code::Invalid, message), "{key:?}");
        assert!(error.hint.is_some());
    }
}

#[test]
fn a_key_that_the_provider_refuses_is_not_kept_and_another_one_is_asked_for() {
    let restricted =
        "if it need not be allowed to ask https://api.openai.com/v1/models: authsome login openai --no-check";
    let wrong = "make another one at https://platform.openai.com/api-keys, then authsome login openai";
    for (status, hint) in [(401, wrong), (403, restricted)] {
        let stage = typed("S3CRET-abc").provider(status, json!({"error":"bad S3CRET-abc"}));
        let error = stage.run("login", login(openai(), true)).unwrap_err();
        assert_eq!(error.code, Code::Denied);
        assert_eq!(error.message, format!("openai refused the credential (status {status})"));
        assert_eq!(error.hint.as_deref(), Some(hint));
    }
}

#[test]
fn a_check_that_cannot_be_made_is_a_note() {
    let silent = TransportError::NotSent("no route to host".into());
    for stage in [
        typed("S3CRET-abc").network(silent),
        typed("S3CRET-abc").network(TransportError::Lost("timeout".into())),
        typed("S3CRET-abc").provider(500, json!({})),
        typed("S3CRET-abc").provider(404, json!({})),
    ] {
        assert!(stage.run("login", login(openai(), true)).is_ok());
        assert_eq!(stage.notes().len(), 1);
    }
    let stage = typed("S3CRET-abc");
    stage.run("login", login(openai(), false)).unwrap();
    assert_eq!(stage.lines(), [""; 0]);
}

#[test]
fn a_pattern_that_is_not_understood_does_not_stand_in_the_way() {
    let mut odd = openai();
    odd["api_key"]["key_pattern"] = json!("(?=look)(");
    let stage = typed("S3CRET-abc");
    assert!(stage.run("login", login(odd, false)).is_ok());
    assert_eq!(stage.notes().len(), 1);
}

#[test]
fn a_key_is_neither_renewed_nor_revoked() {
    let error = Stage::new().run("refresh", connection(openai(), Value::Null)).unwrap_err();
    assert_eq!(error.outcome, Some(Outcome::Reauthorize));
    let error = Stage::new().run("revoke", connection(openai(), Value::Null)).unwrap_err();
    assert_eq!(error.code, Code::Unsupported);
    assert_eq!(error.hint.as_deref(), Some("delete the key at https://platform.openai.com/api-keys"));
}
