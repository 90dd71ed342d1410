//! Drop-ins on PATH in the place of defaults, through the programs that a person uses.

use crate::*;
use serde_json::json;
use testkit::{Api, Ca};

const HOST: &str = "api.acme.test";
const KEY: &str = "key_planted_0123456789";
/// Where [`child`] sends its request, and the variable that it takes its credential from.
const URL: &str = "PROTOCOL_TEST_URL";
const VARIABLE: &str = "PROTOCOL_TEST_VARIABLE";

fn acme(home: &Home, flow: &str) {
    let definition = json!({
        "name": "acme", "display_name": "Acme", "auth_type": "api_key", "flow": flow, "api_url": [HOST],
        "api_key": {"header_name": "Authorization", "header_prefix": "Bearer"},
        "export": {"env": {"ACME_KEY": "api_key"}},
    });
    home.write_definition("acme", &definition).unwrap();
}

fn log_in(home: &Home) {
    let login = home.run_program_with_input("authsome-login", &["acme", "--stdin"], KEY).unwrap();
    assert_eq!(login.code, Some(0), "{}{}", login.stdout, login.stderr);
}

/// `authsome run` of [`child`]: what the child saw, and the Authorization that the API received.
fn run(home: &mut Home, variable: &str) -> (String, String) {
    let ca = Ca::new().unwrap();
    let api = Api::start(&ca, HOST).unwrap();
    let roots = home.path().join("roots.pem");
    ca.write_pem(&roots).unwrap();
    home.set_env(URL, &api.url("/v1/me"));
    home.set_env(VARIABLE, variable);
    let (connect_to, program) = (api.connect_to(), std::env::current_exe().unwrap());
    let flags =
        ["--connect-to", &connect_to, "--upstream-ca", roots.to_str().unwrap(), "--", program.to_str().unwrap()];
    let child = ["--exact", "drop_ins::child", "--ignored", "--nocapture"];
    let output = home.run_program("authsome-run", &[&flags[..], &child].concat()).unwrap();
    assert_eq!(output.code, Some(0), "{}{}", output.stdout, output.stderr);
    let requests = api.requests();
    let received = requests[0].header("authorization").unwrap();
    (output.stdout, received.to_owned())
}

#[test]
#[ignore = "started by other tests under authsome run"]
fn child() {
    let credential = std::env::var(std::env::var(VARIABLE).unwrap()).unwrap();
    println!("I see {credential}");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let roots = std::fs::read(std::env::var("SSL_CERT_FILE").unwrap()).unwrap();
    let client = reqwest::blocking::Client::builder()
        .proxy(reqwest::Proxy::https(std::env::var("HTTPS_PROXY").unwrap()).unwrap())
        .tls_certs_only(reqwest::Certificate::from_pem_bundle(&roots).unwrap())
        .build()
        .unwrap();
    let answer = client.get(std::env::var(URL).unwrap()).bearer_auth(credential).send().unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
}

#[test]
fn a_vault_in_sh_carries_login_get_and_run() {
    let mut home = home();
    install(&home, "authsome-vault-dir");
    home.write_config(&json!({"vault": "dir"})).unwrap();
    acme(&home, "api_key");
    log_in(&home);
    let got = home.run_program("authsome-vault", &["get", "acme"]).unwrap();
    assert_eq!(documents(&got.stdout)[0]["status"], "connected", "{}", got.stderr);
    let (seen, received) = run(&mut home, "ACME_KEY");
    assert!(seen.contains("I see authsome-proxy-managed") && !seen.contains(KEY), "{seen}");
    assert_eq!(received, format!("Bearer {KEY}"));
    assert!(home.authsome().join("vault-dir/default/acme/default").is_dir());
    assert!(!home.authsome().join("vault.db").exists() && !home.authsome().join("master.key").exists());
}

#[test]
fn a_credential_source_in_sh_serves_a_run() {
    let mut home = home();
    install(&home, "authsome-credential-fixed");
    home.write_config(&json!({"credential": "fixed"})).unwrap();
    let token = home.path().join("token");
    std::fs::write(&token, format!("{KEY}\n")).unwrap();
    home.set_env("AUTHSOME_FIXED_HOST", HOST);
    home.set_env("AUTHSOME_FIXED_FILE", token.to_str().unwrap());
    let (seen, received) = run(&mut home, "FIXED_ACCESS_TOKEN");
    assert!(seen.contains("I see authsome-proxy-managed") && !seen.contains(KEY), "{seen}");
    assert_eq!(received, format!("Bearer {KEY}"));
}

#[test]
fn a_flow_in_sh_logs_in() {
    let home = home();
    install(&home, "authsome-flow-paste");
    acme(&home, "paste");
    log_in(&home);
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
    let set =
        |path: &std::path::Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    set(&path, 0o777);
    // Where others can come.
    path.ancestors().skip(1).take(2).for_each(|directory| set(directory, 0o755));
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
