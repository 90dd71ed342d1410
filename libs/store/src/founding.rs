//! How a vault begins, and how it is opened again: key and file belong together.
//!
//! What is there is never made anew: only a home without a vault gets one, under a lock that lets one
//! process at a time do it.

use crate::backend::{BACKENDS, Backend, Founding, Kind};
use crate::home::Home;
use crate::locks;
use crate::master_key::{self, MasterKey};
use crate::seal::{FORMAT, Part, Place, Sealer};
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
}

impl Open {
    /// False when the file was replaced since.
    pub fn is_of(&self, found: &Found) -> bool {
        self.identity == found.identity
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
    let (founding, backend) = (kind.open)(home)?;
    if founding.format != FORMAT {
        let path = home.path(kind.file);
        return Err(Error::unavailable(format!(
            "{} has format {}, this release reads format {FORMAT}",
            path.display(),
            founding.format
        ))
        .hint("use the release that wrote it, or a newer one"));
    }
    let sealer = Sealer::new(key.bytes());
    if sealer.open(check_place(founding.first_rev), founding.check).is_none() {
        let path = home.path(master_key::FILE);
        return Err(Error::unavailable(format!("{} is not the key of this vault", path.display()))
            .hint(master_key::mend(home, kind.file)));
    }
    Ok(Open { backend, sealer, identity })
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
    let check = Sealer::new(key.bytes()).seal(check_place(first_rev), &"authsome")?;
    let Some(kind) = BACKENDS.first() else { unreachable!("the table has a first line") };
    (kind.create)(home, &Founding { format: FORMAT, first_rev, check })
}

fn check_place(first_rev: u64) -> Place<'static> {
    Place { part: Part::Check, key: "", rev: first_rev }
}
