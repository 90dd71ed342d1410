//! What `open` said: the profile, and which connections this host may use.

use proto::ops::credential::{Grant, Open};
use proto::{ConnectionName, Key, ProfileName, ProviderName};
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub profile: ProfileName,
    pub choose: BTreeMap<ProviderName, ConnectionName>,
    pub only: Option<Vec<ProviderName>>,
    pub grant: BTreeMap<ProviderName, Grant>,
}

impl Session {
    pub fn new(open: Open) -> Session {
        Session { profile: open.profile, choose: open.choose, only: open.only, grant: open.grant }
    }

    pub fn key(&self, provider: &ProviderName, connection: &ConnectionName) -> Key {
        Key::connection(&self.profile, provider, connection)
    }

    /// `run --only` leaves the provider in.
    pub fn includes(&self, provider: &ProviderName) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(provider))
    }

    /// A request may choose this connection by itself.
    pub fn grants(&self, provider: &ProviderName, connection: &ConnectionName) -> bool {
        match self.grant.get(provider) {
            Some(Grant::All(_)) => true,
            Some(Grant::Named(names)) => names.contains(connection),
            None => false,
        }
    }
}
