//! Where a path or a host decides which credential a request gets, and whether it gets one.

use crate::world::World;
use serde_json::json;
use testkit::{Config, Output};

const HOST: &str = "api.demo.test";

/// A provider of API keys at several places, and the connections `names` with keys of their own.
fn keys(definition: serde_json::Value, connections: &[(&str, &str, &[&str])]) -> World {
    let world = World::new("demo", Config { api_url: vec![HOST.into()], ..Config::plain() });
    world.home.write_definition("tenants", &definition).unwrap();
    for (name, key, flags) in connections {
        let file = world.home.work().join("key");
        std::fs::write(&file, key).unwrap();
        let flags = flags.join(" ");
        let login = format!("authsome -q login tenants --connection {name} --stdin --no-check {flags} < key");
        world.home.run_program("sh", &["-c", &login]).unwrap().expect_code(0);
    }
    world.api.accept_if(|_| true);
    world
}

fn definition(api_url: serde_json::Value) -> serde_json::Value {
    json!({"name": "tenants", "display_name": "Tenants", "auth_type": "api_key", "flow": "api_key", "api_url": api_url,
        "api_key": {"header_name": "Authorization", "header_prefix": "Bearer"}})
}

/// Statuses of requests that one `curl` sends as quickly as it can, each with the path as it is given.
fn statuses(world: &World, flags: &[&str], urls: &[String]) -> Vec<String> {
    let curl = [
        &["curl", "-s", "--path-as-is", "-o", "/dev/null", "-w", "\nstatus %{http_code}\n"][..],
        &urls.iter().map(String::as_str).collect::<Vec<_>>(),
    ]
    .concat();
    let mut args = world.run_args(&curl);
    args.splice(1..1, flags.iter().map(|flag| (*flag).to_owned()));
    let output: Output = world.home.run(&args.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    output.stdout.lines().filter_map(|line| line.strip_prefix("status ")).map(str::to_owned).collect()
}

/// `PATH KEY` of each request that reached the API.
fn seen(world: &World) -> Vec<String> {
    let line =
        |request: testkit::Recorded| format!("{} {}", request.path(), request.header("authorization").unwrap_or("-"));
    world.api.requests().into_iter().map(line).collect()
}

fn url(path: &str) -> String {
    format!("https://{HOST}{path}")
}

#[test]
fn the_key_of_one_instance_does_not_go_to_another_on_the_same_host() {
    let world = keys(
        definition(json!(["{base_url}"])),
        &[
            ("one", "key-of-tenant-one", &["--base-url https://api.demo.test/tenant1"]),
            ("two", "key-of-tenant-two", &["--base-url https://api.demo.test/tenant2"]),
        ],
    );
    let flags = ["--connection", "tenants=one,two", "--only", "tenants"];
    let urls = ["/tenant1/x", "/tenant2/x", "/tenant1/y"].map(url);
    assert_eq!(statuses(&world, &flags, &urls), ["200", "403", "200"]);
    assert_eq!(seen(&world), ["/tenant1/x Bearer key-of-tenant-one", "/tenant1/y Bearer key-of-tenant-one"]);
}

#[test]
fn where_a_path_decides_a_request_whose_path_is_not_canonical_is_refused() {
    let world = keys(definition(json!(["api.demo.test/tenant1"])), &[("default", "key-of-tenant-one", &[])]);
    let odd = [
        "/evil//../tenant1/x",
        "/evil/../tenant1/x",
        "/tenant1/..%25252fevil",
        "/tenant1/.%00./evil",
        "/tenant1/..%c0%af../evil",
        "/tenant1/x%20",
        "/tenant1//x",
        "/tenant1;x/y",
    ];
    let urls: Vec<String> = odd.iter().map(|path| url(path)).collect();
    let refused = statuses(&world, &["--only", "tenants"], &urls);
    assert!(refused.iter().all(|status| status == "403") && refused.len() == odd.len(), "{refused:?}");
    assert_eq!(seen(&world), [""; 0]);
    // Where it is clear that nothing is to be set, the request is the provider's to refuse.
    assert_eq!(statuses(&world, &["--only", "tenants"], &["/tenant1/a%20b", "/other"].map(url)), ["200", "401"]);
    assert_eq!(seen(&world), ["/tenant1/a%20b Bearer key-of-tenant-one", "/other -"]);
}

#[test]
fn where_no_path_decides_a_path_is_the_provider_s_affair() {
    let world = keys(definition(json!([HOST])), &[("default", "key-of-all-tenants", &[])]);
    let urls = ["/a//b", "/a/../b", "/a%2fb", "/a;b"].map(url);
    assert_eq!(statuses(&world, &["--only", "tenants"], &urls), ["200"; 4]);
    assert!(seen(&world).iter().all(|request| request.ends_with("Bearer key-of-all-tenants")));
}

#[test]
fn a_placeholder_does_not_leave_for_the_former_host_of_a_definition() {
    let world = keys(definition(json!([HOST])), &[("default", "key-of-the-old-host", &[])]);
    world.home.write_definition("tenants", &definition(json!(["api.moved.test"]))).unwrap();
    let script = format!(
        "curl -s -o /dev/null -w '%{{http_code}} ' -H 'Authorization: Bearer authsome-proxy-managed' {0}; curl -s -o /dev/null -w '%{{http_code}}' -H 'Authorization: Bearer own' {0}",
        url("/x")
    );
    let output = world.run(&["sh", "-c", &script]);
    assert_eq!(output.stdout, "403 200", "{output:?}");
    assert_eq!(seen(&world), ["/x Bearer own"]);
}
