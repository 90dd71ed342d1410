//! How a vault begins, and how it is opened again: key and file belong together.
//!
//! What is there is never made anew: only a home without a vault gets one, under a lock that lets one
//! process at a time do it.

use crate::backend::{BACKENDS, Backend, Founding, Kind, Opened, Upgrade};
use crate::home::Home;
use crate::locks;
use crate::master_key::{self, MasterKey};
use crate::register::Register;
use crate::seal::{Part, Place, Sealer};
use proto::{Error, Result};
use std::os::unix::fs::MetadataExt;

/// A vault's file in a home.
pub(crate) struct Found {
    kind: &'static Kind,
    /// Device and inode.
    identity: (u64, u64),
}

pub(crate) struct Open {
    pub backend: Box<dyn Backend>,
    pub sealer: Sealer,
    identity: (u64, u64),
    /// The reason why a vault of an older format could not be upgraded. Such a vault can be read but not written.
    not_upgraded: Option<Error>,
}

/// The format of a vault without a register.
const WITHOUT_REGISTER: u32 = 1;
/// The format of a new vault.
const FORMAT: u32 = 2;

impl Open {
    /// False when the file was replaced since.
    pub fn is_of(&self, found: &Found) -> bool {
        self.identity == found.identity
    }

    /// Returns whether it must be closed after an operation: see [`Backend::is_momentary`].
    pub fn is_momentary(&self) -> bool {
        self.backend.is_momentary() || self.not_upgraded.is_some()
    }

    pub fn check_writable(&self) -> Result<()> {
        self.not_upgraded.clone().map_or(Ok(()), Err)
    }
}

/// The vault that is there, if one is.
pub(crate) fn find(home: &Home) -> Option<Found> {
    BACKENDS.iter().find_map(|kind| {
        let metadata = home.path(kind.file).symlink_metadata().ok()?;
        Some(Found { kind, identity: (metadata.dev(), metadata.ino()) })
    })
}

/// Opens it with the home's key; an error when that is missing or another vault's.
pub(crate) fn open(home: &Home, Found { kind, identity }: Found) -> Result<Open> {
    let Some(key) = MasterKey::read(home)? else {
        let path = home.path(master_key::FILE);
        return Err(Error::unavailable(format!("the vault's key {} is missing", path.display()))
            .hint(master_key::mend(home, kind.file)));
    };
    let sealer = Sealer::new(key.bytes());
    let (founding, mut backend) = checked(home, kind, &sealer)?;
    if founding.format == FORMAT {
        return Ok(Open { backend, sealer, identity, not_upgraded: None });
    }
    let first_rev = founding.first_rev;
    let mut make = |revs: Vec<u64>, last_rev: u64| {
        let check = sealer.seal(check_place(FORMAT, first_rev), &"authsome")?;
        Ok(Upgrade { check, register: Register::of(revs).seal(&sealer, last_rev)? })
    };
    match backend.upgrade(&mut make) {
        Ok(()) => {
            let (_, backend) = checked(home, kind, &sealer)?;
            Ok(Open { backend, sealer, identity, not_upgraded: None })
        }
        Err(error) => Ok(Open { backend, sealer, identity, not_upgraded: Some(error) }),
    }
}

/// Opens the file and checks that it has a known format and belongs to the key.
fn checked(home: &Home, kind: &Kind, sealer: &Sealer) -> Result<Opened> {
    let (mut founding, backend) = (kind.open)(home)?;
    if ![WITHOUT_REGISTER, FORMAT].contains(&founding.format) {
        let path = home.path(kind.file);
        return Err(Error::unavailable(format!(
            "{} has format {}, this release reads formats {WITHOUT_REGISTER} and {FORMAT}",
            path.display(),
            founding.format
        ))
        .hint("use the release that wrote it, or a newer one"));
    }
    let check = std::mem::take(&mut founding.check);
    if sealer.open(check_place(founding.format, founding.first_rev), check).is_none() {
        let path = home.path(master_key::FILE);
        return Err(Error::unavailable(format!("{} is not the key of this vault", path.display()))
            .hint(master_key::mend(home, kind.file)));
    }
    Ok((founding, backend))
}

/// Makes key and vault, unless another process was faster. A key that is there already (the maker of
/// the vault died, or the vault was given up) is used.
pub(crate) fn make(home: &Home) -> Result<()> {
    let lock = locks::file(home, locks::WRITE)?;
    locks::wait(&lock)?;
    if find(home).is_some() {
        return Ok(());
    }
    let key = match MasterKey::read(home)? {
        Some(key) => key,
        None => MasterKey::make(home)?,
    };
    // A vault made anew counts on from the clock: revisions of the one before it don't come back.
    let first_rev = proto::time::now().unsigned_abs() * 1000;
    let sealer = Sealer::new(key.bytes());
    let check = sealer.seal(check_place(FORMAT, first_rev), &"authsome")?;
    let register = Register::of(Vec::new()).seal(&sealer, first_rev)?;
    let Some(kind) = BACKENDS.first() else { unreachable!("the table has a first line") };
    (kind.create)(home, &Founding { format: FORMAT, first_rev, check }, &register)
}

/// Returns the place that the check is sealed for. It depends on the format, so that a vault with a register cannot
/// pass for one without.
fn check_place(format: u32, first_rev: u64) -> Place<'static> {
    let part = if format == WITHOUT_REGISTER { Part::CheckWithoutRegister } else { Part::Check };
    Place { part, key: "", rev: first_rev }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Vault;
    use proto::Secrets;
    use proto::ops::vault::{Expect, Get, Got, Put};

    const KEY: &str = "default/notion/work";

    fn put(token: &str) -> Put {
        let secret = Secrets::new().with("access_token", token);
        Put { key: KEY.parse().unwrap(), if_rev: Expect::Anything, record: proto::Object::new(), secret }
    }

    fn token(vault: &mut Vault) -> Result<String> {
        match vault.get(&Get { key: KEY.parse().unwrap(), if_changed: None })? {
            Got::Entry(entry) => Ok(entry.secret.get("access_token").unwrap().to_owned()),
            Got::Unchanged { .. } => unreachable!("nobody asked"),
        }
    }

    fn database(folder: &std::path::Path) -> rusqlite::Connection {
        rusqlite::Connection::open(folder.join("vault.db")).unwrap()
    }

    /// Turns the vault into one of format 1, without a register.
    fn of_format_1(folder: &std::path::Path) {
        Vault::open(folder).unwrap().put(&put("ntn_old")).unwrap();
        let home = Home::find(folder).unwrap().unwrap();
        let sealer = Sealer::new(MasterKey::read(&home).unwrap().unwrap().bytes());
        let database = database(folder);
        let first_rev: i64 = database.query_row("SELECT first_rev FROM vault", (), |row| row.get(0)).unwrap();
        let check = sealer.seal(check_place(WITHOUT_REGISTER, first_rev.cast_unsigned()), &"authsome").unwrap();
        database.execute("UPDATE vault SET format = 1, key_check = ?1", [check]).unwrap();
        database.execute("ALTER TABLE vault DROP COLUMN register", ()).unwrap();
    }

    #[test]
    fn a_vault_without_a_register_gets_one_and_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        of_format_1(folder.path());
        let mut vault = Vault::open(folder.path()).unwrap();
        assert_eq!(token(&mut vault).unwrap(), "ntn_old");
        let format: u32 = database(folder.path()).query_row("SELECT format FROM vault", (), |row| row.get(0)).unwrap();
        assert_eq!(format, FORMAT);
        vault.put(&put("ntn_new")).unwrap();
        assert_eq!(token(&mut Vault::open(folder.path()).unwrap()).unwrap(), "ntn_new");
    }

    #[test]
    fn a_vault_that_has_a_register_cannot_be_passed_off_as_one_without() {
        let folder = tempfile::tempdir().unwrap();
        Vault::open(folder.path()).unwrap().put(&put("ntn_x")).unwrap();
        database(folder.path()).execute("UPDATE vault SET format = 1", ()).unwrap();
        assert!(Vault::open(folder.path()).is_err());
    }
}
