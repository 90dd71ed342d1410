//! The lock of a connection, for whoever moves or ends one: a renewal under way holds it, too.
//!
//! The vault's own where it has `lock`, else a file that every program on this machine names alike.

use crate::{Context, files, home};
use helper::vault::Vault;
use proto::{Code, Error, Key, Result};
use ring::digest;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// Longer than a renewal can take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A wait that a person should be told of.
const LONG: Duration = Duration::from_secs(1);

/// Held until dropped, or until the process ends.
pub struct Lock(Held);

enum Held {
    Vault(Vault, Key),
    File(File),
}

impl Context {
    /// Waits until nobody renews the connection at `key`, and keeps it so.
    pub fn lock(&self, vault: &Vault, key: &Key) -> Result<Lock> {
        let began = Instant::now();
        let mut told = false;
        let mut pause = Duration::from_millis(5);
        loop {
            if let Some(lock) = self.try_lock(vault, key)? {
                return Ok(lock);
            }
            let waited = began.elapsed();
            if waited > PATIENCE {
                return Err(Error::new(Code::Locked, format!("another process is renewing {key}"))
                    .hint("try again in a moment"));
            }
            if waited > LONG && !told {
                told = true;
                self.output.note(&format!("Waiting for another process that is renewing {key}."));
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(250));
        }
    }

    fn try_lock(&self, vault: &Vault, key: &Key) -> Result<Option<Lock>> {
        if !vault.has_lock() {
            return Ok(
                file(&self.home.locks(), &sha256(key.to_string().as_bytes()))?.map(|file| Lock(Held::File(file)))
            );
        }
        match vault.lock(key) {
            Ok(()) => Ok(Some(Lock(Held::Vault(vault.clone(), key.clone())))),
            Err(error) if error.code == Code::Locked => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // With the vault or the process gone the lock is gone, too.
        match &self.0 {
            Held::Vault(vault, key) => drop(vault.unlock(key)),
            Held::File(file) => drop(file.unlock()),
        }
    }
}

/// The lock of the file `name` in `folder`, `None` when another holds it: never waits. The file stays,
/// since removing it would let two in.
pub fn file(folder: &Path, name: &str) -> Result<Option<File>> {
    home::make_private(folder)?;
    let path = folder.join(name);
    let failed = |error: std::io::Error| files::cannot("lock", &path, &error);
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = opened.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// The same for what takes a moment: waits.
pub(crate) fn patiently(folder: &Path, name: &str) -> Result<File> {
    let began = Instant::now();
    loop {
        if let Some(file) = file(folder, name)? {
            return Ok(file);
        }
        if began.elapsed() > PATIENCE {
            return Err(Error::new(Code::Locked, format!("another process holds {}", folder.join(name).display()))
                .hint("try again in a moment"));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// In hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    digest::digest(&digest::SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_holder_and_the_next_when_it_lets_go() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("locks");
        let held = file(&folder, "k").unwrap().map(|file| Lock(Held::File(file)));
        assert!(held.is_some() && file(&folder, "k").unwrap().is_none());
        assert!(file(&folder, "other").unwrap().is_some());
        drop(held);
        assert!(file(&folder, "k").unwrap().is_some());
    }

    #[test]
    fn the_name_of_a_lock_is_what_every_program_takes_for_it() {
        let name = sha256(b"default/notion/work");
        assert_eq!(name, "68a820e719b6d0986b46881d0524eb52ffea34a1bafa74b4182ca92d89cf337d");
    }
}
