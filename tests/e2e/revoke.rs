//! Connections that end at the provider first and then here, and those that must not.

use crate::world::World;
use serde_json::json;
use std::time::Duration;
use testkit::{Config, Endpoint, Fault, Times};

fn world(config: Config, names: &[&str]) -> World {
    let world = World::new("demo", config);
    for (at, name) in names.iter().enumerate() {
        match at {
            0 => world.connect(&["--connection", name]),
            _ => world.log_in_again(&["--connection", name]),
        }
    }
    world
}

fn token(world: &World, name: &str) -> String {
    let args = ["get", "demo", "--connection", name, "--show-secret", "--field", "access_token"];
    world.home.run(&args).unwrap().expect_code(0).stdout.trim().to_owned()
}

#[test]
fn every_connection_ends_at_the_provider_and_the_client_stays() {
    let world = world(Config::plain(), &["work", "personal"]);
    let tokens = ["work", "personal"].map(|name| token(&world, name));
    world.home.run(&["connection", "set-default", "demo", "work"]).unwrap().expect_code(0);
    let output = world.home.run(&["revoke", "demo", "--yes"]).unwrap().expect_code(0);
    assert_eq!(output.stderr.matches("Withdrew and forgot").count(), 2, "{output:?}");
    assert!(tokens.iter().all(|token| !world.server.is_valid(token)));
    world.home.run(&["get", "demo"]).unwrap().expect_code(5);
    // No form is asked for: the client is there.
    world.log_in_again(&[]);
    assert_eq!(world.home.run(&["get", "demo", "--field", "connection"]).unwrap().stdout, "default\n");
}

#[test]
fn one_connection_ends_and_its_neighbour_lives() {
    for config in [Config::plain(), Config::notion(), Config::slack()] {
        let world = world(config, &["work", "personal"]);
        let (work, personal) = (token(&world, "work"), token(&world, "personal"));
        let output = world.home.run(&["revoke", "demo", "--connection", "work", "--yes"]).unwrap().expect_code(0);
        assert!(!world.server.is_valid(&work) && world.server.is_valid(&personal), "{output:?}");
        assert_eq!(token(&world, "personal"), personal);
    }
}

#[test]
fn a_connection_whose_refresh_token_is_withdrawn_is_forgotten_and_what_may_live_on_is_told() {
    let world = world(Config::plain(), &["work"]);
    world.server.fault(Endpoint::Revoke, Fault::None, Times::Once);
    world.server.fault(Endpoint::Revoke, Fault::Status(503, Vec::new()), Times::Always);
    let output = world.home.run(&["revoke", "demo", "--yes"]).unwrap().expect_code(0);
    assert!(output.stderr.contains("its access token may work until it expires"), "{output:?}");
    assert!(output.stderr.contains("Withdrew and forgot the connection work"), "{output:?}");
    world.home.run(&["get", "demo"]).unwrap().expect_code(5);
}

#[test]
fn what_the_provider_could_not_be_told_of_is_kept_and_the_others_end() {
    let world = world(Config::plain(), &["personal", "work"]);
    world.server.fault(Endpoint::Revoke, Fault::CloseBeforeAnswer, Times::Once);
    let output = world.home.run(&["revoke", "demo", "--yes"]).unwrap().expect_code(7);
    assert!(output.stderr.contains("the connection personal of demo is kept"), "{output:?}");
    assert!(output.stderr.contains("Withdrew and forgot the connection work"), "{output:?}");
    assert!(world.server.is_valid(&token(&world, "personal")));
    world.home.run(&["revoke", "demo", "--yes"]).unwrap().expect_code(0);
    world.home.run(&["get", "demo"]).unwrap().expect_code(5);
}

#[test]
fn a_definition_that_moved_gets_no_token_to_revoke() {
    let world = world(Config::plain(), &["default"]);
    let mut moved = world.server.definition("demo");
    moved["oauth"]["revocation_url"] = json!(format!("{}/elsewhere", world.server.url()));
    world.home.write_definition("demo", &moved).unwrap();
    let output = world.home.run(&["revoke", "demo", "--yes"]).unwrap().expect_code(4);
    assert!(output.stderr.contains("authsome login demo --force"), "{output:?}");
    assert!(world.server.requests_to("/elsewhere").is_empty() && world.server.requests_to("/revoke").is_empty());
    world.home.run(&["get", "demo"]).unwrap().expect_code(0);
}

#[test]
fn a_provider_without_an_endpoint_is_warned_about_and_forgotten() {
    let world = World::new("demo", Config::plain());
    let mut definition = world.server.definition("demo");
    definition["oauth"].as_object_mut().unwrap().remove("revocation_url");
    world.home.write_definition("demo", &definition).unwrap();
    world.connect(&[]);
    let output = world.home.run(&["revoke", "demo", "--quiet", "--yes"]).unwrap().expect_code(0);
    assert!(output.stderr.contains("warning") && output.stderr.contains("only forgotten here"), "{output:?}");
    world.home.run(&["get", "demo"]).unwrap().expect_code(5);
}

#[test]
fn a_person_is_asked_and_no_means_no() {
    let world = world(Config::plain(), &["default"]);
    for command in ["revoke", "logout"] {
        let mut terminal = world.home.pty("authsome", &[command, "demo"]).unwrap();
        terminal.see("[y/N]").unwrap();
        terminal.line("n").unwrap();
        assert_eq!(terminal.finish().unwrap(), Some(4), "{command}");
    }
    assert!(world.server.is_valid(&token(&world, "default")) && world.server.requests_to("/revoke").is_empty());
    let mut terminal = world.home.pty("authsome", &["revoke", "demo"]).unwrap();
    terminal.see("[y/N]").unwrap();
    terminal.line("y").unwrap();
    assert_eq!(terminal.finish().unwrap(), Some(0));
}

/// A renewal whose answer is held back for this long, under way when it returns.
fn renewing(world: &World, hold: u64) -> testkit::Running {
    std::thread::sleep(Duration::from_millis(2100));
    world.server.forget_requests();
    world.server.fault(Endpoint::Token, Fault::DelayAnswer(hold), Times::Once);
    let export = world.home.spawn("authsome", &["export", "demo", "--connection", "work"]).unwrap();
    let sent = || !world.server.requests_to("/token").is_empty();
    assert!(testkit::wait_until(Duration::from_secs(10), sent), "no renewal began");
    export
}

#[test]
fn a_connection_that_is_being_renewed_ends_with_what_the_renewal_got() {
    let world = world(Config { access_ttl: Some(2), ..Config::plain() }, &["work"]);
    world.server.configure(|config| config.access_ttl = Some(3600));
    let export = renewing(&world, 1000);
    world.home.run(&["revoke", "demo", "--connection", "work", "--yes"]).unwrap().expect_code(0);
    drop(export.finish());
    assert_eq!((world.server.refresh_count(), world.server.reuse_count()), (1, 0));
    let living = world.server.secrets().iter().filter(|secret| world.server.is_valid(secret)).count();
    assert_eq!(living, 0, "no token outlives its connection");
    world.home.run(&["get", "demo"]).unwrap().expect_code(5);
}

#[test]
fn a_connection_that_is_being_renewed_gets_another_name_with_its_new_token() {
    let world = world(Config { access_ttl: Some(2), ..Config::plain() }, &["work"]);
    world.server.configure(|config| config.access_ttl = Some(3600));
    let export = renewing(&world, 1000);
    world.home.run(&["connection", "rename", "demo", "work", "office"]).unwrap().expect_code(0);
    drop(export.finish());
    assert!(world.server.is_valid(&token(&world, "office")));
    assert_eq!((world.server.refresh_count(), world.server.reuse_count()), (1, 0));
}

#[test]
fn a_logout_in_the_middle_of_a_renewal_leaves_no_token_behind() {
    let world = world(Config { access_ttl: Some(2), ..Config::plain() }, &["work"]);
    world.server.configure(|config| config.access_ttl = Some(3600));
    let export = renewing(&world, 1000);
    world.home.run(&["logout", "demo", "--connection", "work", "--yes"]).unwrap().expect_code(0);
    drop(export.finish());
    world.home.run(&["get", "demo"]).unwrap().expect_code(5);
    // What came after the logout belongs to nobody, and is withdrawn.
    let withdrawn = || world.server.secrets().iter().all(|secret| !world.server.is_valid(secret));
    assert!(testkit::wait_until(Duration::from_secs(5), withdrawn));
    assert!(!world.server.requests_to("/revoke").is_empty());
}
