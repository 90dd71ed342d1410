//! Typed bodies to JSON objects and back.

use crate::{Error, Object, Result};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::io::Write;

/// The object of a typed body. A body type that is no struct is a programming error.
pub fn to_object<T: Serialize>(body: &T) -> Object {
    match serde_json::to_value(body) {
        Ok(Value::Object(object)) => object,
        _ => unreachable!("bodies are structs with text keys"),
    }
}

/// A typed body from an object. `what` names it in the error, which never holds a value.
pub fn from_object<T: DeserializeOwned>(what: &str, object: Object) -> Result<T> {
    serde_json::from_value(Value::Object(object)).map_err(|error| {
        // serde_json quotes an unexpected value; only the kind of complaint may be shown.
        let text = error.to_string();
        let safe = if text.starts_with("missing field") { text } else { "a field of the wrong type".to_owned() };
        Error::invalid(format!("{what}: {safe}"))
    })
}

/// Appends a value; writing to memory cannot fail, and structs with text keys always encode.
pub(crate) fn write_json(line: &mut Vec<u8>, value: &impl Serialize) {
    let mut writer = Wiping(line);
    serde_json::to_writer(&mut writer, value).unwrap_or_else(|_| unreachable!("lines are structs with text keys"));
}

/// Grows the buffer by hand, so that no unwiped copy of a secret is left by a reallocation.
struct Wiping<'a>(&'a mut Vec<u8>);

impl Write for Wiping<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let needed = self.0.len() + bytes.len() + 1;
        if needed > self.0.capacity() {
            let mut larger = Vec::with_capacity(needed.next_power_of_two());
            larger.extend_from_slice(self.0);
            zeroize::Zeroize::zeroize(self.0);
            *self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
