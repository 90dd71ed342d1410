//! The environment of the command: placeholders, the proxy, the roots, and inherited variables as the table decides.

use crate::elsewhere;
use crate::exceptions::{Exceptions, exceptions};
use crate::git_settings;
use crate::inherited::{Action, TABLE, Value, row};
use proto::ops::proxy::Opened;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// The files of certificates in the session's directory.
pub struct Roots<'a> {
    /// The file for programs that replace their roots by it.
    pub all: &'a Path,
    /// The file for programs that add it to their roots.
    pub extra: &'a Path,
}

/// Gives `command` its environment. It returns warnings for the person: about settings that were left out, and about
/// those that were kept and lead past the session.
pub fn prepare(command: &mut Command, opened: &Opened, roots: &Roots, strict: bool) -> Vec<String> {
    let inherited = inherited();
    let is_direct =
        |name: &str| matches!(decision(name), Some(Action::Set(Value::Direct) | Action::Replace(Value::Direct)));
    let own = inherited.iter().filter(|(name, _)| is_direct(name)).map(|(_, value)| value.as_str());
    let exceptions = exceptions(own, &opened.routes, strict);
    let password = opened.secret.get("password").unwrap_or_default();
    let proxy = format!("http://authsome:{password}@{}", opened.address);
    let value = |value: Value| -> &OsStr {
        match value {
            Value::Proxy => proxy.as_ref(),
            Value::Direct => exceptions.direct.as_ref(),
            Value::Roots => roots.all.as_ref(),
            Value::ExtraRoots => roots.extra.as_ref(),
            Value::One => "1".as_ref(),
        }
    };
    command.envs(&opened.env);
    command.env("AUTHSOME_PROXY_MODE", "true");
    for row in TABLE {
        if let Action::Set(of) = row.action {
            command.envs(row.names.iter().map(|name| (name, value(of))));
        }
    }
    for name in inherited.keys() {
        match decision(name) {
            Some(Action::Set(of) | Action::Replace(of)) => _ = command.env(name, value(of)),
            Some(Action::Drop) => _ = command.env_remove(name),
            _ => {}
        }
    }
    for (name, value) in git_settings::without_proxy(&inherited) {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    left_out(&exceptions).into_iter().chain(elsewhere::warnings(&inherited, &opened.routes)).collect()
}

/// Returns the inherited variables whose names are UTF-8. The table has no other names.
fn inherited() -> BTreeMap<String, String> {
    let text = |value: &OsStr| value.to_string_lossy().into_owned();
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, text(&value)))).collect()
}

fn decision(name: &str) -> Option<Action> {
    row(name).map(|row| row.action)
}

/// Returns one line about the entries of `NO_PROXY` that the command does not get.
fn left_out(exceptions: &Exceptions) -> Option<String> {
    let led_past =
        exceptions.led_past.iter().map(|(entry, provider)| format!("{entry} (it takes {provider} past the session)"));
    let not_strict = exceptions.not_strict.iter().map(|entry| format!("{entry} (the session is strict)"));
    let entries: Vec<String> = led_past.chain(not_strict).collect();
    (!entries.is_empty()).then(|| format!("left out of the command's NO_PROXY: {}", entries.join(", ")))
}
