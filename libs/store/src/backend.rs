//! The table of storage backends, and what each must do.
//!
//! A backend keeps sealed bytes under keys and counts revisions. It sees no plain text, judges no
//! entry and knows no `if_rev`: that is `vault.rs`, the same for all.
//! To add one: `backend/<name>.rs`, and one line in [`BACKENDS`].

use crate::home::Home;
use proto::Result;

mod sqlite;

/// A home's backend is the one whose file is there; a new home gets the first.
pub(crate) const BACKENDS: &[Kind] = &[sqlite::KIND];

pub(crate) struct Kind {
    /// Its file in the home: there from the moment the vault is whole, and not before.
    pub file: &'static str,
    /// Makes an empty vault; the caller holds the write lock and saw that there is none.
    pub create: fn(&Home, &Founding) -> Result<()>,
    pub open: fn(&Home) -> Result<Opened>,
}

pub(crate) type Opened = (Founding, Box<dyn Backend>);

/// What a vault is made with, and never changes.
pub(crate) struct Founding {
    pub format: u32,
    /// The count of revisions begins after this.
    pub first_rev: u64,
    /// Opens with the right key alone.
    pub check: Vec<u8>,
}

/// The two halves of an entry.
pub(crate) struct Sealed {
    pub record: Vec<u8>,
    pub secret: Vec<u8>,
}

pub(crate) struct Row {
    pub rev: u64,
    pub sealed: Sealed,
}

/// A row without its secret.
pub(crate) struct ListedRow {
    pub key: String,
    pub rev: u64,
    pub record: Vec<u8>,
}

/// What a write wants, once it has seen what is there.
pub(crate) enum Change {
    Put(Sealed),
    Erase,
    /// Writes nothing; no revision is used up.
    Nothing,
}

/// Decides within the write's transaction: given the key's present revision and the one that the
/// write would get.
pub(crate) type Decide<'a> = &'a mut dyn FnMut(Option<u64>, u64) -> Result<Change>;

pub(crate) trait Backend: Send {
    fn get(&self, key: &str) -> Result<Option<Row>>;

    /// The last revision used, and what `take` accepts of the rows whose keys begin with `prefix`
    /// and lie after `after`, in the order of their bytes; both from one moment. The flag says that
    /// more rows are left.
    fn list(&self, prefix: &str, after: &str, take: Take<'_>) -> Result<(u64, bool)>;

    /// The last revision used.
    fn last_rev(&self) -> Result<u64>;

    /// One write, alone among all processes and durable when it returns. Returns the revision that
    /// `decide` was given.
    fn write(&mut self, key: &str, decide: Decide<'_>) -> Result<u64>;
}

/// Takes one row; `false` ends the page before it.
pub(crate) type Take<'a> = &'a mut dyn FnMut(ListedRow) -> Result<bool>;
