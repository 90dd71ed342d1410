//! The kit's judgement of helpers that keep the protocol: each case holds, or is not for them.

use crate::*;
use testkit::Output;

/// `role` with flags, if any.
fn conform(home: &Home, role: &str, helper: &str) -> Output {
    let args: Vec<&str> = role.split(' ').chain(["--", helper]).collect();
    home.run_program("authsome-conform", &args).unwrap()
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

/// Notes how it was started, then is the bundled vault.
const NOTING: &str = r#"#!/bin/sh
{ env; pwd; echo "$@"; stat -Lc %F /proc/self/fd/0; } > "$TMPDIR/started"
exec authsome-vault "$@"
"#;

/// What [`NOTING`] wrote, without the home, which is another.
fn started(home: &Home) -> Vec<String> {
    let file = home.tmp().join("started");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(file).unwrap();
    let mut lines: Vec<String> =
        text.lines().filter(|line| !line.starts_with("AUTHSOME_HOME=")).map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn the_kit_starts_a_helper_as_a_host_does() {
    let mut home = home();
    for (name, value) in [
        ("LC_ALL", "C.UTF-8"),
        ("TZ", "UTC"),
        ("DISPLAY", ":7"),
        ("SSH_AUTH_SOCK", "/nowhere"),
        ("HTTPS_PROXY", "http://127.0.0.1:1"),
        ("no_proxy", "intranet.test"),
        ("SSL_CERT_DIR", "/nowhere"),
        ("AUTHSOME_MINE", "1"),
        ("NOBODYS", "1"),
    ] {
        home.set_env(name, value);
    }
    let helper = home.drop_in("authsome-vault-noting", NOTING).unwrap();
    conform(&home, "vault --only missing", helper.to_str().unwrap());
    let by_the_kit = started(&home);
    home.write_config(&serde_json::json!({"vault": "noting"})).unwrap();
    home.run(&["list"]).unwrap().expect_code(0);
    let by_a_host = started(&home);
    assert_eq!(by_the_kit, by_a_host);
    assert!(by_the_kit.contains(&"DISPLAY=:7".to_owned()) && by_the_kit.contains(&"/".to_owned()), "{by_the_kit:?}");
    assert!(!by_the_kit.iter().any(|line| line.starts_with("NOBODYS")), "{by_the_kit:?}");
}

#[test]
fn the_kit_gives_every_case_an_empty_home() {
    let home = home();
    let refusing = "#!/bin/sh\n[ -d \"$AUTHSOME_HOME\" ] && [ -z \"$(ls -A \"$AUTHSOME_HOME\")\" ] && exec authsome-vault \"$@\"\n";
    let helper = home.drop_in("authsome-vault-refusing", refusing).unwrap();
    let args = ["vault", "--only", "missing", "--", helper.to_str().unwrap()];
    let output = home.run_program("authsome-conform", &args).unwrap().expect_code(0);
    assert!(!output.stdout.contains("failed"), "{}", output.stdout);
}

#[test]
fn a_home_that_is_named_from_here_is_meant_from_here() {
    let home = home();
    let helper = home.drop_in("authsome-vault-noting", NOTING).unwrap();
    let args = ["vault", "--only", "missing", "--home", "mine", "--", helper.to_str().unwrap()];
    home.run_program("authsome-conform", &args).unwrap().expect_code(0);
    let text = std::fs::read_to_string(home.tmp().join("started")).unwrap();
    assert!(text.contains(&format!("AUTHSOME_HOME={}", home.work().join("mine").display())), "{text}");
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
