//! A server in front of a provider may compress, mark and label an answer in any way. Every reader of answers reads
//! every combination as if it had come plain.

use crate::stage::{Stage, client_of, code, connection, definition, login, stored_client, token};
use flate2::Compression;
use flate2::read::{DeflateEncoder, GzEncoder, ZlibEncoder};
use flows::Unfinished;
use http::Response;
use proto::Outcome;
use serde_json::{Value, json};
use std::io::Read;

/// A text that is not ASCII and exists in every charset that is tried.
const LABEL: &str = "Zoë’s café";

const CODINGS: &[&str] = &["identity", "gzip", "deflate", "raw deflate", "br"];
const CHARSETS: &[&str] = &["", "utf-8", "utf-16", "iso-8859-1", "windows-1252", "x-acme"];
const KINDS: &[&str] = &["application/json", "text/plain", "text/html", "application/x-www-form-urlencoded", ""];

/// How an answer is wrapped up.
#[derive(Debug, Clone, Copy)]
struct Wrapping {
    coding: &'static str,
    mark: bool,
    charset: &'static str,
    kind: &'static str,
}

fn every_wrapping() -> impl Iterator<Item = Wrapping> {
    let codings = CODINGS.iter().flat_map(|coding| [true, false].map(|mark| (*coding, mark)));
    let charsets = || CHARSETS.iter().flat_map(|charset| KINDS.iter().map(move |kind| (*charset, *kind)));
    codings
        .flat_map(move |(coding, mark)| charsets().map(move |(charset, kind)| Wrapping { coding, mark, charset, kind }))
}

impl Wrapping {
    fn answer(&self, status: u16, text: &str) -> Response<Vec<u8>> {
        let mut response = Response::builder().status(status);
        if self.coding != "identity" {
            response = response.header("content-encoding", self.coding.trim_start_matches("raw "));
        }
        match (self.kind, self.charset) {
            ("", _) => {}
            (kind, "") => response = response.header("content-type", kind),
            (kind, charset) => response = response.header("content-type", format!("{kind}; charset={charset}")),
        }
        response.body(self.coded(&self.encoded(text))).unwrap()
    }

    fn json(&self, status: u16, body: &Value) -> Response<Vec<u8>> {
        self.answer(status, &body.to_string())
    }

    fn encoded(&self, text: &str) -> Vec<u8> {
        let mark = if self.mark { "\u{feff}" } else { "" };
        match self.charset {
            // Without a content type no charset is told, and bytes must tell it.
            "utf-16" => format!("{mark}{text}").encode_utf16().flat_map(u16::to_be_bytes).collect(),
            "iso-8859-1" | "windows-1252" if !self.mark && !self.kind.is_empty() => text.chars().map(latin).collect(),
            _ => format!("{mark}{text}").into_bytes(),
        }
    }

    fn coded(&self, bytes: &[u8]) -> Vec<u8> {
        let whole = |mut encoder: Box<dyn Read + '_>| {
            let mut coded = Vec::new();
            encoder.read_to_end(&mut coded).unwrap();
            coded
        };
        match self.coding {
            "gzip" => whole(Box::new(GzEncoder::new(bytes, Compression::best()))),
            "deflate" => whole(Box::new(ZlibEncoder::new(bytes, Compression::best()))),
            "raw deflate" => whole(Box::new(DeflateEncoder::new(bytes, Compression::best()))),
            "br" => brotli(bytes),
            _ => bytes.to_vec(),
        }
    }
}

/// In windows-1252.
fn latin(c: char) -> u8 {
    if c == '’' { 0x92 } else { u8::try_from(c).unwrap() }
}

/// In one uncompressed block (RFC 7932 §9.2), and an empty last one.
fn brotli(bytes: &[u8]) -> Vec<u8> {
    let header = (u32::try_from(bytes.len()).unwrap() - 1) << 4 | 1 << 20;
    [&header.to_le_bytes()[..3], bytes, &[3]].concat()
}

fn form_of(body: &Value) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let pairs = body.as_object().unwrap().iter().map(|(name, value)| (name.clone(), text(value)));
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn labelled() -> Value {
    let mut body = token();
    body["team"] = LABEL.into();
    body
}

fn with_account() -> Value {
    definition("pkce", json!({"account":{"label":"/team"}}))
}

fn assert_connected(reply: &proto::Object, wrapping: Wrapping) {
    assert_eq!(reply["secret"]["access_token"], "S3CRET-access", "{wrapping:?}");
    assert_eq!(reply["secret"]["refresh_token"], "S3CRET-new", "{wrapping:?}");
}

#[test]
fn a_login_takes_its_token_however_it_is_wrapped() {
    for wrapping in every_wrapping() {
        let json = wrapping.json(200, &labelled());
        let form = wrapping.answer(200, &form_of(&labelled()));
        for answer in [json, form] {
            let stage = Stage::new().host("authorize", code()).provider_raw(answer);
            let reply = stage.run("login", login(with_account(), stored_client())).unwrap();
            assert_connected(&reply, wrapping);
            assert_eq!(reply["record"]["account"]["label"], LABEL, "{wrapping:?}");
        }
    }
}

#[test]
fn a_renewal_takes_its_token_however_it_is_wrapped() {
    for wrapping in every_wrapping() {
        for text in [labelled().to_string(), form_of(&labelled())] {
            let stage = Stage::new().provider_raw(wrapping.answer(200, &text));
            let reply = stage.run("refresh", connection(with_account(), stored_client())).unwrap();
            assert_connected(&reply, wrapping);
        }
        let refused = json!({"error":"invalid_grant","error_description":LABEL});
        let stage = Stage::new().provider_raw(wrapping.json(400, &refused));
        let error = stage.run("refresh", connection(with_account(), stored_client())).unwrap_err();
        assert_eq!(error.outcome, Some(Outcome::Reauthorize), "{wrapping:?}");
        assert!(error.message.ends_with(&format!("(invalid_grant): {LABEL}")), "{wrapping:?} {}", error.message);
    }
}

#[test]
fn metadata_and_a_registration_are_read_however_they_are_wrapped() {
    let bare = json!({"name":"acme","display_name":"Acme","auth_type":"oauth2","flow":"dcr_pkce",
        "api_url":["mcp.acme.test/mcp"],"oauth":{}});
    let resource = json!({"resource":"https://mcp.acme.test/mcp","authorization_servers":["https://as.acme.test"],
        "resource_name":LABEL});
    let server = json!({"issuer":"https://as.acme.test","authorization_endpoint":"https://as.acme.test/authorize",
        "token_endpoint":"https://as.acme.test/token","registration_endpoint":"https://as.acme.test/register",
        "service_documentation":LABEL});
    let registered = json!({"client_id":"c1","client_name":LABEL,"token_endpoint_auth_method":"none"});
    for wrapping in every_wrapping() {
        let stage = Stage::new()
            .provider_raw(wrapping.json(200, &resource))
            .provider_raw(wrapping.json(200, &server))
            .provider_raw(wrapping.json(201, &registered))
            .host("keep-client", json!({}))
            .host("authorize", code())
            .provider(200, token());
        assert_connected(&stage.run("login", login(bare.clone(), Value::Null)).unwrap(), wrapping);
        assert_eq!(stage.asked("keep-client")[0]["client"]["client_id"], "c1", "{wrapping:?}");
    }
}

#[test]
fn an_account_is_read_however_it_is_wrapped() {
    let own = definition("pkce", json!({"userinfo":{"url":"https://api.acme.test/me","label":"/user/name"}}));
    for wrapping in every_wrapping() {
        let stage = Stage::new().host("authorize", code()).provider(200, token());
        let stage = stage.provider_raw(wrapping.json(200, &json!({"user":{"name":LABEL}})));
        let reply = stage.run("login", login(own.clone(), stored_client())).unwrap();
        assert_eq!(reply["record"]["account"]["label"], LABEL, "{wrapping:?}");
    }
}

#[test]
fn a_device_code_is_read_however_it_is_wrapped() {
    let own = definition("device_code", json!({"device_authorization_url":"https://acme.test/device"}));
    let started = json!({"device_code":"S3CRET-device","user_code":"WDJB-MJHT",
        "verification_uri":"https://acme.test/activate","expires_in":900,"interval":1,"message":LABEL});
    for wrapping in every_wrapping() {
        for text in [started.to_string(), form_of(&started)] {
            let stage = Stage::new()
                .provider_raw(wrapping.answer(200, &text))
                .host("device", json!({}))
                .provider_raw(wrapping.json(400, &json!({"error":"authorization_pending"})))
                .provider_raw(wrapping.json(200, &labelled()));
            let reply = stage.run("login", login(own.clone(), client_of(&own))).unwrap();
            assert_connected(&reply, wrapping);
            assert_eq!(stage.asked("device")[0]["user_code"], "WDJB-MJHT", "{wrapping:?}");
        }
    }
}

#[test]
fn a_revocation_is_understood_however_its_answer_is_wrapped() {
    let own = definition("pkce", json!({"revocation_url":"https://acme.test/revoke"}));
    for wrapping in every_wrapping() {
        let stage = Stage::new()
            .provider_raw(wrapping.json(200, &json!({"message":LABEL})))
            .provider_raw(wrapping.json(400, &json!({"error":"unsupported_token_type"})));
        stage.run("revoke", connection(own.clone(), stored_client())).unwrap();
    }
}

#[test]
fn a_cut_answer_renews_when_its_json_is_whole_and_is_lost_otherwise() {
    for wrapping in every_wrapping() {
        let run = |keep: fn(&str) -> &str| {
            let body = labelled().to_string();
            let mut answer = wrapping.answer(200, keep(&body));
            answer.extensions_mut().insert(Unfinished("the answer was cut off".to_owned()));
            Stage::new().provider_raw(answer).run("refresh", connection(with_account(), stored_client()))
        };
        assert_connected(&run(|body| body).unwrap(), wrapping);
        let error = run(|body| &body[..body.len() - 1]).unwrap_err();
        assert_eq!(error.outcome, Some(Outcome::Lost), "{wrapping:?}");
        assert_eq!(error.message, "no whole answer from acme: the answer was cut off", "{wrapping:?}");
    }
}

#[test]
fn what_cannot_be_read_is_lost_and_says_what_came() {
    for (answer, said) in [
        (
            Response::builder().header("content-encoding", "zstd").body(b"\x28\xb5\x2f\xfd\x04".to_vec()),
            "something else",
        ),
        (Response::builder().header("content-encoding", "gzip").body(b"\x1f\x8b\x08".to_vec()), "something else"),
        (Response::builder().body(b"<html>Log in to the hotel's network</html>".to_vec()), "HTML"),
        (Response::builder().body(Vec::new()), "nothing"),
        (Response::builder().body(b"{}".to_vec()), "a document without access_token"),
    ] {
        let stage = Stage::new().provider_raw(answer.unwrap());
        let error = stage.run("refresh", connection(with_account(), stored_client())).unwrap_err();
        assert_eq!(error.outcome, Some(Outcome::Lost), "{said}");
        assert_eq!(
            error.message,
            format!("acme gave no usable answer: expected an access token, got {said} (status 200)")
        );
    }
}
