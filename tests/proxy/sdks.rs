//! The vendors' own libraries with the bundled definitions: each takes its placeholder from the variable
//! that it reads by itself and puts it where it likes.
//!
//! Those that go past the environment's proxy or bring roots of their own (Node's `fetch` before 22.21 without
//! a dispatcher, stripe for Python and Node) are not among them.

use crate::world::World;
use crate::{is_here, on_path};
use serde_json::Value;
use std::path::{Path, PathBuf};
use testkit::{Api, Config, Output};

const KEY: &str = "sk-ant-api03-abcdefghijklmnopqrstuvwxyz";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/proxy/sdks")
}

/// A world in which `provider` is connected by its bundled definition, but for where one logs in, and is at `host`.
fn bundled(provider: &str, host: &str, key: Option<&str>) -> World {
    let mut world = World::new(provider, Config { api_url: vec![host.to_owned()], ..Config::default() });
    let own = world.home.authsome().join(format!("providers/{provider}.json"));
    std::fs::remove_file(own).unwrap();
    // The API answers every request; the tests judge the requests.
    world.api = Api::start(&world.ca, host).unwrap();
    if let Some(key) = key {
        let login = ["login", provider, "--stdin", "--no-check"];
        world.home.run_with_input(&login, key).unwrap().expect_code(0);
        return world;
    }
    let mut definition: Value = world.home.run(&["inspect", provider]).unwrap().expect_code(0).json();
    definition["oauth"] = world.server.definition(provider)["oauth"].clone();
    definition["allow_loopback_http"] = true.into();
    definition.as_object_mut().unwrap().retain(|key, _| !matches!(key.as_str(), "check" | "instances" | "base_url"));
    world.home.write_definition(provider, &definition).unwrap();
    world.connect(&["--no-check"]);
    world
}

/// Runs `code` by the Python of one of the environments.
fn python(environment: &str, world: &World, code: &str) -> Option<Output> {
    let python = folder().join(environment).join("bin/python");
    if !is_here(&format!("the vendors' SDKs for Python ({environment})"), python.is_file()) {
        return None;
    }
    Some(world.run(&[python.to_str().unwrap(), "-c", code]))
}

/// `x-api-key` and `Authorization` of the last request.
type Places<'a> = (Option<&'a str>, Option<&'a str>);

/// The SDK's generations: one has a header of its own, the other sends a bearer token.
const OWN: Places = (Some(KEY), None);
const BEARER: Places = (None, Some("Bearer sk-ant-api03-abcdefghijklmnopqrstuvwxyz"));

/// The header of the last request.
fn seen(world: &World, name: &str) -> Option<String> {
    world.api.requests().last()?.header(name).map(str::to_owned)
}

#[test]
fn anthropics_sdk_puts_the_key_into_a_header_of_its_own_or_into_authorization_and_both_are_filled() {
    let ask = "import anthropic; anthropic.Anthropic(max_retries=0).get('/v1/models', cast_to=object); print('done')";
    for (environment, place) in [(".venv-older", OWN), (".venv", BEARER)] {
        let world = bundled("anthropic", "api.anthropic.com", Some(KEY));
        let Some(output) = python(environment, &world, ask) else { return };
        assert_eq!(output.expect_code(0).stdout, "done\n");
        let (key, bearer) = (seen(&world, "x-api-key"), seen(&world, "authorization"));
        assert_eq!((key.as_deref(), bearer.as_deref()), place);
    }
}

#[test]
fn openais_sdk_sends_the_real_key() {
    let key = "sk-proj-abcdefghijklmnopqrstuvwxyz";
    let world = bundled("openai", "api.openai.com", Some(key));
    let ask = "import openai; openai.OpenAI(max_retries=0).get('/models', cast_to=object); print('done')";
    let Some(output) = python(".venv", &world, ask) else { return };
    assert_eq!(output.expect_code(0).stdout, "done\n");
    assert_eq!(seen(&world, "authorization"), Some(format!("Bearer {key}")));
}

#[test]
fn the_sdks_of_notion_slack_and_github_send_the_real_token() {
    for (provider, host, ask) in [
        (
            "notion",
            "api.notion.com",
            "import os, notion_client; notion_client.Client(auth=os.environ['NOTION_TOKEN']).users.me()",
        ),
        (
            "slack",
            "slack.com",
            "import os, slack_sdk; slack_sdk.WebClient(token=os.environ['SLACK_BOT_TOKEN']).auth_test()",
        ),
        (
            "slack",
            "slack.com",
            "import os, slack_sdk; slack_sdk.WebClient(token=os.environ['SLACK_USER_TOKEN']).auth_test()",
        ),
        (
            "github",
            "api.github.com",
            "import os, github; github.Github(auth=github.Auth.Token(os.environ['GITHUB_TOKEN'])).get_user().raw_data",
        ),
    ] {
        let world = bundled(provider, host, None);
        let Some(output) = python(".venv", &world, ask) else { return };
        output.expect_code(0);
        world.assert_real_token();
    }
}

#[test]
fn anthropics_sdk_for_node_does_the_same_in_both_of_its_generations() {
    let node = on_path("node");
    let installed = folder().join("node_modules/undici").is_dir();
    if !is_here("the vendors' SDKs for Node", node.is_some() && installed) {
        return;
    }
    for (package, place) in [("anthropic-0", OWN), ("anthropic-1", BEARER)] {
        let world = bundled("anthropic", "api.anthropic.com", Some(KEY));
        let script = folder().join("models.mjs");
        let output = world.run(&[node.as_ref().unwrap().to_str().unwrap(), script.to_str().unwrap(), package]);
        assert_eq!(output.expect_code(0).stdout, "done\n");
        let (key, bearer) = (seen(&world, "x-api-key"), seen(&world, "authorization"));
        assert_eq!((key.as_deref(), bearer.as_deref()), place);
    }
}
