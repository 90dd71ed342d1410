//! The connections of a provider in the vault, and the one that is meant.

use crate::session::Session;
use crate::world::{World, connection, login_command};
use proto::ops::vault::Row;
use proto::record::{Connection, DefaultConnection};
use proto::{Code, ConnectionName, Error, Key, Object, ProviderName, Result, Slot};
use provider::{Choice, SaidBy, Wanted, choose};
use std::collections::{BTreeMap, BTreeSet};

/// One provider's connections, by name, and its default.
#[derive(Default)]
pub(crate) struct Connections {
    pub records: BTreeMap<ConnectionName, Connection>,
    /// The connections whose records cannot be read, each with the reason.
    pub unreadable: BTreeMap<ConnectionName, Error>,
    pub pointer: Option<ConnectionName>,
}

/// Returns the connections of every provider under a prefix of keys.
pub(crate) fn connections(world: &World, prefix: &str) -> Result<BTreeMap<ProviderName, Connections>> {
    Ok(by_provider(world.vault.list(prefix)?))
}

fn by_provider(rows: Vec<Row>) -> BTreeMap<ProviderName, Connections> {
    let mut providers: BTreeMap<ProviderName, Connections> = BTreeMap::new();
    for row in rows {
        let of_provider = providers.entry(row.key.provider.clone()).or_default();
        match &row.key.slot {
            Slot::Connection(name) => {
                let name = name.clone();
                match row.err.map_or_else(|| connection(&row.key, row.record), Err) {
                    Ok(record) => _ = of_provider.records.insert(name, record),
                    Err(error) => _ = of_provider.unreadable.insert(name, error),
                }
            }
            Slot::Default => of_provider.pointer = pointed_at(row.record),
            Slot::Client => {}
        }
    }
    providers.retain(|_, connections| connections.names().next().is_some());
    providers
}

impl Connections {
    /// Returns the names of all connections, in their order. Unreadable ones are included: one of them may be meant,
    /// and leaving it out would let another account take its place.
    pub fn names(&self) -> impl Iterator<Item = &ConnectionName> {
        self.records.keys().chain(self.unreadable.keys()).collect::<BTreeSet<_>>().into_iter()
    }

    pub fn choose<'a>(&'a self, named: Option<&'a ConnectionName>) -> Choice<'a> {
        let present: Vec<&str> = self.names().map(ConnectionName::as_str).collect();
        let wanted = Wanted {
            named: named.map(ConnectionName::as_str),
            directory: None,
            pointer: self.pointer.as_ref().map(ConnectionName::as_str),
        };
        choose(wanted, &present)
    }
}

/// The key of the connection that is meant, or the error that says why there is none.
pub(crate) fn chosen_key(
    world: &World,
    session: &Session,
    provider: &ProviderName,
    named: Option<&ConnectionName>,
) -> Result<Key> {
    let named = named.or_else(|| session.choose.get(provider));
    let connections = candidates(world, session, provider, named)?;
    let key = |name: &str| Ok::<_, Error>(session.key(provider, &name.parse()?));
    match connections.choose(named) {
        Choice::One(name) => key(name),
        Choice::Missing(name, by) => Err(missing(&key(name)?, by)),
        Choice::NotConnected => {
            let key = key("default")?;
            Err(Error::new(Code::NotFound, format!("{provider} is not connected")).hint(login_command(&key, "")))
        }
        Choice::Ambiguous(names) => Err(ambiguous(session, provider, names)),
    }
}

/// Of a thousand connections the one that was said, if it is there; else all, to tell the choices.
fn candidates(
    world: &World,
    session: &Session,
    provider: &ProviderName,
    named: Option<&ConnectionName>,
) -> Result<Connections> {
    let listed = |prefix: &str| Ok::<_, Error>(connections(world, prefix)?.remove(provider));
    let unnamed = ConnectionName::default();
    let mut pointer = None;
    if named.is_none() {
        let pointing = Key::default_of(&session.profile, provider);
        let found = world.vault.records(&[pointing.clone(), session.key(provider, &unnamed)])?;
        let (pointers, rows): (Vec<Row>, Vec<Row>) = found.into_iter().partition(|row| row.key == pointing);
        pointer = pointers.into_iter().find_map(|row| pointed_at(row.record));
        // Without a pointer it is the one named `default`, whatever others there are.
        if pointer.as_ref().is_none_or(|name| *name == unnamed)
            && let Some(found) = by_provider(rows).remove(provider)
        {
            return Ok(Connections { pointer, ..found });
        }
    }
    if let Some(name) = named.or(pointer.as_ref())
        && let Some(found) = listed(&session.key(provider, name).to_string())?
    {
        return Ok(Connections { pointer, ..found });
    }
    Ok(listed(&format!("{}/{provider}/", session.profile))?.unwrap_or_default())
}

/// A default of another shape is none.
fn pointed_at(record: Object) -> Option<ConnectionName> {
    proto::codec::from_object::<DefaultConnection>("the default", record).ok().map(|default| default.connection)
}

pub(crate) fn ambiguous<'a>(
    session: &Session,
    provider: &ProviderName,
    names: impl IntoIterator<Item = &'a str>,
) -> Error {
    let profile = session.profile.flag();
    let choices: Vec<String> = names.into_iter().map(ToOwned::to_owned).collect();
    Error::new(Code::Ambiguous, format!("{provider} has several connections: {}", choices.join(", ")))
        .hint(format!("--connection NAME, or authsome connection set-default {provider} NAME{profile}"))
        .choices(choices)
}

/// The connection is not there, although something says it.
pub(crate) fn missing(key: &Key, by: SaidBy) -> Error {
    let whose = match by {
        SaidBy::Default => ", its default",
        SaidBy::Directory => ", which .authsome.json names",
        SaidBy::Name => "",
    };
    let name = key.slot.to_string();
    Error::new(Code::NotFound, format!("{} has no connection {name:?}{whose}", key.provider))
        .hint(login_command(key, ""))
}
