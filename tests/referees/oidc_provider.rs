//! node-oidc-provider, which is certified by the OpenID Foundation.

use crate::court::{CLIENT, Court, assert_connected};
use crate::referee::{Referee, text_of};
use serde_json::{Value, json};
use testkit::{Browser, Page};

const WHOSE: &str = "/me";

fn court(access_seconds: u32, definition: fn(&str) -> Value) -> Option<Court> {
    Referee::OidcProvider.is_here().then(|| Court::new(Referee::OidcProvider, access_seconds, WHOSE, definition))
}

/// All endpoints by hand.
fn by_hand(url: &str) -> Value {
    json!({"flow": "pkce", "oauth": {
        "authorization_url": format!("{url}/auth"), "token_url": format!("{url}/token"),
        "revocation_url": format!("{url}/token/revocation"), "device_authorization_url": format!("{url}/device/auth"),
        "issuer": url, "scopes": ["openid", "read"], "token_auth": "basic", "refresh_rotates": true,
        "supports_device_code": true, "expects_refresh_token": true}})
}

/// Nothing but the issuer: all else is told by the server, and the client registers itself.
fn by_discovery(url: &str) -> Value {
    json!({"flow": "dcr_pkce", "oauth": {"issuer": url, "scopes": ["openid", "read"], "supports_dcr": true}})
}

fn by_device(url: &str) -> Value {
    let mut definition = by_hand(url);
    definition["flow"] = "device_code".into();
    definition
}

/// The server's own pages: who are you, and may they?
fn sign_in_and_allow(_: &Browser, page: Page) -> Page {
    let consent = page.submit(&[("login", "ada"), ("password", "x")]).unwrap();
    consent.submit(&[]).unwrap()
}

#[test]
fn code_with_pkce_ends_connected_and_renews_with_rotation() {
    let Some(court) = court(2, by_hand) else { return };
    let (page, output) = court.log_in(&[], sign_in_and_allow);
    let output = assert_connected(&page, output);
    assert!(page.body.contains("ada"), "the account: {}", text_of(&page.body));
    assert!(output.stderr.contains("as ada"), "{}", output.stderr);
    court.renews(WHOSE);
}

#[test]
fn a_revocation_reaches_the_server() {
    let Some(court) = court(600, by_hand) else { return };
    let (page, output) = court.log_in(&[], sign_in_and_allow);
    assert_connected(&page, output);
    court.revokes(WHOSE);
}

#[test]
fn refused_consent_ends_with_4_in_the_servers_words() {
    let Some(court) = court(600, by_hand) else { return };
    let abort = |browser: &Browser, page: Page| {
        let link = page
            .body
            .split("href=\"")
            .map(|part| part.split('"').next().unwrap())
            .find(|link| link.ends_with("/abort"));
        let link = link.unwrap_or_else(|| panic!("no way to refuse: {}", page.body)).to_owned();
        browser.open(url::Url::parse(&page.url).unwrap().join(&link).unwrap().as_str()).unwrap()
    };
    let (page, output) = court.log_in(&[], abort);
    let output = output.expect_code(4);
    assert!(output.stderr.contains("access_denied"), "{}", output.stderr);
    assert!(page.body.contains("Not connected"), "{}", text_of(&page.body));
}

#[test]
fn a_device_code_is_confirmed_elsewhere() {
    let Some(court) = court(600, by_device) else { return };
    let mut running = court.world.start_login(&["--stdin"]);
    running.write(CLIENT).unwrap();
    running.close_stdin();
    let complete = running.word(&format!("{}/device?user_code=", court.url)).unwrap();
    let code = complete.split_once('=').unwrap().1.to_owned();
    let browser = Browser::new().unwrap();
    let page = browser.open(&format!("{}/device", court.url)).unwrap();
    let confirm = page.submit(&[("user_code", &code)]).unwrap();
    let signed_in = confirm.submit(&[]).unwrap();
    let done = sign_in_and_allow(&browser, signed_in);
    assert!(text_of(&done.body).contains("Success"), "{}", text_of(&done.body));
    running.finish().unwrap().expect_code(0);
    assert!(court.is_accepted(WHOSE, &court.exported()));
}

#[test]
fn a_client_registers_itself_and_again_when_it_is_forgotten() {
    let Some(court) = court(600, by_discovery) else { return };
    let log_in = |args: &[&str]| {
        let before = court.world.opened().len();
        let running = court.world.start_login(args);
        let browser = Browser::new().unwrap();
        let page = sign_in_and_allow(&browser, browser.open(&court.world.opened_as(before + 1)).unwrap());
        assert_connected(&page, running.finish().unwrap())
    };
    let client = || {
        let shown = court.world.home.run_program("authsome-vault", &["get", "referee"]).unwrap().expect_code(0).json();
        shown["client_id"].as_str().unwrap().to_owned()
    };
    log_in(&[]);
    let first = client();
    log_in(&["--force"]);
    assert_eq!(client(), first, "the server still knows it");
    let forget = format!("{}/forget-client?client_id={first}", court.url);
    assert_eq!(Browser::new().unwrap().open(&forget).unwrap().body, "forgotten");
    let output = log_in(&["--force"]);
    assert!(output.stderr.contains("no longer knows this client"), "{}", output.stderr);
    assert_ne!(client(), first);
    assert!(court.is_accepted(WHOSE, &court.exported()));
    court.revokes(WHOSE);
}

#[test]
fn a_machine_with_client_credentials_needs_nobody() {
    let machine = |url: &str| {
        let mut definition = by_hand(url);
        definition["flow"] = "client_credentials".into();
        definition["oauth"]["scopes"] = json!(["read"]);
        definition
    };
    let Some(court) = court(2, machine) else { return };
    let login = ["login", "referee", "--no-input", "--stdin", "--no-check"];
    court.world.home.run_with_input(&login, CLIENT).unwrap().expect_code(0);
    let first = court.exported();
    std::thread::sleep(std::time::Duration::from_millis(2500));
    assert_ne!(court.exported(), first, "a new one for the one that ran out");
}
