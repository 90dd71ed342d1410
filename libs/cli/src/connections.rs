//! A provider's connections in the present profile, and the one that is meant.

use crate::{Context, Output};
use helper::vault::Vault;
use proto::ops::vault::{Expect, Rev, Row};
use proto::record::{Connection, DefaultConnection};
use proto::{Code, ConnectionName, Error, Key, ProfileName, ProviderName, Result, Slot, codec};
use provider::{Choice, SaidBy, Wanted, choose};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What the vault lists of one provider, and what the directory says about it.
#[derive(Debug, Default)]
pub struct Connections {
    provider: Option<ProviderName>,
    profile: ProfileName,
    /// By name; the record as it is, for what this build does not know.
    pub rows: Vec<Row>,
    /// `@default`.
    pub default: Option<ConnectionName>,
    default_rev: Option<Rev>,
    /// The choice of a trusted `.authsome.json`.
    pub directory: Option<ConnectionName>,
    /// An OAuth client for the next login is there.
    pub has_client: bool,
}

impl Context {
    /// Lists one provider's records; opens no secret.
    pub fn connections(&self, vault: &Vault, provider: &ProviderName) -> Result<Connections> {
        let mut connections = self.none_of(provider);
        let rows = vault.list(&format!("{}/{provider}/", self.profile))?;
        rows.into_iter().for_each(|row| connections.take(row));
        Ok(connections)
    }

    /// The same for every provider that has any.
    pub fn all_connections(&self, vault: &Vault) -> Result<BTreeMap<ProviderName, Connections>> {
        let mut all: BTreeMap<ProviderName, Connections> = BTreeMap::new();
        for row in vault.list(&format!("{}/", self.profile))? {
            let provider = row.key.provider.clone();
            all.entry(provider).or_insert_with_key(|provider| self.none_of(provider)).take(row);
        }
        Ok(all)
    }

    /// The connection that is meant when `named` was said, or nothing. Of a thousand it reads the one.
    pub fn connection(&self, vault: &Vault, provider: &ProviderName, named: Option<&ConnectionName>) -> Result<Row> {
        let mut connections = self.none_of(provider);
        if named.is_none() && connections.directory.is_none() {
            let unnamed = Key::connection(&self.profile, provider, &ConnectionName::default());
            let rows = vault.records(&[Key::default_of(&self.profile, provider), unnamed])?;
            rows.into_iter().for_each(|row| connections.take(row));
            // Without a pointer it is the one named `default`, whatever others there are.
            let pointer = connections.default.clone().unwrap_or_default();
            if connections.names().any(|name| *name == pointer) {
                return connections.choose(None).cloned();
            }
            connections.rows.clear();
        }
        if let Some(name) = named.or(connections.directory.as_ref()).or(connections.default.as_ref()) {
            connections.rows = vault.record(&Key::connection(&self.profile, provider, name))?.into_iter().collect();
        }
        if connections.rows.is_empty() {
            connections = self.connections(vault, provider)?;
        }
        connections.choose(named).cloned()
    }

    /// Returns the name of the connection that a login means when none is named: the one of `.authsome.json`, else
    /// the default that was set, else `default`. The connection need not exist.
    pub fn unnamed_connection(&self, vault: &Vault, provider: &ProviderName) -> Result<ConnectionName> {
        let mut connections = self.none_of(provider);
        if let Some(directory) = connections.directory {
            return Ok(directory);
        }
        let row = vault.record(&Key::default_of(&self.profile, provider))?;
        row.into_iter().for_each(|row| connections.take(row));
        Ok(connections.default.unwrap_or_default())
    }

    /// Erases a default that names a connection which is gone, and says so.
    pub fn repair_default(&self, vault: &Vault, provider: &ProviderName) -> Result<()> {
        let known = self.connections(vault, provider)?;
        let (Some(gone), Some(rev)) = (&known.default, &known.default_rev) else { return Ok(()) };
        if known.names().any(|name| name == gone) {
            return Ok(());
        }
        match vault.erase(&Key::default_of(&self.profile, provider), Expect::Rev(rev.clone())) {
            // Somebody has just set another.
            Err(error) if error.code == Code::Conflict => return Ok(()),
            result => result?,
        }
        let without = Connections { default: None, directory: None, ..known };
        self.output.note(&match without.choose(None).map(|row| name(&row.key).to_owned()) {
            Ok(next) => format!("It was the default. {provider} now means its connection {next}."),
            Err(error) if error.code == Code::Ambiguous => {
                let profile = self.profile.flag();
                format!("It was the default. authsome connection set-default {provider} NAME{profile} sets another.")
            }
            Err(_) => return Ok(()),
        });
        Ok(())
    }

    fn none_of(&self, provider: &ProviderName) -> Connections {
        let directory = self.choices().get(provider).cloned();
        let profile = self.profile.clone();
        Connections { provider: Some(provider.clone()), profile, directory, ..Connections::default() }
    }
}

impl Connections {
    fn take(&mut self, row: Row) {
        match row.key.slot {
            Slot::Client => self.has_client = true,
            // A default of another shape is none.
            Slot::Default => {
                let record = codec::from_object(&row.key.to_string(), row.record).ok();
                self.default = record.map(|record: DefaultConnection| record.connection);
                self.default_rev = Some(row.rev);
            }
            Slot::Connection(_) => self.rows.push(row),
        }
    }

    /// Warns about each connection that cannot be read, with what mends it.
    pub fn warn_about_damaged(&self, output: &Output) {
        for error in self.rows.iter().filter_map(|row| row.err.as_ref()) {
            let hint = error.hint.as_deref().unwrap_or("authsome-vault erase KEY");
            output.warning(&format!("{error}; to give it up: {hint}"));
        }
    }

    pub fn names(&self) -> impl Iterator<Item = &ConnectionName> {
        self.rows.iter().filter_map(|row| row.key.connection_name())
    }

    /// The connection that is meant when `named` was said, or nothing.
    pub fn choose(&self, named: Option<&ConnectionName>) -> Result<&Row> {
        let present: Vec<&str> = self.names().map(ConnectionName::as_str).collect();
        let wanted = Wanted {
            named: named.map(ConnectionName::as_str),
            directory: self.directory.as_ref().map(ConnectionName::as_str),
            pointer: self.default.as_ref().map(ConnectionName::as_str),
        };
        let chosen = match choose(wanted, &present) {
            Choice::One(name) => name,
            other => return Err(self.explained(other)),
        };
        let found = self.rows.iter().find(|row| row.key.connection_name().is_some_and(|name| name.as_str() == chosen));
        found.ok_or_else(|| Error::internal("the chosen connection is not among the listed ones"))
    }

    /// The same for who ends one: a login would be the opposite of what is wanted.
    pub fn choose_to_end(&self, named: Option<&ConnectionName>) -> Result<&Row> {
        self.choose(named).map_err(|error| match error.code {
            Code::NotFound => error.hint(format!("authsome list --connected{}", self.profile.flag())),
            _ => error,
        })
    }

    fn explained(&self, choice: Choice) -> Error {
        let provider = self.provider.as_ref().map(ProviderName::as_str).unwrap_or_default();
        let profile = self.profile.flag();
        match choice {
            Choice::One(_) | Choice::NotConnected => Error::new(Code::NotFound, format!("{provider} is not connected"))
                .hint(format!("authsome login {provider}{profile}")),
            Choice::Missing(name, SaidBy::Default) => {
                Error::new(Code::NotFound, format!("{provider}'s default connection {name:?} is gone"))
                    .hint(format!("authsome connection set-default {provider} NAME{profile}"))
            }
            Choice::Missing(name, by) => {
                let whose = if by == SaidBy::Directory { ", which .authsome.json names" } else { "" };
                Error::new(Code::NotFound, format!("{provider} has no connection {name:?}{whose}"))
                    .hint(format!("authsome login {provider} --connection {name}{profile}"))
            }
            Choice::Ambiguous(names) => Error::new(Code::Ambiguous, format!("{provider} has several connections"))
                .choices(names.into_iter().map(str::to_owned))
                .hint(format!(
                    "say which: --connection NAME, or authsome connection set-default {provider} NAME{profile}"
                )),
        }
    }
}

/// Returns the typed record of a listed connection, or the error that says why it cannot be read.
pub fn record(row: &Row) -> Result<Connection> {
    if let Some(error) = &row.err {
        return Err(error.clone());
    }
    // By reference: `list` reads thousands. A complaint is made where it quotes nothing.
    Connection::deserialize(&row.record)
        .or_else(|_| codec::from_object(&format!("record {}", row.key), row.record.clone()))
        .map_err(|error: Error| error.hint(format!("authsome login {}{} --force", row.key.provider, row.key.flags())))
}

/// The same where several are shown: a record of another shape is `unknown`, and stops no other.
pub fn shown(row: &Row) -> Connection {
    let unknown = || {
        let least = serde_json::json!({"provider": row.key.provider, "flow": "", "status": "unknown"});
        Connection::deserialize(least).unwrap_or_else(|_| unreachable!("these three fields are a connection"))
    };
    record(row).unwrap_or_else(|_| unknown())
}

/// The name of a row that is a connection.
pub fn name(key: &Key) -> &str {
    key.connection_name().map(ConnectionName::as_str).unwrap_or_default()
}
