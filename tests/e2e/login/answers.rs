//! Answers of providers in other shapes than a query.

use super::{NAVIGATE, begun, notion, origin};
use crate::world::World;
use serde_json::json;
use testkit::{Browser, Running};

/// A login at the moment when the provider answers: its redirect URI, the answer, the browser's cookie.
struct Answering {
    running: Running,
    callback: String,
    answer: String,
    cookie: String,
}

fn answering(world: &World) -> Answering {
    let mut running = world.start_login(&["--stdin"]);
    running.write(&world.client_json()).unwrap();
    running.close_stdin();
    let (first, cookie) = begun(&world.opened_as(1));
    let provider = Browser::new().unwrap().request("GET", first.header("location").unwrap(), &[], b"").unwrap();
    let (callback, answer) = provider.header("location").unwrap().split_once('?').unwrap();
    Answering { running, callback: callback.to_owned(), answer: answer.to_owned(), cookie }
}

impl Answering {
    fn get(&self, url: &str) -> testkit::Page {
        let headers = [NAVIGATE, &[("Cookie", self.cookie.as_str())]].concat();
        Browser::new().unwrap().request("GET", url, &headers, b"").unwrap()
    }
}

#[test]
fn a_posted_answer_is_taken() {
    let world = notion();
    let login = answering(&world);
    // A form of another site comes without the cookie.
    let form = [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", "https://provider.test")];
    let body = format!("{}&id_token=unasked", login.answer);
    let headers = [NAVIGATE, &form].concat();
    let posted = Browser::new().unwrap().request("POST", &login.callback, &headers, body.as_bytes()).unwrap();
    assert_eq!(posted.status, 303, "{}", posted.body);
    let location = posted.header("location").unwrap();
    assert!(!location.contains("unasked"), "{location}");
    let page = login.get(&format!("{}{location}", origin(&world.opened_as(1))));
    assert!(page.body.contains("Connected"), "{}", page.body);
    login.running.finish().unwrap().expect_code(0);
}

#[test]
fn a_posted_answer_of_another_browser_is_not_taken() {
    let world = notion();
    let login = answering(&world);
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let headers = [NAVIGATE, &form].concat();
    let posted = Browser::new().unwrap().request("POST", &login.callback, &headers, login.answer.as_bytes()).unwrap();
    let url = format!("{}{}", origin(&world.opened_as(1)), posted.header("location").unwrap());
    assert_eq!(Browser::new().unwrap().request("GET", &url, NAVIGATE, b"").unwrap().status, 403);
    let script = [("Sec-Fetch-Mode", "cors"), ("Cookie", login.cookie.as_str())];
    let body = login.answer.as_bytes();
    assert_eq!(Browser::new().unwrap().request("POST", &login.callback, &script, body).unwrap().status, 403);
    assert!(world.server.requests_to("/token").is_empty());
}

#[test]
fn an_answer_behind_the_hash_is_not_taken_for_one_that_was_taken_before() {
    let world = notion();
    let mut login = answering(&world);
    // The browser keeps what is behind the hash to itself.
    let page = login.get(&login.callback);
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("behind-the-hash") && page.body.contains("paste its whole address"), "{}", page.body);
    // What its script asks for when there was nothing.
    let nothing = login.get(&format!("{}?answer=none", login.callback));
    assert!(nothing.status == 400 && nothing.body.contains("neither a code nor an error"), "{}", nothing.body);
    login.running.see("neither a code nor an error").unwrap();
    // And when there was something.
    let page = login.get(&format!("{}?{}", login.callback, login.answer));
    assert!(page.body.contains("Connected"), "{}", page.body);
    login.running.finish().unwrap().expect_code(0);
}

#[test]
fn localhost_answers_whichever_version_of_ip_the_browser_prefers() {
    let world = notion();
    let port = testkit::free_port().unwrap();
    world.home.write_config(&json!({"callback": format!("http://localhost:{port}")})).unwrap();
    for (number, ip) in ["127.0.0.1", "[::1]"].into_iter().enumerate() {
        let mut running = world.start_login(&["--stdin", "--force"]);
        running.write(&world.client_json()).unwrap();
        running.close_stdin();
        let address = format!("{ip}:{port}").parse().unwrap();
        let browser = Browser::with(None, &[(&format!("localhost:{port}"), address)]).unwrap();
        let page = browser.open(&world.opened_as(number + 1)).unwrap();
        assert!(page.body.contains("Connected"), "{ip}: {}", page.body);
        running.finish().unwrap().expect_code(0);
    }
}
