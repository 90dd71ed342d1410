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

/// Takes the lock of a connection for a vault that has no `lock` of its own. All programs use the same
/// file. It never waits, and returns `None` when another process holds the lock.
pub(crate) fn try_lock(folder: &Path, key: &Key) -> Result<Option<Held>> {
    Ok(file(folder, key, &sha256_hex(&key.to_string()))?.map(held))
}

/// Takes the lock of the process that renews the connection, with any vault. This process itself holds
/// it, so it is free only when this process has released it or is dead. A vault's lock becomes free as well when
/// only the vault dies. It never waits, and returns `None` when another process holds the lock.
pub(crate) fn try_hold(folder: &Path, key: &Key) -> Result<Option<Held>> {
    let Some(file) = file(folder, key, &format!("renewal-{}", sha256_hex(&key.to_string())))? else { return Ok(None) };
    let name = name_of(&file);
    Ok(Some(held(file).named(name)))
}

/// Returns a name of this lock file on this running system. Processes that exclude each other by the file
/// get the same name. Others get another one, such as those of another machine that shares the files.
fn name_of(file: &File) -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let metadata = file.metadata().ok()?;
    let text = format!("{} {} {}", boot.trim(), metadata.dev(), metadata.ino());
    Some(sha256_hex(&text)[..16].to_owned())
}

/// Returns a lock that unlocks the file when dropped. Closing the file alone would not free the lock while a child
/// between fork and exec has it open as well.
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
