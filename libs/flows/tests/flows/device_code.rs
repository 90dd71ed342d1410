//! Logging in with a code on another machine.

use crate::stage::{NOW, Stage, client_of, definition, login, stored_client, token};
use flows::TransportError;
use http::Response;
use proto::{Code, Error};
use serde_json::{Value, json};
use std::time::Duration;

fn device() -> Value {
    definition("device_code", json!({"device_authorization_url":"https://acme.test/device_authorization"}))
}

fn started(expires_in: u64, interval: u64) -> Stage {
    Stage::new()
        .provider(
            200,
            json!({"device_code":"S3CRET-device","user_code":"WDJB-MJHT","verification_uri":"https://acme.test/device",
                "verification_uri_complete":"https://acme.test/device?c=1","expires_in":expires_in,"interval":interval}),
        )
        .host("device", json!({}))
}

fn pending() -> Value {
    json!({"error":"authorization_pending"})
}

#[test]
fn a_changed_place_for_device_codes_gets_the_apps_secret_only_after_a_yes() {
    let stage = Stage::new().host_refuses("confirm", Error::new(Code::Declined, "no"));
    let error = stage.run("login", login(device(), stored_client())).unwrap_err();
    assert_eq!((error.code, stage.lines()), (Code::Denied, Vec::new()));
    let asked = stage.asked("confirm")[0]["text"].to_string();
    assert!(asked.contains("device codes: https://acme.test/device_authorization (was none)"), "{asked}");
}

fn run(stage: &Stage) -> proto::Result<proto::Object> {
    stage.run("login", login(device(), client_of(&device())))
}

#[test]
fn the_code_is_shown_at_once_and_polled_for_in_the_providers_time() {
    let stage = started(900, 7).provider(400, pending()).provider(400, pending()).provider(200, token());
    let reply = run(&stage).unwrap();
    assert_eq!(
        stage.asked("device")[0],
        json!({"user_code":"WDJB-MJHT","verification_uri":"https://acme.test/device",
            "verification_uri_complete":"https://acme.test/device?c=1","expires_at":NOW + 900})
    );
    assert_eq!(stage.slept(), 21);
    assert_eq!(reply["secret"]["access_token"], "S3CRET-access");
    assert!(stage.body(1).contains("device_code=S3CRET-device"));
}

#[test]
fn slow_down_lengthens_every_later_wait() {
    let busy = Response::builder().status(429).header("retry-after", "30").body(Vec::new()).unwrap();
    let stage = started(900, 5)
        .provider(400, json!({"error":"slow_down"}))
        .provider(400, pending())
        .provider_raw(busy)
        .provider(200, token());
    run(&stage).unwrap();
    assert_eq!(stage.slept(), 5 + 10 + 10 + 30);
}

#[test]
fn an_interval_is_kept_however_long_and_ends_with_the_code() {
    let stage = started(900, 120).provider(400, json!({"error":"slow_down"})).provider(200, token());
    run(&stage).unwrap();
    assert_eq!(stage.slept(), 120 + 125);
    let stage = started(900, 120).network(TransportError::NotSent("no route".into())).provider(200, token());
    run(&stage).unwrap();
    assert_eq!(stage.slept(), 120 + 120);
    for interval in [901, u64::MAX] {
        let stage = started(900, interval);
        assert_eq!(run(&stage).unwrap_err().code, Code::Timeout);
        assert_eq!(stage.slept(), 900, "nobody waits for a code that is dead");
    }
}

#[test]
fn a_network_that_fails_meanwhile_is_waited_out() {
    let stage = started(900, 5)
        .network(TransportError::NotSent("no route".into()))
        .network(TransportError::Lost("timeout".into()))
        .provider(502, json!({}))
        .provider(200, token());
    run(&stage).unwrap();
    assert_eq!(stage.slept(), 5 + 10 + 20 + 40);
}

#[test]
fn an_unconfirmed_code_ends_with_a_timeout() {
    let stage = started(12, 5).provider(400, pending()).provider(400, pending());
    let error = run(&stage).unwrap_err();
    assert_eq!(error.code, Code::Timeout);
    let stage = started(900, 5).provider(400, json!({"error":"expired_token"}));
    assert_eq!(run(&stage).unwrap_err().code, Code::Timeout);
}

#[test]
fn a_refusal_on_the_other_machine_is_denied() {
    let stage = started(900, 5).provider(400, json!({"error":"access_denied"}));
    assert_eq!(run(&stage).unwrap_err().code, Code::Denied);
}

#[test]
fn a_cancel_is_seen_within_a_moment_of_a_long_wait() {
    let stage = started(900, 60).cancelled_after(Duration::from_millis(400));
    assert_eq!(run(&stage).unwrap_err().code, Code::Cancelled);
    assert_eq!(stage.slept(), 0);
}

#[test]
fn a_host_that_cannot_show_the_code_ends_it() {
    let refusal = Error::new(Code::NeedsInteraction, "no person");
    let stage = Stage::new()
        .provider(200, json!({"device_code":"S3CRET-d","user_code":"u","verification_uri":"https://acme.test/d"}))
        .host_refuses("device", refusal.clone());
    assert_eq!(run(&stage).unwrap_err(), refusal);
}

#[test]
fn the_app_may_be_public() {
    let stage = Stage::new()
        .host("form", json!({"values":{"client_id":"12"}}))
        .host("keep-client", json!({}))
        .provider(200, json!({"device_code":"S3CRET-d","user_code":"u","verification_uri":"https://acme.test/d"}))
        .host("device", json!({}))
        .provider(200, token());
    stage.run("login", login(device(), Value::Null)).unwrap();
    assert!(stage.body(0).contains("client_id=12") && !stage.body(0).contains("client_secret"));
}
