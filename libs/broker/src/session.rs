//! What `open` said: the profile, and which connections this host may use.

use proto::ops::credential::{Grant, Open};
use proto::{ConnectionName, Key, ProfileName, ProviderName};
use std::collections::{BTreeMap, BTreeSet};

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

    /// Returns whether the session was asked for this provider by name, and does not begin without it.
    pub fn is_about(&self, provider: &ProviderName) -> bool {
        self.only.as_ref().is_some_and(|only| only.contains(provider))
            || self.choose.contains_key(provider)
            || self.grant.contains_key(provider)
    }

    /// The connections of the provider that the session names.
    pub fn named(&self, provider: &ProviderName) -> BTreeSet<&ConnectionName> {
        let granted = match self.grant.get(provider) {
            Some(Grant::Named(names)) => names.as_slice(),
            Some(Grant::All(_)) | None => &[],
        };
        self.choose.get(provider).into_iter().chain(granted).collect()
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
