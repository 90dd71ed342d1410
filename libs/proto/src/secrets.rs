//! The object under a key named `secret`: the only place where secrets lie.

use crate::Object;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use zeroize::Zeroize;

/// Secret values by name (`access_token`, `refresh_token`, `api_key`, `client_secret`, …).
///
/// No `Display`; `Debug` shows names only; wiped when dropped. It serializes, because a pipe to a
/// helper is where it goes: put it under a key named `secret` and nowhere else.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secrets(Object);

impl Secrets {
    pub fn new() -> Self {
        Secrets::default()
    }

    /// The text under `name`, if there is any; an empty text counts as none.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// Puts `value` under `name`, wiping what was there.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        if let Some(mut old) = self.0.insert(name.into(), Value::String(value.into())) {
            wipe(&mut old);
        }
    }

    /// The same with `name` set; for building in one expression.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.set(name, value);
        self
    }

    /// Wipes what is under `name`.
    pub fn remove(&mut self, name: &str) {
        if let Some(mut old) = self.0.remove(name) {
            wipe(&mut old);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Every text in it, at any depth: for those who must look for them in an output.
    pub fn texts(&self) -> Vec<&str> {
        let mut found = Vec::new();
        self.0.values().for_each(|value| collect(value, &mut found));
        found
    }

    /// Takes the object under the key `secret` out of a body; absent means empty.
    pub fn take_from(body: &mut Object) -> crate::Result<Secrets> {
        match body.remove("secret") {
            None | Some(Value::Null) => Ok(Secrets::new()),
            Some(Value::Object(object)) => Ok(Secrets(object)),
            Some(mut other) => {
                wipe(&mut other);
                Err(crate::Error::invalid("\"secret\" is not an object"))
            }
        }
    }

    /// The JSON value to put under a key named `secret`.
    pub fn to_value(&self) -> Value {
        Value::Object(self.0.clone())
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Drop for Secrets {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

/// Overwrites every text of a value before it is freed.
pub fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(object) => object.values_mut().for_each(wipe),
        _ => {}
    }
}

fn collect<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(object) => object.values().for_each(|item| collect(item, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_names_the_fields_and_shows_no_value() {
        let secrets = Secrets::new().with("access_token", "ntn_x");
        assert_eq!(format!("{secrets:?}"), "{\"access_token\"}");
    }

    #[test]
    fn a_secret_that_is_no_object_is_refused() {
        let mut body = serde_json::from_str(r#"{"secret":"bare"}"#).unwrap();
        assert!(Secrets::take_from(&mut body).is_err());
    }
}
