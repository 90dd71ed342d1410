//! What a person is told on the terminal and on the page.

use super::notion;
use testkit::Browser;

const KEY: &str = "sk-abcdefghijklmnopqrstuvwxyz";

#[test]
fn a_key_that_could_not_be_checked_is_said_to_be_so_on_the_page() {
    let mut world = notion();
    let nobody = testkit::free_port().unwrap();
    world.home.set_env("HTTPS_PROXY", &format!("http://127.0.0.1:{nobody}"));
    let running = world.home.spawn("authsome", &["login", "openai"]).unwrap();
    let form = Browser::new().unwrap().open(&world.opened_as(1)).unwrap();
    let page = form.submit(&[("api_key", KEY)]).unwrap();
    let told = "Note: the credential is kept without being checked: openai could not be asked";
    assert!(page.body.contains("Connected") && page.body.contains(told), "{}", page.body);
    let output = running.finish().unwrap().expect_code(0);
    assert!(output.stderr.contains("kept without being checked"), "{}", output.stderr);
}

#[test]
fn the_terminal_tells_where_to_make_an_app_and_what_to_register_as_the_page_does() {
    let world = notion();
    let mut definition = world.server.definition("demo");
    definition["dashboard_url"] = "https://dashboard.test/apps".into();
    definition["docs_url"] = "https://docs.test/oauth".into();
    world.home.write_definition("demo", &definition).unwrap();
    let mut terminal = world.home.pty("authsome", &["login", "demo", "--no-browser"]).unwrap();
    terminal.see("https://dashboard.test/apps").unwrap();
    terminal.see("/auth/callback/oauth").unwrap();
    terminal.see("https://docs.test/oauth").unwrap();
    terminal.see("Client ID").unwrap();
    terminal.keys("\u{3}").unwrap();
    terminal.finish().unwrap();

    let mut terminal = world.home.pty("authsome", &["login", "openai", "--no-browser"]).unwrap();
    terminal.see("You find it at https://platform.openai.com/").unwrap();
    terminal.see("API key").unwrap();
}

#[test]
fn what_is_piped_in_without_the_flag_is_said_not_to_be_read() {
    let world = notion();
    let mut running = world.home.spawn("authsome", &["login", "openai", "--no-browser"]).unwrap();
    running.see("Waiting for the form").unwrap();
    // A slow producer is noticed as well.
    running.write(KEY).unwrap();
    running.see("stdin is not read without --stdin").unwrap();
    assert!(!running.stderr().contains(KEY));

    let silent = world.home.spawn("authsome", &["login", "openai", "--no-browser", "--timeout", "1"]).unwrap();
    let output = silent.finish().unwrap().expect_code(7);
    assert!(!output.stderr.contains("stdin is not read"), "{}", output.stderr);
}

#[test]
fn the_end_of_the_terminals_input_is_answered_and_the_page_still_waits() {
    let world = notion();
    // At a prompt that shows what is typed, and at one that hides it.
    for (login, prompt) in [("demo", "Client ID: "), ("openai", "API key: ")] {
        let mut terminal = world.home.pty("authsome", &["login", login, "--no-browser", "--no-check"]).unwrap();
        let form = terminal.word("http://127.0.0.1:").unwrap();
        terminal.see(prompt).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(200));
        terminal.keys("\u{4}").unwrap();
        terminal.see("The page still waits").unwrap();
        let page = Browser::new().unwrap().open(&form).unwrap();
        assert_eq!(page.status, 200, "{}", page.body);
        terminal.keys("\u{3}").unwrap();
        assert_eq!(terminal.finish().unwrap(), Some(130), "{}", terminal.seen());
    }
}
