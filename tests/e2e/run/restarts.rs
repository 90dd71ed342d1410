//! What dies during a session: the provider, the credential source.

use super::{WAIT_FOR_GO, connected, go, kill, made, one_below, start};
use serde_json::json;
use std::time::Duration;
use testkit::{Signal, wait_until};

const URL: &str = "https://api.notion.test/v1/users/me";

#[test]
fn a_provider_that_dies_within_a_response_ends_it_and_is_a_clear_502_from_then_on() {
    let world = connected();
    let script = format!(
        "curl -sS -N -o events https://api.notion.test/sse?n=2000\\&ms=10; echo $?; {WAIT_FOR_GO}; \
         curl -sS -i {URL}"
    );
    let running = start(&world, &script);
    let events = world.home.work().join("events");
    let begun = || std::fs::metadata(&events).is_ok_and(|file| file.len() > 0);
    assert!(wait_until(Duration::from_secs(20), begun), "no event came");
    let home = world.home;
    drop(world.api);
    std::fs::write(home.work().join("go"), "").unwrap();
    let output = running.finish().unwrap().expect_code(0).stdout;
    assert!(!output.starts_with("0\n"), "a cut response looked whole: {output}");
    assert!(output.contains(" 502") && output.contains("x-authsome-error: "), "{output}");
}

#[test]
fn a_credential_source_that_is_killed_is_started_again_and_requests_wait_for_it() {
    let world = connected();
    let script =
        format!("curl -sS -o first {URL}; {WAIT_FOR_GO}; exec curl -sS -o /dev/null -w '%{{http_code}}' {URL}");
    let running = start(&world, &script);
    made(&world, "first");
    kill(one_below(running.id(), "authsome-creden"), Signal::KILL);
    go(&world);
    assert_eq!(running.finish().unwrap().expect_code(0).stdout, "200");
    world.assert_real_token();
}

#[test]
fn a_credential_source_that_cannot_be_started_again_is_a_clear_502() {
    let world = connected();
    world.home.write_config(&json!({"credential": "flaky"})).unwrap();
    let flaky = "#!/bin/sh\n[ -e \"$HOME/gone\" ] && exit 1\nexec authsome-credential \"$@\"\n";
    world.home.drop_in("authsome-credential-flaky", flaky).unwrap();
    let script = format!("curl -sS -o first {URL}; {WAIT_FOR_GO}; sleep 1.2; exec curl -sS -i {URL}");
    let running = start(&world, &script);
    made(&world, "first");
    std::fs::write(world.home.path().join("gone"), "").unwrap();
    kill(one_below(running.id(), "authsome-creden"), Signal::KILL);
    go(&world);
    // Told at the CONNECT, whose response curl shows by its head; 56 says that there is no tunnel.
    let output = running.finish().unwrap().expect_code(56).stdout;
    assert!(output.contains(" 502") && output.contains("x-authsome-error: unavailable"), "{output}");
    assert_eq!(world.api.requests().len(), 1, "a request left without a credential");
}
