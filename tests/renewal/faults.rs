//! A token endpoint that misbehaves: what each answer is taken for, and who is not disturbed by it.

use crate::stage::{DEAD, DUE, Kept, Stage};
use crate::world::World;
use proto::record::Status;
use serde_json::json;
use std::time::{Duration, Instant};
use testkit::{Config, Endpoint, Fault, Times};

fn status(code: u16) -> Fault {
    Fault::Status(code, Vec::new())
}

fn error(code: u16, name: &str) -> Fault {
    Fault::Answer(code, json!({"error": name}).to_string())
}

/// The answers of the endpoint to every request, and the outcome of each: two lost answers end the connection.
fn misdeeds() -> Vec<(&'static str, Fault, &'static str)> {
    vec![
        ("500", status(500), "retry-at"),
        ("502", status(502), "retry-at"),
        ("503", status(503), "retry-at"),
        ("429", Fault::Throttle(40), "retry-at"),
        ("a page", Fault::Html, "reauthorize"),
        ("closed late", Fault::CloseAfterProcessing, "reauthorize"),
        ("closed", Fault::CloseBeforeAnswer, "reauthorize"),
        ("garbage", Fault::Garbage, "reauthorize"),
        ("invalid_grant", error(400, "invalid_grant"), "reauthorize"),
        ("invalid_client", error(401, "invalid_client"), "fix-config"),
        ("temporary", error(400, "temporarily_unavailable"), "retry-at"),
    ]
}

#[test]
fn every_answer_has_its_outcome_and_lost_ones_are_asked_for_once_more() {
    let stage = Stage::new(Config::plain(), Kept::Bundled);
    for (at, (what, fault, outcome)) in misdeeds().into_iter().enumerate() {
        let name = format!("c{at}");
        stage.log_in(&name, DEAD);
        stage.world.server.forget_requests();
        stage.world.server.clear_faults();
        stage.world.server.fault(Endpoint::Token, fault, Times::Always);
        let (code, told) = stage.export(&name);
        assert_eq!((code, told["err"]["outcome"].as_str()), (Some(6), Some(outcome)), "{what}: {told}");
        let record = stage.record(&name);
        let logged_out = if outcome == "reauthorize" { Status::Invalid } else { Status::Connected };
        assert_eq!(record.status, logged_out, "{what}");
        let hint = told["err"]["hint"].as_str().unwrap_or_default();
        let login = hint.contains("authsome login").then(|| hint.contains(&format!("demo --connection {name}")));
        assert_ne!(login, Some(false), "{what}: the command means this connection: {hint}");
        let lost = ["a page", "closed late", "closed", "garbage"].contains(&what);
        assert_eq!(stage.world.server.requests_to("/token").len(), if lost { 2 } else { 1 }, "{what}");
        assert!(record.renewal.is_none(), "{what}: {record:?}");
        let secret = stage.entry(&name).secret;
        assert!(secret.get("refresh_token").is_some() && secret.get("access_token").is_some(), "{what}");
        if outcome == "retry-at" || outcome == "fix-config" {
            let (code, again) = stage.export(&name);
            assert_eq!(code, Some(6), "{what}: {again}");
            assert_eq!(stage.world.server.requests_to("/token").len(), 1, "{what}: nobody asks again at once");
        }
    }
}

#[test]
fn an_answer_that_is_lost_once_costs_a_moment_and_no_login_that_could_live() {
    let graceful = Config { refresh: crate::crashes::GRACEFUL, ..Config::plain() };
    for (config, faults) in [
        (Config::plain(), vec![Fault::Html, Fault::CloseBeforeAnswer, Fault::Garbage]),
        (graceful, vec![Fault::CutBody, Fault::CloseAfterProcessing]),
    ] {
        let stage = Stage::new(config, Kept::Bundled);
        for (at, fault) in faults.into_iter().enumerate() {
            let (name, what) = (format!("c{at}"), format!("{fault:?}"));
            stage.log_in(&name, DEAD);
            stage.world.server.fault(Endpoint::Token, fault, Times::Once);
            let began = Instant::now();
            assert_eq!(stage.export(&name).0, Some(0), "{what}");
            assert!(began.elapsed() < Duration::from_secs(5), "{what}");
            assert_eq!(stage.record(&name).status, Status::Connected, "{what}");
        }
    }
}

#[test]
fn a_server_that_failed_is_asked_again_later_each_time_and_then_serves() {
    let stage = Stage::new(Config::plain(), Kept::Bundled);
    let old = stage.log_in("work", DEAD);
    stage.world.server.fault(Endpoint::Token, status(500), Times::N(2));
    for (tries, wait) in [(1, 5..=6), (2, 10..=12)] {
        let (code, told) = stage.export("work");
        assert_eq!((code, told["err"]["outcome"].as_str()), (Some(6), Some("retry-at")), "{told}");
        let left = told["err"]["retry_at"].as_i64().unwrap() - proto::time::now();
        assert!((wait.start() - 2..=*wait.end()).contains(&left), "try {tries}: {told}");
        // Meanwhile nobody asks, however many want the token.
        (0..3).for_each(|_| assert_eq!(stage.export("work").0, Some(6)));
        assert_eq!(stage.world.server.requests_to("/token").len(), tries, "{told}");
        stage.let_pass("work");
    }
    assert_eq!(stage.export("work").0, Some(0));
    let entry = stage.entry("work");
    assert_ne!(entry.secret.get("access_token"), Some(&*old.access_token));
    assert_eq!(entry.record.get("retry"), None, "what is over is forgotten");
    assert_eq!((stage.world.server.refresh_count(), stage.world.server.reuse_count()), (1, 0));
}

#[test]
fn a_server_that_rotated_and_then_failed_is_found_out_by_the_next_try() {
    let stage = Stage::new(Config::plain(), Kept::Bundled);
    stage.log_in("work", DEAD);
    stage.world.server.fault(Endpoint::Token, Fault::FailAfterProcessing, Times::Once);
    assert_eq!(stage.export("work").1["err"]["outcome"], "retry-at");
    stage.let_pass("work");
    let (code, told) = stage.export("work");
    assert_eq!((code, told["err"]["outcome"].as_str()), (Some(6), Some("reauthorize")), "{told}");
    assert_eq!(stage.record("work").status, Status::Invalid);
}

#[test]
fn the_providers_own_word_says_when_to_try_again() {
    let stage = Stage::new(Config::plain(), Kept::Bundled);
    stage.log_in("work", DEAD);
    stage.world.server.fault(Endpoint::Token, Fault::Throttle(40), Times::Once);
    let (_, told) = stage.export("work");
    let wait = told["err"]["retry_at"].as_i64().unwrap() - proto::time::now();
    assert!((30..=45).contains(&wait), "{told}");
}

#[test]
fn a_provider_that_refuses_the_connection_has_got_nothing() {
    let world = World::new("demo", Config { api_url: vec!["api.demo.test".into()], ..Config::plain() });
    let mut definition = world.server.definition("demo");
    let nobody = testkit::free_port().unwrap();
    definition["oauth"]["token_url"] = json!(format!("http://127.0.0.1:{nobody}/token"));
    let stage = Stage::with(world, &definition, Kept::Bundled);
    stage.log_in("work", DEAD);
    let (code, told) = stage.export("work");
    assert_eq!((code, told["err"]["outcome"].as_str()), (Some(6), Some("retry-at")), "{told}");
    assert!(stage.record("work").renewal.is_none());
}

#[test]
fn a_slow_provider_is_waited_for_and_asked_once() {
    let stage = Stage::new(Config::plain(), Kept::Bundled);
    stage.log_in("work", DEAD);
    stage.world.server.fault(Endpoint::Token, Fault::Delay(10_000), Times::Once);
    assert_eq!(stage.export("work").0, Some(0));
    assert_eq!((stage.world.server.refresh_count(), stage.world.server.reuse_count()), (1, 0));
}

#[test]
fn requests_with_a_living_token_notice_nothing() {
    let stage = Stage::new(Config::plain(), Kept::Bundled);
    let slow = ("slow", Fault::Delay(10_000), "");
    for (at, (what, fault, _)) in misdeeds().into_iter().chain([slow]).enumerate() {
        let name = format!("c{at}");
        let token = stage.log_in(&name, DUE).access_token;
        stage.world.home.run(&["connection", "set-default", "demo", &name]).unwrap().expect_code(0);
        stage.world.server.clear_faults();
        stage.world.server.forget_requests();
        stage.world.server.fault(Endpoint::Token, fault, Times::Always);
        let began = Instant::now();
        let url = "https://api.demo.test/v1/me";
        let twice = format!("curl -sf {url} && sleep 0.2 && curl -sf {url}");
        let output = stage.world.run(&["sh", "-c", &twice]);
        assert_eq!(output.code, Some(0), "{what}: {output:?}");
        assert!(began.elapsed() < Duration::from_secs(9), "{what} took {:?}", began.elapsed());
        assert_eq!(stage.world.seen_authorization(), Some(format!("Bearer {token}")), "{what}");
        assert!(
            stage.world.server.requests_to("/token").len() <= 2,
            "{what}: tried in the background, a lost answer once more"
        );
    }
}

#[test]
fn an_answer_without_refresh_token_keeps_the_old_one_and_without_lifetime_clears_the_end() {
    let config = Config { refresh: testkit::Refresh::Fixed, access_ttl: None, ..Config::plain() };
    let stage = Stage::new(config, Kept::Bundled);
    let old = stage.log_in("work", DEAD);
    assert_eq!(stage.export("work").0, Some(0));
    let entry = stage.entry("work");
    assert_eq!(entry.secret.get("refresh_token"), old.refresh_token.as_deref());
    assert_ne!(entry.secret.get("access_token"), Some(&*old.access_token));
    assert_eq!(stage.record("work").expires_at, None);
}
