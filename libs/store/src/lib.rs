//! The vault's storage: entries sealed on this machine, revisions, locks.
//!
//! A library of `authsome-vault` alone, the one program that holds the key. It knows no provider,
//! no connection and no renewal: an entry is a record and a secret under a key. It reads no
//! environment and writes nowhere but into the home it is given.
//!
//! What lies in the home, and what each part protects against:
//! - `vault.db` (`backend/`): the entries. Record and secret are sealed apart with AES-256-GCM, so
//!   that listing opens no secret; each is bound to its format version, part, key and revision, so
//!   that a part moved to another row, or an older part put back under a newer row, does not open.
//!   Keys (`profile/provider/name`) stand there plainly, for listing by prefix: whoever reads the
//!   file learns which providers are connected and under which names, and when a row changed.
//!   A sealed register of the current revisions tells an older row that was put back. Putting back the whole file
//!   cannot be noticed from the home alone.
//! - `master.key`: the key, made once together with the vault. Whoever reads both files reads all.
//! - `locks/`: advisory locks. Their files are never removed, since a removed one guards nobody.

#![forbid(unsafe_code)]

mod backend;
mod entry;
mod founding;
mod home;
mod locks;
mod master_key;
mod register;
mod seal;
mod vault;

pub use vault::Vault;
