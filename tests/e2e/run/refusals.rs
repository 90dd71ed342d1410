//! What the proxy itself refuses, as curl sees it: a status, a header and a JSON body of its own.

use super::{WAIT_FOR_GO, connected, go, made, read, start};
use crate::world::World;
use serde_json::{Value, json};
use testkit::{Api, Config};

const URL: &str = "https://api.notion.test/v1/users/me";

/// The status line, the header and the body of the proxy's own answer.
fn refusal(output: &str) -> (u16, String, Value) {
    let (head, body) = output.rsplit_once("\r\n\r\n").unwrap_or_else(|| panic!("no response: {output}"));
    let head = head.rsplit_once("\r\n\r\n").map_or(head, |(_, last)| last);
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
    let code = head.lines().find_map(|line| line.strip_prefix("x-authsome-error: ")).unwrap_or_default();
    (status, code.to_owned(), serde_json::from_str(body).unwrap_or(Value::Null))
}

#[test]
fn two_connections_are_warned_about_and_answered_409_with_the_choices() {
    let world = World::new("demo", Config::notion());
    world.connect(&["--connection", "personal"]);
    world.connect(&["--connection", "work"]);
    let output = world.run(&["curl", "-sS", "-i", URL]).expect_code(0);
    let (status, code, body) = refusal(&output.stdout);
    assert_eq!((status, code.as_str()), (409, "ambiguous"));
    assert_eq!(body["code"], "ambiguous");
    let message = body["message"].as_str().unwrap();
    assert!(message.contains("personal") && message.contains("work"), "{message}");
    assert!(body["fix"].as_str().unwrap().contains("--connection demo=NAME"), "{body}");
    assert!(output.stderr.contains("demo has several connections"), "{}", output.stderr);
    assert!(world.api.requests().is_empty(), "a request left without a credential");
}

#[test]
fn a_connection_that_was_chosen_is_used() {
    let world = World::new("demo", Config::notion());
    world.connect(&["--connection", "personal"]);
    world.connect(&["--connection", "work"]);
    let mut args = world.run_args(&["curl", "-sS", "-i", URL]);
    args.splice(1..1, ["--connection".to_owned(), "demo=work".to_owned()]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let output = world.home.run(&args).unwrap().expect_code(0);
    assert!(output.stdout.contains("x-authsome-connection: demo/work"), "{}", output.stdout);
    world.assert_real_token();
}

#[test]
fn a_logout_during_the_session_is_a_403_and_never_a_request_without_a_credential() {
    let world = connected();
    let script = format!("curl -sS -o first {URL}; {WAIT_FOR_GO}; sleep 1.2; exec curl -sS -i {URL}");
    let running = start(&world, &script);
    made(&world, "first");
    world.home.run(&["logout", "demo", "--yes"]).unwrap().expect_code(0);
    go(&world);
    let (status, code, body) = refusal(&running.finish().unwrap().expect_code(0).stdout);
    assert_eq!((status, code.as_str()), (403, "not-found"));
    assert!(body["fix"].as_str().unwrap().contains("authsome login demo"), "{body}");
    assert_eq!(world.api.requests().len(), 1);
}

/// Nothing listens there: what is judged is whether the address may be dialled at all.
#[test]
fn a_definition_with_a_path_may_say_that_its_network_is_private() {
    let world = connected();
    let host = format!("127.0.0.1:{}", testkit::free_port().unwrap());
    let definition = json!({"schema_version": 1, "name": "inner", "display_name": "Inner", "auth_type": "api_key",
        "flow": "api_key", "api_url": [format!("{host}/v2")], "private_network": true,
        "api_key": {"header_name": "Authorization", "header_prefix": "Bearer", "env_var": "INNER_KEY"}});
    world.home.write_definition("inner", &definition).unwrap();
    let login = ["login", "inner", "--stdin", "--no-check", "--quiet"];
    world.home.run_with_input(&login, "sk-inner-0123456789abcdef").unwrap().expect_code(0);
    let args = ["run", "--", "curl", "-sS", "-i", "--noproxy", "", &format!("https://{host}/v2/x")];
    let (status, code, _) = refusal(&world.home.run(&args).unwrap().expect_code(0).stdout);
    assert_eq!((status, code.as_str()), (502, "upstream-unreachable"));
}

#[test]
fn a_provider_that_says_401_is_told_from_the_proxy() {
    let world = connected();
    world.api.accept_if(|_| false);
    let output = world.run(&["curl", "-sS", "-i", URL]).expect_code(0);
    let (status, code, _) = refusal(&output.stdout);
    assert_eq!((status, code.as_str()), (401, ""), "{}", output.stdout);
}

#[test]
fn a_placeholder_sent_to_a_path_without_a_slot_is_refused() {
    let world = connected();
    let header = "X-Other: authsome-proxy-managed";
    let output = world.run(&["curl", "-sS", "-i", "-H", header, URL]).expect_code(0);
    let (status, code, _) = refusal(&output.stdout);
    assert_eq!((status, code.as_str()), (403, "placeholder"));
    assert!(world.api.requests().is_empty());
}

#[test]
fn a_placeholder_in_plain_http_is_refused() {
    let world = connected();
    let plain = Api::plain().unwrap();
    let url = plain.url("/x");
    let mut args = world.run_args(&["curl", "-sS", "-i", "--noproxy", "", "-H"]);
    args.insert(1, "--allow-private".to_owned());
    args.extend(["Authorization: Bearer authsome-proxy-managed".to_owned(), url]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let (status, code, body) = refusal(&world.home.run(&args).unwrap().expect_code(0).stdout);
    assert_eq!((status, code.as_str()), (403, "placeholder"));
    assert!(body["fix"].as_str().unwrap().contains("https"), "{body}");
    assert!(plain.requests().is_empty());
}

#[test]
fn a_strict_session_lets_nothing_else_through() {
    let world = connected();
    let script = "curl -s -o /dev/null -w '%{http_connect}\n' https://other.test/; \
                  curl -s -o /dev/null -w '%{http_code}\n' http://other.test/; \
                  curl -s http://other.test/ | grep -o 'use https'; \
                  curl -s -o /dev/null -w '%{http_connect}\n' https://93.184.216.34/; \
                  exec curl -sS -o ok https://api.notion.test/v1/users/me";
    let mut args = world.run_args(&["sh", "-c", script]);
    args.insert(1, "--strict".to_owned());
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let output = world.home.run(&args).unwrap().expect_code(0);
    assert_eq!(output.stdout, "403\n403\nuse https\n403\n");
    world.assert_real_token();
}

#[test]
fn the_command_that_a_strict_session_names_lets_the_host_through() {
    let world = connected();
    // What a CONNECT is answered with, which curl does not show.
    let script = "address=${HTTPS_PROXY##*@}; credentials=${HTTPS_PROXY#http://}; \
                  curl -s --max-time 2 telnet://$address <<END
CONNECT other.test:443 HTTP/1.1\r
Host: other.test:443\r
Proxy-Authorization: Basic $(printf %s ${credentials%@*} | base64 -w0)\r
\r
END
                  exit 0";
    let mut args = world.run_args(&["sh", "-c", script]);
    args.insert(1, "--strict".to_owned());
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let said = world.home.run(&args).unwrap().expect_code(0).stdout;
    let (status, code, body) = refusal(&said);
    assert_eq!((status, code.as_str()), (403, "no-rule"));
    assert_eq!(body["fix"], "authsome run --strict --allow other.test -- COMMAND");
    world.home.run(&["run", "--strict", "--allow", "other.test", "--", "true"]).unwrap().expect_code(0);
}

/// Another user of the machine can reach the port, and has no password for it. Without root there
/// is no other user to be, and only a wrong password is tried.
#[test]
fn another_user_of_the_machine_gets_407() {
    let world = connected();
    let another = match rustix::process::geteuid().is_root() {
        true => "setpriv --reuid 65534 --regid 65534 --clear-groups",
        false => "env",
    };
    let ask = "curl -s -o /dev/null -w '%{http_connect}\n'";
    let script = format!(
        "address=${{HTTPS_PROXY##*@}}; \
         env -i PATH=\"$PATH\" {another} {ask} -x http://$address {URL}; \
         {ask} -x http://authsome:wrong@$address {URL}; \
         {ask} -x http://$address {URL}; \
         {another} cat /proc/$$/environ > environ 2> /dev/null; \
         exit 0"
    );
    let output = world.run(&["sh", "-c", &script]).expect_code(0);
    assert_eq!(output.stdout, "407\n407\n407\n");
    if rustix::process::geteuid().is_root() {
        assert_eq!(read(&world, "environ"), "", "another user read the session's password");
    }
    assert!(world.api.requests().is_empty());
}
