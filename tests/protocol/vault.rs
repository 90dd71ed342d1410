//! `authsome-vault` as a command: the vault for people and shells.

use crate::*;
use serde_json::json;
use testkit::Output;

const TOKEN: &str = "ntn_planted_0123456789";

fn vault(home: &Home, args: &[&str]) -> Output {
    home.run_program("authsome-vault", args).unwrap()
}

fn put(home: &Home, key: &str) -> Output {
    let record = json!({"provider": "notion", "flow": "pkce", "status": "connected", "account": {"label": "Acme"}});
    let entry = json!({"record": record, "secret": {"access_token": TOKEN}});
    home.run_program_with_input("authsome-vault", &["put", key], &entry.to_string()).unwrap()
}

fn connected(keys: &[&str]) -> Home {
    let home = home();
    for key in keys {
        let output = put(&home, key);
        assert_eq!(output.code, Some(0), "{}", output.stderr);
    }
    home
}

#[test]
fn a_script_reads_the_status_from_one_flat_document_without_secrets() {
    let home = connected(&["notion/work"]);
    let got = vault(&home, &["get", "notion"]);
    let [document] = documents(&got.stdout).try_into().unwrap();
    assert_eq!((&document["key"], &document["status"]), (&json!("default/notion/work"), &json!("connected")));
    assert_eq!(document["account"]["label"], "Acme");
    assert!(document["rev"].is_string() && document.get("secret").is_none());
    assert!(!got.stdout.contains(TOKEN));
}

#[test]
fn a_name_may_be_a_provider_a_connection_or_a_whole_key() {
    let home = connected(&["notion/work", "notion/home", "other/notion/work"]);
    for (name, key) in [("notion/home", "default/notion/home"), ("other/notion/work", "other/notion/work")] {
        assert_eq!(documents(&vault(&home, &["get", name]).stdout)[0]["key"], key);
    }
    let ambiguous = vault(&home, &["get", "notion"]);
    assert_eq!(ambiguous.code, Some(2));
    assert!(ambiguous.stderr.contains("home") && ambiguous.stderr.contains("work"), "{}", ambiguous.stderr);
}

#[test]
fn a_batch_answers_every_name_in_its_place_and_ends_with_5_when_one_is_missing() {
    let home = connected(&["notion/work"]);
    let output =
        home.run_program_with_input("authsome-vault", &["get", "--batch"], "openai\nnotion\nnotion/gone\n").unwrap();
    let answers = documents(&output.stdout);
    assert_eq!(answers.len(), 3);
    assert_eq!((&answers[0]["name"], &answers[0]["err"]["code"]), (&json!("openai"), &json!("not-found")));
    assert_eq!(answers[1]["key"], "default/notion/work");
    assert_eq!((&answers[2]["name"], &answers[2]["err"]["code"]), (&json!("notion/gone"), &json!("not-found")));
    assert_eq!(output.code, Some(5));
}

#[test]
fn what_is_not_connected_says_how_to_connect() {
    let output = vault(&home(), &["get", "openai"]);
    assert_eq!(output.code, Some(5));
    assert!(output.stderr.contains("authsome login openai"), "{}", output.stderr);
    let output = vault(&home(), &["get", "notoin"]);
    assert_eq!(output.code, Some(3));
    assert!(output.stderr.contains("notion"), "{}", output.stderr);
}

#[test]
fn a_list_is_of_the_profile_and_of_a_prefix() {
    let home = connected(&["notion/work", "openai/default", "other/notion/work"]);
    let keys = |args: &[&str]| -> Vec<String> {
        documents(&vault(&home, args).stdout).iter().map(|row| row["key"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(keys(&["list"]), ["default/notion/work", "default/openai/default"]);
    assert_eq!(keys(&["list", "other/"]), ["other/notion/work"]);
    assert_eq!(keys(&["list", "--profile", "other"]), ["other/notion/work"]);
    assert_eq!(keys(&["list", "default/openai/"]), ["default/openai/default"]);
}

#[test]
fn a_write_by_revision_is_refused_when_another_was_faster() {
    let home = connected(&["notion/work"]);
    let rev = documents(&vault(&home, &["get", "notion"]).stdout)[0]["rev"].as_str().unwrap().to_owned();
    put(&home, "notion/work");
    let erased = vault(&home, &["erase", "notion/work", "--if-rev", &rev]);
    assert_eq!(erased.code, Some(1));
    let entry = json!({"record": {}, "secret": {}}).to_string();
    let again = home.run_program_with_input("authsome-vault", &["put", "notion/work", "--if-missing"], &entry).unwrap();
    assert_eq!(again.code, Some(1));
    assert_eq!(vault(&home, &["erase", "notion/work"]).code, Some(0));
    assert_eq!(vault(&home, &["get", "notion"]).code, Some(5));
}

#[test]
fn what_must_not_be_stored_is_refused_without_being_quoted() {
    let home = home();
    for entry in [
        json!({"record": {}, "secret": {"api_key": "authsome-proxy-managed"}}).to_string(),
        json!({"record": {}, "secret": {"api_key": format!("{TOKEN}\nX-Admin: 1")}}).to_string(),
        json!({"record": {}, "secret": {}, "token": TOKEN}).to_string(),
        json!({"record": TOKEN, "secret": {}}).to_string(),
        json!({"record": {}, "secret": TOKEN}).to_string(),
        format!("{{\"record\":{{}},\"secret\":{{\"api_key\":\"{TOKEN}"),
    ] {
        let output = home.run_program_with_input("authsome-vault", &["put", "openai/default"], &entry).unwrap();
        assert_eq!(output.code, Some(2), "{}", output.stderr);
        assert!(!output.stderr.contains(TOKEN) && !output.stderr.contains("X-Admin"), "{}", output.stderr);
    }
    assert!(vault(&home, &["list"]).stdout.is_empty());
}

#[test]
fn reading_makes_no_vault() {
    let home = home();
    assert_eq!(vault(&home, &["list"]).code, Some(0));
    assert_eq!(vault(&home, &["get", "openai"]).code, Some(5));
    assert!(!home.authsome().join("master.key").exists() && !home.authsome().join("vault.db").exists());
}

#[test]
fn a_missing_key_stops_every_command_and_is_not_made_anew() {
    let home = connected(&["notion/work"]);
    std::fs::remove_file(home.authsome().join("master.key")).unwrap();
    for args in [&["list"][..], &["get", "notion"], &["erase", "notion/work"]] {
        let output = vault(&home, args);
        assert_eq!(output.code, Some(7), "{args:?}: {}", output.stderr);
        assert!(output.stderr.contains("master.key") && output.stderr.contains("hint:"), "{}", output.stderr);
    }
    assert_eq!(put(&home, "notion/new").code, Some(7));
    assert!(!home.authsome().join("master.key").exists());
}

#[test]
fn a_trace_shows_every_line_and_no_secret() {
    let mut home = home();
    home.set_env("AUTHSOME_TRACE", "1");
    let output = put(&home, "notion/work");
    assert!(output.stderr.contains("\"op\":\"put\"") && output.stderr.contains("[secret]"), "{}", output.stderr);
    assert!(!output.stderr.contains(TOKEN) && !output.stdout.contains(TOKEN));
}

/// The test program itself takes the place of `authsome run`: what it starts is inside.
#[test]
fn inside_a_session_the_vault_lists_and_does_nothing_else() {
    let home = connected(&["notion/work"]);
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let started = stat.rsplit_once(')').unwrap().1.split_whitespace().nth(19).unwrap();
    let session = home.authsome().join("run").join(format!("{}-{started}", std::process::id()));
    std::fs::create_dir_all(&session).unwrap();
    assert_eq!(vault(&home, &["list"]).code, Some(0));
    for args in [&["get", "notion"][..], &["get", "notion/work"], &["erase", "notion/work"]] {
        let output = vault(&home, args);
        assert_eq!(output.code, Some(4), "{args:?}: {}", output.stderr);
        assert!(output.stderr.contains("in another terminal"), "{}", output.stderr);
    }
    assert_eq!(put(&home, "notion/work").code, Some(4));
    let asked = "{\"v\":1,\"id\":1,\"op\":\"get\",\"key\":\"default/notion/work\"}\n\
                 {\"v\":1,\"id\":2,\"op\":\"list\",\"prefix\":\"default/\"}\n";
    let helper = home.run_program_with_input("authsome-vault", &["--authsome-helper=vault"], asked).unwrap();
    let answers = documents(&helper.stdout);
    assert_eq!(answers[1]["err"]["code"], "denied", "{}", helper.stdout);
    assert_eq!(answers[2]["ok"]["records"][0]["key"], "default/notion/work");
    assert!(!helper.stdout.contains(TOKEN));
}
