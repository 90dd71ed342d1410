//! What the bundled definitions say, where their vendors' clients or keys depend on it.
#![allow(clippy::unwrap_used)]

use provider::definition::Definition;
use provider::{Catalog, Place};
use regex_lite::Regex;

fn bundled(name: &str) -> Definition {
    Catalog::bundled(name).unwrap().definition
}

fn takes(name: &str, key: &str) -> bool {
    let pattern = bundled(name).api_key.unwrap().key_pattern.unwrap();
    Regex::new(&format!("^(?:{pattern})$")).unwrap().is_match(key)
}

#[test]
fn a_key_of_another_kind_or_of_another_vendor_is_not_taken() {
    let tail = "abcdefghijklmnopqrstuvwxyz0123456789";
    for (name, prefix, good) in [
        ("anthropic", "sk-ant-api03-", true),
        ("anthropic", "sk-ant-", true),
        ("anthropic", "sk-ant-oat01-", false),
        ("anthropic", "sk-ant-admin01-", false),
        ("anthropic", "sk-proj-", false),
        ("openai", "sk-", true),
        ("openai", "sk-proj-A_b-", true),
        ("openai", "sk-svcacct-", true),
        ("openai", "sk-admin-", true),
        ("openai", "sk-ant-api03-", false),
        ("openai", "sk-or-v1-", false),
    ] {
        assert_eq!(takes(name, &format!("{prefix}{tail}")), good, "{name}: {prefix}");
    }
}

#[test]
fn the_variables_are_those_that_the_vendors_clients_read_and_no_two_definitions_share_one() {
    for (name, variables) in [
        ("github", &["GITHUB_TOKEN", "GH_TOKEN", "GITHUB_ACCESS_TOKEN"][..]),
        ("notion", &["NOTION_ACCESS_TOKEN", "NOTION_TOKEN"]),
        ("notion_dcr", &["NOTION_DCR_ACCESS_TOKEN"]),
        ("slack", &["SLACK_ACCESS_TOKEN", "SLACK_USER_TOKEN", "SLACK_BOT_TOKEN"]),
        ("anthropic", &["ANTHROPIC_API_KEY"]),
    ] {
        assert_eq!(bundled(name).credential_variables(), variables, "{name}");
    }
    let listed = Catalog::open(None).unwrap().list().unwrap();
    let definitions = listed.into_iter().map(|line| line.result.unwrap().definition);
    let mut all: Vec<String> = definitions.flat_map(|definition| definition.credential_variables()).collect();
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
}

#[test]
fn anthropics_key_stands_where_either_generation_of_its_sdk_puts_it() {
    let own = Place::Header { name: "x-api-key".to_owned(), scheme: None };
    assert_eq!(bundled("anthropic").places, [own, Place::bearer()]);
}

#[test]
fn a_github_of_ones_own_is_asked_at_its_own_api() {
    for (base, api, targets) in [
        (None, "https://api.github.com", &["api.github.com", "uploads.github.com", "raw.githubusercontent.com"][..]),
        (Some("https://octo.ghe.com"), "https://api.octo.ghe.com", &["octo.ghe.com", "api.octo.ghe.com"]),
        (Some("https://git.corp.test"), "https://git.corp.test/api/v3", &["git.corp.test", "git.corp.test/api/v3"]),
    ] {
        let github = bundled("github").with_base_url(base).unwrap();
        let texts: Vec<String> = github.targets().unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(texts, targets, "{base:?}");
        let oauth = github.oauth.unwrap();
        assert_eq!(github.check.unwrap().url, format!("{api}/user"));
        assert_eq!(oauth.userinfo.unwrap().url, format!("{api}/user"));
        assert_eq!(oauth.revocation_url.unwrap(), format!("{api}/applications/{{client_id}}/token"));
    }
}

#[test]
fn slack_logs_in_a_person_with_pkce_and_looks_into_the_answer() {
    let slack = bundled("slack");
    let oauth = slack.oauth.unwrap();
    assert!(oauth.pkce && oauth.scope_param == "user_scope");
    assert_eq!(oauth.token_path.as_deref(), Some("/authed_user"));
    assert_eq!(slack.api_url, ["slack.com/api", "files.slack.com"]);
    let body = slack.check.unwrap().body.unwrap();
    assert_eq!((body.pointer.as_str(), body.equals), ("/ok", true.into()));
}

#[test]
fn a_second_account_is_asked_for_and_told_from_the_first() {
    assert_eq!(bundled("linear").oauth.unwrap().authorization_params["prompt"], "consent");
    let google = bundled("google").oauth.unwrap();
    assert_eq!(google.userinfo.unwrap().account.label.as_deref(), Some("/email"));
    assert!(google.scopes.iter().any(|scope| scope == "email") && !google.supports_device_code);
    let notion = bundled("notion").oauth.unwrap().account.unwrap();
    assert_eq!((notion.id.as_deref(), notion.person.as_deref()), (Some("/bot_id"), Some("/owner/user/person/email")));
}
