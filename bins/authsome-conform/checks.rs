//! What holds for every line of every helper, whatever a transcript expects.

use crate::args::Role;
use proto::{Hello, redact};
use serde_json::Value;

/// Secrets that the kit gave away: they may come back under `secret` and nowhere else.
#[derive(Default)]
pub struct Planted(Vec<String>);

impl Planted {
    /// Remembers what lies under `secret`. Texts too short to be told from others are left out.
    pub fn learn(&mut self, message: &Value) {
        match message {
            Value::Object(fields) => {
                for (name, value) in fields {
                    if name == "secret" { self.learn_texts(value) } else { self.learn(value) }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.learn(item)),
            _ => {}
        }
    }

    fn learn_texts(&mut self, secret: &Value) {
        match secret {
            Value::String(text) if text.len() >= 8 && !self.0.contains(text) => self.0.push(text.clone()),
            Value::Object(fields) => fields.values().for_each(|value| self.learn_texts(value)),
            Value::Array(items) => items.iter().for_each(|item| self.learn_texts(item)),
            _ => {}
        }
    }

    /// # Errors
    /// Says that there is one; never which.
    pub fn check(&self, message: &Value) -> Result<(), String> {
        let shown = redact::without_secrets(message);
        if let Some(name) = message.as_object().and_then(redact::misplaced_secret) {
            return Err(format!("{name:?} lies outside of \"secret\""));
        }
        // In their JSON form, since that is how the line holds them.
        let line = shown.to_string();
        let escaped = |text: &String| Value::from(text.as_str()).to_string();
        if self.0.iter().any(|text| line.contains(escaped(text).trim_matches('"'))) {
            return Err("a secret lies outside of \"secret\"".into());
        }
        Ok(())
    }
}

/// The ops that a helper of this role must know.
fn ops(role: Role) -> &'static [&'static str] {
    match role {
        Role::Vault => &["get", "list", "put", "erase"],
        Role::Flow => &["login"],
        Role::Credential => &["open", "routes", "resolve", "report", "token"],
        Role::Proxy => &["open"],
    }
}

pub fn hello(role: Role, hello: &Hello) -> Result<(), String> {
    if hello.hello != role.as_str() {
        return Err(format!("its hello says role {:?}, not {:?}", redact::shown(&hello.hello), role.as_str()));
    }
    if !hello.versions.iter().any(|version| proto::VERSIONS.contains(version)) {
        return Err(format!("it speaks versions {:?}, this kit {:?}", hello.versions, proto::VERSIONS));
    }
    if let Some(op) = ops(role).iter().find(|op| !hello.ops.iter().any(|known| known == *op)) {
        return Err(format!("its hello has no op {op:?}"));
    }
    if role == Role::Flow && hello.flows.is_empty() {
        return Err("its hello names no flow".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_planted_secret_is_found_everywhere_but_under_secret() {
        let mut planted = Planted::default();
        planted.learn(&json!({"client":{"secret":{"client_secret":"hunter2-\"quoted\""}}}));
        assert!(planted.check(&json!({"ok":{"secret":{"x":"hunter2-\"quoted\""}}})).is_ok());
        for bad in [json!({"ok":{"x":"hunter2-\"quoted\""}}), json!({"err":{"message":"bad hunter2-\"quoted\"!"}})] {
            assert!(planted.check(&bad).is_err());
        }
    }
}
