//! Logins that end connected, and those that say exactly why not.

mod answers;
mod clients;
mod devices;
mod ends;
mod hardening;
mod keys;
mod strangers;
mod told;
mod turns;

use crate::world::World;
use std::time::Duration;
use testkit::{Browser, Config, Consent, Endpoint, Fault, Times};

/// Headers by which a browser says that a person followed a link.
const NAVIGATE: &[(&str, &str)] = &[("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")];

fn notion() -> World {
    World::new("demo", Config::notion())
}

/// Where the page listens, from an address it opened.
fn origin(url: &str) -> String {
    let end = url.rfind('/').unwrap();
    url[..end].to_owned()
}

/// The answer to a login's address, and the cookie that its browser now has.
fn begun(nonce: &str) -> (testkit::Page, String) {
    let answer = Browser::new().unwrap().request("GET", nonce, NAVIGATE, b"").unwrap();
    let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    (answer, cookie)
}

#[test]
fn a_consent_that_is_refused_ends_with_4_and_stores_nothing() {
    let world = World::new("demo", Config { consent: Consent::Deny, ..Config::notion() });
    let mut running = world.start_login(&["--stdin"]);
    running.write(&world.client_json()).unwrap();
    running.close_stdin();
    let page = Browser::new().unwrap().open(&world.opened_as(1)).unwrap();
    assert!(page.body.contains("Not connected"), "{}", page.body);
    // The client was, and is not asked for again.
    assert!(page.body.contains("No connection was stored."), "{}", page.body);
    let output = running.finish().unwrap().expect_code(4);
    assert!(output.stderr.contains("access_denied") || output.stderr.contains("denied"), "{}", output.stderr);
    world.home.run(&["get", "demo"]).unwrap().expect_code(5);
}

#[test]
fn without_an_answer_the_login_ends_with_7_at_its_time() {
    let output = notion().start_login(&["--timeout", "1"]).finish().unwrap().expect_code(7);
    assert!(output.stderr.contains("nothing happened for 1 s"), "{}", output.stderr);
}

#[test]
fn the_client_is_kept_before_anything_else_and_asked_for_once() {
    let world = World::new("demo", Config { consent: Consent::Deny, ..Config::notion() });
    let running = world.start_login(&[]);
    world.fill_form(&world.opened_as(1)).unwrap();
    Browser::new().unwrap().open(&world.opened_as(2)).unwrap();
    running.finish().unwrap().expect_code(4);
    world.server.configure(|config| config.consent = Consent::Allow);
    // The login failed, and yet the next one goes straight to the provider.
    world.log_in_again(&[]);
}

#[test]
fn a_second_login_on_a_port_that_somebody_else_holds_names_port_owner_and_key() {
    let world = notion();
    let port = testkit::free_port().unwrap();
    world.home.write_config(&serde_json::json!({"callback": format!("http://127.0.0.1:{port}")})).unwrap();
    let _other = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let output = world.start_login(&[]).finish().unwrap().expect_code(7);
    for part in [&*format!("port {port} is in use"), "ss -ltnp", "\"callback\""] {
        assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
    }
}

#[test]
fn a_nonce_used_by_two_browsers_ends_the_login_loudly() {
    let world = notion();
    let running = world.start_login(&[]);
    let url = world.opened_as(1);
    Browser::new().unwrap().open(&url).unwrap();
    let second = Browser::new().unwrap().open(&url).unwrap();
    assert_eq!(second.status, 403);
    let output = running.finish().unwrap().expect_code(4);
    assert!(output.stderr.contains("two browsers"), "{}", output.stderr);
}

#[test]
fn a_forged_callback_uses_up_nothing_and_the_real_one_still_counts() {
    let world = notion();
    let mut running = world.start_login(&["--stdin"]);
    running.write(&world.client_json()).unwrap();
    running.close_stdin();
    let nonce = world.opened_as(1);
    let callback = format!("{}/auth/callback/oauth", origin(&nonce));

    // Another browser, with a guessed state: no cookie, nothing taken, told to paste.
    let stranger = Browser::new().unwrap().open(&format!("{callback}?code=forged&state=guess")).unwrap();
    assert_eq!(stranger.status, 403);
    assert!(stranger.body.contains("Paste this address into the terminal"), "{}", stranger.body);
    // An image on some page: no navigation.
    let image = [("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")];
    let image =
        Browser::new().unwrap().request("GET", &format!("{callback}?code=forged&state=x"), &image, b"").unwrap();
    assert_eq!(image.status, 403);
    // The right browser with a wrong state.
    let (first, cookie) = begun(&nonce);
    let with_cookie = [NAVIGATE, &[("Cookie", cookie.as_str())]].concat();
    let visit = |url: &str| Browser::new().unwrap().request("GET", url, &with_cookie, b"").unwrap();
    let wrong = visit(&format!("{callback}?code=forged&state=guess"));
    assert_eq!(wrong.status, 400, "{}", wrong.body);
    assert!(world.server.requests_to("/token").is_empty());
    let provider = Browser::new().unwrap().request("GET", first.header("location").unwrap(), &[], b"").unwrap();
    let page = visit(provider.header("location").unwrap());
    assert!(page.body.contains("Connected"), "{}", page.body);
    running.finish().unwrap().expect_code(0);
}

#[test]
fn a_callback_that_comes_twice_exchanges_the_code_once() {
    let world = notion();
    let mut running = world.start_login(&["--stdin"]);
    running.write(&world.client_json()).unwrap();
    running.close_stdin();
    let browser = Browser::new().unwrap();
    let page = browser.open(&world.opened_as(1)).unwrap();
    // The page lives for a moment longer than the answer; a reload finds it gone or used.
    let cookie = browser.cookies(&page.url).unwrap();
    assert!(!cookie.is_empty());
    let again = browser.request("GET", &page.url, &[NAVIGATE, &[("Cookie", cookie.as_str())]].concat(), b"");
    assert!(again.is_err() || again.is_ok_and(|page| page.status != 200));
    running.finish().unwrap().expect_code(0);
    assert_eq!(world.server.requests_to("/token").len(), 1);
}

#[test]
fn a_slow_provider_leaves_no_blank_page_and_says_connected_only_when_it_is() {
    let world = notion();
    world.server.fault(Endpoint::Token, Fault::DelayAnswer(3000), Times::Once);
    let mut running = world.start_login(&["--stdin"]);
    running.write(&world.client_json()).unwrap();
    running.close_stdin();
    let browser = Browser::new().unwrap();
    let page = browser.open(&world.opened_as(1)).unwrap();
    assert!(page.body.contains("Checking with demo") && page.body.contains("url=/wait"), "{}", page.body);
    assert!(page.body.contains("No connection is stored yet."), "{}", page.body);
    let wait = format!("{}/wait", origin(&world.opened_as(1)));
    assert_eq!(Browser::new().unwrap().open(&wait).unwrap().status, 404, "another browser is told nothing");
    let page = browser.open(&wait).unwrap();
    assert!(page.body.contains("Connected to demo"), "{}", page.body);
    running.finish().unwrap().expect_code(0);
}

#[test]
fn a_rebound_name_and_a_foreign_form_are_refused() {
    let world = notion();
    let running = world.start_login(&[]);
    let nonce = world.opened_as(1);
    let browser = Browser::new().unwrap();
    let rebound =
        browser.request("GET", &format!("{}/form", origin(&nonce)), &[("Host", "attacker.test")], b"").unwrap();
    assert_eq!(rebound.status, 421);
    let (_, cookie) = begun(&nonce);
    let form = format!("{}/form", origin(&nonce));
    let body = b"client_id=attacker&client_secret=attacker";
    for foreign in ["http://attacker.test", "null", "http://127.0.0.1:1"] {
        // The browser would send the cookie along if it were less strict about other sites.
        let headers =
            [("Cookie", &*cookie), ("Origin", foreign), ("Content-Type", "application/x-www-form-urlencoded")];
        assert_eq!(browser.request("POST", &form, &headers, body).unwrap().status, 403, "{foreign}");
    }
    let without_cookie = [("Origin", &*origin(&nonce)), ("Content-Type", "application/x-www-form-urlencoded")];
    assert_eq!(Browser::new().unwrap().request("POST", &form, &without_cookie, body).unwrap().status, 403);
    drop(running);
    world.home.run(&["get", "demo"]).unwrap().expect_code(5);
}

#[test]
fn what_a_provider_says_is_escaped_on_the_page() {
    let world = World::new("demo", Config { consent: Consent::Deny, ..Config::notion() });
    let mut definition = world.server.definition("demo");
    definition["display_name"] = "<script>alert(1)</script>".into();
    world.home.write_definition("demo", &definition).unwrap();
    let _running = world.start_login(&[]);
    let page = Browser::new().unwrap().open(&world.opened_as(1)).unwrap();
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
    assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
}

#[test]
fn without_a_browser_both_addresses_are_printed_and_the_page_still_works() {
    let world = notion();
    let mut running = world.start_login(&["--no-browser", "--stdin"]);
    running.write(&world.client_json()).unwrap();
    running.close_stdin();
    let addresses = running.words("http://127.0.0.1:", 2).unwrap();
    assert!(addresses[1].starts_with(&format!("{}/authorize?", world.server.url())), "{addresses:?}");
    assert!(world.opened().is_empty());
    Browser::new().unwrap().open(&addresses[0]).unwrap();
    running.finish().unwrap().expect_code(0);
}

#[test]
fn a_person_at_a_terminal_types_masked_secrets_and_pastes_the_address() {
    let world = World::new("demo", Config { consent: Consent::Ask, ..Config::notion() });
    let mut terminal = world.home.pty("authsome", &["login", "demo", "--no-browser"]).unwrap();
    terminal.see("lient").unwrap();
    terminal.see(": ").unwrap();
    terminal.line("client").unwrap();
    terminal.wait_for_echo(false).unwrap();
    terminal.line("client-secret-notion").unwrap();
    let provider = terminal.word(&format!("{}/authorize", world.server.url())).unwrap();
    // Another machine's browser: it ends at an address where nobody answers it.
    let page = Browser::new().unwrap().open(&provider).unwrap().press("Allow").unwrap();
    terminal.wait_for_echo(false).unwrap();
    terminal.line(&page.url).unwrap();
    terminal.see("Connected to").unwrap();
    assert_eq!(terminal.finish().unwrap(), Some(0));
    assert!(!terminal.seen().contains("client-secret-notion"), "{}", terminal.seen());
}

#[test]
fn the_terminal_has_its_echo_back_when_the_page_was_faster() {
    let world = World::new("demo", Config { pkce: testkit::Pkce::Off, ..Config::notion() });
    let mut terminal = world.home.pty("sh", &["-c", "authsome login demo; stty -a; read end"]).unwrap();
    world.fill_form(&world.opened_as(1)).unwrap();
    Browser::new().unwrap().open(&world.opened_as(2)).unwrap();
    terminal.see("Connected to").unwrap();
    terminal.see(" icanon").unwrap();
    terminal.see(" echo ").unwrap();
    terminal.line("").unwrap();
    assert_eq!(terminal.finish().unwrap(), Some(0));
}

#[test]
fn a_paste_longer_than_a_terminals_line_arrives_whole() {
    let world = notion();
    let mut terminal = world.home.pty("authsome", &["login", "openai", "--no-browser", "--no-check"]).unwrap();
    terminal.wait_for_echo(false).unwrap();
    let key = format!("sk-{}", "a".repeat(6000));
    terminal.line(&key).unwrap();
    terminal.see("Connected to OpenAI").unwrap();
    assert_eq!(terminal.finish().unwrap(), Some(0));
    let shown = world.home.run(&["get", "openai", "--show-secret", "--field", "api_key"]).unwrap().expect_code(0);
    assert_eq!(shown.stdout.trim(), key);
}

#[test]
fn ctrl_c_ends_the_login_with_130_and_frees_the_port_at_once() {
    let world = notion();
    let mut terminal = world.home.pty("authsome", &["login", "demo", "--no-browser"]).unwrap();
    terminal.see(": ").unwrap();
    terminal.line("client").unwrap();
    terminal.wait_for_echo(false).unwrap();
    terminal.keys("\u{3}").unwrap();
    assert_eq!(terminal.finish().unwrap(), Some(130));
    world.log_in(&[]);
}

#[test]
fn a_killed_login_frees_the_port_and_the_next_one_works() {
    let world = notion();
    for _ in 0..3 {
        let before = world.opened().len();
        let running = world.start_login(&[]);
        world.opened_as(before + 1);
        running.signal(testkit::Signal::KILL).unwrap();
        drop(running.finish());
    }
    world.log_in(&[]);
}

#[test]
fn a_flow_that_dies_while_the_login_waits_ends_the_login() {
    let world = notion();
    let running = world.start_login(&[]);
    world.opened_as(1);
    let flow = children(running.id()).into_iter().find(|(_, name)| name.contains("authsome-flow")).unwrap().0;
    rustix::process::kill_process(rustix::process::Pid::from_raw(flow).unwrap(), rustix::process::Signal::KILL)
        .unwrap();
    let output = running.finish().unwrap().expect_code(7);
    assert!(output.stderr.contains("flow"), "{}", output.stderr);
}

/// The processes below `pid`, with their command lines.
fn children(pid: u32) -> Vec<(i32, String)> {
    assert!(testkit::wait_until(Duration::from_secs(5), || !below(pid).is_empty()), "it has no children");
    below(pid)
}

fn below(pid: u32) -> Vec<(i32, String)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let pids = text.split_whitespace().filter_map(|pid| pid.parse().ok());
    pids.map(|pid: i32| (pid, std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default())).collect()
}
