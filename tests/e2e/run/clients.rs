//! What the command gets: placeholders to see, the real credential on its requests, and on nothing else.

use super::{connected, token};
use testkit::{Api, Ca};

const URL: &str = "https://api.notion.test/v1/users/me";

#[test]
fn curl_reaches_the_api_with_the_token_while_the_environment_holds_the_placeholder() {
    let world = connected();
    let token = token(&world);
    let output = world.run(&["sh", "-c", &format!("env; exec curl -sS -i {URL}")]).expect_code(0);
    world.assert_real_token();
    assert_eq!(world.seen_authorization(), Some(format!("Bearer {token}")));
    assert!(output.stdout.contains("=authsome-proxy-managed\n"), "{}", output.stdout);
    assert!(output.stdout.contains("x-authsome-connection: demo/default"), "{}", output.stdout);
    assert!(!output.stdout.contains(&token) && !output.stderr.contains(&token));
}

#[test]
fn curl_speaks_http_2_with_an_api_that_does() {
    let world = connected();
    let version = world.run(&["curl", "-sS", "-o", "/dev/null", "-w", "%{http_version}", URL]).expect_code(0);
    assert_eq!(version.stdout, "2");
    world.assert_real_token();
}

#[test]
fn a_host_without_a_rule_shows_its_own_certificate_and_gets_nothing() {
    let world = connected();
    let others = Ca::new().unwrap();
    let other = Api::start(&others, "other.test").unwrap();
    let pem = world.home.work().join("others.pem");
    others.write_pem(&pem).unwrap();
    let mut args = world.run_args(&[]);
    args.splice(1..1, ["--connect-to".to_owned(), other.connect_to()]);
    let run = |script: &str| {
        let mut args: Vec<&str> = args.iter().map(String::as_str).collect();
        args.extend(["sh", "-c", script]);
        world.home.run(&args).unwrap()
    };
    // Trusting that host's own authority alone, none of the session's.
    run("exec curl -sS --cacert others.pem https://other.test/").expect_code(0);
    assert_eq!(other.requests()[0].header("authorization"), None);
    // The session's authority does not vouch for it: curl's 60 is an untrusted certificate.
    run("exec curl -sS https://other.test/").expect_code(60);
    assert_eq!(other.requests().len(), 1);
}

#[test]
fn plain_http_carries_no_credential() {
    let world = connected();
    let plain = Api::plain().unwrap();
    let url = plain.url("/x");
    let mut args = world.run_args(&["curl", "-sS", "--noproxy", "", url.as_str()]);
    args.insert(1, "--allow-private".to_owned());
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    world.home.run(&args).unwrap().expect_code(0);
    assert_eq!(plain.requests()[0].header("authorization"), None);
}
