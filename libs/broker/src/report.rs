//! `report`: a request with our credential was answered. A 401 may be repaired, once.

use crate::flight::Flights;
use crate::lease::{Lease, RESOLVE_AGAIN};
use crate::renewal::Cause;
use crate::usable;
use crate::world::{Stored, World};
use proto::ops::credential::Report;
use proto::record::Status;
use proto::{Error, ProfileName, Result};
use std::sync::Arc;
use std::time::Duration;

/// How long the provider's 401 is held back for a renewal.
const WAIT: Duration = Duration::from_secs(25);

/// True when the request may be sent once more: then another `resolve` gives another credential.
pub(crate) fn report(
    world: &Arc<World>,
    flights: &Arc<Flights>,
    profile: &ProfileName,
    report: &Report,
) -> Result<bool> {
    let lease: Lease = report.lease.parse()?;
    if lease.key.profile != *profile {
        return Err(Error::invalid("the lease is of another profile").hint(RESOLVE_AGAIN));
    }
    if report.status != 401 || lacks_scope(report) {
        return Ok(false);
    }
    let Some(stored) = world.read(&lease.key)? else { return Ok(false) };
    if replaced(&stored, &lease) {
        return Ok(report.replayable);
    }
    if stored.record.status != Status::Connected || !stored.record.renewable {
        return Ok(false);
    }
    let flight = usable::start(world, flights, &lease.key, Cause::Rejected(lease.clone()));
    // A request that cannot be sent again need not wait; the next one finds the new token.
    if !report.replayable || flight.wait(WAIT).is_err() {
        return Ok(false);
    }
    Ok(world.read(&lease.key)?.is_some_and(|stored| replaced(&stored, &lease)))
}

/// The vault has another credential than the one that was rejected.
fn replaced(stored: &Stored, lease: &Lease) -> bool {
    let usable = stored.record.status == Status::Connected;
    let credential = stored.access_token().or_else(|| stored.secret.get("api_key"));
    usable && credential.is_some_and(|credential| !lease.is_for(credential))
}

/// RFC 6750 §3.1: the token is good, and not good enough; a new one would be no better.
fn lacks_scope(report: &Report) -> bool {
    report.www_authenticate.as_deref().is_some_and(|challenge| challenge.contains("insufficient_scope"))
}
