//! What the broker stands on. Everything in it can be a fake.

use crate::{Clock, Definitions, Flows, Vault};
use proto::record::Connection;
use proto::{Code, Error, Key, Object, Outcome, Result, Secrets};

pub struct World {
    pub vault: Box<dyn Vault>,
    pub flows: Box<dyn Flows>,
    pub clock: Box<dyn Clock + Send + Sync>,
    pub definitions: Definitions,
}

/// A connection as it lies in the vault.
pub(crate) struct Stored {
    pub rev: String,
    pub record: Connection,
    pub secret: Secrets,
}

impl World {
    pub(crate) fn now(&self) -> i64 {
        self.clock.now()
    }

    /// The connection at `key`; `None` when there is none.
    pub(crate) fn read(&self, key: &Key) -> Result<Option<Stored>> {
        let Some(entry) = self.vault.get(key)? else { return Ok(None) };
        let record = connection(key, entry.record)?;
        Ok(Some(Stored { rev: entry.rev, record, secret: entry.secret }))
    }
}

impl Stored {
    pub fn access_token(&self) -> Option<&str> {
        self.secret.get("access_token")
    }

    pub fn refresh_token(&self) -> Option<&str> {
        self.secret.get("refresh_token")
    }
}

pub(crate) fn connection(key: &Key, record: Object) -> Result<Connection> {
    let record: Connection = proto::codec::from_object(&format!("the record at {key}"), record)?;
    if record.provider != key.provider {
        return Err(Error::internal(format!("the record at {key} is of the provider {}", record.provider)));
    }
    Ok(record)
}

/// `authsome login notion --connection work`, with more flags.
pub(crate) fn login_command(key: &Key, more: &str) -> String {
    format!("authsome login {}{}{more}", key.provider, key.flags())
}

pub(crate) fn not_connected(key: &Key) -> Error {
    let name = key.connection_name().map(ToString::to_string).unwrap_or_default();
    Error::new(Code::NotFound, format!("{} has no connection {name:?}", key.provider)).hint(login_command(key, ""))
}

/// Only a new login helps.
pub(crate) fn reauthorize(key: &Key, why: &str) -> Error {
    Error::new(Code::RefreshFailed, format!("the connection {} of {} {why}", key.slot, key.provider))
        .outcome(Outcome::Reauthorize)
        .hint(login_command(key, " --force"))
}
