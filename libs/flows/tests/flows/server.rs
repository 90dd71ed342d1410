//! Every flow over the real transport, against a server that was not written for it.

use flows::http::{Http, Settings};
use flows::{Asks, SystemClock, Tools};
use proto::{Error, Object, Outcome, Result};
use serde_json::{Value, json};
use std::cell::RefCell;
use testkit::{Browser, Ca, ClientAuth, Config, Endpoint, Fault, OAuthServer, Refresh, Times};

const REDIRECT: &str = "http://127.0.0.1:1/auth/callback/oauth";

/// A person with a scripted browser, who says yes to everything.
struct Person<'a> {
    server: &'a OAuthServer,
    browser: Browser,
    client: (&'a str, &'a str),
    kept: RefCell<Option<Value>>,
    asked: RefCell<Vec<String>>,
    notes: RefCell<Vec<String>>,
}

impl<'a> Person<'a> {
    fn new(server: &'a OAuthServer, ca: Option<&Ca>) -> Person<'a> {
        let browser = Browser::with(ca, &[]).unwrap();
        let client = ("client", "client-secret-plain");
        Person {
            server,
            browser,
            client,
            kept: RefCell::default(),
            asked: RefCell::default(),
            notes: RefCell::default(),
        }
    }
}

impl Asks for Person<'_> {
    fn ask(&self, kind: &str, body: Object) -> Result<Object> {
        self.asked.borrow_mut().push(kind.to_owned());
        let body = Value::Object(body);
        let answer = match kind {
            "form" => json!({"values":{"client_id":self.client.0},
                "secret":{"client_secret":self.client.1,"private_key":testkit::jwt::KEY_PEM}}),
            "keep-client" => {
                *self.kept.borrow_mut() = Some(body["client"].clone());
                json!({})
            }
            "authorize" => self.authorize(body["url"].as_str().unwrap()),
            "device" => {
                assert!(self.server.device_verify(body["user_code"].as_str().unwrap(), true));
                json!({})
            }
            _ => return Err(Error::unsupported(kind)),
        };
        Ok(answer.as_object().unwrap().clone())
    }

    fn note(&self, text: &str) {
        self.notes.borrow_mut().push(text.to_owned());
    }

    fn cancelled(&self) -> bool {
        false
    }
}

impl Person<'_> {
    fn authorize(&self, url: &str) -> Value {
        let page = self.browser.open(url).unwrap();
        let back = url::Url::parse(&page.url).unwrap();
        assert!(page.url.starts_with(REDIRECT), "{} {}", page.url, page.body);
        let pick = |name: &str| back.query_pairs().find(|(n, _)| n == name).map(|(_, value)| value.into_owned());
        assert_eq!(pick("state").as_deref(), Some("st4te"));
        let mut answer = json!({"iss":pick("iss"),"error":pick("error"),"error_description":pick("error_description")});
        if let Some(code) = pick("code") {
            answer["secret"] = json!({"code":code});
        }
        answer
    }
}

fn call(person: &Person, settings: &Settings, op: &str, body: &Value) -> Result<Value> {
    let http = Http::new(settings).unwrap();
    let tools = Tools { transport: &http, clock: &SystemClock, asks: person };
    flows::call(op, body.as_object().unwrap().clone(), &tools).map(Value::Object)
}

fn login(server: &OAuthServer, flow: &str) -> Value {
    let definition = server.definition("acme");
    let scopes = definition["oauth"]["scopes"].clone();
    json!({"flow":flow,"provider":definition,"client":null,"redirect_uri":REDIRECT,"state":"st4te",
        "scopes":scopes,"interactive":true,"check":false})
}

/// The op for a connection as login stores it.
fn connection(server: &OAuthServer, flow: &str, learned: &Value, client: &Value) -> Value {
    json!({"flow":flow,"provider":server.definition("acme"),"client":client,
        "record":learned["record"],"secret":learned["secret"]})
}

fn access_token(learned: &Value) -> &str {
    learned["secret"]["access_token"].as_str().unwrap()
}

/// In, renewed, out: and the server agrees at each step.
fn live_through(config: Config, flow: &str) -> Value {
    let secret = config.client_secret.clone().unwrap_or_default();
    let server = OAuthServer::start(config).unwrap();
    let mut person = Person::new(&server, None);
    person.client.1 = &secret;
    let settings = Settings::default();
    let learned = call(&person, &settings, "login", &login(&server, flow)).unwrap();
    assert!(server.is_valid(access_token(&learned)), "{learned}");
    let client = person.kept.borrow().clone().unwrap();
    let mut current = learned.clone();
    if learned["record"]["renewable"] == true {
        let renewed = call(&person, &settings, "refresh", &connection(&server, flow, &current, &client)).unwrap();
        assert!(server.is_valid(access_token(&renewed)));
        assert_ne!(access_token(&renewed), access_token(&current));
        current = renewed;
    }
    call(&person, &settings, "revoke", &connection(&server, flow, &current, &client)).unwrap();
    assert!(!server.is_valid(access_token(&current)));
    assert_eq!(person.notes.borrow().as_slice(), [""; 0]);
    learned
}

#[test]
fn pkce_by_the_book() {
    let learned = live_through(Config::plain(), "pkce");
    assert_eq!(learned["record"]["scopes"], json!(["read", "write"]));
}

#[test]
fn pkce_with_basic_auth_and_secrets_that_need_encoding() {
    let client_secret = Some("p+w/%: é".to_owned());
    live_through(Config { client_auth: ClientAuth::Basic, client_secret, ..Config::plain() }, "pkce");
}

#[test]
fn the_manners_of_notion() {
    let learned = live_through(Config::notion(), "pkce");
    assert_eq!(learned["record"]["account"], json!({"id":"workspace-1","label":"Ada's workspace"}));
    assert!(learned["record"].get("expires_at").is_none());
}

#[test]
fn the_manners_of_slack() {
    let learned = live_through(Config::slack(), "pkce");
    assert_eq!(learned["record"]["account"]["id"], "U0ADA");
}

#[test]
fn the_manners_of_github() {
    let learned = live_through(Config::github(), "pkce");
    assert_eq!(learned["record"]["account"]["label"], "ada");
    assert_eq!(learned["record"]["renewable"], false);
}

#[test]
fn a_refresh_token_for_ever_is_kept() {
    let config = Config { refresh: Refresh::Fixed, expires_in_as_text: true, ..Config::plain() };
    let learned = live_through(config, "pkce");
    assert!(learned["record"]["expires_at"].is_i64());
}

#[test]
fn a_device_code() {
    live_through(Config::plain(), "device_code");
    live_through(Config { device_json: true, ..Config::plain() }, "device_code");
}

#[test]
fn a_client_that_registers_itself_and_is_forgotten() {
    live_through(Config::mcp(), "dcr_pkce");
    let server = OAuthServer::start(Config::mcp()).unwrap();
    let person = Person::new(&server, None);
    let settings = Settings::default();
    let mut op = login(&server, "dcr_pkce");
    call(&person, &settings, "login", &op).unwrap();
    let first = person.kept.borrow().clone().unwrap();
    op["client"] = first.clone();
    op["redirect_uri"] = json!(format!("{REDIRECT}2"));
    call(&person, &settings, "login", &op).unwrap();
    let second = person.kept.borrow().clone().unwrap();
    assert_ne!(first["client_id"], second["client_id"], "another redirect URI needs another client");
}

#[test]
fn all_of_it_by_discovery() {
    let server = OAuthServer::start(Config { resource: None, ..Config::mcp() }).unwrap();
    let person = Person::new(&server, None);
    let mut op = login(&server, "dcr_pkce");
    op["provider"]["oauth"] = json!({"issuer":server.url()});
    let learned = call(&person, &Settings::default(), "login", &op).unwrap();
    assert_eq!(learned["record"]["discovered"]["token_url"], format!("{}/token", server.url()));
    let client = person.kept.borrow().clone().unwrap();
    let mut op = connection(&server, "dcr_pkce", &learned, &client);
    op["provider"]["oauth"] = json!({"issuer":server.url()});
    let renewed = call(&person, &Settings::default(), "refresh", &op).unwrap();
    assert!(server.is_valid(access_token(&renewed)));
}

#[test]
fn machines() {
    for flow in ["client_credentials", "jwt_bearer"] {
        let server = OAuthServer::start(Config::plain()).unwrap();
        let person = Person::new(&server, None);
        let learned = call(&person, &Settings::default(), "login", &login(&server, flow)).unwrap();
        assert!(server.is_valid(access_token(&learned)));
        let client = person.kept.borrow().clone().unwrap();
        let op = connection(&server, flow, &learned, &client);
        let renewed = call(&person, &Settings::default(), "refresh", &op).unwrap();
        assert!(server.is_valid(access_token(&renewed)), "{flow}");
        assert_eq!(renewed["record"]["renewable"], true);
    }
}

#[test]
fn over_tls_only_with_a_trusted_certificate() {
    let ca = Ca::new().unwrap();
    let server = OAuthServer::start(Config { ca: Some(ca.clone()), ..Config::plain() }).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.pem");
    ca.write_pem(&file).unwrap();
    let person = Person::new(&server, Some(&ca));
    let trusting = Settings { cert_file: Some(file), ..Settings::default() };
    call(&person, &trusting, "login", &login(&server, "pkce")).unwrap();
    let before = server.requests_to("/token").len();
    let error = call(&person, &Settings::default(), "login", &login(&server, "pkce")).unwrap_err();
    assert!(error.message.starts_with("cannot reach acme: "), "{error:?}");
    assert_eq!(server.requests_to("/token").len(), before);
}

#[test]
fn each_misbehaviour_of_a_token_endpoint_has_its_outcome() {
    let elsewhere = OAuthServer::start(Config::plain()).unwrap();
    for (fault, outcome, processed) in [
        (Fault::Status(500, Vec::new()), Outcome::RetryAt, 0),
        (Fault::Status(503, Vec::new()), Outcome::RetryAt, 0),
        (Fault::Throttle(7), Outcome::RetryAt, 0),
        (Fault::Html, Outcome::Lost, 0),
        (Fault::Garbage, Outcome::Lost, 0),
        (Fault::CutBody, Outcome::Lost, 1),
        (Fault::CloseBeforeAnswer, Outcome::Lost, 0),
        (Fault::CloseAfterProcessing, Outcome::Lost, 1),
        (Fault::FailAfterProcessing, Outcome::RetryAt, 1),
        (Fault::Huge, Outcome::Lost, 1),
        (Fault::Redirect(format!("{}/token", elsewhere.url())), Outcome::FixConfig, 0),
        (Fault::Answer(400, r#"{"error":"invalid_grant"}"#.to_owned()), Outcome::Reauthorize, 0),
        (Fault::Answer(401, r#"{"error":"invalid_client"}"#.to_owned()), Outcome::FixConfig, 0),
        (Fault::Echo, Outcome::FixConfig, 0),
    ] {
        let server = OAuthServer::start(Config::plain()).unwrap();
        let person = Person::new(&server, None);
        let issued = server.issue();
        let client = json!({"client_id":"client","token_auth":"body","secret":{"client_secret":"client-secret-plain"}});
        let learned =
            json!({"record":{},"secret":{"access_token":issued.access_token,"refresh_token":issued.refresh_token}});
        server.fault(Endpoint::Token, fault.clone(), Times::Always);
        let op = connection(&server, "pkce", &learned, &client);
        let error = call(&person, &Settings::default(), "refresh", &op).unwrap_err();
        assert_eq!(error.outcome, Some(outcome), "{fault:?} {error:?}");
        assert_eq!(server.refresh_count(), processed, "{fault:?}");
        assert_eq!(server.requests_to("/token").len(), 1, "{fault:?}: one request, never again by itself");
        let shown = format!("{error:?}");
        assert!(server.secrets().iter().all(|secret| !shown.contains(secret)), "{fault:?} {shown}");
    }
    assert_eq!(elsewhere.requests().len(), 0, "nothing may follow a redirect");
}

#[test]
fn a_server_that_is_gone_was_not_asked() {
    let server = OAuthServer::start(Config::plain()).unwrap();
    let client = json!({"client_id":"client","secret":{"client_secret":"client-secret-plain"}});
    let op = connection(&server, "pkce", &json!({"record":{},"secret":{"refresh_token":"r"}}), &client);
    // Begun first, so that it cannot get the other's port.
    let other = OAuthServer::start(Config::plain()).unwrap();
    drop(server);
    let error = call(&Person::new(&other, None), &Settings::default(), "refresh", &op).unwrap_err();
    assert_eq!(error.outcome, Some(Outcome::RetryAt), "{error:?}");
}
