//! `config.json`: which helpers serve, where the callback listens, aliases. No secret.

use crate::files::cannot;
use crate::home::{self, Home};
use proto::{Error, Object, Result};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;

const KEYS: &[&str] = &["vault", "credential", "proxy", "callback", "aliases"];

/// What the person set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Config {
    /// `authsome-vault-<name>` instead of the bundled vault.
    pub vault: Option<String>,
    /// `authsome-credential-<name>` instead of the bundled credential source.
    pub credential: Option<String>,
    /// `authsome-proxy-<name>` instead of the bundled proxy.
    pub proxy: Option<String>,
    /// Where the login page listens: a loopback URL of any port, with the callback's path.
    pub callback: Option<String>,
    /// Words of one's own for a command line.
    #[serde(default)]
    pub aliases: BTreeMap<String, String>,
}

impl Config {
    /// The configuration and warnings about what it does not understand. A missing file is an empty one.
    pub fn load(home: &Home) -> Result<(Config, Vec<String>)> {
        let file = home.config_file();
        match fs::metadata(&file) {
            // A pipe in its place would be waited for.
            Ok(found) if !found.is_file() => {
                let shown = file.display();
                return Err(Error::invalid(format!("{shown} is no regular file")).hint(format!("rm {shown}")));
            }
            Ok(found) => home::refuse_writable(&file, &found)?,
            Err(_) => {} // reading it tells
        }
        let bytes = match fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Default::default()),
            Err(error) => return Err(cannot("read", &file, &error)),
        };
        let text = text::read(&bytes).map_err(|error| {
            Error::invalid(format!("{}: {error}", file.display())).hint("write it anew in UTF-8, as editors do")
        })?;
        let broken = |error: serde_json::Error| {
            Error::invalid(format!("{}: {error}", file.display())).hint(format!("its keys are {}", KEYS.join(", ")))
        };
        let object: Object = serde_json::from_str(&text).map_err(broken)?;
        let warnings = object.keys().filter(|key| !KEYS.contains(&key.as_str()));
        let warnings = warnings.map(|key| unknown_key(&file.display().to_string(), key)).collect();
        let config = serde_json::from_value(Value::Object(object)).map_err(broken)?;
        Ok((config, warnings))
    }
}

fn unknown_key(file: &str, key: &str) -> String {
    let key = proto::redact::shown(key);
    match provider::nearest::one(&key, KEYS.iter().copied()) {
        Some(known) => format!("{file}: unknown key {key:?}; did you mean {known:?}?"),
        None => format!("{file}: unknown key {key:?}"),
    }
}
