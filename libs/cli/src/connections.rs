//! A provider's connections in the present profile, and the one that is meant.

use crate::Context;
use helper::vault::Vault;
use proto::ops::vault::Row;
use proto::record::{Connection, DefaultConnection};
use proto::{Code, ConnectionName, Error, Key, ProviderName, Result, Slot, codec};
use provider::{Choice, SaidBy, Wanted, choose};

/// What the vault lists of one provider.
#[derive(Debug, Default)]
pub struct Connections {
    provider: Option<ProviderName>,
    /// By name; the record as it is, for what this build does not know.
    pub rows: Vec<Row>,
    pub default: Option<ConnectionName>,
    /// An OAuth client for the next login is there.
    pub has_client: bool,
}

impl Context {
    /// Lists one provider's records; opens no secret.
    pub fn connections(&self, vault: &Vault, provider: &ProviderName) -> Result<Connections> {
        let rows = vault.list(&format!("{}/{provider}/", self.profile))?;
        let mut connections = Connections { provider: Some(provider.clone()), ..Connections::default() };
        rows.into_iter().try_for_each(|row| connections.take(row))?;
        Ok(connections)
    }
}

impl Connections {
    pub fn take(&mut self, row: Row) -> Result<()> {
        match row.key.slot {
            Slot::Client => self.has_client = true,
            Slot::Default => {
                let record: DefaultConnection = codec::from_object(&row.key.to_string(), row.record)?;
                self.default = Some(record.connection);
            }
            Slot::Connection(_) => self.rows.push(row),
        }
        Ok(())
    }

    pub fn names(&self) -> impl Iterator<Item = &ConnectionName> {
        self.rows.iter().filter_map(|row| row.key.connection_name())
    }

    /// The connection that is meant when `named` was said, or nothing.
    pub fn choose(&self, named: Option<&ConnectionName>) -> Result<&Row> {
        let present: Vec<&str> = self.names().map(ConnectionName::as_str).collect();
        let wanted = Wanted {
            named: named.map(ConnectionName::as_str),
            pointer: self.default.as_ref().map(ConnectionName::as_str),
            ..Wanted::default()
        };
        let chosen = match choose(wanted, &present) {
            Choice::One(name) => name,
            other => return Err(self.explained(other)),
        };
        let found = self.rows.iter().find(|row| row.key.connection_name().is_some_and(|name| name.as_str() == chosen));
        found.ok_or_else(|| Error::internal("the chosen connection is not among the listed ones"))
    }

    fn explained(&self, choice: Choice) -> Error {
        let provider = self.provider.as_ref().map(ProviderName::as_str).unwrap_or_default();
        match choice {
            Choice::One(_) | Choice::NotConnected => Error::new(Code::NotFound, format!("{provider} is not connected"))
                .hint(format!("authsome login {provider}")),
            Choice::Missing(name, SaidBy::Default) => {
                Error::new(Code::NotFound, format!("{provider}'s default connection {name:?} is gone"))
                    .hint(format!("authsome connection set-default {provider} NAME"))
            }
            Choice::Missing(name, SaidBy::Name | SaidBy::Directory) => {
                Error::new(Code::NotFound, format!("{provider} has no connection {name:?}"))
                    .hint(format!("authsome login {provider} --connection {name}"))
            }
            Choice::Ambiguous(names) => Error::new(Code::Ambiguous, format!("{provider} has several connections"))
                .choices(names.into_iter().map(str::to_owned))
                .hint(format!("say which: --connection NAME, or authsome connection set-default {provider} NAME")),
        }
    }
}

/// The typed record of a listed connection.
pub fn record(row: &Row) -> Result<Connection> {
    codec::from_object(&format!("record {}", row.key), row.record.clone())
}

/// The name of a row that is a connection.
pub fn name(key: &Key) -> &str {
    key.connection_name().map(ConnectionName::as_str).unwrap_or_default()
}
