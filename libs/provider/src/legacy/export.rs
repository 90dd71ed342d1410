//! Conversion of the older forms of `export` into the present one: each value with the list of its variables.

use super::{Object, Renamed, Step};
use crate::error::Fault;
use serde_json::{Value, json};

/// The values that a variable can hold.
const FIELDS: &[&str] = &["access_token", "api_key", "base_url", "api_url", "refresh_token"];

/// One variable, its value, and the field that it came from.
struct Said {
    variable: Value,
    holds: String,
    field: String,
}

/// Takes `{"VAR": "ACCESS_TOKEN"}`, `{"env": {"VAR": "access_token"}}`, `{"env": {"access_token": "VAR"}}` or
/// a list of variables there, and `api_key.env_var`, whose variable is the first of its list.
pub(super) fn upgrade(definition: &mut Object, renamed: &mut Renamed, order: impl Fn(&str) -> usize) -> Step {
    let is_key = definition.get("auth_type").and_then(Value::as_str) == Some("api_key");
    let credential = if is_key { "api_key" } else { "access_token" };
    let mut said = match definition.remove("export") {
        Some(Value::Object(export)) => exported(export, credential)?,
        Some(Value::Null) | None => Vec::new(),
        Some(_) => return Err(Fault::new("export", "is no object")),
    };
    // The sort is stable, so a list keeps its own order.
    said.sort_by_key(|said| order(&said.field));
    let key = definition.get_mut("api_key").and_then(Value::as_object_mut);
    let at_login = key.and_then(|key| key.remove("env_var")).filter(|name| is_key && !name.is_null());
    if let Some(variable) = at_login {
        said.insert(0, Said { variable, holds: credential.to_owned(), field: "api_key.env_var".to_owned() });
    }
    if said.is_empty() {
        return Ok(());
    }
    let mut env = Object::new();
    for Said { variable, holds, field } in said {
        let Value::Array(list) = env.entry(holds.clone()).or_insert_with(|| json!([])) else { continue };
        if !list.contains(&variable) {
            let at = format!("export.env.{holds}[{}]", list.len());
            renamed.extend((at != field).then_some((at, field)));
            list.push(variable);
        }
    }
    definition.insert("export".into(), json!({"env": env}));
    Ok(())
}

fn exported(export: Object, credential: &str) -> Result<Vec<Said>, Fault> {
    let mut said = Vec::new();
    for (key, value) in export {
        match (key.as_str(), value) {
            ("env", Value::Object(entries)) => {
                for (key, value) in entries {
                    entry(&mut said, credential, key, value)?;
                }
            }
            ("env", Value::Null) => {}
            ("env", _) => return Err(Fault::new("export.env", "is no object")),
            (variable, source) => {
                let field = format!("export.{variable}");
                let holds = source
                    .as_str()
                    .and_then(|word| older_word(word, credential))
                    .ok_or_else(|| Fault::new(&field, "is none of ACCESS_TOKEN, API_TOKEN, BASE_URL, API_URL"))?;
                said.push(Said { variable: variable.into(), holds: holds.to_owned(), field });
            }
        }
    }
    Ok(said)
}

/// Reads an entry of `env`, in which either side may be the variable. The side that is not one of [`FIELDS`] is the
/// variable, and a wrong name is refused later.
fn entry(said: &mut Vec<Said>, credential: &str, key: String, value: Value) -> Step {
    let field = format!("export.env.{key}");
    let word = value.as_str().and_then(|word| held(word, credential)).map(str::to_owned);
    match (FIELDS.contains(&key.as_str()), value, word) {
        (true, Value::Array(variables), _) => {
            let each = variables.into_iter().enumerate();
            said.extend(each.map(|(n, variable)| Said {
                variable,
                holds: key.clone(),
                field: format!("{field}[{n}]"),
            }));
        }
        (true, variable @ Value::String(_), None) => said.push(Said { variable, holds: key, field }),
        (_, _, Some(word)) => said.push(Said { variable: key.into(), holds: word, field }),
        _ => return Err(Fault::new(field, "is nothing that a variable can hold")),
    }
    Ok(())
}

fn held<'a>(word: &'a str, credential: &'a str) -> Option<&'a str> {
    if FIELDS.contains(&word) { Some(word) } else { older_word(word, credential) }
}

fn older_word<'a>(word: &str, credential: &'a str) -> Option<&'a str> {
    match word.to_ascii_uppercase().as_str() {
        "ACCESS_TOKEN" | "API_TOKEN" => Some(credential),
        "BASE_URL" => Some("base_url"),
        "API_URL" => Some("api_url"),
        _ => None,
    }
}
