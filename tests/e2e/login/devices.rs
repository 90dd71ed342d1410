//! Logins on machines without a browser: codes, tunnels, pipes.

use super::notion;
use crate::world::World;
use serde_json::Value;
use std::time::Duration;
use testkit::{Browser, Config, Home, wait_until};

/// A provider whose flow is the device code.
fn device() -> World {
    let world = World::new("demo", Config::plain());
    let mut definition = world.server.definition("demo");
    definition["flow"] = "device_code".into();
    world.home.write_definition("demo", &definition).unwrap();
    world
}

/// Types the code where the provider says, as a person with a telephone does.
fn enter(world: &World, address: &str, decision: &str) {
    let page = Browser::new().unwrap().open(address).unwrap();
    let done = page.press(decision).unwrap();
    assert_eq!(done.status, 200, "{}", done.body);
    assert!(address.starts_with(&world.server.url()));
}

#[test]
fn a_device_code_is_shown_large_with_a_code_to_scan() {
    let world = device();
    let mut terminal = world.home.pty("authsome", &["login", "demo"]).unwrap();
    terminal.see(": ").unwrap();
    terminal.line("client").unwrap();
    terminal.wait_for_echo(false).unwrap();
    terminal.line("client-secret-plain").unwrap();
    let complete = terminal.word(&format!("{}/device?user_code=", world.server.url())).unwrap();
    let code = complete.split_once('=').unwrap().1.to_owned();
    terminal.see("┌──").unwrap();
    terminal.see("██").unwrap();
    let large: String = code.chars().map(|letter| format!("{letter} ")).collect();
    assert!(
        terminal.seen().contains(&large) && terminal.seen().contains(&format!("    {code}\r\n")),
        "{}",
        terminal.seen()
    );
    enter(&world, &complete, "Allow");
    terminal.see("Connected to").unwrap();
    assert_eq!(terminal.finish().unwrap(), Some(0));
}

#[test]
fn a_device_code_that_is_refused_ends_with_4_and_one_that_runs_out_with_7() {
    let world = device();
    let mut refused = start_with_client(&world, &[]);
    let address = refused.word(&format!("{}/device?", world.server.url())).unwrap();
    enter(&world, &address, "Deny");
    refused.finish().unwrap().expect_code(4);

    world.server.configure(|config| config.device_ttl = 2);
    let output = start_with_client(&world, &[]).finish().unwrap().expect_code(7);
    assert!(output.stderr.contains("not confirmed in time"), "{}", output.stderr);

    world.server.configure(|config| config.device_ttl = 600);
    let output = start_with_client(&world, &["--timeout", "1"]).finish().unwrap().expect_code(7);
    assert!(output.stderr.contains("nothing happened for 1 s"), "{}", output.stderr);
}

#[test]
fn one_key_switches_from_the_browser_to_a_device_code() {
    let world = World::new("demo", Config::plain());
    let mut terminal = world.home.pty("authsome", &["login", "demo", "--no-browser"]).unwrap();
    terminal.see(": ").unwrap();
    terminal.line("client").unwrap();
    terminal.wait_for_echo(false).unwrap();
    terminal.line("client-secret-plain").unwrap();
    terminal.see("press d for a device code").unwrap();
    terminal.wait_for_echo(false).unwrap();
    terminal.keys("d").unwrap();
    let complete = terminal.word(&format!("{}/device?user_code=", world.server.url())).unwrap();
    enter(&world, &complete, "Allow");
    terminal.see("Connected to").unwrap();
    assert_eq!(terminal.finish().unwrap(), Some(0));
}

#[test]
fn a_paste_that_begins_with_that_key_is_still_a_paste() {
    let world = World::new("demo", Config::plain());
    world.connect(&[]);
    let mut terminal = world.home.pty("authsome", &["login", "demo", "--no-browser", "--force"]).unwrap();
    terminal.see("press d for a device code").unwrap();
    terminal.wait_for_echo(false).unwrap();
    terminal.line("d-is-the-first-letter-of-this-code").unwrap();
    assert_eq!(terminal.finish().unwrap(), Some(4), "no such code: {}", terminal.seen());
    assert!(world.server.requests_to("/device_authorization").is_empty());
}

#[test]
fn over_ssh_no_browser_is_tried_and_the_tunnel_is_told() {
    let mut world = notion();
    world.home.set_env("BROWSER", "");
    world.home.set_env("SSH_CONNECTION", "192.0.2.7 50000 192.0.2.8 22");
    // Openers that would be found, and must not be asked.
    for opener in ["xdg-open", "gio", "wslview"] {
        world.home.drop_in(opener, "#!/bin/sh\necho \"$0\" >> \"$HOME/opened\"\n").unwrap();
    }
    let mut terminal = world.home.pty("authsome", &["login", "demo", "--client-id", "client"]).unwrap();
    terminal.wait_for_echo(false).unwrap();
    terminal.line("client-secret-notion").unwrap();
    let provider = terminal.word(&format!("{}/authorize?", world.server.url())).unwrap();
    let port = configured_port(&world.home);
    assert!(terminal.seen().contains(&format!("ssh -L {port}:127.0.0.1:{port} ")), "{}", terminal.seen());
    let local: Vec<String> = terminal
        .seen()
        .split_whitespace()
        .filter(|word| word.starts_with(&format!("http://127.0.0.1:{port}/")))
        .map(str::to_owned)
        .collect();
    assert!(!local.is_empty());
    terminal.see("paste the address you were sent to").unwrap();
    terminal.wait_for_echo(false).unwrap();
    // The tunnel's other end: nobody answers there, the person copies the address.
    let last = last_address(&provider);
    terminal.line(&last).unwrap();
    terminal.see("Connected to").unwrap();
    assert_eq!(terminal.finish().unwrap(), Some(0));
    assert!(world.opened().is_empty());
}

/// Where the provider sends a browser that is on another machine.
fn last_address(provider: &str) -> String {
    let answer = Browser::new().unwrap().request("GET", provider, &[], b"").unwrap();
    answer.header("location").unwrap().to_owned()
}

fn configured_port(home: &Home) -> String {
    let config: Value =
        serde_json::from_str(&std::fs::read_to_string(home.authsome().join("config.json")).unwrap()).unwrap();
    config["callback"].as_str().unwrap().rsplit(':').next().unwrap().to_owned()
}

#[test]
fn a_quiet_login_still_says_what_it_cannot_go_on_without() {
    let world = device();
    let mut running = start_with_client(&world, &["--quiet"]);
    let address = running.word(&format!("{}/device?", world.server.url())).unwrap();
    enter(&world, &address, "Allow");
    let output = running.finish().unwrap().expect_code(0);
    assert!(!output.stderr.contains("Waiting"), "{}", output.stderr);
}

#[test]
fn without_a_person_the_error_names_what_would_do() {
    let world = notion();
    let mut definition = world.server.definition("demo");
    definition["oauth"]["client_secret_env"] = "DEMO_CLIENT_SECRET".into();
    world.home.write_definition("demo", &definition).unwrap();
    let output = world.home.run(&["login", "demo", "--no-input"]).unwrap().expect_code(4);
    for part in ["--no-input", "--stdin", "--client-id", "DEMO_CLIENT_SECRET"] {
        assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
    }
    let output = world.home.run_with_input(&["login", "demo", "--no-input", "--stdin"], &world.client_json()).unwrap();
    let output = output.expect_code(4);
    assert!(output.stderr.contains("--no-browser"), "{}", output.stderr);
    let output = world.home.run(&["login", "openai", "--no-input"]).unwrap().expect_code(4);
    assert!(output.stderr.contains("--stdin") && output.stderr.contains("OPENAI_API_KEY"), "{}", output.stderr);
    let json = world.home.run(&["--json", "login", "openai", "--no-input"]).unwrap().expect_code(4);
    let err: Value = serde_json::from_str(json.stderr.trim()).unwrap();
    assert_eq!(err["err"]["code"], "needs-interaction");
}

#[test]
fn a_key_from_stdin_or_the_environment_needs_nobody() {
    let mut world = notion();
    let stdin = ["login", "openai", "--no-input", "--stdin", "--no-check"];
    world.home.run_with_input(&stdin, "sk-fromstdin00000000000000\n").unwrap().expect_code(0);
    world.home.set_env("OPENAI_API_KEY", "sk-fromenvironment000000000");
    world.home.run(&["login", "openai", "--no-input", "--no-check", "--connection", "env"]).unwrap().expect_code(0);
    let shown =
        world.home.run(&["get", "openai", "--connection", "env", "--show-secret", "--field", "api_key"]).unwrap();
    assert_eq!(shown.expect_code(0).stdout, "sk-fromenvironment000000000\n");
}

#[test]
fn in_json_each_event_is_one_line_and_the_last_says_connected() {
    let world = device();
    let mut running = start_with_client(&world, &["--json"]);
    assert!(wait_until(Duration::from_secs(20), || running.stdout().contains("\"device\"")));
    let events =
        |text: String| -> Vec<Value> { text.lines().map(|line| serde_json::from_str(line).unwrap()).collect() };
    let device = events(running.stdout()).into_iter().find(|event| event["event"] == "device").unwrap();
    enter(&world, device["verification_uri_complete"].as_str().unwrap(), "Allow");
    running.see("\"connected\"").unwrap();
    let output = running.finish().unwrap().expect_code(0);
    let last = events(output.stdout).pop().unwrap();
    assert_eq!(
        (&last["event"], &last["provider"], &last["status"]),
        (&"connected".into(), &"demo".into(), &"connected".into())
    );
    assert_eq!(output.stderr, "");
}

fn start_with_client(world: &World, args: &[&str]) -> testkit::Running {
    let mut whole = vec!["--stdin"];
    whole.extend(args);
    let mut running = world.start_login(&whole);
    running.write(&world.client_json()).unwrap();
    running.close_stdin();
    running
}
