//! Lock files in the home. They guard one machine only.
//!
//! The system frees a lock when its process ends. The files stay: removing one while another
//! process waits for it would let two in.

use crate::lease::sha256_hex;
use crate::vault::Held;
use proto::{Error, Key, Result};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

/// The lock of a connection for a vault that has no `lock` of its own; other programs use the same
/// file. Never waits: `None` when another process holds it.
pub(crate) fn try_lock(folder: &Path, key: &Key) -> Result<Option<Held>> {
    Ok(file(folder, key, &sha256_hex(&key.to_string()))?.map(held))
}

/// The lock of the process that renews the connection, whatever vault there is. This process itself
/// holds it, so it is free only when this process has let go or is dead: a vault's lock is free, too,
/// when the vault alone died. Never waits: `None` when another process holds it.
pub(crate) fn try_hold(folder: &Path, key: &Key) -> Result<Option<Held>> {
    let Some(file) = file(folder, key, &format!("renewal-{}", sha256_hex(&key.to_string())))? else { return Ok(None) };
    let name = name_of(&file);
    Ok(Some(held(file).named(name)))
}

/// Names this lock file on this running system: the same text for those who exclude each other by it,
/// and for nobody else, such as another machine that uses the same files or a container with its own.
fn name_of(file: &File) -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let metadata = file.metadata().ok()?;
    let text = format!("{} {} {}", boot.trim(), metadata.dev(), metadata.ino());
    Some(sha256_hex(&text)[..16].to_owned())
}

/// Closing alone would not free it while a child between fork and exec has it open, too.
fn held(file: File) -> Held {
    Held::new(move || drop(file.unlock()))
}

fn file(folder: &Path, key: &Key, name: &str) -> Result<Option<File>> {
    let failed = |what: &str, error: std::io::Error| {
        Error::unavailable(format!("cannot {what} the lock of {key} in {}: {error}", folder.display()))
            .hint(format!("ls -ld {}", folder.display()))
    };
    if !folder.is_dir() {
        let made = DirBuilder::new().mode(0o700).create(folder);
        made.or_else(|error| fs::metadata(folder).map(drop).map_err(|_| error))
            .map_err(|error| failed("make", error))?;
    }
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(folder.join(name)).map_err(|error| failed("open", error))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(failed("take", error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_per_key_and_the_next_when_it_lets_go() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("locks");
        let (work, personal) = ("default/n/work".parse().unwrap(), "default/n/personal".parse().unwrap());
        let held = try_lock(&folder, &work).unwrap();
        assert!(held.is_some() && try_lock(&folder, &work).unwrap().is_none());
        assert!(try_lock(&folder, &personal).unwrap().is_some());
        drop(held);
        assert!(try_lock(&folder, &work).unwrap().is_some());
    }

    #[test]
    fn the_lock_of_a_renewal_has_the_same_name_for_all_who_exclude_each_other_by_it_and_for_nobody_else() {
        let home = tempfile::tempdir().unwrap();
        let (folder, other) = (home.path().join("locks"), home.path().join("other"));
        let (work, personal) = ("default/n/work".parse().unwrap(), "default/n/personal".parse().unwrap());
        let held = try_hold(&folder, &work).unwrap().unwrap();
        let name = held.name().unwrap().to_owned();
        assert!(try_hold(&folder, &work).unwrap().is_none());
        assert!(try_lock(&folder, &work).unwrap().is_some(), "it is another lock than the vault's");
        drop(held);
        assert_eq!(try_hold(&folder, &work).unwrap().unwrap().name(), Some(&*name));
        for (folder, key) in [(&folder, &personal), (&other, &work)] {
            assert_ne!(try_hold(folder, key).unwrap().unwrap().name(), Some(&*name));
        }
    }
}
