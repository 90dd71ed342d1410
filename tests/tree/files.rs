//! Files of the tree, by their paths from its root, and the ones that are generated.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file that must be there.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub fn exists(path: &str) -> bool {
    root().join(path).exists()
}

/// The names in a directory, sorted; none when there is no such directory.
pub fn names(directory: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(directory)).into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Every `.rs` file below a directory, but what is tests: a `tests` directory, or a module of that name.
pub fn sources(directory: &str) -> Vec<String> {
    let mut found = Vec::new();
    for name in names(directory) {
        let path = format!("{directory}/{name}");
        match name.as_str() {
            "tests" | "tests.rs" | "target" => {}
            _ if root().join(&path).is_dir() => found.extend(sources(&path)),
            _ if name.ends_with(".rs") => found.push(path),
            _ => {}
        }
    }
    found
}

/// Every `.rs` file below a directory, tests too, but for what others wrote.
pub fn code(directory: &str) -> Vec<String> {
    let mut found = Vec::new();
    for name in names(directory) {
        let path = format!("{directory}/{name}");
        match name.as_str() {
            "target" | "node_modules" | ".venv" | "sources" => {}
            _ if root().join(&path).is_dir() => found.extend(code(&path)),
            _ if name.ends_with(".rs") => found.push(path),
            _ => {}
        }
    }
    found
}

/// A source without the tests at its bottom.
pub fn without_tests(source: &str) -> &str {
    source.split("\n#[cfg(test)]\nmod tests").next().unwrap_or(source)
}

/// Holds a generated file against the one that is committed, or writes it when asked to.
pub fn is_current(path: &str, wanted: &str) -> Result<(), String> {
    let file = root().join(path);
    if fs::read_to_string(&file).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    if std::env::var_os("AUTHSOME_UPDATE").is_some_and(|value| value == "1") {
        write(&file, wanted);
        return Ok(());
    }
    let there = fs::read_to_string(&file).unwrap_or_default();
    let line = there.lines().zip(wanted.lines()).take_while(|(there, wanted)| there == wanted).count() + 1;
    Err(format!("{path}:{line} is not what the sources say; AUTHSOME_UPDATE=1 cargo test --test tree writes it anew"))
}

fn write(file: &PathBuf, text: &str) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

/// Fails with all complaints at once.
pub fn none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n  {}", complaints.join("\n  "));
}
