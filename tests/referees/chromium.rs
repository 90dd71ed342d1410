//! The login page in a browser that people use.

use crate::referee::Referee;
use crate::webdriver::Window;
use crate::world::World;
use testkit::{Config, Consent, Endpoint, Fault, Running, Signal, Times};

const TAB: char = '\u{E004}';
const ENTER: char = '\u{E007}';

/// A provider with a consent page, whose definition says what an OAuth app's says.
fn world() -> World {
    let world = World::new("notion", Config { consent: Consent::Ask, ..Config::notion() });
    let mut definition = world.server.definition("notion");
    definition["display_name"] = "Notion".into();
    definition["dashboard_url"] = "https://www.notion.so/my-integrations".into();
    definition["docs_url"] = "https://developers.notion.com/docs/authorization".into();
    world.home.write_definition("notion", &definition).unwrap();
    world
}

fn consent(world: &World, args: &[&str]) -> (Running, String) {
    let before = world.opened().len();
    let mut running = world.start_login(&[&["--stdin"], args].concat());
    running.write(&world.client_json()).unwrap();
    running.close_stdin();
    let window = world.opened_as(before + 1);
    (running, window)
}

/// Nothing is loaded but the page, nothing sticks out, everything can be reached and has a name.
fn assert_in_order(window: &Window) {
    let loaded = window.run("return performance.getEntriesByType('resource').map(one => one.name)");
    assert_eq!(loaded, serde_json::json!([]), "requests besides the page's own");
    let clipped =
        window.run("return [...document.querySelectorAll('input')].some(one => one.scrollWidth > one.clientWidth)");
    assert_eq!(clipped, false, "a field shows only a part of its value");
    let wide = window.run("return document.documentElement.scrollWidth > document.documentElement.clientWidth");
    assert_eq!(wide, false, "something sticks out of {}", window.url());
    let nameless = window.run(
        "return [...document.querySelectorAll('input,button,a')].filter(one => \
         !(one.labels?.length || one.innerText || one.ariaLabel)).map(one => one.outerHTML)",
    );
    assert_eq!(nameless, serde_json::json!([]));
    assert_eq!(window.run("return document.documentElement.lang"), "en");
    assert_eq!(window.run("return document.querySelectorAll('h1').length"), 1);
}

#[test]
fn a_person_with_a_keyboard_alone_gets_from_the_form_to_success() {
    if !Referee::Chromium.is_here() {
        return;
    }
    let world = world();
    let running = world.start_login(&[]);
    let window = Window::open(&world.home, 1000, 820);
    window.go(&world.opened_as(1));
    window.see("Notion");
    assert!(window.title().contains("Notion"), "{}", window.title());
    assert_in_order(&window);
    window.screenshot("form");
    assert_eq!(window.run("return document.activeElement.id"), "client_id", "ready to type");
    assert_eq!(window.label("#client_secret"), "Client secret");
    assert!(window.text().contains("/auth/callback/oauth"), "{}", window.text());
    assert_eq!(window.label("#copy"), "Copy the redirect URI");
    assert!(window.text().contains("notion.so/my-integrations"), "{}", window.text());
    window.click("#copy");
    // The clipboard answers in its own time.
    let said = || window.run("return document.getElementById('copy').textContent") != "Copy";
    assert!(testkit::wait_until(std::time::Duration::from_secs(10), said), "it says that it did");
    window.run("document.getElementById('client_id').focus()");
    window.keys(&format!("client{TAB}client-secret-notion{ENTER}"));
    window.see("second window");
    window.screenshot("saved");

    window.go(&world.opened_as(2));
    window.see("Allow access?");
    window.click("button[value=allow]");
    window.see("Connected to Notion");
    window.see("Ada's workspace");
    window.see("authsome run");
    assert_in_order(&window);
    assert!(!window.url().contains("code="), "no code stays in the address bar: {}", window.url());
    window.screenshot("connected");
    running.finish().unwrap().expect_code(0);

    // The page is gone with its login; a reload of the callback repeats nothing.
    let _ = window.try_go(&window.url());
    assert_eq!(world.server.requests_to("/token").len(), 1);
}

#[test]
fn refused_consent_is_told_with_the_way_out() {
    if !Referee::Chromium.is_here() {
        return;
    }
    let world = world();
    let (running, address) = consent(&world, &[]);
    let window = Window::open(&world.home, 1000, 820);
    window.go(&address);
    window.see("Allow access?");
    window.click("button[value=deny]");
    window.see("Not connected to Notion");
    window.see("the person said no");
    window.see("authsome login notion");
    assert_in_order(&window);
    window.screenshot("refused");
    running.finish().unwrap().expect_code(4);
}

#[test]
fn a_narrow_dark_window_shows_all_of_it() {
    if !Referee::Chromium.is_here() {
        return;
    }
    let world = world();
    let running = world.start_login(&[]);
    let window = Window::open(&world.home, 600, 900);
    window.be_narrow();
    window.be_dark();
    window.go(&world.opened_as(1));
    window.see("Notion");
    assert_in_order(&window);
    window.screenshot("form-narrow-dark");
    let paper = window.run("return getComputedStyle(document.body).backgroundColor");
    assert_eq!(paper, "rgb(22, 25, 29)", "dark when the desktop is");
    running.signal(Signal::KILL).unwrap();
    drop(running);

    let (running, address) = consent(&world, &["--connection", "work"]);
    window.go(&address);
    window.see("Allow access?");
    window.click("button[value=allow]");
    window.see("Connected to Notion");
    assert_in_order(&window);
    window.screenshot("connected-narrow-dark");
    running.finish().unwrap().expect_code(0);
}

#[test]
fn a_reload_while_the_login_lives_and_pages_of_others_repeat_and_forge_nothing() {
    if !Referee::Chromium.is_here() {
        return;
    }
    let world = world();
    let running = world.start_login(&[]);
    let window = Window::open(&world.home, 1000, 820);
    let nonce = world.opened_as(1);
    window.go(&nonce);
    window.see("Notion");
    let origin = &nonce[..nonce.rfind('/').unwrap()];

    // Another site's page, in the browser that has the login's cookie: a form, an image, a script.
    let evil = format!(
        "data:text/html,<img src=\"{origin}/auth/callback/oauth?code=x%26state=y\"><form id=f method=post action=\"{origin}/form\">\
         <input name=client_id value=attacker><input name=client_secret value=attacker></form><script>f.submit()</script>"
    );
    window.go(&evil);
    window.see("Refused");
    window.go(&format!("{origin}/form"));
    window.see("Client secret");
    window.keys(&format!("client{TAB}client-secret-notion{ENTER}"));
    window.see("second window");
    // A reload of the page that was posted: the form has been sent, no login is broken by it.
    window.go(&format!("{origin}/form"));
    window.see("has been sent");
    window.go(&world.opened_as(2));
    window.see("Allow access?");
    world.server.fault(Endpoint::Token, Fault::DelayAnswer(4000), Times::Once);
    window.click("button[value=allow]");
    window.see("Connected to Notion");
    running.finish().unwrap().expect_code(0);
    assert_eq!(world.server.requests_to("/token").len(), 1);
}

#[test]
fn over_a_tunnel_the_window_with_the_form_goes_on_by_itself() {
    if !Referee::Chromium.is_here() {
        return;
    }
    let world = world();
    let mut running = world.start_login(&["--no-browser"]);
    let window = Window::open(&world.home, 1000, 820);
    window.go(&running.word("http://127.0.0.1:").unwrap());
    window.see("Client secret");
    window.keys(&format!("client{TAB}client-secret-notion{ENTER}"));
    window.see("second window");
    window.click("a");
    window.see("Allow access?");
    window.click("button[value=allow]");
    window.see("Connected to Notion");
    running.finish().unwrap().expect_code(0);
}

#[test]
fn a_private_file_leads_the_browser_to_the_login() {
    if !Referee::Chromium.is_here() {
        return;
    }
    let world = world();
    let (running, _) = consent(&world, &[]);
    let window = Window::open(&world.home, 1000, 820);
    let file = world.opener_arguments().pop().unwrap();
    window.go(&file);
    window.see("Allow access?");
    assert!(!std::path::Path::new(file.strip_prefix("file://").unwrap()).exists());
    window.click("button[value=allow]");
    window.see("Connected to Notion");
    running.finish().unwrap().expect_code(0);
}

/// A browser that has come to the provider, and the answer that it would be sent back with: the redirect URI
/// and its query.
fn answer_of(world: &World) -> (Running, Window, String, String) {
    let (running, nonce) = consent(world, &[]);
    let window = Window::open(&world.home, 1000, 820);
    window.go(&nonce);
    window.see("Allow access?");
    world.server.configure(|config| config.consent = Consent::Allow);
    let answer = testkit::Browser::new().unwrap().request("GET", &window.url(), &[], b"").unwrap();
    let (uri, query) = answer.header("location").unwrap().split_once('?').unwrap();
    (running, window, uri.to_owned(), query.to_owned())
}

#[test]
fn an_answer_that_another_sites_form_posts_is_taken() {
    if !Referee::Chromium.is_here() {
        return;
    }
    let world = world();
    let (running, window, uri, query) = answer_of(&world);
    let fields: String = url::form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| format!("<input type=hidden name='{name}' value='{value}'>"))
        .collect();
    let page = format!("<form id=f method=post action='{uri}'>{fields}</form><script>f.submit()</script>");
    let page: String = url::form_urlencoded::byte_serialize(page.as_bytes()).collect();
    window.go(&format!("data:text/html,{}", page.replace('+', "%20")));
    window.see("Connected to Notion");
    running.finish().unwrap().expect_code(0);
}

#[test]
fn an_answer_behind_the_hash_is_sent_on_by_the_page() {
    if !Referee::Chromium.is_here() {
        return;
    }
    let world = world();
    let (running, window, uri, query) = answer_of(&world);
    window.go(&uri);
    window.see("neither a code nor an error");
    window.go(&format!("{uri}#{query}&access_token=unasked"));
    window.see("Connected to Notion");
    assert!(!window.url().contains("code="), "{}", window.url());
    running.finish().unwrap().expect_code(0);
}
