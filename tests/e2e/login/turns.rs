//! Logins that want the same port at the same time, and logins that are killed.

use super::notion;
use crate::world::World;
use std::time::Duration;
use testkit::{Browser, Config, Running, Signal, wait_until};

/// Seconds that a whole login takes at most, on a busy machine.
const LOGIN: Duration = Duration::from_secs(20);

#[test]
fn of_two_logins_at_once_the_second_waits_visibly_and_both_end_connected() {
    let world = notion();
    world.connect(&["--connection", "first"]);
    for round in 0..20 {
        let before = world.opened().len();
        let [work, personal] = [format!("work-{round}"), format!("personal-{round}")];
        let mut logins = [&work, &personal].map(|name| world.start_login(&["--connection", name]));
        assert!(wait_until(LOGIN, || logins.iter().any(waits)), "round {round}: nobody waits");
        assert_eq!(world.opened().len().max(before + 1), before + 1, "round {round}: one window at a time");
        for window in 1..=2 {
            Browser::new().unwrap().open(&world.opened_as(before + window)).unwrap();
        }
        let told = logins.iter().filter(|running| waits(running)).count();
        for running in &mut logins {
            assert!(wait_until(LOGIN, || running.ended().unwrap()), "round {round}");
        }
        for running in logins {
            running.finish().unwrap().expect_code(0);
        }
        assert_eq!(told, 1, "round {round}: one of them waits and says so");
        for name in [&work, &personal] {
            world.home.run(&["get", "demo", "--connection", name]).unwrap().expect_code(0);
        }
    }
}

#[test]
fn logins_to_two_providers_take_turns_too() {
    let world = notion();
    let mut second = world.server.definition("second");
    second["display_name"] = "Second".into();
    world.home.write_definition("second", &second).unwrap();
    let first = world.start_login(&[]);
    let form = world.opened_as(1);
    let mut other = world.home.spawn("authsome", &["login", "second", "--stdin"]).unwrap();
    other.write(&world.client_json()).unwrap();
    other.close_stdin();
    other.see("Another login is using port").unwrap();
    world.fill_form(&form).unwrap();
    Browser::new().unwrap().open(&world.opened_as(2)).unwrap();
    first.finish().unwrap().expect_code(0);
    Browser::new().unwrap().open(&world.opened_as(3)).unwrap();
    other.finish().unwrap().expect_code(0);
}

#[test]
fn a_login_that_waits_for_its_turn_ends_at_its_time() {
    let world = notion();
    let _first = world.start_login(&[]);
    world.opened_as(1);
    let output = world.start_login(&["--timeout", "1"]).finish().unwrap().expect_code(7);
    assert!(output.stderr.contains("Another login is using port"), "{}", output.stderr);
}

#[test]
fn after_a_kill_at_any_moment_the_next_login_works() {
    let world = notion();
    let mut moment = Moments(0x9e37_79b9_7f4a_7c15);
    for round in 0..20 {
        let before = world.opened().len();
        let running = world.start_login(&["--force"]);
        // From before the first helper starts until long after the page listens.
        std::thread::sleep(moment.next(250));
        if round % 4 == 0 && wait_until(Duration::from_secs(2), || world.opened().len() > before) {
            let _ = world.fill_form(&world.opened_as(before + 1));
            std::thread::sleep(moment.next(50));
        }
        let _ = running.signal(Signal::KILL);
        let _ = running.finish();
        // The opener may still be writing what it was given.
        std::thread::sleep(Duration::from_millis(20));
    }
    let before = world.opened().len();
    let mut running = world.start_login(&["--stdin", "--force"]);
    running.write(&world.client_json()).unwrap();
    running.close_stdin();
    running.see("Waiting for the provider").unwrap();
    Browser::new().unwrap().open(&world.opened_as(before + 1)).unwrap();
    let output = running.finish().unwrap().expect_code(0);
    assert!(!output.stderr.contains("Another login"), "a lock outlived its login: {}", output.stderr);
    world.home.run(&["get", "demo"]).unwrap().expect_code(0);
}

fn waits(running: &Running) -> bool {
    running.stderr().contains("Another login is using port")
}

/// Moments that are the same in each run, so that a failure can be seen again.
struct Moments(u64);

impl Moments {
    /// Below `limit` milliseconds (xorshift).
    fn next(&mut self, limit: u64) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Duration::from_millis(self.0 % limit)
    }
}

/// The turn is given back with the port free: the next login never meets `port-in-use`.
#[test]
fn a_login_that_ends_frees_the_port_before_its_turn_is_over() {
    let world = World::new("demo", Config { consent: testkit::Consent::Deny, ..Config::notion() });
    for _ in 0..5 {
        let before = world.opened().len();
        let mut logins = Vec::new();
        for _ in 0..3 {
            let mut running = world.start_login(&["--stdin"]);
            running.write(&world.client_json()).unwrap();
            running.close_stdin();
            logins.push(running);
        }
        for window in 1..=3 {
            Browser::new().unwrap().open(&world.opened_as(before + window)).unwrap();
        }
        for running in logins {
            running.finish().unwrap().expect_code(4);
        }
    }
}
