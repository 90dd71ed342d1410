//! Private keys, which have lines: pasted, typed into the page, piped in.

use crate::world::World;
use serde_json::{Value, json};
use testkit::jwt::KEY_PEM as KEY;
use testkit::{Browser, Config, Pty};

/// A provider that believes signed assertions.
fn signing() -> World {
    let world = World::new("demo", Config::plain());
    let mut definition = world.server.definition("demo");
    definition["flow"] = "jwt_bearer".into();
    world.home.write_definition("demo", &definition).unwrap();
    world
}

/// The file of a service account, laid out as Google hands it out.
fn file() -> String {
    let file = json!({"type": "service_account", "project_id": "p", "private_key_id": "k7", "private_key": KEY,
        "client_email": "sa@p.test", "client_id": "108099999999", "token_uri": "https://elsewhere.test/token"});
    format!("{file:#}\n")
}

/// Header and claims of the assertion that the provider got last.
fn assertion(world: &World) -> [Value; 2] {
    use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
    let body = world.server.requests_to("/token").pop().unwrap().body;
    let form = url::form_urlencoded::parse(&body).into_owned();
    let assertion = form.filter(|(name, _)| name == "assertion").last().unwrap().1;
    let parts: Vec<&str> = assertion.split('.').collect();
    [parts[0], parts[1]].map(|part| serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
}

/// A login in a shell, which tells what is left for it to read.
fn in_a_shell(world: &World, login: &str) -> Pty {
    let script = format!("authsome login {login} --no-browser; IFS= read -r next; echo \"next: [$next]\"");
    let terminal = world.home.pty("sh", &["-c", &script]).unwrap();
    terminal.wait_for_echo(false).unwrap();
    terminal
}

/// As a terminal pastes: each line break is Enter.
fn paste(terminal: &mut Pty, text: &str) {
    terminal.keys(&text.replace('\n', "\r")).unwrap();
}

fn assert_nothing_is_left(mut terminal: Pty, seen: &str) {
    terminal.see(seen).unwrap();
    terminal.wait_for_echo(true).unwrap();
    terminal.line("after").unwrap();
    terminal.see("next: [after]").unwrap();
    assert_eq!(terminal.finish().unwrap(), Some(0));
    assert!(!terminal.seen().contains(KEY.lines().nth(2).unwrap()), "{}", terminal.seen());
}

#[test]
fn a_pasted_key_is_taken_whole_and_none_of_it_is_left_to_the_shell() {
    let world = signing();
    let mut terminal = in_a_shell(&world, "demo --client-id sa@p.test");
    paste(&mut terminal, &format!("{KEY}touch run-by-the-shell\n"));
    assert_nothing_is_left(terminal, "Connected to");
    assert_eq!(assertion(&world)[1]["iss"], "sa@p.test");
}

#[test]
fn a_service_accounts_file_can_be_pasted_as_it_is_laid_out() {
    let world = signing();
    let mut terminal = world.home.pty("authsome", &["login", "demo", "--no-browser"]).unwrap();
    terminal.see("service account").unwrap();
    terminal.line("").unwrap();
    terminal.wait_for_echo(false).unwrap();
    paste(&mut terminal, &file());
    terminal.see("Connected to").unwrap();
    assert_eq!(terminal.finish().unwrap(), Some(0));
    assert_eq!(
        assertion(&world).map(|part| part.get("kid").or(part.get("iss")).cloned().unwrap()),
        ["k7", "sa@p.test"]
    );
}

#[test]
fn a_key_in_the_place_of_a_line_leaves_nothing_to_the_shell() {
    let world = signing();
    let mut terminal = in_a_shell(&world, "openai --no-check");
    paste(&mut terminal, &format!("sk-abcdefghijklmnopqrstuvwxyz\n{}", KEY.repeat(8)));
    assert_nothing_is_left(terminal, "Connected to OpenAI");
}

#[test]
fn a_key_that_is_cut_off_ends_with_an_empty_line_and_is_refused() {
    let world = signing();
    let mut terminal = in_a_shell(&world, "demo --client-id sa@p.test");
    paste(&mut terminal, &KEY[..200]);
    terminal.line("").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(200));
    terminal.line("").unwrap();
    assert_nothing_is_left(terminal, "cannot sign");
}

#[test]
fn the_page_keeps_the_lines_of_a_key() {
    let world = signing();
    let running = world.start_login(&["--client-id", "sa@p.test"]);
    let page = Browser::new().unwrap().open(&world.opened_as(1)).unwrap();
    assert!(page.body.contains("<textarea class=\"masked\" id=\"private_key\""), "{}", page.body);
    assert!(!page.body.contains("type=\"password\""), "{}", page.body);
    // As a browser sends them.
    let done = page.submit(&[("private_key", &KEY.replace('\n', "\r\n"))]).unwrap();
    assert!(done.body.contains("Connected to"), "{}", done.body);
    running.finish().unwrap().expect_code(0);
}

#[test]
fn a_service_accounts_file_is_the_same_from_a_pipe() {
    let world = signing();
    let login = ["login", "demo", "--stdin", "--no-input"];
    let output = world.home.run_with_input(&login, &file()).unwrap().expect_code(0);
    assert!(!output.stderr.contains("more than was asked for"), "{}", output.stderr);
    let [header, claims] = assertion(&world);
    assert_eq!((&header["kid"], &claims["iss"]), (&json!("k7"), &json!("sa@p.test")));
    // The same file once more is the stored client; another one is not.
    let login = [&login[..], &["--force"]].concat();
    world.home.run_with_input(&login, &file()).unwrap().expect_code(0);
    let other = file().replace("sa@p.test", "sb@p.test");
    let output = world.home.run_with_input(&login, &other).unwrap().expect_code(2);
    assert!(output.stderr.contains("--reset-client --stdin"), "{}", output.stderr);
}
