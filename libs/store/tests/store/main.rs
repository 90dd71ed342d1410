//! The vault's storage from outside: what survives, what does not open, what a crash leaves.
#![allow(clippy::unwrap_used)] // a test that unwraps what is not there fails, as it should

mod attacks;
mod children;
mod crashes;
mod keys;
mod ops;
mod writers;

use proto::ops::vault::{Entry, Erase, Expect, Get, Got, List, Listed, Listing, Put};
use proto::{Code, Object, Result, Secrets};
use std::path::{Path, PathBuf};
use store::Vault;

const KEY: &str = "default/notion/work";

/// A home that is removed at the end of the test; nothing is in it yet.
struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Scratch {
        Scratch(tempfile::tempdir().unwrap())
    }

    fn home(&self) -> PathBuf {
        self.0.path().join("home")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home().join(name)
    }

    fn vault(&self) -> Vault {
        self.vault_result().unwrap()
    }

    fn vault_result(&self) -> Result<Vault> {
        Vault::open(&self.home())
    }

    /// A second connection to the database, as an attacker with the file has one.
    fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.file("vault.db")).unwrap()
    }
}

fn record(text: &str) -> Object {
    serde_json::from_str(text).unwrap()
}

/// A put of `token` at `key`, whatever is there.
fn put(key: &str, token: &str) -> Put {
    Put {
        key: key.parse().unwrap(),
        if_rev: Expect::Anything,
        record: record(r#"{"provider":"notion","status":"connected"}"#),
        secret: Secrets::new().with("access_token", token),
    }
}

fn get(vault: &mut Vault, key: &str) -> Result<Entry> {
    match vault.get(&Get { key: key.parse().unwrap(), if_changed: None })? {
        Got::Entry(entry) => Ok(entry),
        Got::Unchanged { .. } => panic!("nobody asked whether it changed"),
    }
}

fn erase(vault: &mut Vault, key: &str, if_rev: Expect) -> Result<()> {
    vault.erase(&Erase { key: key.parse().unwrap(), if_rev })
}

fn listed(vault: &mut Vault, list: &List) -> Result<Listed> {
    vault.list(list).map(|text| serde_json::from_str(&text).unwrap())
}

fn list(vault: &mut Vault, prefix: &str) -> Result<Listing> {
    match listed(vault, &List { prefix: prefix.into(), ..List::default() })? {
        Listed::Records(listing) => Ok(listing),
        Listed::Unchanged { .. } => panic!("nobody asked whether it changed"),
    }
}

fn keys(listing: &Listing) -> Vec<String> {
    listing.records.iter().map(|row| row.key.to_string()).collect()
}

fn code<T>(result: Result<T>) -> Code {
    match result {
        Ok(_) => panic!("it should have been refused"),
        Err(error) => error.code,
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::copy(from, to).unwrap();
}
