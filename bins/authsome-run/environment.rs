//! What the command sees: placeholders, the proxy, the roots.

use crate::roots::Roots;
use proto::ops::proxy::Opened;
use std::process::Command;

/// Read by clients as the address of the proxy. Upper and lower case: clients disagree.
const PROXY: &[&str] = &["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];

/// Hosts that are never asked through the proxy.
const DIRECT: &[&str] = &["127.0.0.1", "localhost", "::1"];

/// Read as a file that replaces the client's roots.
pub const ALL_ROOTS: &[&str] = &[
    "SSL_CERT_FILE",                      // OpenSSL, Go, rustls
    "CURL_CA_BUNDLE",                     // curl
    "REQUESTS_CA_BUNDLE",                 // Python requests
    "GIT_SSL_CAINFO",                     // git
    "CARGO_HTTP_CAINFO",                  // cargo
    "PIP_CERT",                           // pip
    "npm_config_cafile",                  // npm
    "AWS_CA_BUNDLE",                      // AWS
    "HTTPLIB2_CA_CERTS",                  // Python httplib2
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",   // gRPC
    "NIX_SSL_CERT_FILE",                  // Nix
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", // gcloud
];

/// Read as a file that adds to the client's roots.
pub const EXTRA_ROOTS: &[&str] = &["NODE_EXTRA_CA_CERTS", "DENO_CERT"];

/// The dispatcher's own, which say nothing to the command.
const NOT_FOR_THE_COMMAND: &[&str] = &["AUTHSOME_JSON", "AUTHSOME_QUIET", "AUTHSOME_TRACE", "AUTHSOME_EXEC_PATH"];

pub fn prepare(command: &mut Command, opened: &Opened, roots: &Roots) {
    for name in NOT_FOR_THE_COMMAND {
        command.env_remove(name);
    }
    command.envs(&opened.env);
    command.env("AUTHSOME_PROXY_MODE", "true");
    let password = opened.secret.get("password").unwrap_or_default();
    let proxy = format!("http://authsome:{password}@{}", opened.address);
    command.envs(PROXY.iter().map(|name| (name, &proxy)));
    let direct = no_proxy();
    command.envs(["NO_PROXY", "no_proxy"].map(|name| (name, &direct)));
    // Without it Node's fetch ignores the variables above.
    command.env("NODE_USE_ENV_PROXY", "1");
    command.envs(ALL_ROOTS.iter().map(|name| (name, &roots.all)));
    command.envs(EXTRA_ROOTS.iter().map(|name| (name, &roots.extra)));
}

/// The person's own exceptions and loopback.
fn no_proxy() -> String {
    let own = ["NO_PROXY", "no_proxy"].iter().filter_map(|name| std::env::var(name).ok()).collect::<Vec<_>>().join(",");
    let mut hosts: Vec<&str> = Vec::new();
    for host in own.split(',').map(str::trim).chain(DIRECT.iter().copied()) {
        if !host.is_empty() && !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts.join(",")
}
