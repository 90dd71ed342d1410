//! Several accounts in one session, and what another terminal does while it runs.

use crate::world::World;
use std::time::{Duration, Instant};
use testkit::{Config, Output, Running};

const URL: &str = "https://api.demo.test/v1/me";

/// How soon another terminal's doing must count: a second, and what a busy machine adds.
const SOON: Duration = Duration::from_secs(3);

/// A provider with these connections, the first of them made with the client from stdin.
fn accounts(names: &[&str]) -> World {
    let world = World::new("demo", Config { api_url: vec!["api.demo.test".into()], ..Config::plain() });
    for (at, name) in names.iter().enumerate() {
        match at {
            0 => world.connect(&["--connection", name]),
            _ => world.log_in_again(&["--connection", name]),
        }
    }
    world
}

/// The access token of a connection.
fn token(world: &World, name: &str) -> String {
    let args = ["get", "demo", "--connection", name, "--show-secret", "--field", "access_token"];
    world.home.run(&args).unwrap().expect_code(0).stdout.trim().to_owned()
}

fn run_args(world: &World, flags: &[&str], command: &[&str]) -> Vec<String> {
    let mut args = world.run_args(command);
    args.splice(1..1, flags.iter().map(|flag| (*flag).to_owned()));
    args
}

/// `curl` in a session with these flags: status, headers and body as it prints them.
fn curl(world: &World, flags: &[&str], curl: &[&str]) -> Output {
    let command = [&["curl", "-s", "-i", "--suppress-connect-headers"], curl, &[URL]].concat();
    let args = run_args(world, flags, &command);
    world.home.run(&args.iter().map(String::as_str).collect::<Vec<_>>()).unwrap()
}

fn is_from(world: &World, name: &str) -> bool {
    world.seen_authorization() == Some(format!("Bearer {}", token(world, name)))
}

#[test]
fn a_session_uses_the_connection_it_was_given_and_says_so() {
    let world = accounts(&["work", "personal"]);
    for name in ["work", "personal"] {
        let output = curl(&world, &["--connection", &format!("demo={name}")], &[]).expect_code(0);
        assert!(output.stdout.contains(" 200"), "{output:?}");
        assert!(output.stdout.to_lowercase().contains(&format!("x-authsome-connection: demo/{name}\r")), "{output:?}");
        assert!(is_from(&world, name));
    }
    let quiet = curl(&world, &["--connection", "demo=work", "--no-connection-header"], &[]).expect_code(0);
    assert!(!quiet.stdout.to_lowercase().contains("x-authsome"), "{quiet:?}");
}

#[test]
fn between_two_accounts_a_session_warns_and_refuses_with_the_choices() {
    let world = accounts(&["work", "personal"]);
    let output = curl(&world, &[], &[]).expect_code(0);
    assert!(output.stderr.contains("several connections") && output.stderr.contains("personal, work"), "{output:?}");
    assert!(output.stdout.contains(" 409") && output.stdout.contains("personal"), "{output:?}");
    assert!(world.api.requests().is_empty(), "nothing went out without a credential");
}

#[test]
fn a_request_chooses_among_what_was_granted_and_its_header_never_leaves() {
    let world = accounts(&["work", "personal", "third"]);
    for flag in ["demo=work,personal", "demo=*"] {
        let output = curl(&world, &["--connection", flag], &["-H", "X-Authsome-Connection: personal"]).expect_code(0);
        assert!(output.stdout.to_lowercase().contains("x-authsome-connection: demo/personal\r"), "{output:?}");
        assert!(is_from(&world, "personal"));
        assert_eq!(world.api.requests().last().unwrap().header("x-authsome-connection"), None);
    }
    // Without a word the first one named is meant.
    curl(&world, &["--connection", "demo=work,personal"], &[]).expect_code(0);
    assert!(is_from(&world, "work"));
    let asked = world.api.requests().len();
    for (flag, name) in [("demo=work,personal", "third"), ("demo=work", "personal"), ("demo=*", "nobody")] {
        let output =
            curl(&world, &["--connection", flag], &["-H", &format!("X-Authsome-Connection: {name}")]).expect_code(0);
        assert!(output.stdout.contains(" 403"), "{flag} {name}: {output:?}");
    }
    let twice = ["-H", "X-Authsome-Connection: work", "-H", "X-Authsome-Connection: personal"];
    let output = curl(&world, &["--connection", "demo=*"], &twice).expect_code(0);
    assert!(!output.stdout.contains(" 200"), "{output:?}");
    assert_eq!(world.api.requests().len(), asked);
}

#[test]
fn only_the_providers_named_are_in_a_session() {
    let world = accounts(&["default"]);
    std::fs::write(world.home.work().join("key"), "sk-abcdefghijklmnopqrstuvwxyz").unwrap();
    let login = "authsome -q login openai --stdin --no-check < key";
    world.home.run_program("sh", &["-c", login]).unwrap().expect_code(0);
    let seen = |flags: &[&str]| {
        let args = run_args(&world, flags, &["env"]);
        let output = world.home.run(&args.iter().map(String::as_str).collect::<Vec<_>>()).unwrap().expect_code(0);
        ["DEMO_ACCESS_TOKEN=", "OPENAI_API_KEY="].map(|name| output.stdout.contains(name))
    };
    assert_eq!(seen(&[]), [true, true]);
    assert_eq!(seen(&["--only", "demo"]), [true, false]);
    assert_eq!(seen(&["--only", "openai,demo"]), [true, true]);
    let refused = curl(&world, &["--only", "openai", "--strict"], &[]);
    assert!(!refused.stdout.contains(" 200") && world.api.requests().is_empty(), "{refused:?}");
}

#[test]
fn a_directory_chooses_for_a_session_and_the_command_line_before_it() {
    let world = accounts(&["work", "personal"]);
    std::fs::write(world.home.work().join(".authsome.json"), r#"{"demo":"personal"}"#).unwrap();
    let untrusted = curl(&world, &[], &[]).expect_code(0);
    assert_eq!(untrusted.stderr.matches("is not trusted").count(), 1, "{untrusted:?}");
    assert!(untrusted.stdout.contains(" 409"), "{untrusted:?}");
    world.home.run(&["connection", "trust"]).unwrap().expect_code(0);
    let trusted = curl(&world, &[], &[]).expect_code(0);
    assert!(trusted.stdout.contains(" 200") && is_from(&world, "personal"), "{trusted:?}");
    curl(&world, &["--connection", "demo=work"], &[]).expect_code(0);
    assert!(is_from(&world, "work"));
    world.home.run(&["connection", "set-default", "demo", "work"]).unwrap().expect_code(0);
    curl(&world, &[], &[]).expect_code(0);
    assert!(is_from(&world, "personal"), "the directory goes before the default");
}

#[test]
fn an_alias_means_the_provider_on_the_command_line_and_in_a_directory() {
    let world = accounts(&["work", "personal"]);
    let mut definition = world.server.definition("demo");
    definition["aliases"] = serde_json::json!(["demo-mcp"]);
    world.home.write_definition("demo", &definition).unwrap();
    let choice = world.home.work().join(".authsome.json");
    for (here, flag) in [("demo", "demo-mcp=work"), ("demo-mcp", "demo=work")] {
        std::fs::write(&choice, format!(r#"{{"{here}":"personal"}}"#)).unwrap();
        world.home.run(&["connection", "trust"]).unwrap().expect_code(0);
        curl(&world, &[], &[]).expect_code(0);
        assert!(is_from(&world, "personal"), "{here}");
        curl(&world, &["--only", "demo-mcp"], &[]).expect_code(0);
        assert!(is_from(&world, "personal"), "{here}");
        curl(&world, &["--connection", flag], &[]).expect_code(0);
        assert!(is_from(&world, "work"), "{flag} goes before {here}");
    }
    let both = ["--connection", "demo-mcp=work", "--connection", "demo=personal"];
    let refused = curl(&world, &both, &[]).expect_code(2);
    assert!(refused.stderr.contains("demo is named twice"), "{refused:?}");
}

#[test]
fn profiles_know_nothing_of_each_other() {
    let mut world = accounts(&["default"]);
    let own = token(&world, "default");
    let elsewhere = world.home.run(&["--profile", "other", "get", "demo"]).unwrap().expect_code(5);
    assert!(elsewhere.stderr.contains("hint: authsome login demo --profile other\n"), "{elsewhere:?}");
    world.home.set_env("AUTHSOME_PROFILE", "other");
    // Not even the OAuth client.
    world.connect(&["--connection", "work"]);
    let other = token(&world, "work");
    assert_ne!(own, other);
    curl(&world, &[], &[]).expect_code(0);
    assert_eq!(world.seen_authorization(), Some(format!("Bearer {other}")));
    world.home.run(&["logout", "demo", "--yes"]).unwrap().expect_code(0);
    world.home.run(&["get", "demo"]).unwrap().expect_code(5);
    world.home.run(&["get", "demo", "--profile", "default"]).unwrap().expect_code(0);
    world.home.set_env("AUTHSOME_PROFILE", "../default");
    world.home.run(&["get", "demo"]).unwrap().expect_code(2);
}

/// A shell in a session, given one request after the other.
struct Live {
    shell: Running,
    count: usize,
}

impl Live {
    fn start(world: &World, flags: &[&str]) -> Live {
        let args = run_args(world, flags, &["sh"]);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        Live { shell: world.home.spawn("authsome", &args).unwrap(), count: 0 }
    }

    /// The status of one more request.
    fn request(&mut self) -> String {
        self.count += 1;
        let count = self.count;
        let line = format!("curl -s -o /dev/null -w 'status-{count}-%{{http_code}} ' {URL}\n");
        self.shell.write(&line).unwrap();
        let word = self.shell.word(&format!("status-{count}-")).unwrap();
        word.rsplit('-').next().unwrap().to_owned()
    }

    /// Requests until one shows what is waited for; it has to come soon.
    fn until(&mut self, what: &str, shown: impl Fn(&str) -> bool) {
        let began = Instant::now();
        loop {
            let status = self.request();
            if shown(&status) {
                return;
            }
            assert!(began.elapsed() < SOON, "{what}: still {status} after {:?}", began.elapsed());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn end(mut self) {
        self.shell.close_stdin();
        self.shell.finish().unwrap().expect_code(0);
    }
}

#[test]
fn a_login_and_a_logout_elsewhere_count_within_a_second() {
    let world = accounts(&["default"]);
    let mut live = Live::start(&world, &[]);
    assert_eq!(live.request(), "200");
    world.home.run(&["logout", "demo", "--yes"]).unwrap().expect_code(0);
    live.until("the logout", |status| status == "403");
    let asked = world.api.requests().len();
    assert_eq!(live.request(), "403");
    assert_eq!(world.api.requests().len(), asked, "a routed host is never asked without a credential");
    world.log_in_again(&[]);
    live.until("the login", |status| status == "200");
    assert!(is_from(&world, "default"));
    live.end();
}

#[test]
fn a_first_login_during_the_session_counts() {
    let world = accounts(&[]);
    let mut live = Live::start(&world, &[]);
    assert_ne!(live.request(), "200");
    world.connect(&[]);
    live.until("the first login", |status| status == "200");
    assert!(is_from(&world, "default"));
    live.end();
}

#[test]
fn a_new_default_elsewhere_counts_within_a_second() {
    let world = accounts(&["work", "personal"]);
    let mut live = Live::start(&world, &[]);
    assert_eq!(live.request(), "409");
    for name in ["work", "personal"] {
        world.home.run(&["connection", "set-default", "demo", name]).unwrap().expect_code(0);
        live.until(name, |status| status == "200" && is_from(&world, name));
    }
    live.end();
}

#[test]
fn a_renewal_elsewhere_counts_and_is_not_done_again() {
    let config = Config { api_url: vec!["api.demo.test".into()], access_ttl: Some(4), ..Config::plain() };
    let world = World::new("demo", config);
    world.connect(&[]);
    let mut live = Live::start(&world, &[]);
    assert_eq!(live.request(), "200");
    std::thread::sleep(Duration::from_secs(4));
    let renewed = token(&world, "default");
    assert_eq!(world.server.refresh_count(), 1);
    assert_eq!(live.request(), "200");
    assert_eq!(world.seen_authorization(), Some(format!("Bearer {renewed}")));
    assert_eq!(world.server.refresh_count(), 1);
    live.end();
}

/// The statuses of requests over one connection that is kept open, two a second; `meanwhile` happens
/// after the first of them.
fn kept_open(world: &World, requests: usize, meanwhile: impl FnOnce()) -> Vec<String> {
    let url = format!("{URL}?[1-{requests}]");
    // To stderr, which curl does not hold back.
    let written = "%{stderr}status-%{http_code}-%{num_connects}\\n";
    let command = ["curl", "-s", "--rate", "2/s", "-o", "/dev/null", "-w", written, &url];
    let args = run_args(world, &[], &command);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut running = world.home.spawn("authsome", &args).unwrap();
    running.see("status-").unwrap();
    meanwhile();
    let told = running.finish().unwrap().expect_code(0).stderr;
    let statuses: Vec<String> =
        told.lines().filter_map(|line| Some(line.strip_prefix("status-")?.to_owned())).collect();
    assert!(statuses.iter().skip(1).all(|status| status.ends_with("-0")), "one connection: {statuses:?}");
    statuses
}

#[test]
fn a_connection_that_is_kept_open_sees_a_new_default_and_a_logout() {
    let world = accounts(&["work", "personal"]);
    let statuses = kept_open(&world, 16, || {
        world.home.run(&["connection", "set-default", "demo", "work"]).unwrap().expect_code(0);
    });
    assert!(statuses[0].starts_with("409") && statuses.last().unwrap().starts_with("200"), "{statuses:?}");
    assert!(is_from(&world, "work"));
    let statuses = kept_open(&world, 16, || {
        world.home.run(&["logout", "demo", "--connection", "work", "--yes"]).unwrap().expect_code(0);
        world.home.run(&["logout", "demo", "--connection", "personal", "--yes"]).unwrap().expect_code(0);
    });
    assert!(statuses[0].starts_with("200") && statuses.last().unwrap().starts_with("403"), "{statuses:?}");
}
