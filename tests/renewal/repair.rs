//! A 401 through the real proxy: repaired once, and not at any price. And sessions that are killed
//! while a token is being renewed.

use crate::stage::{DEAD, FRESH, Kept, Stage, below, kill, kill_group, named_below};
use proto::record::Status;
use std::time::Duration;
use testkit::{Config, Endpoint, Fault, Running, Times, wait_until};

const URL: &str = "https://api.demo.test/v1/me";

fn stage() -> Stage {
    let stage = Stage::new(Config::plain(), Kept::Bundled);
    stage.log_in("work", FRESH);
    stage
}

/// The status that `curl` got in a session.
fn curl(stage: &Stage, args: &[&str]) -> String {
    let command = [&["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}"], args, &[URL]].concat();
    stage.world.run(&command).expect_code(0).stdout
}

/// The provider ends access tokens of which this machine believes that they live.
fn end_access_tokens(stage: &Stage) {
    stage.world.server.advance(Duration::from_secs(2 * 3600));
}

fn renewals(stage: &Stage) -> (usize, usize) {
    (stage.world.server.refresh_count(), stage.world.server.reuse_count())
}

#[test]
fn a_rejected_token_is_renewed_and_the_request_sent_once_more() {
    for body in [&[][..], &["-d", "a small body"]] {
        let stage = stage();
        end_access_tokens(&stage);
        assert_eq!(curl(&stage, body), "200");
        assert_eq!(stage.world.api.requests().len(), 2);
        assert_eq!(renewals(&stage), (1, 0));
        stage.world.assert_real_token();
        let requests = stage.world.api.requests();
        assert_eq!(requests[0].body_sha256, requests[1].body_sha256);
    }
}

#[test]
fn one_renewal_a_minute_and_then_the_providers_own_answer() {
    let stage = stage();
    end_access_tokens(&stage);
    assert_eq!(curl(&stage, &[]), "200");
    end_access_tokens(&stage);
    assert_eq!(curl(&stage, &[]), "401");
    assert_eq!(renewals(&stage), (1, 0));
    assert_eq!(stage.record("work").status, Status::Connected);
}

#[test]
fn a_401_that_means_not_allowed_rotates_the_token_once_and_not_on_every_call() {
    let stage = stage();
    stage.world.api.accept_if(|_| false);
    let calls = format!("for n in 1 2 3 4 5 6; do curl -s -o /dev/null -w '%{{http_code}} ' {URL}; done");
    let output = stage.world.run(&["sh", "-c", &calls]).expect_code(0);
    assert_eq!(output.stdout, "401 ".repeat(6));
    assert_eq!(renewals(&stage), (1, 0));
}

#[test]
fn requests_rejected_at_the_same_moment_share_one_renewal() {
    let stage = stage();
    end_access_tokens(&stage);
    let calls = format!("for n in 1 2 3 4 5 6 7 8; do curl -s -o /dev/null -w '%{{http_code}} ' {URL} & done; wait");
    let output = stage.world.run(&["sh", "-c", &calls]).expect_code(0);
    assert_eq!(output.stdout, "200 ".repeat(8));
    assert_eq!(renewals(&stage), (1, 0));
}

#[test]
fn when_the_grant_is_over_the_original_401_comes_and_the_next_request_says_what_to_do() {
    let stage = stage();
    stage.world.server.revoke_all();
    assert_eq!(curl(&stage, &[]), "401");
    assert_eq!(stage.record("work").status, Status::Invalid);
    let output = stage.world.run(&["curl", "-s", URL]).expect_code(0);
    assert!(output.stdout.contains("reauthorize") && output.stdout.contains("authsome login demo"), "{output:?}");
    assert_eq!(stage.world.api.requests().len(), 1);
}

#[test]
fn a_credential_of_the_commands_own_is_nobodys_to_repair() {
    let stage = stage();
    assert_eq!(curl(&stage, &["-H", "Authorization: Bearer own-token-of-the-command"]), "401");
    assert_eq!(stage.world.api.requests().len(), 1);
    assert_eq!(renewals(&stage), (0, 0));
}

#[test]
fn an_invalid_connection_leaves_alone_who_brings_a_credential_of_its_own() {
    let stage = stage();
    stage.world.server.revoke_all();
    assert_eq!(curl(&stage, &[]), "401");
    assert_eq!(stage.record("work").status, Status::Invalid);
    // The person's own variable stays, and with it the request goes out as it is.
    let own = "curl -s -o /dev/null -w '%{http_code} ' -H \"Authorization: Bearer $DEMO_ACCESS_TOKEN\" ";
    let script = format!("{own} {URL}; unset DEMO_ACCESS_TOKEN; curl -s {URL}");
    let mut command = stage.world.home.command("authsome");
    let args = stage.world.run_args(&["sh", "-c", &script]);
    let output = command.args(args).env("DEMO_ACCESS_TOKEN", "own-token").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.starts_with("401 ") && said.contains("authsome login demo --connection work --force"), "{said}");
    assert_eq!(stage.world.seen_authorization(), Some("Bearer own-token".to_owned()));
    assert_eq!(stage.world.api.requests().len(), 2, "the one without anything got nowhere");
    // A placeholder is no credential of its own.
    let placeholder = format!("Authorization: Bearer {}", proto::PLACEHOLDER);
    assert_eq!(curl(&stage, &["-H", &placeholder]), "403");
    assert_eq!(renewals(&stage), (0, 0));
}

/// A session whose request makes a renewal, which the provider is still at work on; and the old token.
fn renewing(stage: &Stage) -> (Running, String) {
    let old = stage.log_in("work", DEAD).access_token;
    stage.world.server.fault(Endpoint::Token, Fault::DelayAnswer(800), Times::Once);
    let args = stage.world.run_args(&["curl", "-s", URL]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let running = stage.world.home.spawn("authsome", &args).unwrap();
    assert!(wait_until(Duration::from_secs(10), || !stage.world.server.requests_to("/token").is_empty()));
    (running, old)
}

fn is_written(stage: &Stage, old: &str) {
    let renewed = || {
        let entry = stage.entry("work");
        let token = entry.secret.get("access_token").filter(|token| *token != old);
        token.is_some_and(|token| stage.world.server.is_valid(token)) && !entry.record.contains_key("renewal")
    };
    assert!(wait_until(Duration::from_secs(5), renewed), "{:?}", stage.entry("work").record);
    assert_eq!(stage.export("work").0, Some(0));
    assert_eq!(renewals(stage), (1, 0));
}

#[test]
fn a_session_that_is_killed_leaves_the_renewal_to_be_written() {
    let stage = stage();
    let (running, old) = renewing(&stage);
    running.signal(testkit::Signal::KILL).unwrap();
    is_written(&stage, &old);
}

#[test]
fn a_session_whose_credential_source_is_killed_serves_the_request_within_five_seconds() {
    let stage = stage();
    stage.log_in("work", DEAD);
    stage.world.server.fault(Endpoint::Token, Fault::Delay(4000), Times::Once);
    let args = stage.world.run_args(&["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", URL]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let running = stage.world.home.spawn("authsome", &args).unwrap();
    assert!(wait_until(Duration::from_secs(10), || !stage.world.server.requests_to("/token").is_empty()));
    kill_group(named_below(running.id(), "authsome-creden").unwrap());
    let killed_at = std::time::Instant::now();
    assert_eq!(running.finish().unwrap().expect_code(0).stdout, "200");
    assert!(killed_at.elapsed() < Duration::from_secs(6), "{:?}, the session's end among it", killed_at.elapsed());
    assert_eq!(stage.world.server.reuse_count(), 0);
}

#[test]
fn a_proxy_that_is_killed_leaves_the_renewal_to_be_written() {
    let stage = stage();
    let (running, old) = renewing(&stage);
    let proxy = below(running.id()).into_iter().find(|(_, name)| name.starts_with("authsome-proxy")).unwrap();
    kill(proxy.0);
    is_written(&stage, &old);
    drop(running.finish());
}
