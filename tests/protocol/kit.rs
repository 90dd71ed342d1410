//! The kit's judgement of helpers that keep the protocol: each case holds, or is not for them.

use crate::*;
use testkit::Output;

fn conform(home: &Home, role: &str, helper: &str) -> Output {
    home.run_program("authsome-conform", &[role, "--", helper]).unwrap()
}

/// Every case held but those named, which need what the helper does not offer.
fn holds(output: &Output, skipped: &[&str]) {
    assert_eq!(output.code, Some(0), "{}{}", output.stdout, output.stderr);
    let is_skipped = |line: &&str| line.starts_with("skipped ");
    let names: Vec<&str> =
        output.stdout.lines().filter(is_skipped).filter_map(|line| line.split([' ', ':']).nth(1)).collect();
    assert_eq!(names, skipped, "{}", output.stdout);
    assert!(output.stdout.lines().any(|line| line.starts_with("ok ")), "{}", output.stdout);
}

#[test]
fn the_bundled_vault_keeps_the_protocol() {
    holds(&conform(&home(), "vault", env!("CARGO_BIN_EXE_authsome-vault")), &[]);
}

#[test]
fn the_bundled_flows_keep_the_protocol() {
    holds(&conform(&home(), "flow", env!("CARGO_BIN_EXE_authsome-flow")), &["form-paste"]);
}

#[test]
fn the_bundled_credential_source_keeps_the_protocol() {
    let home = home();
    let entry = serde_json::json!({
        "record": {
            "provider": "openai", "flow": "api_key", "status": "connected",
            "bound": {"token_url": null, "revocation_url": null, "targets": ["api.openai.com"]},
        },
        "secret": {"api_key": "sk-0123456789abcdefghijklmnop"},
    });
    let put = home.run_program_with_input("authsome-vault", &["put", "openai/default"], &entry.to_string()).unwrap();
    assert_eq!(put.code, Some(0), "{}", put.stderr);
    let authsome = home.authsome();
    let args = ["credential", "--home", authsome.to_str().unwrap(), "--", env!("CARGO_BIN_EXE_authsome-credential")];
    holds(&home.run_program("authsome-conform", &args).unwrap(), &[]);
}

#[test]
fn the_bundled_proxy_keeps_the_protocol() {
    holds(&conform(&home(), "proxy", env!("CARGO_BIN_EXE_authsome-proxy")), &[]);
}

#[test]
fn a_directory_vault_in_sh_keeps_the_protocol() {
    holds(&conform(&home(), "vault", helper("authsome-vault-dir").to_str().unwrap()), &["lock"]);
}

#[test]
fn a_flow_in_sh_keeps_the_protocol() {
    holds(&conform(&home(), "flow", helper("authsome-flow-paste").to_str().unwrap()), &["form-api-key"]);
}

#[test]
fn a_credential_source_in_sh_keeps_the_protocol() {
    let mut home = home();
    let token = home.path().join("token");
    std::fs::write(&token, "tok_0123456789\n").unwrap();
    home.set_env("AUTHSOME_FIXED_HOST", "api.example.test");
    home.set_env("AUTHSOME_FIXED_FILE", token.to_str().unwrap());
    holds(&conform(&home, "credential", helper("authsome-credential-fixed").to_str().unwrap()), &[]);
}

#[test]
fn the_kit_leaves_nothing_behind() {
    let home = home();
    conform(&home, "vault", helper("authsome-vault-dir").to_str().unwrap());
    assert_eq!(std::fs::read_dir(home.tmp()).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(home.authsome()).unwrap().count(), 0);
}

#[test]
fn the_kit_answers_in_json_for_scripts() {
    let home = home();
    let dir = helper("authsome-vault-dir");
    let args = ["vault", "--json", "--only", "missing", "--", dir.to_str().unwrap()];
    let verdicts = documents(&home.run_program("authsome-conform", &args).unwrap().stdout);
    assert!(verdicts.iter().any(|verdict| verdict["case"] == "missing" && verdict["result"] == "ok"), "{verdicts:?}");
}
