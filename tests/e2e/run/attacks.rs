//! Attacks on credential proxies that were seen elsewhere, each by its name. Those on single
//! requests and connections are in `libs/mitm/tests/boundary.rs` and `injection.rs`.

use super::{WAIT_FOR_GO, below, connected, go, made, start, token};
use serde_json::json;
use testkit::{Api, Ca};

/// Cache key without host: what was resolved for one host goes out to another.
#[test]
fn a_credential_kept_for_one_host_is_not_used_at_another() {
    let world = connected();
    let second = Api::start(&world.ca, "api.second.test").unwrap();
    let definition = json!({"schema_version": 1, "name": "second", "display_name": "Second", "auth_type": "api_key",
        "flow": "api_key", "api_url": ["api.second.test"],
        "api_key": {"header_name": "Authorization", "header_prefix": "Bearer", "env_var": "SECOND_KEY"}});
    world.home.write_definition("second", &definition).unwrap();
    let login = ["login", "second", "--stdin", "--no-check"];
    world.home.run_with_input(&login, "key-of-the-second").unwrap().expect_code(0);
    let urls =
        "https://api.notion.test/a https://api.second.test/b https://api.notion.test/c https://api.second.test/d";
    let script = format!("for url in {urls}; do curl -sS -o /dev/null $url & done; wait");
    let mut args = world.run_args(&["sh", "-c", &script]);
    args.splice(1..1, ["--connect-to".to_owned(), second.connect_to()]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    world.home.run(&args).unwrap().expect_code(0);
    let seen = |api: &Api| -> Vec<String> {
        api.requests().iter().map(|request| request.header("authorization").unwrap().to_owned()).collect()
    };
    assert_eq!(seen(&world.api), vec![format!("Bearer {}", token(&world)); 2]);
    assert_eq!(seen(&second), vec!["Bearer key-of-the-second".to_owned(); 2]);
}

/// Redirect with credential: the provider, or who speaks in its name, sends the client elsewhere.
#[test]
fn a_redirect_to_another_host_takes_no_credential_along() {
    let world = connected();
    let others = Ca::new().unwrap();
    let other = Api::start(&others, "other.test").unwrap();
    others.write_pem(world.home.work().join("others.pem")).unwrap();
    // curl keeps the header on purpose, and so sends what it knows: the placeholder.
    let script = "cat others.pem \"$CURL_CA_BUNDLE\" > both.pem; \
        exec curl -sS --cacert both.pem --location-trusted -H \"Authorization: Bearer $NOTION_ACCESS_TOKEN\" \
        'https://api.notion.test/redirect?to=https://other.test/take'";
    let mut args = world.run_args(&["sh", "-c", script]);
    args.splice(1..1, ["--connect-to".to_owned(), other.connect_to()]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    world.home.run(&args).unwrap().expect_code(0);
    world.assert_real_token();
    let taken = other.requests();
    assert_eq!(taken.last().unwrap().header("authorization"), Some("Bearer authsome-proxy-managed"));
}

/// Core dump or ptrace of the holder.
#[test]
fn no_program_that_holds_a_secret_leaves_a_core_or_lets_others_look() {
    let world = connected();
    let running = start(&world, &format!("touch up; {WAIT_FOR_GO}"));
    made(&world, "up");
    let ours = below(running.id()).into_iter().filter(|(_, name)| name.starts_with("authsome"));
    let ours: Vec<_> = ours.chain([(running.id(), "run".to_owned())]).collect();
    assert!(ours.len() >= 3, "{ours:?}");
    for (pid, name) in ours {
        let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().nth(4), Some("0"), "{name}: {core}");
        if !rustix::process::geteuid().is_root() {
            // The kernel gives what it will not let be looked into to root.
            let owner =
                std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(format!("/proc/{pid}/environ")).unwrap());
            assert_eq!(owner, 0, "{name} can be looked into");
        }
    }
    go(&world);
    running.finish().unwrap().expect_code(0);
}

/// CA key stolen.
#[test]
fn the_authoritys_key_is_in_no_file() {
    let world = connected();
    let running = start(&world, &format!("touch up; {WAIT_FOR_GO}"));
    made(&world, "up");
    let found = testkit::scan(world.home.root(), &["PRIVATE KEY"]).unwrap();
    go(&world);
    running.finish().unwrap().expect_code(0);
    assert!(found.is_empty(), "{found:?}");
}

/// Unauthenticated proxy port: another session's password opens nothing either.
#[test]
fn the_password_of_one_session_is_none_for_another() {
    let world = connected();
    let one = start(&world, &format!("printf %s \"${{HTTPS_PROXY##*@}}\" > address; touch up; {WAIT_FOR_GO}"));
    made(&world, "up");
    let script = "own=${HTTPS_PROXY#http://}; exec curl -s -o /dev/null -w '%{http_connect}' \
                  -x \"http://${own%%@*}@$(cat address)\" https://api.notion.test/";
    let output = world.run(&["sh", "-c", script]);
    go(&world);
    one.finish().unwrap().expect_code(0);
    assert_eq!(output.stdout, "407");
    assert!(world.api.requests().is_empty());
}
