//! `providers/`: what is bundled loads without a complaint, and goes over https.

use crate::files;
use provider::{Catalog, Origin, parse};
use serde_json::Value;
use std::collections::BTreeSet;

fn bundled() -> Vec<(String, String)> {
    files::names("providers")
        .into_iter()
        .map(|name| (name.clone(), files::read(&format!("providers/{name}"))))
        .collect()
}

#[test]
fn every_bundled_definition_loads_without_a_warning() {
    let mut complaints = Vec::new();
    for (file, text) in bundled() {
        if let Err(error) = parse(&file, &text, Origin::Bundled) {
            complaints.push(format!("providers/{error}"));
            continue;
        }
        // What is merely odd is told of a user's own file.
        let (_, warnings) = parse(&file, &text, Origin::Custom).unwrap();
        complaints.extend(warnings.iter().map(|warning| format!("providers/{warning}")));
    }
    files::none(complaints);
}

#[test]
fn every_address_of_a_bundled_definition_is_https() {
    let mut complaints = Vec::new();
    for (file, text) in bundled() {
        let mut addresses = Vec::new();
        texts(&serde_json::from_str(&text).unwrap(), &mut addresses);
        let plain = addresses.into_iter().filter(|text| text.contains("://") && !text.starts_with("https://"));
        complaints.extend(plain.map(|address| format!("providers/{file}: {address} is not https")));
    }
    files::none(complaints);
}

#[test]
fn every_file_of_providers_is_in_the_catalogue_under_its_name() {
    let listed: BTreeSet<String> =
        Catalog::open(None).unwrap().list().unwrap().into_iter().map(|line| line.name).collect();
    let mut complaints = Vec::new();
    for (file, text) in bundled() {
        let definition: Value = serde_json::from_str(&text).unwrap();
        match file.strip_suffix(".json") {
            Some(name) if definition["name"] == name && listed.contains(name) => {}
            Some(name) => complaints.push(format!("providers/{file} is not in the catalogue as {name:?}")),
            None => complaints.push(format!("providers/{file} is no .json")),
        }
    }
    files::none(complaints);
}

#[test]
fn every_built_in_flow_is_in_the_manual() {
    let mut complaints = Vec::new();
    for page in ["man/src/definition.md", "man/src/flow.md"] {
        let text = files::read(page);
        let missing = flows::names().filter(|name| !text.contains(&format!("`{name}`")));
        complaints.extend(missing.map(|name| format!("{page} does not mention the flow `{name}`")));
    }
    files::none(complaints);
}

fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(object) => object.values().for_each(|item| texts(item, found)),
        _ => {}
    }
}
