//! The vault as the broker needs it, and the adapter over a helper process.

use crate::locks;
use proto::ops::vault::{Entry, Expect, Rev, Row};
use proto::{Code, Error, Key, Object, Result, Secrets};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub trait Vault: Send + Sync {
    fn get(&self, key: &Key) -> Result<Option<Entry>>;
    /// Records under `prefix`, never a secret.
    fn list(&self, prefix: &str) -> Result<Vec<Row>>;
    /// The records of these keys that are there.
    fn records(&self, keys: &[Key]) -> Result<Vec<Row>> {
        let mut found = Vec::new();
        for key in keys {
            found.extend(self.list(&key.to_string())?.into_iter().find(|row| row.key == *key));
        }
        Ok(found)
    }
    /// Durable when it answers. `conflict` when `expect` does not hold.
    fn put(&self, key: &Key, expect: Expect, record: Object, secret: Secrets) -> Result<Rev>;
    /// Takes the lock of a connection. It never waits, and returns `None` when another process holds the lock. The lock
    /// has a name if this process holds it itself.
    fn try_lock(&self, key: &Key) -> Result<Option<Held>>;
}

/// A lock that is held; let go when dropped.
pub struct Held {
    release: Option<Box<dyn FnOnce() + Send>>,
    name: Option<String>,
}

impl Held {
    pub fn new(release: impl FnOnce() + Send + 'static) -> Held {
        Held { release: Some(Box::new(release)), name: None }
    }

    /// Returns this lock with a name, which its holder writes into journal entries. Only a lock that the
    /// process holds itself may have a name, because such a lock becomes free exactly when the process
    /// releases it or dies.
    #[must_use]
    pub fn named(mut self, name: Option<String>) -> Held {
        self.name = name;
        self
    }

    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Joins two locks into one with the name of `self`.
    fn and(mut self, other: Held) -> Held {
        let name = self.name.take();
        Held::new(move || drop((other, self))).named(name)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(release) = self.release.take() {
            release();
        }
    }
}

/// Starts the configured vault: the typed end of its pipe, and what keeps the process.
pub type StartVault = Box<dyn Fn() -> Result<(helper::vault::Vault, Box<dyn Send>)> + Send + Sync>;

/// A vault process, started when first needed and again after it died.
pub struct StartedVault {
    start: StartVault,
    running: Mutex<Option<Arc<Running>>>,
    /// Where lock files go when the vault has no `lock`.
    locks: PathBuf,
}

struct Running {
    vault: helper::vault::Vault,
    _process: Mutex<Box<dyn Send>>,
}

impl StartedVault {
    pub fn new(start: StartVault, locks: PathBuf) -> StartedVault {
        StartedVault { start, running: Mutex::new(None), locks }
    }

    fn running(&self) -> Result<Arc<Running>> {
        let mut running = lock(&self.running);
        if let Some(there) = running.as_ref().filter(|there| there.vault.link().is_alive()) {
            return Ok(there.clone());
        }
        let (vault, process) = (self.start)()?;
        let started = Arc::new(Running { vault, _process: Mutex::new(process) });
        *running = Some(started.clone());
        Ok(started)
    }

    /// Asks again, once, when the vault died over a question: reading twice changes nothing.
    fn reading<T>(&self, ask: impl Fn(&Arc<Running>) -> Result<T>) -> Result<T> {
        let running = self.running()?;
        match ask(&running) {
            Err(error) if error.code == Code::Unavailable && !running.vault.link().is_alive() => ask(&self.running()?),
            result => result,
        }
    }

    /// Takes the vault's own lock, or that of a file. The lock of a vault that died is free again.
    fn try_lock_vault(&self, key: &Key) -> Result<Option<Held>> {
        self.reading(|running| {
            if !running.vault.has_lock() {
                return locks::try_lock(&self.locks, key);
            }
            match running.vault.lock(key) {
                Ok(()) => {
                    let (running, key) = (running.clone(), key.clone());
                    // With the vault gone the lock is gone too.
                    Ok(Some(Held::new(move || drop(running.vault.unlock(&key)))))
                }
                Err(Error { code: Code::Locked, .. }) => Ok(None),
                Err(error) => Err(error),
            }
        })
    }
}

impl Vault for StartedVault {
    fn get(&self, key: &Key) -> Result<Option<Entry>> {
        self.reading(|running| running.vault.get(key))
    }

    fn list(&self, prefix: &str) -> Result<Vec<Row>> {
        self.reading(|running| running.vault.list(prefix))
    }

    fn records(&self, keys: &[Key]) -> Result<Vec<Row>> {
        self.reading(|running| running.vault.records(keys))
    }

    fn put(&self, key: &Key, expect: Expect, record: Object, secret: Secrets) -> Result<Rev> {
        self.running()?.vault.put(key, expect, record, secret)
    }

    fn try_lock(&self, key: &Key) -> Result<Option<Held>> {
        let own = match locks::try_hold(&self.locks, key) {
            Ok(Some(own)) => Some(own),
            Ok(None) => return Ok(None),
            // A home that cannot be written has no lock files. The vault's own lock is still taken.
            Err(_) => None,
        };
        let Some(vaults) = self.try_lock_vault(key)? else { return Ok(None) };
        Ok(Some(match own {
            Some(own) => own.and(vaults),
            None => vaults,
        }))
    }
}

/// What these locks guard is replaced whole, so a panic elsewhere leaves nothing half done.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
