//! What a session leaves behind: a record of each credential used and of each refusal.

use super::{connected, token};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;

fn records(world: &crate::world::World) -> Vec<Value> {
    let text = std::fs::read_to_string(world.home.authsome().join("audit.jsonl")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_request_with_a_credential_and_each_refusal_is_a_record_without_a_secret() {
    let world = connected();
    let token = token(&world);
    let script = "curl -s -o /dev/null 'https://api.notion.test/v1/users/me?token=query-of-one'; \
                  curl -s -o /dev/null -X DELETE https://api.notion.test/status/404; \
                  curl -s -o /dev/null -H 'X-Other: authsome-proxy-managed' https://api.notion.test/v1/x; \
                  curl -s -o /dev/null --noproxy '' -H 'X-Other: authsome-proxy-managed' http://other.test/; \
                  exit 0";
    world.run(&["sh", "-c", script]).expect_code(0);
    let records = records(&world);
    let told: Vec<[&Value; 7]> = records
        .iter()
        .map(|record| ["event", "connection", "method", "host", "path", "status", "code"].map(|field| &record[field]))
        .collect();
    let expected = serde_json::json!([
        ["injected", "demo/default", "GET", "api.notion.test", "/v1/users/me", 200, null],
        ["injected", "demo/default", "DELETE", "api.notion.test", "/status/404", 404, null],
        ["refused", null, null, "api.notion.test", null, 403, "placeholder"],
        ["refused", null, null, "other.test", null, 403, "placeholder"],
    ]);
    assert_eq!(serde_json::to_value(told).unwrap(), expected);
    assert!(records.iter().all(|record| record["time"].is_i64() && record["session"].is_u64()));

    let path = world.home.authsome().join("audit.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains(&token) && !text.contains("query-of-one"), "{text}");
    assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_session_that_could_not_be_recorded_does_not_begin() {
    let world = connected();
    std::fs::create_dir(world.home.authsome().join("audit.jsonl")).unwrap();
    let output = world.run(&["true"]).expect_code(7);
    assert!(output.stderr.contains("audit.jsonl"), "{}", output.stderr);
}
