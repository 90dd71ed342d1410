//! The vault: role `vault`'s ops on one home.
//!
//! It opens when it is first needed, makes a home on the first write and never on a read, and
//! notices when its files were replaced under it.

use crate::backend::{Before, Change, ListedRow, State};
use crate::founding::{self, Open};
use crate::home::Home;
use crate::register::Register;
use crate::{entry, locks};
use proto::ops::vault::{Entry, Erase, Expect, Get, Got, LIST_LIMIT, List, Put, Written};
use proto::{Code, Error, Key, Result};
use std::cell::OnceCell;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// A page of a listing holds no more bytes of records than this, so that it fits into a line.
const PAGE: usize = 512 * 1024;

/// The storage of one home.
pub struct Vault {
    path: PathBuf,
    open: Option<Open>,
    held: locks::Held,
}

impl Vault {
    /// The vault of the home at `path`, which need not be there yet.
    ///
    /// # Errors
    /// `denied` when others can write to the home, the vault or the key; `unavailable` when one of
    /// them can't be read, is damaged, or the key is missing or another vault's.
    pub fn open(path: &Path) -> Result<Vault> {
        let mut vault = Vault { path: path.to_owned(), open: None, held: locks::Held::default() };
        vault.existing()?;
        Ok(vault)
    }

    /// # Errors
    /// `not-found`, also when there is no home.
    pub fn get(&mut self, get: &Get) -> Result<Got> {
        let got = self.got(get);
        self.close_if_momentary();
        got
    }

    fn got(&mut self, get: &Get) -> Result<Got> {
        let key = get.key.to_string();
        let missing = || {
            Error::new(Code::NotFound, format!("the vault has no {key}"))
                .hint(format!("authsome-vault list {}/ shows what there is", get.key.profile))
        };
        let Some(open) = self.existing()? else { return Err(missing()) };
        let (state, row) = open.backend.get(&key)?.ok_or_else(missing)?;
        if !Register::open(&open.sealer, state)?.has(row.rev) {
            return Err(entry::closed(&key));
        }
        if get.if_changed.as_ref() == Some(&row.rev.to_string()) {
            return Ok(Got::Unchanged { unchanged: true });
        }
        Ok(Got::Entry(Entry {
            record: entry::open_record(&open.sealer, &key, row.rev, row.sealed.record)?,
            secret: entry::open_secret(&open.sealer, &key, row.rev, row.sealed.secret)?,
            rev: row.rev.to_string(),
        }))
    }

    /// The JSON of a [`proto::ops::vault::Listed`]. Opens no secret. Its `rev` is that of the last write
    /// to any key. A record that does not open stands as an error and stops no other; a row whose key is none, which
    /// nobody can have stored, is left out.
    ///
    /// # Errors
    /// `invalid` when `prefix` is neither whole parts ending in `/` nor a whole key.
    pub fn list(&mut self, list: &List) -> Result<String> {
        check_prefix(&list.prefix)?;
        let listed = self.listed(list);
        self.close_if_momentary();
        listed
    }

    fn listed(&mut self, list: &List) -> Result<String> {
        let Some(open) = self.existing()? else {
            return Ok(listing(0, "", None));
        };
        if list.if_changed.is_some() && list.if_changed == Some(open.backend.last_rev()?.to_string()) {
            return Ok(r#"{"unchanged":true}"#.to_owned());
        }
        let whole_key = (!list.prefix.is_empty() && !list.prefix.ends_with('/')).then_some(&list.prefix);
        let limit = list.limit.unwrap_or(LIST_LIMIT).clamp(1, LIST_LIMIT);
        let (mut records, mut count, mut last) = (String::new(), 0, None);
        let begun: OnceCell<(u64, Register)> = OnceCell::new();
        let mut begin = |state: State| {
            let rev = state.last_rev;
            let register = Register::open(&open.sealer, state)?;
            // This closure is called once.
            let _ = begun.set((rev, register));
            Ok(())
        };
        let mut take = |row: ListedRow| {
            // After it come those that only begin like it.
            if whole_key.is_some_and(|key| *key != row.key) {
                return Ok(false);
            }
            if count == limit || (records.len() + row.record.len() > PAGE && count > 0) {
                return Ok(false);
            }
            let record = match begun.get().is_some_and(|(_, register)| register.has(row.rev)) {
                true => entry::open_record_text(&open.sealer, &row.key, row.rev, row.record),
                false => Err(entry::closed(&row.key)),
            };
            let (record, error) = match record {
                Ok(record) => (record, None),
                Err(_) if row.key.parse::<Key>().is_err() => return Ok(true),
                Err(error) => ("{}".to_owned(), Some(error)),
            };
            // Nothing in a key needs escaping.
            let comma = if count > 0 { "," } else { "" };
            let _ = write!(records, r#"{comma}{{"key":"{}","rev":"{}","record":{record}"#, row.key, row.rev);
            if let Some(error) = error {
                let _ = write!(records, r#","err":{}"#, serde_json::Value::Object(proto::codec::to_object(&error)));
            }
            records.push('}');
            count += 1;
            last = Some(row.key);
            Ok(true)
        };
        let after = list.after.as_deref().unwrap_or_default();
        let more = open.backend.list(&list.prefix, after, &mut begin, &mut take)?;
        let rev = begun.get().map_or(0, |(rev, _)| *rev);
        Ok(listing(rev, &records, last.filter(|_| more && whole_key.is_none()).as_deref()))
    }

    /// Replaces both halves. The first put makes the home, its key and the vault.
    ///
    /// # Errors
    /// `conflict` when `if_rev` does not hold; `invalid` for a secret that must not be kept.
    pub fn put(&mut self, put: &Put) -> Result<Written> {
        entry::check(put)?;
        let key = put.key.to_string();
        let open = self.existing_or_made()?;
        open.check_writable()?;
        let Open { backend, sealer, .. } = open;
        let written = backend.write(&key, &mut |Before { state, there, rev }| {
            let mut register = Register::open(sealer, state)?;
            expect(&put.if_rev, there, &register, &key)?;
            register.replace(there, Some(rev));
            Ok(Change::Put(entry::seal(sealer, put, &key, rev)?, register.seal(sealer, rev)?))
        });
        self.close_if_momentary();
        Ok(Written { rev: written?.to_string() })
    }

    /// Erasing what is not there is done already, unless `if_rev` names a revision.
    ///
    /// # Errors
    /// `conflict` when `if_rev` does not hold.
    pub fn erase(&mut self, erase: &Erase) -> Result<()> {
        let key = erase.key.to_string();
        let Some(open) = self.existing()? else {
            return expect(&erase.if_rev, None, &Register::of(Vec::new()), &key);
        };
        open.check_writable()?;
        let Open { backend, sealer, .. } = open;
        let erased = backend.write(&key, &mut |Before { state, there, rev }| {
            let mut register = Register::open(sealer, state)?;
            expect(&erase.if_rev, there, &register, &key)?;
            if there.is_none() {
                return Ok(Change::Nothing);
            }
            register.replace(there, None);
            Ok(Change::Erase(register.seal(sealer, rev)?))
        });
        self.close_if_momentary();
        erased.map(drop)
    }

    /// Locks a key until `unlock` or until the vault is dropped.
    ///
    /// # Errors
    /// `locked`, at once.
    pub fn lock(&mut self, key: &Key) -> Result<()> {
        self.held.lock(&Home::make(&self.path)?, key)
    }

    pub fn unlock(&mut self, key: &Key) {
        self.held.unlock(key);
    }

    /// The open vault, `None` when none was made yet. What was open is closed when its file is gone
    /// or another: a write to a removed file would be answered and lost.
    fn existing(&mut self) -> Result<Option<&mut Open>> {
        let found = Home::find(&self.path)?.and_then(|home| founding::find(&home).map(|found| (home, found)));
        let Some((home, found)) = found else {
            self.open = None;
            return Ok(None);
        };
        if self.open.as_ref().is_none_or(|open| !open.is_of(&found)) {
            self.open = None;
            self.open = Some(founding::open(&home, found)?);
        }
        Ok(self.open.as_mut())
    }

    fn close_if_momentary(&mut self) {
        self.open.take_if(|open| open.is_momentary());
    }

    fn existing_or_made(&mut self) -> Result<&mut Open> {
        if self.existing()?.is_none() {
            founding::make(&Home::make(&self.path)?)?;
        }
        self.existing()?
            .ok_or_else(|| Error::unavailable("the vault was removed while it was opened").hint("try again"))
    }
}

/// A [`proto::ops::vault::Listing`] of records that are text.
fn listing(rev: u64, records: &str, next: Option<&str>) -> String {
    let next = next.map(|key| format!(r#","next":"{key}""#)).unwrap_or_default();
    format!(r#"{{"rev":"{rev}","records":[{records}]{next}}}"#)
}

/// Whether a write may happen, given the revision that is there.
fn expect(expected: &Expect, there: Option<u64>, register: &Register, key: &str) -> Result<()> {
    let conflict = |what: &str| {
        Err(Error::new(Code::Conflict, format!("{key} {what}"))
            .hint(format!("authsome-vault get {key}, then try again")))
    };
    match (expected, there) {
        (Expect::Anything, _) | (Expect::Missing, None) => Ok(()),
        (Expect::Missing, Some(_)) => conflict("is there already"),
        (Expect::Rev(_), None) => conflict("is gone"),
        // Nobody may write on the basis of a row that was put back.
        (Expect::Rev(_), Some(there)) if !register.has(there) => Err(entry::closed(key)),
        (Expect::Rev(rev), Some(there)) if *rev == there.to_string() => Ok(()),
        (Expect::Rev(_), Some(_)) => conflict("changed since it was read"),
    }
}

fn check_prefix(prefix: &str) -> Result<()> {
    let parts = prefix.strip_suffix('/');
    let valid = match parts {
        None => prefix.is_empty() || prefix.parse::<Key>().is_ok(),
        Some(parts) => match parts.split_once('/') {
            None => parts.parse::<proto::ProfileName>().is_ok(),
            Some((profile, provider)) => {
                profile.parse::<proto::ProfileName>().is_ok() && provider.parse::<proto::ProviderName>().is_ok()
            }
        },
    };
    if valid {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "prefix {:?} is neither whole parts ending in '/' nor a key",
        proto::redact::shown(prefix)
    ))
    .hint("such as default/ or default/notion/"))
}
