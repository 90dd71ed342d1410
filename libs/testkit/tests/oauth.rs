//! The authorization server, seen by a client written here by hand.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::digest;
use serde_json::{Value, json};
use testkit::{Browser, ClientAuth, Config, Consent, Endpoint, Fault, OAuthServer, Page, Pkce, Refresh, Times};

const CALLBACK: &str = "http://127.0.0.1:9/auth/callback";
const VERIFIER: &str = "a-verifier-that-is-long-enough-to-be-lawful-by-rfc-7636";
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

struct Client {
    server: OAuthServer,
    browser: Browser,
}

impl Client {
    fn of(config: Config) -> Client {
        Client { server: OAuthServer::start(config).unwrap(), browser: Browser::new().unwrap() }
    }

    fn authorize(&self, extra: &[(&str, &str)]) -> Page {
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, VERIFIER.as_bytes()));
        let mut query = vec![
            ("response_type", "code"),
            ("client_id", "client"),
            ("redirect_uri", CALLBACK),
            ("state", "the state"),
            ("scope", "read write"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in extra {
            query.retain(|(known, _)| known != name);
            query.extend((!value.is_empty()).then_some((*name, *value)));
        }
        self.browser.open(&format!("{}/authorize?{}", self.server.url(), encode(&query))).unwrap()
    }

    fn code(&self) -> String {
        param(&self.authorize(&[]).url, "code").unwrap()
    }

    fn post(&self, path: &str, params: &[(&str, &str)]) -> Page {
        let url = format!("{}{path}", self.server.url());
        self.browser.request("POST", &url, &[FORM], encode(params).as_bytes()).unwrap()
    }

    fn token(&self, params: &[(&str, &str)]) -> Page {
        let secret = [("client_id", "client"), ("client_secret", "client-secret-plain")];
        self.post("/token", &[&secret, params].concat())
    }

    fn redeem(&self, code: &str) -> Page {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ])
    }

    fn refresh(&self, token: &str) -> Page {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)])
    }

    fn login(&self) -> Value {
        json_of(&self.redeem(&self.code()))
    }
}

fn encode(params: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish()
}

fn param(url: &str, name: &str) -> Option<String> {
    url::Url::parse(url).unwrap().query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn json_of(page: &Page) -> Value {
    serde_json::from_str(&page.body).unwrap_or_else(|_| panic!("no JSON: {}", page.body))
}

fn error_of(page: &Page) -> String {
    json_of(page)["error"].as_str().unwrap_or_default().to_owned()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn a_login_gives_a_token_that_is_valid_and_a_code_that_is_not_any_more() {
    let client = Client::of(Config::plain());
    let code = client.code();
    let token = json_of(&client.redeem(&code));
    assert_eq!((&token["expires_in"], &token["scope"]), (&json!(3600), &json!("read write")));
    let access = text(&token["access_token"]);
    assert!(client.server.is_valid(&access));
    assert_eq!(error_of(&client.redeem(&code)), "invalid_grant");
    assert!(!client.server.is_valid(&access), "a code seen twice ends what it brought");
}

#[test]
fn consent_is_asked_on_a_page_and_the_state_comes_back_either_way() {
    let client = Client::of(Config { consent: Consent::Ask, iss: true, ..Config::plain() });
    let page = client.authorize(&[]);
    assert!(page.body.contains("<li>write</li>"));
    let allowed = page.press("Allow").unwrap();
    assert_eq!(allowed.status, 0, "nobody listens at the callback");
    assert_eq!(param(&allowed.url, "state").as_deref(), Some("the state"));
    assert_eq!(param(&allowed.url, "iss"), Some(client.server.url()));
    let denied = client.authorize(&[]).press("Deny").unwrap();
    assert_eq!(param(&denied.url, "error").as_deref(), Some("access_denied"));
    assert_eq!(param(&denied.url, "code"), None);
    assert_eq!(page.press("Allow").unwrap().status, 400, "the page works once");
}

#[test]
fn an_unknown_client_or_redirect_uri_is_never_redirected_to() {
    let client = Client::of(Config { redirect_uris: vec![CALLBACK.to_owned()], ..Config::plain() });
    let other = format!("{CALLBACK}/");
    for bad in [("client_id", "stranger"), ("redirect_uri", other.as_str()), ("redirect_uri", "")] {
        let page = client.authorize(&[bad]);
        assert_eq!((page.status, page.hops.len()), (400, 1), "{bad:?}");
    }
}

#[test]
fn what_an_authorization_request_lacks_is_told_to_the_client() {
    let config = Config { authorization_params: [("owner".to_owned(), "user".to_owned())].into(), ..Config::plain() };
    let client = Client::of(config);
    let cases = [
        ("response_type", "token", "unsupported_response_type"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("owner", "workspace", "invalid_request"),
    ];
    for (name, value, error) in cases {
        let page = client.authorize(&[("owner", "user"), (name, value)]);
        assert_eq!(param(&page.url, "error").as_deref(), Some(error), "{name}={value}");
    }
    assert!(param(&client.authorize(&[("owner", "user")]).url, "code").is_some());
    assert_eq!(client.server.last_authorization().unwrap()["owner"], "user");
}

#[test]
fn a_code_needs_the_verifier_the_redirect_uri_and_the_minute_it_was_made_for() {
    let client = Client::of(Config::plain());
    let good =
        [("grant_type", "authorization_code"), ("redirect_uri", CALLBACK), ("code_verifier", VERIFIER), ("code", "")];
    for (name, wrong) in [("redirect_uri", "http://127.0.0.1:9/"), ("code_verifier", "wrong"), ("code_verifier", "")] {
        let code = client.code();
        let params = good.map(|(key, value)| match key {
            "code" => (key, code.as_str()),
            _ if key == name => (key, wrong),
            _ => (key, value),
        });
        assert_eq!(error_of(&client.token(&params)), "invalid_grant", "{name}={wrong}");
    }
    let late = client.code();
    client.server.advance(Duration::from_secs(61));
    assert_eq!(error_of(&client.redeem(&late)), "invalid_grant");
}

#[test]
fn a_verifier_without_a_challenge_is_a_downgrade_and_refused() {
    let client = Client::of(Config { pkce: Pkce::Optional, ..Config::plain() });
    let page = client.authorize(&[("code_challenge", ""), ("code_challenge_method", "")]);
    assert_eq!(error_of(&client.redeem(&param(&page.url, "code").unwrap())), "invalid_grant");
}

#[test]
fn a_client_authenticates_in_its_one_way() {
    let client = Client::of(Config { client_auth: ClientAuth::Basic, ..Config::plain() });
    let url = format!("{}/token", client.server.url());
    let body = encode(&[("grant_type", "client_credentials")]);
    let basic = |pair: &str| format!("Basic {}", BASE64_STANDARD.encode(pair));
    let send = |header: String, body: &str| {
        client.browser.request("POST", &url, &[FORM, ("Authorization", &header)], body.as_bytes()).unwrap()
    };
    assert_eq!(send(basic("client:client-secret-plain"), &body).status, 200);
    let wrong = send(basic("client:guess"), &body);
    assert_eq!((wrong.status, wrong.header("www-authenticate").is_some()), (401, true));
    let twice = format!("{body}&client_id=client&client_secret=client-secret-plain");
    assert_eq!(error_of(&send(basic("client:client-secret-plain"), &twice)), "invalid_request");
    assert_eq!(
        error_of(&client.token(&[("grant_type", "client_credentials")])),
        "invalid_client",
        "secret in the body"
    );
}

#[test]
fn parameters_come_once_and_in_the_configured_encoding() {
    let client = Client::of(Config::plain());
    let twice = client.token(&[("grant_type", "client_credentials"), ("grant_type", "client_credentials")]);
    assert_eq!(error_of(&twice), "invalid_request");
    let url = format!("{}/token", client.server.url());
    let json = json!({ "grant_type": "client_credentials", "client_id": "client" }).to_string();
    let page = client.browser.request("POST", &url, &[("Content-Type", "application/json")], json.as_bytes()).unwrap();
    assert_eq!(error_of(&page), "invalid_request");
}

#[test]
fn a_rotated_refresh_token_that_comes_again_ends_the_family() {
    let client = Client::of(Config::plain());
    let first = client.login();
    let second = json_of(&client.refresh(first["refresh_token"].as_str().unwrap()));
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_eq!((client.server.refresh_count(), client.server.reuse_count()), (1, 0));
    assert_eq!(error_of(&client.refresh(first["refresh_token"].as_str().unwrap())), "invalid_grant");
    assert_eq!(error_of(&client.refresh(second["refresh_token"].as_str().unwrap())), "invalid_grant");
    assert!(!client.server.is_valid(second["access_token"].as_str().unwrap()));
    assert_eq!((client.server.refresh_count(), client.server.reuse_count()), (1, 1));
}

#[test]
fn within_its_grace_a_used_refresh_token_is_taken_again() {
    let client = Client::of(Config { refresh: Refresh::Rotating { grace: 30 }, ..Config::plain() });
    let first = text(&client.login()["refresh_token"]);
    assert_eq!(client.refresh(&first).status, 200);
    client.server.advance(Duration::from_secs(20));
    assert_eq!(client.refresh(&first).status, 200);
    client.server.advance(Duration::from_secs(20));
    assert_eq!(error_of(&client.refresh(&first)), "invalid_grant", "the grace began with the first use");
}

#[test]
fn a_fixed_refresh_token_is_not_repeated_in_the_answer() {
    let client = Client::of(Config { refresh: Refresh::Fixed, ..Config::plain() });
    let first = text(&client.login()["refresh_token"]);
    for _ in 0..2 {
        assert_eq!(json_of(&client.refresh(&first))["refresh_token"], Value::Null);
    }
}

#[test]
fn tokens_run_out_on_the_servers_clock_and_can_all_be_revoked() {
    let client = Client::of(Config { access_ttl: Some(60), expires_in_as_text: true, ..Config::plain() });
    let token = client.login();
    assert_eq!(token["expires_in"], "60");
    let issued = client.server.issue();
    let valid = client.server.validator();
    client.server.advance(Duration::from_secs(59));
    assert!(valid(&issued.access_token));
    client.server.advance(Duration::from_secs(1));
    assert!(!valid(&issued.access_token));
    let renewed = json_of(&client.refresh(&issued.refresh_token.unwrap()));
    client.server.revoke_all();
    assert!(!valid(renewed["access_token"].as_str().unwrap()));
}

#[test]
fn revoking_a_refresh_token_ends_its_access_token() {
    let client = Client::of(Config::plain());
    let issued = client.server.issue();
    let client_auth = [("client_id", "client"), ("client_secret", "client-secret-plain")];
    let refused = client.post("/revoke", &[("token", issued.refresh_token.as_deref().unwrap())]);
    assert_eq!((refused.status, client.server.is_valid(&issued.access_token)), (400, true));
    let token = [("token", issued.refresh_token.as_deref().unwrap())];
    assert_eq!(client.post("/revoke", &[&client_auth[..], &token].concat()).status, 200);
    assert!(!client.server.is_valid(&issued.access_token));
    let issued = client.server.issue();
    let url = format!("{}/revoke/{}", client.server.url(), issued.access_token);
    assert_eq!(client.browser.request("DELETE", &url, &[], b"").unwrap().status, 204);
    assert!(!client.server.is_valid(&issued.access_token));
}

#[test]
fn faults_happen_in_order_as_often_as_set_and_change_nothing_else() {
    let client = Client::of(Config::plain());
    let refresh = client.server.issue().refresh_token.unwrap();
    let set = |fault, times| client.server.fault(Endpoint::Token, fault, times);
    set(Fault::Status(503, vec![("Retry-After".to_owned(), "7".to_owned())]), Times::N(2));
    set(Fault::Throttle(3), Times::Once);
    set(Fault::Html, Times::Once);
    set(Fault::Garbage, Times::Once);
    set(Fault::Redirect("http://127.0.0.1:9/elsewhere".to_owned()), Times::Once);
    let seen: Vec<_> = (0..6).map(|_| client.refresh(&refresh)).collect();
    assert_eq!(seen.iter().map(|page| page.status).collect::<Vec<_>>(), [503, 503, 429, 200, 200, 307]);
    assert_eq!((seen[1].header("retry-after"), seen[2].header("retry-after")), (Some("7"), Some("3")));
    assert_eq!(client.server.refresh_count(), 0);
    assert_eq!(client.refresh(&refresh).status, 200);
    assert_eq!(client.server.requests_to("/token").len(), 7);
}

#[test]
fn a_lost_answer_has_rotated_and_a_refused_connection_has_not() {
    for (fault, rotated) in [(Fault::CloseBeforeAnswer, 0), (Fault::CloseAfterProcessing, 1), (Fault::CutBody, 1)] {
        let client = Client::of(Config::plain());
        let refresh = client.server.issue().refresh_token.unwrap();
        client.server.fault(Endpoint::Token, fault.clone(), Times::Once);
        let body = encode(&[("grant_type", "refresh_token"), ("refresh_token", &refresh), ("client_id", "client")]);
        let body = format!("{body}&client_secret=client-secret-plain");
        let url = format!("{}/token", client.server.url());
        assert!(client.browser.request("POST", &url, &[FORM], body.as_bytes()).is_err(), "{fault:?}");
        assert_eq!(client.server.refresh_count(), rotated, "{fault:?}");
    }
}

#[test]
fn a_cut_answer_arrives_in_part() {
    use std::io::{Read, Write};
    let server = OAuthServer::start(Config::plain()).unwrap();
    server.fault(Endpoint::Metadata, Fault::CutBody, Times::Once);
    let mut stream = std::net::TcpStream::connect(&server.url()["http://".len()..]).unwrap();
    stream.write_all(b"GET /.well-known/oauth-authorization-server HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut seen = Vec::new();
    let _ = stream.read_to_end(&mut seen);
    let seen = String::from_utf8_lossy(&seen);
    assert!(seen.contains("content-length") && seen.contains("\"") && !seen.ends_with('}'), "{seen}");
}

#[test]
fn a_delay_before_or_after_the_work_is_really_waited_for() {
    for (fault, _) in [(Fault::Delay(80), "before"), (Fault::DelayAnswer(80), "after")] {
        let client = Client::of(Config::plain());
        client.server.fault(Endpoint::Metadata, fault, Times::Always);
        let begun = Instant::now();
        let url = format!("{}/.well-known/oauth-authorization-server", client.server.url());
        assert_eq!(client.browser.open(&url).unwrap().status, 200);
        assert!(begun.elapsed() >= Duration::from_millis(80));
    }
}

#[test]
fn a_huge_answer_is_huge_and_an_echo_throws_the_secret_back() {
    let client = Client::of(Config::plain());
    client.server.fault(Endpoint::Token, Fault::Huge, Times::Once);
    client.server.fault(Endpoint::Token, Fault::Echo, Times::Once);
    assert!(client.token(&[("grant_type", "client_credentials")]).body.len() > 16 << 20);
    let echoed = client.token(&[("grant_type", "client_credentials")]);
    assert!(text(&json_of(&echoed)["error_description"]).contains("client-secret-plain"));
}

#[test]
fn a_person_decides_on_a_device_code_while_the_client_polls() {
    let client = Client::of(Config { device_interval: 5, ..Config::plain() });
    let told = json_of(&client.post("/device_authorization", &[("client_id", "client"), ("scope", "read")]));
    let poll = || {
        client.token(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", told["device_code"].as_str().unwrap()),
        ])
    };
    assert_eq!(error_of(&poll()), "authorization_pending");
    assert_eq!(error_of(&poll()), "slow_down");
    client.server.advance(Duration::from_secs(8));
    assert_eq!(error_of(&poll()), "slow_down", "the interval has grown by 5 s");
    let page = client.browser.open(told["verification_uri_complete"].as_str().unwrap()).unwrap();
    assert!(page.press("Allow").unwrap().body.contains("Done"));
    assert!(!client.server.device_verify(told["user_code"].as_str().unwrap(), false), "decided already");
    client.server.advance(Duration::from_secs(60));
    assert_eq!(json_of(&poll())["scope"], "read");
}

#[test]
fn a_device_code_is_denied_or_runs_out() {
    let client = Client::of(Config { device_ttl: 100, ..Config::plain() });
    let ask = || json_of(&client.post("/device_authorization", &[("client_id", "client")]));
    let poll = |told: &Value| {
        client.token(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", told["device_code"].as_str().unwrap()),
        ])
    };
    let denied = ask();
    assert!(client.server.device_verify(denied["user_code"].as_str().unwrap(), false));
    assert_eq!(error_of(&poll(&denied)), "access_denied");
    let late = ask();
    client.server.advance(Duration::from_secs(100));
    assert_eq!(error_of(&poll(&late)), "expired_token");
}

#[test]
fn every_secret_it_gave_out_is_on_its_list() {
    let client = Client::of(Config::plain());
    let token = client.login();
    let secrets = client.server.secrets();
    for secret in ["client-secret-plain", token["access_token"].as_str().unwrap()] {
        assert!(secrets.iter().any(|known| known == secret));
    }
    assert!(secrets.iter().any(|secret| secret.starts_with("code_")));
}
