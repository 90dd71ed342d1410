//! What servers and definitions get wrong, or try.

use super::notion;
use crate::world::World;
use testkit::{Browser, Config, Endpoint, Fault, OAuthServer, Output, Times};

/// One login with the client from stdin, whatever becomes of it.
fn attempt(world: &World) -> (testkit::Page, Output) {
    let before = world.opened().len();
    let mut running = world.start_login(&["--stdin", "--force"]);
    running.write(&world.client_json()).unwrap();
    running.close_stdin();
    let page = Browser::new().unwrap().open(&world.opened_as(before + 1)).unwrap();
    (page, running.finish().unwrap())
}

fn assert_no_secret(world: &World, text: &str) {
    for secret in world.server.secrets() {
        assert!(!text.contains(&secret), "{secret} stands in {text}");
    }
}

#[test]
fn answers_that_are_no_token_name_status_and_expectation_and_no_secret() {
    let elsewhere = OAuthServer::start(Config::plain()).unwrap();
    let cases: [(Fault, i32, &[&str]); 7] = [
        (Fault::Html, 7, &["200", "text/html", "an access token"]),
        (Fault::Huge, 7, &["200", "1 MiB"]),
        (Fault::Garbage, 7, &["200", "an access token"]),
        (Fault::Redirect(format!("{}/token", elsewhere.url())), 7, &["307", "an access token"]),
        (Fault::Status(500, Vec::new()), 7, &["500"]),
        (Fault::CutBody, 7, &["no whole answer"]),
        (Fault::Echo, 4, &["demo rejected"]),
    ];
    for (fault, status, parts) in cases {
        let world = World::new("demo", Config::plain());
        world.server.fault(Endpoint::Token, fault.clone(), Times::Always);
        let (page, output) = attempt(&world);
        let output = output.expect_code(status);
        for part in parts {
            assert!(output.stderr.contains(part), "{fault:?} without {part:?}: {}", output.stderr);
        }
        assert!(page.body.contains("Not connected"), "{fault:?}: {}", page.body);
        assert_no_secret(&world, &output.stderr);
        assert_no_secret(&world, &page.body);
        world.home.run(&["get", "demo"]).unwrap().expect_code(5);
    }
    assert!(elsewhere.requests().is_empty(), "a redirect from a token endpoint is not followed");
}

#[test]
fn an_answer_from_another_server_gets_no_code() {
    let world = World::new("demo", Config { iss: true, ..Config::plain() });
    let mut definition = world.server.definition("demo");
    definition["oauth"]["issuer"] = "https://honest.test".into();
    world.home.write_definition("demo", &definition).unwrap();
    let (page, output) = attempt(&world);
    let output = output.expect_code(4);
    assert!(output.stderr.contains("another authorization server"), "{}", output.stderr);
    assert!(page.body.contains("Not connected"), "{}", page.body);
    assert!(world.server.requests_to("/token").is_empty(), "the code stays here");
}

#[test]
fn an_answer_meant_for_one_of_two_logins_is_not_taken_by_the_other() {
    // Two servers, one callback: the attacker's sends the person on to the honest one's answer.
    let world = notion();
    let mut running = world.start_login(&["--stdin"]);
    running.write(&world.client_json()).unwrap();
    running.close_stdin();
    let nonce = world.opened_as(1);
    let browser = Browser::new().unwrap();
    let answer = browser.request("GET", &nonce, super::NAVIGATE, b"").unwrap();
    let first_state = state_in(answer.header("location").unwrap());
    running.signal(testkit::Signal::KILL).unwrap();
    drop(running.finish());

    let mut running = world.start_login(&["--stdin"]);
    running.write(&world.client_json()).unwrap();
    running.close_stdin();
    let (begun, cookie) = super::begun(&world.opened_as(2));
    assert_ne!(state_in(begun.header("location").unwrap()), first_state);
    let callback = format!("{}/auth/callback/oauth?code=c&state={first_state}", super::origin(&nonce));
    let headers = [super::NAVIGATE, &[("Cookie", cookie.as_str())]].concat();
    let mixed = browser.request("GET", &callback, &headers, b"").unwrap();
    assert_eq!(mixed.status, 400);
    assert!(mixed.body.contains("another login"), "{}", mixed.body);
    assert!(world.server.requests_to("/token").is_empty());
}

fn state_in(url: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned()
}

#[test]
fn plain_http_is_for_loopback_in_custom_definitions_that_say_so() {
    for (field, value) in [
        ("token_url", "http://token.demo.test/token"),
        ("authorization_url", "http://authorize.demo.test/"),
        ("authorization_url", "file:///etc/passwd"),
        ("authorization_url", "javascript:alert(1)"),
    ] {
        let world = notion();
        let mut definition = world.server.definition("demo");
        definition["oauth"][field] = value.into();
        world.home.write_definition("demo", &definition).unwrap();
        let output = world.home.run_with_input(&["login", "demo", "--stdin"], &world.client_json()).unwrap();
        let output = output.expect_code(2);
        assert!(output.stderr.contains(field), "{field}: {}", output.stderr);
        assert!(world.opened().is_empty());
    }
    let world = notion();
    let mut definition = world.server.definition("demo");
    definition["allow_loopback_http"] = false.into();
    world.home.write_definition("demo", &definition).unwrap();
    world.home.run_with_input(&["login", "demo", "--stdin"], &world.client_json()).unwrap().expect_code(2);
    assert!(world.server.requests().is_empty());
}

/// Somebody else's flow, which asks this one thing.
fn odd_flow(world: &World, ask: &str) {
    let mut definition = world.server.definition("demo");
    definition["flow"] = "odd".into();
    world.home.write_definition("demo", &definition).unwrap();
    let script = format!(
        "#!/bin/sh\n\
         echo '{{\"hello\":\"flow\",\"versions\":[1],\"name\":\"odd\",\"release\":\"1\",\"ops\":[\"login\"],\"features\":[],\"flows\":[\"odd\"]}}'\n\
         read -r op\n\
         echo '{{\"v\":1,\"id\":1,\"ask\":{{\"n\":1,{ask}}}}}'\n\
         read -r answer\n\
         echo '{{\"v\":1,\"id\":1,\"err\":{{\"code\":\"denied\",\"message\":\"as told\"}}}}'\n"
    );
    world.home.drop_in("authsome-flow-odd", &script).unwrap();
}

#[test]
fn a_flow_of_somebody_else_asks_nobody_who_wants_no_questions() {
    let world = notion();
    odd_flow(&world, r#""kind":"confirm","text":"Give it all away?""#);
    for quiet in ["--no-input", "--json"] {
        let mut terminal = world.home.pty("authsome", &["login", "demo", quiet]).unwrap();
        assert_eq!(terminal.finish().unwrap(), Some(4));
        assert!(!terminal.seen().contains("[y/N]"), "{}", terminal.seen());
    }
}

#[test]
fn a_flow_of_somebody_else_cannot_open_anything_but_https() {
    for url in [
        "file:///etc/passwd",
        "http://plain.test/",
        "javascript:alert(1)",
        "-oProxyCommand=x",
        "https://",
        "https://a.test/\u{85}",
    ] {
        let world = notion();
        odd_flow(&world, &format!(r#""kind":"authorize","url":"{url}","pkce":true"#));
        let output = world.home.run(&["login", "demo"]).unwrap().expect_code(4);
        assert!(world.opened().is_empty(), "{url}: {}", output.stderr);
    }
}

#[test]
fn an_unknown_provider_ends_with_3_and_a_wrong_flag_with_2() {
    let world = notion();
    world.home.run(&["login", "nobody-knows"]).unwrap().expect_code(3);
    world.home.run(&["login", "demo", "--no-such-flag"]).unwrap().expect_code(2);
    world.home.run(&["login", "demo", "--connection", "../x"]).unwrap().expect_code(2);
}

#[test]
fn a_provider_that_is_not_there_ends_with_7() {
    let world = World::new("demo", Config::plain());
    world.server.fault(Endpoint::Token, Fault::CloseBeforeAnswer, Times::Always);
    let (_, output) = attempt(&world);
    output.expect_code(7);
}

#[test]
fn what_the_provider_says_is_shown_escaped_with_the_way_out() {
    let world = World::new("demo", Config::plain());
    let answer = r#"{"error":"invalid_client","error_description":"<b>no</b> \u001b[31mred"}"#;
    world.server.fault(Endpoint::Token, Fault::Answer(401, answer.to_owned()), Times::Always);
    let (page, output) = attempt(&world);
    let output = output.expect_code(4);
    assert!(page.body.contains("&lt;b&gt;no&lt;/b&gt;") && !page.body.contains("<b>no"), "{}", page.body);
    assert!(page.body.contains("--reset-client"), "{}", page.body);
    assert!(!output.stderr.contains('\u{1b}'), "{:?}", output.stderr);
}
