//! Authlib, so that nothing is tuned to one family of servers.

use crate::court::{Court, assert_connected};
use crate::referee::{Referee, text_of};
use serde_json::{Value, json};
use testkit::{Browser, Page};

const WHOSE: &str = "/me";

fn court(access_seconds: u32) -> Option<Court> {
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
