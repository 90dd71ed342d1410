//! OAuth clients: registered, forgotten, moved, replaced.

use super::{notion, origin};
use crate::world::World;
use serde_json::Value;
use testkit::{Browser, Config, Consent, Signal};

/// Logs in where the client registers itself: the provider's window alone.
fn register(world: &World, args: &[&str]) -> testkit::Output {
    let before = world.opened().len();
    let running = world.start_login(args);
    Browser::new().unwrap().open(&world.opened_as(before + 1)).unwrap();
    running.finish().unwrap().expect_code(0)
}

fn client_of(world: &World, connection: &str) -> Value {
    let shown = world.home.run_program("authsome-vault", &["get", &format!("demo/{connection}")]).unwrap();
    shown.expect_code(0).json()["client_id"].clone()
}

#[test]
fn a_forgotten_client_is_registered_anew_and_older_connections_keep_theirs() {
    let world = World::new("demo", Config::mcp());
    register(&world, &["--connection", "old"]);
    register(&world, &["--connection", "second"]);
    assert_eq!(world.server.requests_to("/register").len(), 1, "one client serves them all");
    world.server.forget_clients();
    let output = register(&world, &["--connection", "new"]);
    assert!(output.stderr.contains("no longer knows this client"), "{}", output.stderr);
    assert_eq!(world.server.requests_to("/register").len(), 2);
    assert_eq!(client_of(&world, "old"), client_of(&world, "second"));
    assert_ne!(client_of(&world, "old"), client_of(&world, "new"));
}

#[test]
fn a_client_that_is_forgotten_while_the_person_decides_costs_a_second_window() {
    let world = World::new("demo", Config { consent: Consent::Ask, ..Config::mcp() });
    let running = world.start_login(&["--connection", "first"]);
    Browser::new().unwrap().open(&world.opened_as(1)).unwrap().press("Allow").unwrap();
    running.finish().unwrap().expect_code(0);

    let running = world.start_login(&[]);
    let browser = Browser::new().unwrap();
    let consent = browser.open(&world.opened_as(2)).unwrap();
    world.server.forget_clients();
    let saved = consent.press("Allow").unwrap();
    assert!(saved.body.contains("second window"), "{}", saved.body);
    let second = world.opened_as(3);
    assert_eq!(origin(&second), origin(&world.opened_as(2)), "the page stays where it is");
    // A reload of the first answer, which has the same state, is not taken for the second.
    let again = browser.open(&saved.url).unwrap();
    assert_eq!(again.status, 410, "{}", again.body);
    Browser::new().unwrap().open(&second).unwrap().press("Allow").unwrap();
    running.finish().unwrap().expect_code(0);
}

#[test]
fn a_registered_clients_secret_that_runs_out_is_replaced_before_the_login() {
    let world = World::new(
        "demo",
        Config { client_auth: testkit::ClientAuth::Body, registered_ttl: Some(3600), ..Config::mcp() },
    );
    register(&world, &[]);
    let before = client_of(&world, "default");
    world.server.configure(|config| config.registered_ttl = Some(60));
    register(&world, &["--force"]);
    assert_eq!(client_of(&world, "default"), before, "an hour is enough");
    register(&world, &["--force", "--reset-client"]);
    let short = client_of(&world, "default");
    register(&world, &["--force"]);
    assert_ne!(client_of(&world, "default"), short, "a minute is not");
}

#[test]
fn a_client_gets_to_a_moved_token_endpoint_only_after_one_yes() {
    let world = notion();
    world.connect(&[]);
    let mut definition = world.server.definition("demo");
    definition["api_url"] = serde_json::json!(["api.elsewhere.test"]);
    world.home.write_definition("demo", &definition).unwrap();
    let refused = world.start_login(&["--connection", "work"]).finish().unwrap().expect_code(4);
    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);

    for (answer, status) in [("n", 4), ("y", 0)] {
        let windows = world.opened().len();
        let mut terminal = world.home.pty("authsome", &["login", "demo", "--force"]).unwrap();
        terminal.see("api.elsewhere.test").unwrap();
        terminal.see("[y/N]").unwrap();
        terminal.line(answer).unwrap();
        if status == 0 {
            Browser::new().unwrap().open(&world.opened_as(windows + 1)).unwrap();
        }
        assert_eq!(terminal.finish().unwrap(), Some(status), "{}", terminal.seen());
        assert_eq!(terminal.seen().matches("[y/N]").count(), 1, "{}", terminal.seen());
    }
    world.log_in_again(&["--connection", "work"]);
}

#[test]
fn what_moved_is_told_and_is_asked_of_nobody_who_wants_no_questions() {
    let world = notion();
    world.connect(&[]);
    let mut definition = world.server.definition("demo");
    definition["oauth"]["revocation_url"] = "https://elsewhere.test/revoke".into();
    world.home.write_definition("demo", &definition).unwrap();
    let connection = ["--connection", "work"];
    let refused = world.start_login(&connection).finish().unwrap().expect_code(4);
    let moved = "definition has changed: revocation: https://elsewhere.test/revoke (was http://127.0.0.1:";
    assert!(refused.stderr.contains(moved), "{}", refused.stderr);
    let hint = "hint: authsome login demo --connection work --force, if that is right\n";
    assert!(refused.stderr.ends_with(hint), "{}", refused.stderr);

    for quiet in ["--no-input", "--json"] {
        let login = ["login", "demo", "--connection", "work", "--force", quiet];
        let mut terminal = world.home.pty("authsome", &login).unwrap();
        assert_eq!(terminal.finish().unwrap(), Some(4));
        let seen = terminal.seen();
        assert!(!seen.contains("[y/N]") && seen.contains(&format!("with {quiet} nobody is asked")), "{seen}");
        assert!(seen.contains("authsome login demo --connection work --reset-client"), "{seen}");
    }
}

#[test]
fn another_client_id_asks_for_its_secret_and_a_reset_asks_for_both() {
    let world = notion();
    world.connect(&[]);
    let running = world.start_login(&["--connection", "work", "--client-id", "client"]);
    // The stored one: nothing to ask.
    Browser::new().unwrap().open(&world.opened_as(2)).unwrap();
    running.finish().unwrap().expect_code(0);

    let running = world.start_login(&["--connection", "work", "--force", "--client-id", "other"]);
    let page = Browser::new().unwrap().open(&world.opened_as(3)).unwrap();
    assert_eq!(page.fields(), ["client_secret"], "{}", page.body);
    drop(running);

    let running = world.start_login(&["--connection", "work", "--force", "--reset-client"]);
    let page = Browser::new().unwrap().open(&world.opened_as(4)).unwrap();
    assert_eq!(page.fields(), ["client_id", "client_secret"], "{}", page.body);
    drop(running);
}

#[test]
fn a_reset_that_ends_before_another_client_is_given_keeps_the_stored_one() {
    let world = notion();
    world.connect(&[]);
    world.start_login(&["--reset-client", "--no-input"]).finish().unwrap().expect_code(4);
    world.start_login(&["--reset-client", "--timeout", "1"]).finish().unwrap().expect_code(7);
    let before = world.opened().len();
    let running = world.start_login(&["--reset-client"]);
    world.opened_as(before + 1);
    running.signal_group(Signal::INT).unwrap();
    running.finish().unwrap().expect_code(130);
    world.log_in_again(&["--force"]);
}

/// A provider whose definition names variables for the OAuth client.
fn with_variables() -> World {
    let world = notion();
    let mut definition = world.server.definition("demo");
    definition["oauth"]["client_id_env"] = "DEMO_CLIENT_ID".into();
    definition["oauth"]["client_secret_env"] = "DEMO_CLIENT_SECRET".into();
    world.home.write_definition("demo", &definition).unwrap();
    world
}

#[test]
fn a_client_in_the_environment_goes_before_a_mistyped_one_that_was_stored() {
    for (id, secret, told) in [
        ("mistyped", "S3CRET-other", "using the OAuth client ID of DEMO_CLIENT_ID; another one was stored\n"),
        ("client", "S3CRET-other", "using the OAuth client secret of DEMO_CLIENT_SECRET; another one was stored\n"),
    ] {
        let mut world = with_variables();
        world.home.set_env("DEMO_CLIENT_ID", id);
        world.home.set_env("DEMO_CLIENT_SECRET", secret);
        world.start_login(&["--timeout", "1"]).finish().unwrap().expect_code(7);

        let right: Value = serde_json::from_str(&world.client_json()).unwrap();
        world.home.set_env("DEMO_CLIENT_ID", right["client_id"].as_str().unwrap());
        world.home.set_env("DEMO_CLIENT_SECRET", right["client_secret"].as_str().unwrap());
        let output = register(&world, &[]);
        assert!(output.stderr.contains(told), "{}", output.stderr);
        assert_eq!(client_of(&world, "default"), "client");
        // The same one again is no other.
        let output = register(&world, &["--force"]);
        assert!(!output.stderr.contains("was stored"), "{}", output.stderr);
    }
}

#[test]
fn a_variable_of_the_client_does_not_move_a_registered_one() {
    let mut world = World::new("demo", Config::mcp());
    let mut definition = world.server.definition("demo");
    definition["oauth"]["client_id_env"] = "DEMO_CLIENT_ID".into();
    world.home.write_definition("demo", &definition).unwrap();
    world.home.set_env("DEMO_CLIENT_ID", "other");
    register(&world, &[]);
    let output = register(&world, &["--force"]);
    assert_eq!(world.server.requests_to("/register").len(), 1, "{}", output.stderr);
}

#[test]
fn a_public_client_may_leave_the_secret_empty() {
    let config = Config { client_auth: testkit::ClientAuth::None, client_secret: None, ..Config::plain() };
    let world = World::new("demo", config);
    let mut definition = world.server.definition("demo");
    definition["oauth"].as_object_mut().unwrap().remove("token_auth");
    world.home.write_definition("demo", &definition).unwrap();
    let running = world.start_login(&[]);
    let page = Browser::new().unwrap().open(&world.opened_as(1)).unwrap();
    page.submit(&[("client_id", "client"), ("client_secret", "")]).unwrap();
    Browser::new().unwrap().open(&world.opened_as(2)).unwrap();
    running.finish().unwrap().expect_code(0);
}

#[test]
fn scopes_are_added_or_replaced_and_fewer_than_asked_are_told() {
    let world = World::new("demo", Config::plain());
    world.connect(&["--scopes", "+repo"]);
    assert_eq!(world.server.last_authorization().unwrap()["scope"], "read write repo");
    world.connect(&["--scopes", "read", "--force"]);
    assert_eq!(world.server.last_authorization().unwrap()["scope"], "read");

    world.server.configure(|config| config.scopes_granted = Some(vec!["read".to_owned()]));
    let before = world.opened().len();
    let running = world.start_login(&["--force"]);
    Browser::new().unwrap().open(&world.opened_as(before + 1)).unwrap();
    let output = running.finish().unwrap().expect_code(0);
    assert!(output.stderr.contains("write"), "{}", output.stderr);
    let shown = world.home.run_program("authsome-vault", &["get", "demo"]).unwrap().expect_code(0).json();
    assert_eq!(shown["scopes"], serde_json::json!(["read"]));
}

#[test]
fn a_refresh_token_that_does_not_come_is_told() {
    let world = World::new("demo", Config { refresh: testkit::Refresh::None, ..Config::plain() });
    let mut definition = world.server.definition("demo");
    definition["oauth"]["expects_refresh_token"] = true.into();
    world.home.write_definition("demo", &definition).unwrap();
    let mut running = world.start_login(&["--stdin"]);
    running.write(&world.client_json()).unwrap();
    running.close_stdin();
    Browser::new().unwrap().open(&world.opened_as(1)).unwrap();
    let output = running.finish().unwrap().expect_code(0);
    assert!(output.stderr.contains("refresh token"), "{}", output.stderr);
}

#[test]
fn a_piped_client_that_is_not_the_stored_one_is_not_passed_over() {
    let world = notion();
    world.connect(&[]);
    let stdin = ["login", "demo", "--connection", "work", "--profile", "default", "--stdin", "--force"];
    let other = r#"{"client_id":"new","client_secret":"S3CRET-new"}"#;
    let output = world.home.run_with_input(&stdin, other).unwrap().expect_code(2);
    let hint = "hint: authsome login demo --connection work --reset-client --stdin\n";
    assert!(output.stderr.contains("the stored OAuth client is another"), "{}", output.stderr);
    assert!(output.stderr.ends_with(hint), "{}", output.stderr);
    assert_eq!(world.opened().len(), 1, "nobody is sent anywhere for a client that was not meant");

    // The one that is stored is no other, and a reset takes whichever it is.
    world.connect(&["--connection", "work"]);
    world.connect(&["--connection", "work", "--reset-client"]);
}

#[test]
fn a_machines_client_that_was_piped_in_is_not_passed_over_either() {
    let world = World::new("demo", Config::plain());
    let mut definition = world.server.definition("demo");
    definition["flow"] = "client_credentials".into();
    world.home.write_definition("demo", &definition).unwrap();
    let log_in = |stdin: &str| world.home.run_with_input(&["login", "demo", "--stdin", "--force"], stdin).unwrap();
    log_in(&world.client_json()).expect_code(0);
    log_in(&world.client_json()).expect_code(0);
    let before = client_of(&world, "default");
    let output = log_in(r#"{"client_id":"new","client_secret":"S3CRET-new"}"#).expect_code(2);
    assert!(output.stderr.contains("authsome login demo --reset-client --stdin"), "{}", output.stderr);
    assert_eq!(client_of(&world, "default"), before);
}
