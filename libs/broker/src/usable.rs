//! A connection with a token that serves now, renewed if it must be.

use crate::flight::{Flight, Flights};
use crate::journal;
use crate::life::{Life, SKEW, life};
use crate::renewal::{self, Cause};
use crate::world::{Stored, World, not_connected, reauthorize};
use proto::record::{Connection, Status};
use proto::{Error, Key, Result};
use provider::Definition;
use provider::definition::AuthType;
use std::sync::Arc;
use std::time::Duration;

/// How long a caller waits for a renewal: another's that is under way, then its own.
const WAIT: Duration = Duration::from_secs(60);

/// When a renewal that is due is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Renewal {
    /// Only when the token is dead: a request does not wait while the old one lives.
    WhenDead,
    /// As soon as it is due: a token that leaves the program should last.
    WhenDue,
}

/// A stored connection whose definition was confirmed and whose credential serves.
pub(crate) struct Usable {
    pub stored: Stored,
    pub definition: Definition,
}

impl Usable {
    /// The access token or the API key.
    pub fn credential(&self) -> Option<&str> {
        self.stored.secret.get(self.field())
    }

    fn life(&self, now: i64) -> Life {
        match self.definition.auth_type {
            AuthType::ApiKey => Life::Fresh,
            AuthType::OAuth2 => life(&self.stored.record, now),
        }
    }

    /// The credential's name in the secret.
    pub fn field(&self) -> &'static str {
        match self.definition.auth_type {
            AuthType::OAuth2 => "access_token",
            AuthType::ApiKey => "api_key",
        }
    }
}

pub(crate) fn usable(world: &Arc<World>, flights: &Arc<Flights>, key: &Key, wait: Renewal) -> Result<Usable> {
    let mut usable = read(world, key)?;
    let record = &usable.stored.record;
    let now = world.now();
    let life = usable.life(now);
    if life == Life::Fresh {
        return Ok(usable);
    }
    if !record.renewable {
        let past = record.expires_at.is_some_and(|end| now >= end.saturating_add(SKEW));
        return if past { Err(reauthorize_expired(key)) } else { Ok(usable) };
    }
    if life == Life::Due {
        let paused = journal::retry_at(record).is_some_and(|at| now < at);
        let under_way = record.renewal.as_ref().is_some_and(|renewal| journal::is_living(renewal, now));
        if !paused {
            // It joins even if another process renews already. If that one dies, the provider may accept the token
            // again for a short time only.
            let flight = start(world, flights, key, Cause::Due);
            if wait == Renewal::WhenDue && !under_way && flight.wait(WAIT).is_ok() {
                usable = read(world, key)?;
            }
        }
        return Ok(usable);
    }
    start(world, flights, key, Cause::Due).wait(WAIT)?;
    read(world, key)
}

/// The same without waiting for anything, or `None` when there is something to renew.
pub(crate) fn usable_now(world: &World, key: &Key) -> Result<Option<Usable>> {
    let usable = read(world, key)?;
    Ok(if usable.life(world.now()) == Life::Fresh { Some(usable) } else { None })
}

/// Starts a renewal, or joins the one of this key.
pub(crate) fn start(world: &Arc<World>, flights: &Arc<Flights>, key: &Key, cause: Cause) -> Arc<Flight> {
    let (at, world) = (key.clone(), world.clone());
    flights.start(key, move || renewal::renew(&world, &at, &cause))
}

fn read(world: &World, key: &Key) -> Result<Usable> {
    let stored = world.read(key)?.ok_or_else(|| not_connected(key))?;
    let definition = confirmed(world, key, &stored.record)?;
    let usable = Usable { stored, definition };
    if usable.credential().is_none() {
        return Err(reauthorize(key, "has no credential"));
    }
    Ok(usable)
}

/// Returns the definition of a connection whose login is still valid and confirmed that definition.
pub(crate) fn confirmed(world: &World, key: &Key, record: &Connection) -> Result<Definition> {
    match record.status {
        Status::Connected => world.definitions.confirmed(key, record),
        Status::Invalid => Err(reauthorize(key, "is no longer valid")),
        Status::Unknown => Err(Error::internal(format!("{key} has a status of a newer authsome"))),
    }
}

/// The error of a connection whose token has ended, with nothing to renew it by.
pub(crate) fn reauthorize_expired(key: &Key) -> Error {
    reauthorize(key, "has expired and cannot be renewed")
}
