//! The transcripts, embedded: an installed kit needs no files.
//!
//! To add one: a file in `tests/protocol/<role>/`, and its name here; a test tells a forgotten one.

use crate::args::Role;

macro_rules! cases {
    ($role:literal: $($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../tests/protocol/", $role, "/", $name, ".jsonl")))),*]
    };
}

/// Name and text, in the order in which they are played.
pub fn of(role: Role) -> &'static [(&'static str, &'static str)] {
    match role {
        Role::Vault => VAULT,
        Role::Flow => FLOW,
        Role::Credential => CREDENTIAL,
        Role::Proxy => PROXY,
    }
}

const VAULT: &[(&str, &str)] = cases!("vault":
    "missing" "put-and-get" "replaces-both-halves" "if-rev-null" "if-rev-stale" "if-rev-missing" "erase"
    "revisions-are-new" "list" "reserved-names" "stale-if-changed" "odd-text" "unknown" "in-order" "durable"
    "two-writers" "large" "lock");
const FLOW: &[(&str, &str)] = cases!("flow":
    "login-refused" "no-person" "cancel" "eof-while-asking" "unknown" "refresh-nothing" "form-api-key" "form-paste");
const CREDENTIAL: &[(&str, &str)] = cases!("credential":
    "open-and-routes" "open-missing" "stranger" "resolve" "elsewhere" "token");
const PROXY: &[(&str, &str)] = cases!("proxy": "open" "status" "unknown");

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;
    use std::path::Path;

    #[test]
    fn every_transcript_parses_and_none_is_forgotten() {
        for role in Role::value_variants() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/protocol").join(role.as_str());
            let mut there: Vec<String> = std::fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
                .collect();
            let mut listed: Vec<&str> = of(*role).iter().map(|(name, _)| *name).collect();
            there.sort();
            listed.sort();
            assert_eq!(listed, there);
            for (name, text) in of(*role) {
                crate::transcript::parse(text).unwrap_or_else(|what| panic!("{name}.jsonl: {what}"));
            }
        }
    }
}
