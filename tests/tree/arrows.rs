//! Who may use whom: the table of ARCHITECTURE.md. Cargo enforces it once a crate's Cargo.toml is
//! right; for programs, which share one package, the sources are read.

use crate::files;
use std::collections::BTreeSet;

/// A library and the libraries of ours that it may use.
const ARROWS: &[(&str, &[&str])] = &[
    ("host", &[]),
    ("proto", &["host"]),
    ("text", &[]),
    ("private", &[]),
    ("provider", &["host", "private", "text"]),
    ("oauth", &["host", "text"]),
    ("mitm", &["host"]),
    ("testkit", &[]),
    ("helper", &["proto"]),
    ("store", &["private", "proto"]),
    ("flows", &["host", "oauth", "proto", "provider"]),
    ("broker", &["helper", "host", "proto", "provider"]),
    ("cli", &["helper", "host", "private", "proto", "provider", "text"]),
];

/// Libraries with one user among the programs, since each holds what the others must not.
const ONE_USER: &[(&str, &str)] = &[
    ("store", "authsome-vault"),
    ("broker", "authsome-credential"),
    ("flows", "authsome-flow"),
    ("mitm", "authsome-proxy"),
    ("testkit", "authsome-demo"),
];

#[test]
fn every_library_is_in_the_table_of_arrows() {
    let known: BTreeSet<String> = ARROWS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let there = files::names("libs");
    let mut complaints: Vec<String> = there
        .difference(&known)
        .map(|name| format!("libs/{name} is in no line of ARROWS in tests/tree/arrows.rs"))
        .collect();
    complaints.extend(
        known.difference(&there).map(|name| format!("ARROWS in tests/tree/arrows.rs has {name}, and libs/ has not")),
    );
    files::none(complaints);
}

#[test]
fn every_library_uses_only_what_its_arrows_allow() {
    let mut complaints = Vec::new();
    for (library, allowed) in ARROWS {
        let path = format!("libs/{library}/Cargo.toml");
        let manifest: toml::Table = toml::from_str(&files::read(&path)).unwrap();
        let used = manifest.get("dependencies").and_then(toml::Value::as_table);
        let ours =
            used.into_iter().flat_map(toml::Table::keys).filter(|name| ARROWS.iter().any(|(ours, _)| ours == name));
        let forbidden = ours.filter(|name| !allowed.contains(&name.as_str()));
        complaints.extend(forbidden.map(|name| format!("{path}: {library} may not use {name}")));
    }
    files::none(complaints);
}

#[test]
fn every_library_with_one_user_is_used_by_that_program_alone() {
    let mut complaints = Vec::new();
    for path in files::sources("bins") {
        let source = files::read(&path);
        for (library, user) in ONE_USER {
            if names(&source, library) && !path.starts_with(&format!("bins/{user}/")) {
                complaints.push(format!("{path} uses {library}, which is for {user} alone"));
            }
        }
    }
    files::none(complaints);
}

/// A path that begins with the crate's name: not `crate::store::`, not `restore::`.
fn names(source: &str, library: &str) -> bool {
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.into_iter().any(|line| {
        line.match_indices(&format!("{library}::"))
            .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':'))
    })
}

#[test]
fn a_path_through_another_module_is_not_the_crate() {
    assert!(names("use store::Vault;", "store") && names("x(mitm::Proxy::new())", "mitm"));
    assert!(!names("use crate::store::X; // store::Vault", "stor") && !names("use crate::store::X;", "store"));
    assert!(!names("let x = restore::all();\n/// see store::Vault", "store"));
}
