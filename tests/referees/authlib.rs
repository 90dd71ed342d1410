//! Authlib, so that nothing is tuned to one family of servers.

use crate::court::{CLIENT, Court, assert_connected};
use crate::referee::{Referee, text_of};
use serde_json::{Value, json};
use testkit::{Browser, Page};

const WHOSE: &str = "/me";

fn court(access_seconds: u32) -> Option<Court> {
    with(access_seconds, definition)
}

fn with(access_seconds: u32, definition: fn(&str) -> Value) -> Option<Court> {
    Referee::Authlib.is_here().then(|| Court::new(Referee::Authlib, access_seconds, WHOSE, definition))
}

fn definition(url: &str) -> Value {
    json!({"flow": "pkce", "oauth": {
        "authorization_url": format!("{url}/authorize"), "token_url": format!("{url}/token"),
        "revocation_url": format!("{url}/revoke"), "scopes": ["read", "write"], "token_auth": "body",
        "refresh_rotates": true, "expects_refresh_token": true}})
}

fn allow(_: &Browser, page: Page) -> Page {
    page.press("Allow").unwrap()
}

#[test]
fn code_with_pkce_ends_connected_and_renews_with_rotation() {
    let Some(court) = court(2) else { return };
    let (page, output) = court.log_in(&[], allow);
    assert_connected(&page, output);
    court.renews(WHOSE);
}

#[test]
fn a_revocation_reaches_the_server() {
    let Some(court) = court(600) else { return };
    let (page, output) = court.log_in(&[], allow);
    assert_connected(&page, output);
    court.revokes(WHOSE);
}

#[test]
fn refused_consent_ends_with_4() {
    let Some(court) = court(600) else { return };
    let (page, output) = court.log_in(&[], |_, page| page.press("Deny").unwrap());
    let output = output.expect_code(4);
    assert!(output.stderr.contains("access_denied"), "{}", output.stderr);
    assert!(page.body.contains("Not connected"), "{}", text_of(&page.body));
}

#[test]
fn a_machine_with_client_credentials_needs_nobody_and_renews() {
    let machine = |url: &str| {
        let mut definition = definition(url);
        definition["flow"] = "client_credentials".into();
        definition
    };
    let Some(court) = with(2, machine) else { return };
    let login = ["login", "referee", "--no-input", "--stdin"];
    court.world.home.run_with_input(&login, CLIENT).unwrap().expect_code(0);
    court.renews(WHOSE);
}

#[test]
fn a_machine_with_a_signed_assertion_needs_nobody_and_renews() {
    let machine = |url: &str| {
        let oauth = json!({"token_url": format!("{url}/token"), "scopes": []});
        json!({"flow": "jwt_bearer", "oauth": oauth})
    };
    let Some(court) = with(2, machine) else { return };
    let key = std::fs::read_to_string("libs/oauth/tests/oauth/keys/pkcs8.pem").unwrap();
    let client = json!({"client_id": "confidential", "private_key": key}).to_string();
    let login = ["login", "referee", "--no-input", "--stdin"];
    court.world.home.run_with_input(&login, &client).unwrap().expect_code(0);
    court.renews(WHOSE);
}
