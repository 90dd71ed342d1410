//! Renewal: lock; re-read; journal; refresh; write before first use; unlock.
//!
//! Three rules make it safe. Only the process that wrote the journal entry with `if_rev` sends the
//! refresh token. Nobody takes over an entry while its writer may act on it. Nobody uses a new token
//! before the vault has it. A writer acts on its entry until `until`, or for as long as it holds the
//! lock that the entry names. So the lock tells a dead writer from a living one.

mod failed;

use self::failed::{busy, for_people, storable, too_soon};
use crate::journal::{self, Decision, Reuse, Why, Writer};
use crate::lease::{Lease, sha256_hex};
use crate::vault::Held;
use crate::world::{Stored, World, not_connected, reauthorize};
use proto::ops::flow::{Client, Learned, Refresh};
use proto::ops::vault::Expect;
use proto::record::{Account, Connection, Status};
use proto::{Code, Error, Key, Outcome, Result, Secrets};
use provider::Definition;
use std::time::Duration;

/// What a caller saw that made it want a renewal.
#[derive(Debug, Clone)]
pub(crate) enum Cause {
    Due,
    /// The token of this lease was answered with 401.
    Rejected(Lease),
}

/// How long one caller's wish may keep a process busy: two renewals of others, and one of its own.
const PATIENCE: i64 = 90;

/// The refresh token is not sent when less than this is left of the entry: the process was asleep.
const SENDING: i64 = 20;

/// The time for which a flow may go on speaking when its host is dead. It must end within 2 s.
pub(crate) const LAST_WORDS: Duration = Duration::from_millis(2500);

/// Renews the connection at `key`, or finds that another has. Then the vault has what serves.
pub(crate) fn renew(world: &World, key: &Key, cause: &Cause) -> Result<()> {
    let give_up = world.now() + PATIENCE;
    let mut known = Known::default();
    loop {
        match attempt(world, key, cause, &known, give_up)? {
            Attempt::Done => return Ok(()),
            Attempt::Again => {}
            Attempt::WaitUntil(until, rev) => wait_for_change(world, key, &rev, until.min(give_up))?,
            Attempt::Lost(rev, why) => known.lost = Some((rev, why)),
            Attempt::Rest(rev) => {
                rest(world, key, &rev)?;
                known.rested = Some(rev);
            }
        }
        if world.now() > give_up {
            return Err(busy(key));
        }
    }
}

enum Attempt {
    Done,
    /// Somebody wrote in between.
    Again,
    /// Somebody's renewal may be under way until then; the entry that says so has this revision.
    WaitUntil(i64, String),
    /// The answer to the refresh token was lost, for this reason; its entry has this revision.
    Lost(String, String),
    /// The writer of the entry of this revision is gone; its flow may still be speaking.
    Rest(String),
}

/// The knowledge of this renewal about journal entries. The revision of the record identifies an entry.
#[derive(Default)]
struct Known {
    /// The revision of its own entry whose answer was lost, and the reason.
    lost: Option<(String, String)>,
    /// The revision of an entry under which no flow speaks any more.
    rested: Option<String>,
}

fn attempt(world: &World, key: &Key, cause: &Cause, known: &Known, give_up: i64) -> Result<Attempt> {
    let Some(lock) = lock(world, key, cause, give_up)? else { return Ok(Attempt::Done) };
    let mut stored = world.read(key)?.ok_or_else(|| not_connected(key))?;
    let definition = world.definitions.confirmed(key, &stored.record)?;
    let why = why(cause, &stored);
    let lost = known.lost.as_ref().filter(|(rev, _)| *rev == stored.rev).map(|(_, why)| why.as_str());
    let writer = if lost.is_some() { Writer::Gone } else { writer(&stored, &lock) };
    let again = match decision(&stored, &definition, &why, writer, world.now()) {
        Decision::Nothing => return Ok(Attempt::Done),
        Decision::WaitUntil(until) => return Ok(Attempt::WaitUntil(until, stored.rev)),
        Decision::Invalidate => return invalidate(world, key, stored, lost),
        Decision::Invalid => return Err(reauthorize(key, "is no longer valid")),
        Decision::NotRenewable => return Err(reauthorize(key, "has no refresh token")),
        Decision::TooSoon { retry_at } => return Err(too_soon(key, &stored.record, retry_at)),
        Decision::Send { again } => again,
    };
    let living = stored.record.renewal.as_ref().is_some_and(|entry| journal::is_living(entry, world.now()));
    if again && living && known.rested.as_ref() != Some(&stored.rev) {
        return Ok(Attempt::Rest(stored.rev));
    }
    let (began, mut before) = (world.now(), stored.record.clone());
    // The writer of an entry that is taken over is gone.
    before.renewal.iter_mut().for_each(|entry| entry.until = entry.until.min(began - 1));
    journal::begin(&mut stored.record, &refresh_sha256(&stored.secret), &why, again, lock.name(), began);
    if !enter(world, key, &mut stored)? {
        return Ok(Attempt::Again);
    }
    if world.now() > began + journal::LEASE - SENDING {
        // Nothing was sent, so the record goes back to what it was. If that is too late, the entry belongs to another
        // process by now.
        return write_end(world, key, stored, |record| *record = before).map(|()| Attempt::Again);
    }
    send(world, key, stored, &definition, began)
}

/// Returns the state of the entry's writer. It is gone if this process now holds the lock that the entry names.
fn writer(stored: &Stored, lock: &Held) -> Writer {
    let holder = stored.record.renewal.as_ref().and_then(|entry| entry.holder.as_deref());
    if holder.is_some() && holder == lock.name() { Writer::Gone } else { Writer::Unknown }
}

/// Writes the journal entry. It returns false when another process wrote first.
fn enter(world: &World, key: &Key, stored: &mut Stored) -> Result<bool> {
    for last in [false, true] {
        match put(world, key, stored) {
            Ok(rev) => {
                stored.rev = rev;
                return Ok(true);
            }
            Err(error) if error.code == Code::Conflict => break,
            Err(error) if last => return Err(error),
            // The vault may have died before it wrote, or before it said so.
            Err(_) => {}
        }
    }
    // No other process writes an entry that names the lock held here.
    let Some(there) = world.read(key)? else { return Ok(false) };
    let own = stored.record.renewal.as_ref().is_some_and(|entry| entry.holder.is_some())
        && there.record.renewal == stored.record.renewal;
    if own {
        stored.rev = there.rev;
    }
    Ok(own)
}

/// The lock, or `None` when another has done the work while this one waited for it.
fn lock(world: &World, key: &Key, cause: &Cause, give_up: i64) -> Result<Option<Held>> {
    let mut pause = 10;
    loop {
        if let Some(held) = world.vault.try_lock(key)? {
            return Ok(Some(held));
        }
        world.clock.sleep(Duration::from_millis(pause / 2 + random() % pause));
        pause = (pause * 2).min(250);
        let stored = world.read(key)?.ok_or_else(|| not_connected(key))?;
        let needed =
            journal::decide(&stored.record, "", &why(cause, &stored), Reuse::Never, Writer::Unknown, world.now());
        match needed {
            Decision::Nothing => return Ok(None),
            Decision::Invalid => return Err(reauthorize(key, "is no longer valid")),
            _ if world.now() > give_up => return Err(busy(key)),
            _ => {}
        }
    }
}

/// Sends the refresh token, and writes what came of it while the lock is held.
fn send(world: &World, key: &Key, stored: Stored, definition: &Definition, began: i64) -> Result<Attempt> {
    let until = began + journal::LEASE;
    let error = match world.flows.refresh(request(&stored, definition)) {
        Ok(learned) if learned.secret.get("access_token").is_none() => {
            Error::internal(format!("the flow {} answered without a token", stored.record.flow))
        }
        Ok(learned) => return keep(world, key, stored, definition, learned, until).map(|()| Attempt::Done),
        Err(error) => error,
    };
    let error = for_people(key, error);
    let rev = stored.rev.clone();
    match error.outcome {
        None | Some(Outcome::Lost) => Ok(Attempt::Lost(rev, error.message)),
        Some(Outcome::Reauthorize) => {
            write_end(world, key, stored, |record| {
                journal::forget(record);
                record.status = Status::Invalid;
            })?;
            Err(error)
        }
        Some(Outcome::RetryAt | Outcome::FixConfig) => {
            let now = world.now();
            let wanted = if error.outcome == Some(Outcome::FixConfig) { Some(now + 60) } else { error.retry_at };
            let mut retry_at = now;
            let jitter = i64::from(random() as u32);
            write_end(world, key, stored, |record| {
                retry_at = journal::pause(record, storable(key, &error), wanted, jitter, now)
            })?;
            Err(if error.outcome == Some(Outcome::RetryAt) { error.retry_at(retry_at) } else { error })
        }
    }
}

/// Writes the new token. Only what the vault has may be used.
fn keep(world: &World, key: &Key, stored: Stored, definition: &Definition, learned: Learned, until: i64) -> Result<()> {
    let mut fresh = stored;
    for name in learned.secret.names() {
        fresh.secret.set(name, learned.secret.get(name).unwrap_or_default());
    }
    update(&mut fresh.record, &learned, fresh.secret.get("refresh_token").is_some(), world.now());
    loop {
        let error = match put(world, key, &fresh) {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        // The answer to a write can get lost, too: what lies there now tells.
        match world.read(key) {
            Ok(Some(there)) if there.access_token() == fresh.access_token() => return Ok(()),
            Ok(Some(there)) if there.rev != fresh.rev => return Ok(()),
            Ok(None) => {
                // Logged out meanwhile: nobody will ever use what was just given out.
                let late = Refresh { secret: learned.secret, ..request(&fresh, definition) };
                let _ = world.flows.revoke(late);
                return Err(not_connected(key));
            }
            _ if world.now() >= until => {
                return Err(Error::new(Code::RefreshFailed, format!("storing the renewed token of {key}: {error}"))
                    .outcome(Outcome::Lost)
                    .hint("authsome whoami names the vault in use; look why it cannot write"));
            }
            _ => world.clock.sleep(Duration::from_millis(200)),
        }
    }
}

/// RFC 6749 §5.1, §6: no new refresh token keeps the old one; no lifetime means none is known.
fn update(record: &mut Connection, learned: &Learned, has_refresh_token: bool, now: i64) {
    let told = |name: &str| learned.record.get(name).filter(|value| !value.is_null());
    record.obtained_at = now;
    record.expires_at = told("expires_at").and_then(serde_json::Value::as_i64);
    if let Some(scopes) = told("scopes").and_then(|scopes| serde_json::from_value(scopes.clone()).ok()) {
        record.scopes = scopes;
    }
    if let Some(account) = told("account").and_then(|account| serde_json::from_value::<Account>(account.clone()).ok()) {
        record.account.id = account.id.or(record.account.id.take());
        record.account.label = account.label.or(record.account.label.take());
    }
    record.renewable = has_refresh_token || told("renewable").and_then(serde_json::Value::as_bool).unwrap_or(false);
    record.status = Status::Connected;
    journal::forget(record);
}

/// Marks the connection invalid, because the answer was lost and the token may not be sent again. Only a login helps.
fn invalidate(world: &World, key: &Key, stored: Stored, lost: Option<&str>) -> Result<Attempt> {
    write_end(world, key, stored, |record| {
        journal::forget(record);
        record.status = Status::Invalid;
    })?;
    let why = lost.map(|why| format!(" ({why})")).unwrap_or_default();
    let text = format!("was being renewed and the answer was lost{why}: its refresh token may be used up");
    Err(reauthorize(key, &text))
}

/// Writes the record changed by `change`. Who meets `conflict` writes nothing: another knows better.
fn write_end(world: &World, key: &Key, mut stored: Stored, change: impl FnOnce(&mut Connection)) -> Result<()> {
    change(&mut stored.record);
    match put(world, key, &stored) {
        Err(error) if error.code != Code::Conflict => Err(error),
        _ => Ok(()),
    }
}

fn put(world: &World, key: &Key, stored: &Stored) -> Result<String> {
    let record = proto::codec::to_object(&stored.record);
    world.vault.put(key, Expect::Rev(stored.rev.clone()), record, stored.secret.clone())
}

fn wait_for_change(world: &World, key: &Key, rev: &str, until: i64) -> Result<()> {
    while world.now() <= until {
        world.clock.sleep(Duration::from_millis(150 + random() % 100));
        if has_changed(world, key, rev)? {
            return Ok(());
        }
    }
    Ok(())
}

/// Waits until the flow of a dead host no longer speaks, or until another process wrote the record.
fn rest(world: &World, key: &Key, rev: &str) -> Result<()> {
    let mut left = LAST_WORDS;
    while !left.is_zero() {
        let pause = left.min(Duration::from_millis(250));
        world.clock.sleep(pause);
        left -= pause;
        if has_changed(world, key, rev)? {
            return Ok(());
        }
    }
    Ok(())
}

fn has_changed(world: &World, key: &Key, rev: &str) -> Result<bool> {
    let rows = world.vault.list(&key.to_string())?;
    Ok(rows.iter().find(|row| row.key == *key).is_none_or(|row| row.rev != rev))
}

fn why(cause: &Cause, stored: &Stored) -> Why {
    match cause {
        Cause::Due => Why::Due,
        Cause::Rejected(lease) => {
            Why::Rejected { same_token: stored.access_token().is_some_and(|token| lease.is_for(token)) }
        }
    }
}

fn decision(stored: &Stored, definition: &Definition, why: &Why, writer: Writer, now: i64) -> Decision {
    let reuse = match &definition.oauth {
        // Without a refresh token there is none to use up (RFC 6749 §4.4, RFC 7523 §2.1).
        _ if stored.refresh_token().is_none() => Reuse::Always,
        Some(oauth) if oauth.refresh_rotates == Some(false) => Reuse::Always,
        Some(oauth) if oauth.refresh_reuse_ends_other_grants => {
            oauth.refresh_grace.map_or(Reuse::Never, |grace| Reuse::Within(i64::from(grace)))
        }
        _ => Reuse::Once,
    };
    journal::decide(&stored.record, &refresh_sha256(&stored.secret), why, reuse, writer, now)
}

fn refresh_sha256(secret: &Secrets) -> String {
    sha256_hex(secret.get("refresh_token").unwrap_or_default())
}

fn request(stored: &Stored, definition: &Definition) -> Refresh {
    Refresh {
        flow: stored.record.flow.clone(),
        provider: proto::codec::to_object(definition),
        client: Client::of_connection(&stored.record, &stored.secret),
        record: proto::codec::to_object(&stored.record),
        secret: stored.secret.clone(),
    }
}

/// For jitter only.
fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0)
}
