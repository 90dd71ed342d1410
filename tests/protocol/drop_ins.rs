//! Drop-ins on PATH in the place of defaults, through the programs that a person uses.

use crate::*;
use serde_json::json;

#[test]
fn a_vault_in_sh_carries_a_login_and_no_other_file_holds_it() {
    let home = home();
    install(&home, "authsome-vault-dir");
    home.write_config(&json!({"vault": "dir"})).unwrap();
    let key = "sk-0123456789abcdefghijklmnop";
    let login = home.run_program_with_input("authsome-login", &["openai", "--stdin", "--no-check"], key).unwrap();
    assert_eq!(login.code, Some(0), "{}{}", login.stdout, login.stderr);
    let got = home.run_program("authsome-vault", &["get", "openai"]).unwrap();
    assert_eq!(documents(&got.stdout)[0]["status"], "connected", "{}", got.stderr);
    assert!(home.authsome().join("vault-dir/default/openai/default").is_dir());
    assert!(!home.authsome().join("vault.db").exists() && !home.authsome().join("master.key").exists());
}

#[test]
fn a_flow_in_sh_logs_in() {
    let home = home();
    install(&home, "authsome-flow-paste");
    let definition = json!({
        "name": "acme", "display_name": "Acme", "auth_type": "api_key", "flow": "paste", "api_url": ["api.acme.test"],
        "api_key": {"header_name": "Authorization", "header_prefix": "Bearer"},
    });
    home.write_definition("acme", &definition).unwrap();
    let login = home.run_program_with_input("authsome-login", &["acme", "--stdin"], "key-0123456789").unwrap();
    assert_eq!(login.code, Some(0), "{}{}", login.stdout, login.stderr);
    let got = home.run_program("authsome-vault", &["get", "acme"]).unwrap();
    let record = &documents(&got.stdout)[0];
    assert_eq!((record["flow"].as_str(), record["status"].as_str()), (Some("paste"), Some("connected")));
}

#[test]
fn a_drop_in_that_others_may_write_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let home = home();
    install(&home, "authsome-vault-dir");
    let path = home.drop_ins().join("authsome-vault-dir");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o777)).unwrap();
    home.write_config(&json!({"vault": "dir"})).unwrap();
    let output = home.run_program("authsome-vault", &["list"]).unwrap();
    assert_eq!(output.code, Some(4), "{}", output.stderr);
    assert!(output.stderr.contains("chmod go-w"), "{}", output.stderr);
}

#[test]
fn a_vault_that_is_not_on_path_is_an_error_and_not_the_default() {
    let home = home();
    home.write_config(&json!({"vault": "dir"})).unwrap();
    let output = home.run_program("authsome-vault", &["list"]).unwrap();
    assert_eq!(output.code, Some(7), "{}", output.stderr);
    assert!(output.stderr.contains("authsome-vault-dir"), "{}", output.stderr);
}
