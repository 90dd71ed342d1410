//! Python's clients: requests, httpx, gRPC, websockets.

use crate::site::Site;
use crate::{HOST, connected, is_here, run_at, token};
use std::path::{Path, PathBuf};
use testkit::{Output, Running};

const URL: &str = "https://api.notion.test/v1/users/me";

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/proxy/python")
}

/// The interpreter of the virtual environment beside the scripts.
pub fn python() -> Option<String> {
    let python = folder().join(".venv/bin/python");
    is_here("Python with requests, httpx, grpcio and websockets", python.is_file())
        .then(|| python.display().to_string())
}

#[test]
fn requests_uses_the_session_without_knowing_it() {
    let Some(python) = python() else { return };
    let world = connected();
    let code = format!(
        "import os, requests; \
         held = os.environ['NOTION_ACCESS_TOKEN']; \
         session = requests.Session(); \
         answers = [session.post('{URL}', data=b'x' * 100000, headers={{'Authorization': 'Bearer ' + held}}) for _ in range(3)]; \
         print(held, *(answer.json()['length'] for answer in answers))"
    );
    let output = world.run(&[&python, "-c", &code]).expect_code(0);
    assert_eq!(output.stdout, "authsome-proxy-managed 100000 100000 100000\n");
    world.assert_real_token();
}

#[test]
fn httpx_uses_it_in_both_versions_of_http() {
    let Some(python) = python() else { return };
    let world = connected();
    let code = format!(
        "import httpx; \
         print(*(httpx.Client(http2=two, timeout=20).get('{URL}').http_version for two in (False, True)))"
    );
    let output = world.run(&[&python, "-c", &code]).expect_code(0);
    assert_eq!(output.stdout, "HTTP/1.1 HTTP/2\n");
    world.assert_real_token();
}

/// Starts a server of one of the scripts, runs its client in a session. In the client's arguments `PORT` is the
/// server's own port and `ROOTS` the file of who vouches for it.
fn between(script: &str, client: &[&str]) -> Option<Output> {
    let python = python()?;
    let world = connected();
    let site = Site::new(&world.home.work(), HOST);
    let script = folder().join(script).display().to_string();
    let (key, certificate) = (site.key.display().to_string(), site.certificate.display().to_string());
    let mut server: Running =
        world.home.spawn(&python, &[&script, "serve", &key, &certificate, &token(&world)]).unwrap();
    let port = server.word("port=").unwrap();
    let port = port.trim_start_matches("port=");
    let address = format!("127.0.0.1:{port}").parse().unwrap();
    let mut command = vec![python.as_str(), script.as_str()];
    command.extend(client.iter().map(|argument| match *argument {
        "PORT" => port,
        "ROOTS" => site.roots.to_str().unwrap(),
        other => other,
    }));
    Some(run_at(&world, address, &site.roots, &command))
}

#[test]
fn a_grpc_client_and_a_grpc_server_understand_each_other_through_it() {
    let Some(output) = between("grpc_echo.py", &["call", "api.notion.test:443"]) else { return };
    assert_eq!(output.expect_code(0).stdout, "olleh the real one aa bb cc OK\n");
}

#[test]
fn a_web_socket_carries_messages_of_any_size_both_ways() {
    let Some(output) = between("websocket_echo.py", &["talk", "wss://api.notion.test/socket"]) else { return };
    assert_eq!(output.expect_code(0).stdout, "echoed\n");
}

#[test]
fn an_answer_that_ends_with_its_connection_is_to_curl_and_requests_what_it_is_without_a_session() {
    let Some(output) = between("until_the_end.py", &["get", "https://api.notion.test/v1/users/me", "PORT", "ROOTS"])
    else {
        return;
    };
    assert_eq!(output.expect_code(0).stdout, "200 {\"ok\":true}\n");
}
