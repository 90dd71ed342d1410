//! Clients of other TLS libraries: each has to verify a leaf without a CN below an authority that is
//! limited to a few names, and the API must get the real token.
//!
//! GnuTLS is wget's here (and git's, see there), rustls the load tests', OpenSSL also curl's and Python's.

use crate::{HOST, connected, is_here, on_path};
use std::path::Path;
use std::time::Duration;

const HELD: &str = "authsome-proxy-managed";

/// A file in this folder.
pub fn script(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/proxy").join(name).display().to_string()
}

#[test]
fn go_uses_the_session_by_its_default_transport() {
    let go = on_path("go");
    if !is_here("Go", go.is_some()) {
        return;
    }
    let mut world = connected();
    world.home.set_limit(Duration::from_secs(120));
    world.home.set_env("GO111MODULE", "off");
    // Built outside of the session: only what it does itself is of interest.
    let go = go.unwrap().display().to_string();
    world.home.run_program(&go, &["build", "-o", "get", &script("clients/get.go")]).unwrap().expect_code(0);
    let output = world.run(&["./get"]).expect_code(0);
    assert_eq!(output.stdout, format!("{HELD} HTTP/2.0 200\n").repeat(3));
    world.assert_real_token();
}

#[test]
fn java_uses_it_in_both_versions_of_http() {
    // The compiler is part of a JDK alone, and runs a single source file.
    if !is_here("a JDK", on_path("javac").is_some()) {
        return;
    }
    let mut world = connected();
    world.home.set_limit(Duration::from_secs(120));
    let java = on_path("java").unwrap().display().to_string();
    let output = world.run(&[&java, &script("clients/Get.java")]).expect_code(0);
    assert_eq!(output.stdout, format!("{HELD} HTTP_1_1 200\n{HELD} HTTP_2 200\n"));
    world.assert_real_token();
}

#[test]
fn wget_whose_tls_is_gnutls_trusts_the_sessions_roots() {
    let wget = on_path("wget");
    if !is_here("wget", wget.is_some()) {
        return;
    }
    let world = connected();
    let script =
        format!("exec {} -q -O - --ca-certificate=$SSL_CERT_FILE https://{HOST}/v1/users/me", wget.unwrap().display());
    let output = world.run(&["sh", "-c", &script]).expect_code(0);
    assert!(output.stdout.contains("\"ok\":true"), "{}", output.stdout);
    world.assert_real_token();
}

#[test]
fn openssl_verifies_the_whole_chain_of_the_sessions_authority_alone() {
    let openssl = on_path("openssl");
    if !is_here("openssl", openssl.is_some()) {
        return;
    }
    let world = connected();
    let script = format!(
        "proxy=${{HTTPS_PROXY#http://}}; user=${{proxy%%@*}}; export P=${{user#*:}}; \
         printf 'GET /v1/users/me HTTP/1.1\\r\\nHost: {HOST}\\r\\nConnection: close\\r\\n\\r\\n' | \
         exec {} s_client -quiet -ign_eof -proxy ${{proxy#*@}} -proxy_user authsome -proxy_pass env:P \
           -connect {HOST}:443 -servername {HOST} -verify_hostname {HOST} -verify_return_error -x509_strict \
           -no-CApath -no-CAstore -CAfile $NODE_EXTRA_CA_CERTS",
        openssl.unwrap().display()
    );
    let output = world.run(&["sh", "-c", &script]).expect_code(0);
    assert!(output.stdout.starts_with("HTTP/1.1 200"), "{output:#?}");
    assert!(!output.stderr.contains("verify error"), "{}", output.stderr);
    world.assert_real_token();
}
