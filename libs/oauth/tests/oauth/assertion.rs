//! Signed assertions. The keys under `keys/` were made for these tests and open nothing.

use crate::script::{Script, client, grants, plain};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use oauth::assertion::{BadKey, rs256};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

const PKCS8: &str = include_str!("keys/pkcs8.pem");
const PKCS1: &str = include_str!("keys/pkcs1.pem");
const PUBLIC: &[u8] = include_bytes!("keys/public.der");

fn claims() -> Map<String, Value> {
    Map::from_iter([("iss".to_owned(), json!("app")), ("exp".to_owned(), json!(1_800_000_000))])
}

fn verified(token: &SecretString) -> (Value, Value) {
    let token = token.expose_secret();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, PUBLIC).verify(signed.as_bytes(), &signature).unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    let part = |text: &str| serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap();
    (part(header), part(payload))
}

#[test]
fn either_pem_form_signs_what_the_public_key_verifies() {
    for pem in [PKCS8.to_owned(), PKCS1.to_owned(), PKCS8.replace('\n', "\\n"), PKCS8.replace('\n', "\r\n")] {
        let (header, payload) = verified(&rs256(&claims(), Some("k1"), &pem.into()).unwrap());
        assert_eq!(header, json!({"alg":"RS256","typ":"JWT","kid":"k1"}));
        assert_eq!(payload, Value::Object(claims()));
    }
}

#[test]
fn what_is_no_rsa_key_is_refused_without_being_shown() {
    let ec = include_str!("keys/ec.pem");
    assert_eq!(rs256(&claims(), None, &ec.into()).unwrap_err(), BadKey::NotRsa);
    for text in ["", "hunter2", "-----BEGIN PRIVATE KEY-----\n!!!\n-----END PRIVATE KEY-----"] {
        assert_eq!(rs256(&claims(), None, &text.into()).unwrap_err(), BadKey::NotPem, "{text:?}");
    }
    let public = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
    assert_eq!(rs256(&claims(), None, &public.into()).unwrap_err(), BadKey::NotPem);
}

#[test]
fn the_assertion_is_sent_alone_and_cut_out_of_errors() {
    let assertion = rs256(&claims(), None, &PKCS8.into()).unwrap();
    let script = Script::new().json(200, r#"{"access_token":"ya29.x","expires_in":3599,"token_type":"Bearer"}"#);
    let token = grants(&plain(), &script, &client()).jwt_bearer(&assertion).unwrap();
    assert_eq!(token.expires_in, Some(3599));
    let sent = script.sent(0);
    assert_eq!(sent.field("grant_type").as_deref(), Some("urn:ietf:params:oauth:grant-type:jwt-bearer"));
    assert_eq!(sent.field("assertion").as_deref(), Some(assertion.expose_secret()));
    assert_eq!(sent.form().len(), 2);
    let echo = format!(r#"{{"error":"invalid_grant","error_description":"bad {}"}}"#, assertion.expose_secret());
    let error = grants(&plain(), &Script::new().json(400, &echo), &client()).jwt_bearer(&assertion).unwrap_err();
    assert!(format!("{error:?}").contains("bad [secret]"), "{error:?}");
}
