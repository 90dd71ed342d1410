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
    /// The bytes are the register of a vault without entries.
    pub create: fn(&Home, &Founding, &[u8]) -> Result<()>,
    pub open: fn(&Home) -> Result<Opened>,
}

pub(crate) type Opened = (Founding, Box<dyn Backend>);

/// The data that a vault is created with. Only an upgrade changes it.
pub(crate) struct Founding {
    /// The format of the vault: 1 has no register, 2 has one.
    pub format: u32,
    /// The count of revisions begins after this.
    pub first_rev: u64,
    /// Opens with the right key alone.
    pub check: Vec<u8>,
}

/// The data that changes with every write, as of one moment.
pub(crate) struct State {
    /// The last revision used.
    pub last_rev: u64,
    /// The sealed register. A vault of format 1 has none.
    pub register: Option<Vec<u8>>,
}

/// The state of the vault before a write.
pub(crate) struct Before {
    pub state: State,
    /// The key's present revision, if it has one.
    pub there: Option<u64>,
    /// The revision that the write would get.
    pub rev: u64,
}

/// The data that an upgrade adds to a vault of format 1.
pub(crate) struct Upgrade {
    pub check: Vec<u8>,
    pub register: Vec<u8>,
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
    /// Writes the entry and the new register.
    Put(Sealed, Vec<u8>),
    /// Erases the entry and writes the new register.
    Erase(Vec<u8>),
    /// Writes nothing; no revision is used up.
    Nothing,
}

/// The decision about a write, taken within its transaction.
pub(crate) type Decide<'a> = &'a mut dyn FnMut(Before) -> Result<Change>;

/// The maker of an upgrade. It gets the revisions of all entries and the last one used.
pub(crate) type MakeUpgrade<'a> = &'a mut dyn FnMut(Vec<u64>, u64) -> Result<Upgrade>;

pub(crate) trait Backend: Send {
    /// Returns whether the file must be closed after one operation, because it keeps others out while it is open or
    /// would not see their writes.
    fn is_momentary(&self) -> bool;

    /// Returns the row of a key, and the state of the same moment.
    fn get(&self, key: &str) -> Result<Option<(State, Row)>>;

    /// Gives the state to `begin`, and then gives the rows to `take` until it refuses one. The rows are those whose
    /// keys begin with `prefix` and lie after `after`, in the order of their bytes. All is from one moment. It returns
    /// whether rows are left.
    fn list(&self, prefix: &str, after: &str, begin: Begin<'_>, take: Take<'_>) -> Result<bool>;

    /// The last revision used.
    fn last_rev(&self) -> Result<u64>;

    /// One write, alone among all processes and durable when it returns. Returns the revision that
    /// `decide` was given.
    fn write(&mut self, key: &str, decide: Decide<'_>) -> Result<u64>;

    /// Upgrades a vault of format 1 to format 2, durably, unless another process did so. The vault must then be opened
    /// anew.
    fn upgrade(&mut self, make: MakeUpgrade<'_>) -> Result<()>;
}

/// The function that takes the state before the first row.
pub(crate) type Begin<'a> = &'a mut dyn FnMut(State) -> Result<()>;

/// Takes one row; `false` ends the page before it.
pub(crate) type Take<'a> = &'a mut dyn FnMut(ListedRow) -> Result<bool>;
