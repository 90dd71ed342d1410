//! The manual against the code: every example is what the programs really read and write, and no
//! field, code, key or variable is left out.

use crate::files;
use proto::ops::{credential, flow, proxy, vault};
use proto::{Code, FromHelper, FromHost, Object};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Fenced blocks of a language: what follows it on the fence, and the text.
fn blocks(text: &str, language: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else { continue };
        let (word, rest) = info.split_once(' ').unwrap_or((info, ""));
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        if word == language {
            found.push((rest.to_owned(), block.join("\n")));
        }
    }
    found
}

#[test]
fn every_example_of_the_protocol_is_what_the_programs_speak() {
    let text = files::read("man/src/protocol.md");
    let examples = blocks(&text, "jsonl");
    assert!(examples.len() >= 4, "man/src/protocol.md has examples of every role");
    let mut complaints = Vec::new();
    for (role, block) in examples {
        let mut ops = BTreeMap::new();
        let mut asks = BTreeMap::new();
        for line in block.lines() {
            let checked = spoken(&role, line, &mut ops, &mut asks);
            complaints.extend(checked.err().map(|what| format!("man/src/protocol.md: {what}: {line}")));
        }
    }
    files::none(complaints);
}

/// One line, in the shape that the role and the op before it give it.
fn spoken(
    role: &str,
    line: &str,
    ops: &mut BTreeMap<u64, String>,
    asks: &mut BTreeMap<(u64, u64), String>,
) -> Result<(), String> {
    let from_host = FromHost::parse(line.as_bytes());
    let from_helper = FromHelper::parse(line.as_bytes());
    match (from_host, from_helper) {
        (Ok(FromHost::Request { id, op, body }), _) => {
            ops.insert(id, op.clone());
            request(role, &op, body)
        }
        (Ok(FromHost::Answer { id, n, result: Ok(body) }), _) => match asks.get(&(id, n)) {
            Some(kind) => answer(kind, body),
            None => Err("an answer to no ask".to_owned()),
        },
        (Ok(_), _) => Ok(()),
        (_, Ok(FromHelper::Reply { id, result: Ok(body) })) => match ops.get(&id) {
            Some(op) => reply(role, op, body),
            None => Err("a reply to no request".to_owned()),
        },
        (_, Ok(FromHelper::Ask { id, n, kind, body })) => {
            asks.insert((id, n), kind.clone());
            ask(&kind, body)
        }
        (_, Ok(_)) => Ok(()),
        (Err(host), Err(helper)) => Err(format!("neither side says this ({host}; {helper})")),
    }
}

fn request(role: &str, op: &str, body: Object) -> Result<(), String> {
    match (role, op) {
        ("vault", "get") => fits::<vault::Get>(body),
        ("vault", "put") => fits::<vault::Put>(body),
        ("vault", "erase") => fits::<vault::Erase>(body),
        ("vault", "list") => fits::<vault::List>(body),
        ("vault", "lock" | "unlock") => fits::<vault::Lock>(body),
        ("flow", "login") => fits::<flow::Login>(body),
        ("flow", "refresh" | "revoke") => fits::<flow::Refresh>(body),
        ("credential" | "proxy", "open") => fits::<credential::Open>(body),
        ("proxy", "status") => fits::<Object>(body),
        ("credential", "routes") => fits::<credential::RoutesWanted>(body),
        ("credential", "resolve") => fits::<credential::Resolve>(body),
        ("credential", "report") => fits::<credential::Report>(body),
        ("credential", "token") => fits::<credential::Token>(body),
        _ => Err(format!("the role {role:?} has no op {op:?}")),
    }
}

fn reply(role: &str, op: &str, body: Object) -> Result<(), String> {
    match (role, op) {
        ("vault", "get") => fits::<vault::Got>(body),
        ("vault", "put") => fits::<vault::Written>(body),
        ("vault", "list") => fits::<vault::Listed>(body),
        ("flow", "login" | "refresh") => fits::<flow::Learned>(body),
        ("credential", "routes") => fits::<credential::Routes>(body),
        ("credential", "resolve") => fits::<credential::Resolved>(body),
        ("credential", "report") => fits::<credential::Reported>(body),
        ("credential", "token") => fits::<credential::TokenGiven>(body),
        ("proxy", "open") => fits::<proxy::Opened>(body),
        ("proxy", "status") => fits::<proxy::Counted>(body),
        _ if body.is_empty() => Ok(()),
        _ => Err(format!("{op} of the role {role} is answered by an empty object")),
    }
}

fn ask(kind: &str, body: Object) -> Result<(), String> {
    match kind {
        "form" => fits::<flow::Form>(body),
        "keep-client" => fits::<flow::KeepClient>(body),
        "authorize" => fits::<flow::Authorize>(body),
        "device" => fits::<flow::Device>(body),
        "confirm" => fits::<flow::Confirm>(body),
        _ => Err(format!("no ask {kind:?}")),
    }
}

fn answer(kind: &str, body: Object) -> Result<(), String> {
    match kind {
        "form" => fits::<flow::FormAnswer>(body),
        "authorize" => fits::<flow::Authorized>(body),
        _ if body.is_empty() => Ok(()),
        _ => Err(format!("{kind} is answered by an empty object")),
    }
}

/// Reads as `T`, and nothing of it is lost on the way: a misspelt field would be.
fn fits<T: DeserializeOwned + Serialize>(body: Object) -> Result<(), String> {
    let typed: T = serde_json::from_value(Value::Object(body.clone())).map_err(|error| error.to_string())?;
    lost(&Value::Object(body), &serde_json::to_value(&typed).unwrap(), "")
        .map_or(Ok(()), |field| Err(format!("no field {field}")))
}

/// The first field of `said` that is not in `kept`.
fn lost(said: &Value, kept: &Value, path: &str) -> Option<String> {
    match (said, kept) {
        (Value::Object(said), Value::Object(kept)) => said.iter().find_map(|(key, value)| {
            let path = format!("{path}.{key}");
            match kept.get(key) {
                Some(there) => lost(value, there, &path),
                None if value.is_null() || value == &Value::Bool(false) => None,
                None => Some(path),
            }
        }),
        (Value::Array(said), Value::Array(kept)) => {
            said.iter().zip(kept).find_map(|(said, kept)| lost(said, kept, path))
        }
        _ => None,
    }
}

#[test]
fn every_error_code_is_in_the_table_with_its_exit_status() {
    let text = files::read("man/src/protocol.md");
    let missing =
        Code::ALL.iter().filter(|code| !text.contains(&format!("\n| `{}` | {} |", code.as_str(), code.exit_status())));
    files::none(
        missing
            .map(|code| format!("man/src/protocol.md has no row | `{}` | {} |", code.as_str(), code.exit_status()))
            .collect(),
    );
}

/// The fields of every shape of an op, and of the records.
#[test]
fn every_field_of_the_protocol_is_explained() {
    let text = files::read("man/src/protocol.md");
    let mut complaints = Vec::new();
    for path in files::sources("libs/proto/src/ops")
        .into_iter()
        .chain(["record", "error"].map(|name| format!("libs/proto/src/{name}.rs")))
    {
        let missing = fields(&files::read(&path)).into_iter().filter(|field| !mentions(&text, field));
        complaints.extend(missing.map(|field| format!("man/src/protocol.md does not mention `{field}` of {path}")));
    }
    files::none(complaints);
}

#[test]
fn every_field_of_a_definition_is_explained() {
    let text = files::read("man/src/definition.md");
    let path = "libs/provider/src/definition.rs";
    let missing = fields(&files::read(path)).into_iter().filter(|field| !mentions(&text, field));
    files::none(missing.map(|field| format!("man/src/definition.md does not mention `{field}` of {path}")).collect());
}

#[test]
fn every_example_of_a_definition_loads_without_a_warning() {
    let examples = blocks(&files::read("man/src/definition.md"), "json");
    assert!(!examples.is_empty(), "man/src/definition.md has an example");
    for (_, text) in examples {
        let (_, warnings) = provider::parse("man/src/definition.md", &text, provider::Origin::Custom).unwrap();
        assert!(warnings.is_empty(), "{warnings:?}");
    }
}

/// Names as they stand in JSON: a rename counts in place of the field.
fn fields(source: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut renamed = None;
    for line in files::without_tests(source).lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("#[serde(").and_then(|rest| rest.split("rename = \"").nth(1)) {
            renamed = rest.split('"').next().map(str::to_owned);
        }
        let is_flat = line.contains("flatten");
        if let Some(name) = line.strip_prefix("pub ").and_then(|rest| rest.split_once(": ")).map(|(name, _)| name) {
            let is_field = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            if is_field && !matches!(name, "rest" | "record" | "account") {
                found.insert(renamed.clone().unwrap_or_else(|| name.to_owned()));
            }
        }
        if !line.starts_with('#') && !line.starts_with("//") || is_flat {
            renamed = None;
        }
    }
    found
}

/// In code, alone or at the head of a shape: `field`, `field?`, `"field":…`.
fn mentions(text: &str, field: &str) -> bool {
    text.match_indices(field).any(|(at, _)| {
        let before = text[..at].chars().next_back().unwrap_or(' ');
        let after = text[at + field.len()..].chars().next().unwrap_or(' ');
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        matches!(before, '`' | '"' | '.' | '{' | ',' | ' ')
            && !word(after)
            && (before != ' ' || matches!(after, ',' | '?' | '}' | ':'))
    })
}

#[test]
fn the_config_page_has_every_key_and_no_other() {
    let home = tempfile::tempdir().unwrap();
    let home = cli::Home::locate(Some(home.path())).unwrap();
    home.make().unwrap();
    // What is no JSON is answered with the list of keys.
    std::fs::write(home.config_file(), "{").unwrap();
    let hint = cli::Config::load(&home).unwrap_err().hint.unwrap_or_default();
    let known: BTreeSet<&str> = hint.trim_start_matches("its keys are ").split(", ").collect();
    let text = files::read("man/src/config.md");
    let keys = text.split("\n## Keys\n").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap_or_default();
    let told = keys.lines().filter_map(|line| line.strip_prefix('`')?.split('`').next()).collect();
    assert_eq!(known, told, "the keys of libs/cli/src/config.rs, and the terms under \"## Keys\" in man/src/config.md");
}

#[test]
fn the_example_of_the_config_is_taken_without_a_warning() {
    for (_, example) in blocks(&files::read("man/src/config.md"), "json") {
        let home = tempfile::tempdir().unwrap();
        let home = cli::Home::locate(Some(home.path())).unwrap();
        home.make().unwrap();
        std::fs::write(home.config_file(), &example).unwrap();
        assert_eq!(cli::Config::load(&home).unwrap().1, Vec::<String>::new());
    }
}

/// `AUTHSOME_*` in a text of the programs, and in the manual.
#[test]
fn every_variable_of_ours_is_in_the_manual() {
    let manual: String =
        files::names("man/src").into_iter().map(|name| files::read(&format!("man/src/{name}"))).collect();
    let mut complaints = BTreeSet::new();
    for path in ["bins", "libs"].into_iter().flat_map(files::sources).filter(|path| !path.starts_with("libs/testkit/"))
    {
        let source = files::read(&path);
        for (at, _) in files::without_tests(&source).match_indices("AUTHSOME_") {
            let rest = &source[at..];
            let end = rest.find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap_or(rest.len());
            let name = &rest[..end];
            if !name.ends_with('_') && !manual.contains(name) {
                complaints.insert(format!("{name} of {path} is in no page of man/src"));
            }
        }
    }
    files::none(complaints.into_iter().collect());
}
