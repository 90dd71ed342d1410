//! Advisory file locks in `locks/`: one for writes, one for each key that is being renewed.
//!
//! The system frees them when the process ends, however it ends. The files stay: removing one while
//! another process waits for it would let two in.

use crate::home::{self, Home, LOCKS, failed};
use proto::{Code, Error, Key, Result};
use std::collections::HashMap;
use std::fs::{File, TryLockError};

/// Held while a vault is made, and round each write.
pub(crate) const WRITE: &str = "write";

/// The hint for a lock that the system refuses.
const NO_LOCKS: &str = "authsome --home DIR … uses a home on a file system with locks (flock(2))";

/// The open file of a lock, not yet locked; makes `locks` when it is missing.
pub(crate) fn file(home: &Home, name: &str) -> Result<File> {
    let folder = home.path(LOCKS);
    home::make_folder(&folder)?;
    let path = folder.join(name);
    let file = home::private_file().read(true).write(true).create(true).truncate(false).open(&path);
    file.map_err(|error| failed("opening the lock", &path, &error))
}

/// Waits its turn; the system serves in the order of asking.
pub(crate) fn wait(file: &File) -> Result<()> {
    file.lock().map_err(|error| Error::unavailable(format!("locking the vault: {error}")).hint(NO_LOCKS))
}

/// The keys locked by this process through this handle.
#[derive(Default)]
pub(crate) struct Held(HashMap<Key, File>);

impl Held {
    /// Never waits. A key already held through this handle is locked too: two renewals in one
    /// process are as bad as in two.
    pub fn lock(&mut self, home: &Home, key: &Key) -> Result<()> {
        if self.0.contains_key(key) {
            return Err(locked(key));
        }
        let file = file(home, &name_of(key))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(locked(key)),
            Err(TryLockError::Error(error)) => {
                return Err(Error::unavailable(format!("locking {key}: {error}")).hint(NO_LOCKS));
            }
        }
        self.0.insert(key.clone(), file);
        Ok(())
    }

    /// Freeing what is not held does nothing.
    pub fn unlock(&mut self, key: &Key) {
        if let Some(file) = self.0.remove(key) {
            // Not by closing alone: a child between fork and exec may have it open, too.
            let _ = file.unlock();
        }
    }
}

/// The SHA-256 of the key in hex: the name that every program locks, and no separators.
fn name_of(key: &Key) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, key.to_string().as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn locked(key: &Key) -> Error {
    Error::new(Code::Locked, format!("{key} is locked by another process")).hint("try again in a moment")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_lock_is_the_sha256_of_its_key() {
        let name = name_of(&"default/notion/work".parse().unwrap());
        assert_eq!(name, "68a820e719b6d0986b46881d0524eb52ffea34a1bafa74b4182ca92d89cf337d");
    }
}
