//! Lock files, for a vault that has no `lock` of its own. They guard one machine only.
//!
//! The system frees a lock when its process ends. The files stay: removing one while another
//! process waits for it would let two in.

use crate::lease::sha256_hex;
use crate::vault::Held;
use proto::{Error, Key, Result};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Never waits: `None` when another holds it.
pub(crate) fn try_lock(folder: &Path, key: &Key) -> Result<Option<Held>> {
    let failed = |what: &str, error: std::io::Error| {
        Error::unavailable(format!("cannot {what} the lock of {key} in {}: {error}", folder.display()))
    };
    if !folder.is_dir() {
        let made = DirBuilder::new().mode(0o700).create(folder);
        made.or_else(|error| fs::metadata(folder).map(drop).map_err(|_| error))
            .map_err(|error| failed("make", error))?;
    }
    let path = folder.join(sha256_hex(&key.to_string()));
    let file: File = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|error| failed("open", error))?;
    match file.try_lock() {
        // Closing alone would not free it while a child between fork and exec has it open, too.
        Ok(()) => Ok(Some(Held::new(move || drop(file.unlock())))),
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
}
