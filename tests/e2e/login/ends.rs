//! Logins that a person, a closed pipe or a provider ends early: what is said, and what is left.

use super::{children, notion, origin};
use crate::world::World;
use testkit::{Browser, Config, Consent, Running, Signal};

/// A login that is past its client, and waits for the provider's answer.
fn waiting(world: &World, args: &[&str]) -> Running {
    let mut running = world.start_login(&[&["--stdin"], args].concat());
    running.write(&world.client_json()).unwrap();
    running.close_stdin();
    running.see("Waiting for the provider").unwrap();
    running
}

/// As a terminal does it: to the whole group.
fn interrupted(running: Running, signal: Signal) {
    running.signal_group(signal).unwrap();
    let output = running.finish().unwrap().expect_code(130);
    assert!(output.stderr.ends_with("error: cancelled\n"), "{}", output.stderr);
}

#[test]
fn ctrl_c_and_term_end_a_login_that_waits_for_the_provider_and_free_its_port() {
    let world = notion();
    for signal in [Signal::INT, Signal::TERM] {
        let before = world.opened().len();
        let running = waiting(&world, &["--force"]);
        let page = origin(&world.opened_as(before + 1));
        interrupted(running, signal);
        assert!(Browser::new().unwrap().open(&page).is_err(), "nobody listens any more");
        assert_eq!(std::fs::read_dir(world.home.tmp()).unwrap().count(), 0);
    }
    world.log_in_again(&[]);
}

#[test]
fn ctrl_c_ends_a_login_that_waits_for_its_turn_for_stdin_or_for_a_telephone() {
    let world = World::new("demo", Config::plain());
    let first = waiting(&world, &[]);
    let mut second = world.start_login(&["--connection", "second"]);
    second.see("Another login is using port").unwrap();
    interrupted(second, Signal::INT);
    interrupted(first, Signal::INT);

    let stdin = world.start_login(&["--stdin"]);
    children(stdin.id());
    interrupted(stdin, Signal::INT);

    let mut device = world.start_login(&["--stdin", "--flow", "device_code"]);
    device.write(&world.client_json()).unwrap();
    device.close_stdin();
    device.see("to hear from you").unwrap();
    interrupted(device, Signal::INT);
}

#[test]
fn ctrl_c_where_typing_is_shown_says_so_as_well() {
    let world = notion();
    let mut terminal = world.home.pty("authsome", &["login", "demo", "--no-browser"]).unwrap();
    terminal.see("lient").unwrap();
    terminal.see(": ").unwrap();
    terminal.keys("\u{3}").unwrap();
    terminal.see(" cancelled").unwrap();
    assert_eq!(terminal.finish().unwrap(), Some(130));
}

#[test]
fn a_login_that_is_told_to_end_while_a_secret_is_typed_gives_the_echo_back() {
    let world = notion();
    let mut terminal = world.home.pty("sh", &["-c", "authsome login openai --no-browser; stty -a; read end"]).unwrap();
    terminal.wait_for_echo(false).unwrap();
    let login = children(terminal.id()).into_iter().find(|(_, name)| name.contains("login")).unwrap().0;
    rustix::process::kill_process(rustix::process::Pid::from_raw(login).unwrap(), Signal::TERM).unwrap();
    terminal.see(" cancelled").unwrap();
    terminal.see(" icanon").unwrap();
    terminal.see(" echo ").unwrap();
    terminal.line("").unwrap();
    assert_eq!(terminal.finish().unwrap(), Some(0));
}

#[test]
fn the_way_out_names_the_connection_and_the_profile_that_were_asked_for() {
    let world = World::new("demo", Config { consent: Consent::Deny, ..Config::notion() });
    let running = waiting(&world, &["--connection", "work", "--profile", "home"]);
    let page = Browser::new().unwrap().open(&world.opened_as(1)).unwrap();
    let command = "authsome login demo --connection work --profile home --force";
    assert!(page.body.contains(&format!(">{command}<")), "{}", page.body);
    let output = running.finish().unwrap().expect_code(4);
    assert!(output.stderr.contains(&format!("hint: {command}\n")), "{}", output.stderr);

    // Where nothing else is to be said, the same login again.
    world.server.configure(|config| config.consent = Consent::Allow);
    world.server.fault(testkit::Endpoint::Token, testkit::Fault::Status(500, Vec::new()), testkit::Times::Once);
    let running = waiting(&world, &["--connection", "work"]);
    let page = Browser::new().unwrap().open(&world.opened_as(2)).unwrap();
    assert!(page.body.contains(">authsome login demo --connection work<"), "{}", page.body);
    running.finish().unwrap().expect_code(7);

    let running = waiting(&world, &["--connection", "work", "--profile", "home"]);
    let page = Browser::new().unwrap().open(&world.opened_as(3)).unwrap();
    for command in ["authsome run --profile home -- COMMAND", "authsome get demo --connection work --profile home"] {
        assert!(page.body.contains(&format!(">{command}<")), "{}", page.body);
    }
    running.finish().unwrap().expect_code(0);
}

#[test]
fn a_reader_of_events_that_goes_away_does_not_end_the_login() {
    let world = notion();
    let key = "printf sk-abcdefghijklmnopqrstuvwxyz";
    let login = "authsome --json login openai --stdin --no-check";
    let script = format!("{{ {key} | {login}; echo status $? >&2; }} | true");
    let output = world.home.run_program("sh", &["-c", &script]).unwrap().expect_code(0);
    assert!(output.stderr.contains("status 0"), "{output:?}");
    world.home.run(&["get", "openai"]).unwrap().expect_code(0);

    // One that cannot be finished does not end with 0 either.
    let script = "{ authsome --json login demo --no-browser --timeout 1; echo status $? >&2; } | true";
    let output = world.home.run_program("sh", &["-c", script]).unwrap();
    assert!(output.stderr.contains("status 7"), "{output:?}");
}

#[test]
fn a_limit_beyond_every_clock_is_none() {
    let world = notion();
    let running = waiting(&world, &["--timeout", &u64::MAX.to_string()]);
    interrupted(running, Signal::INT);
}
