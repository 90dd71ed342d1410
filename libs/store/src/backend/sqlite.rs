//! `vault.db`: SQLite in WAL mode, for many processes and no daemon.
//!
//! `synchronous=FULL` makes an answered write survive a power cut. A file lock round each write
//! makes waiting fair: SQLite's own busy handler polls, and under load lets one process wait for
//! seconds while another writes thousands of rows.

use super::{
    Backend, Before, Begin, Change, Decide, Founding, Kind, ListedRow, MakeUpgrade, Opened, Row, Sealed, State, Take,
};
use crate::home::{self, Home, failed};
use crate::locks;
use proto::{Error, Result};
use rusqlite::ffi::{SQLITE_IOERR_SHMOPEN, SQLITE_IOERR_SHMSIZE};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior, params};
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(super) const KIND: Kind = Kind { file: FILE, create, open };

const FILE: &str = "vault.db";
/// The log of writes that are not in the file yet.
const LOG: &str = "vault.db-wal";

const SCHEMA: &str = "
    CREATE TABLE vault (format INTEGER NOT NULL, first_rev INTEGER NOT NULL, key_check BLOB NOT NULL,
                        last_rev INTEGER NOT NULL, register BLOB) STRICT;
    CREATE TABLE entry (key TEXT PRIMARY KEY NOT NULL, rev INTEGER NOT NULL, record BLOB NOT NULL,
                        secret BLOB NOT NULL) STRICT;";

/// Only a foreign program (a backup, a shell) makes us wait: our own writes hold the file lock.
const FOREIGN_LOCK: Duration = Duration::from_secs(5);

struct Sqlite {
    home: Home,
    path: PathBuf,
    connection: Connection,
    /// Opened by the first write.
    lock: Option<File>,
    /// True when it was opened where the index that readers share cannot be written.
    is_momentary: bool,
    /// The column with the register; a vault of format 1 has none.
    register: &'static str,
}

/// Under another name first, so that `vault.db` is there only when it is whole.
fn create(home: &Home, founding: &Founding, register: &[u8]) -> Result<()> {
    let (path, unfinished) = (home.path(FILE), home.path("vault.db.new"));
    let writing = |error| failed("making", &path, &error);
    for leftover in ["vault.db.new", "vault.db.new-journal", "vault.db.new-wal", "vault.db.new-shm"] {
        let _ = std::fs::remove_file(home.path(leftover));
    }
    // SQLite would make it by the umask; its own side files take the mode of this one.
    home::private_file().write(true).create_new(true).open(&unfinished).map_err(writing)?;
    fill(&unfinished, founding, register).map_err(|error| spoken("making", &path, &error))?;
    File::open(&unfinished).and_then(|file| file.sync_all()).map_err(writing)?;
    std::fs::rename(&unfinished, &path).map_err(writing)?;
    home.sync()
}

fn fill(path: &Path, founding: &Founding, register: &[u8]) -> rusqlite::Result<()> {
    let connection = connect(path)?;
    connection.execute_batch(SCHEMA)?;
    connection.execute(
        "INSERT INTO vault VALUES (?1, ?2, ?3, ?2, ?4)",
        params![founding.format, signed(founding.first_rev), founding.check, register],
    )?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.close().map_err(|(_, error)| error)
}

fn open(home: &Home) -> Result<Opened> {
    let path = home.path(FILE);
    let metadata = path.symlink_metadata().map_err(|error| failed("opening", &path, &error))?;
    home::check_shared_nowhere(&path, &metadata)?;
    let (opened, is_momentary) = match connect(&path).and_then(read_first) {
        Err(error) if no_room_beside(&error) => {
            let alone = connect(&path).and_then(exclusive).and_then(read_first);
            // Another process that holds the file opened it in the same way.
            (alone.map_err(|second| if is_held(&second) { error } else { second }), true)
        }
        Err(error) if may_not_write(&error) => {
            if has_log(home) {
                return Err(log_is_closed(home, &path));
            }
            (as_it_is(&path).and_then(read_first), true)
        }
        opened => (opened, false),
    };
    let (connection, founding) = opened.map_err(|error| spoken("opening", &path, &error))?;
    let register = if founding.format == 1 { "NULL" } else { "coalesce(register, x'')" };
    Ok((founding, Box::new(Sqlite { home: home.clone(), path, connection, lock: None, is_momentary, register })))
}

/// Opens the file in a directory where nothing can be written, not even the index that readers share. It uses no locks
/// and does not read the log, so it serves only where no log is left, and for one operation.
fn as_it_is(path: &Path) -> rusqlite::Result<Connection> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(byte);
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        match plain(byte) {
            true => uri.push(char::from(*byte)),
            false => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(uri, flags)
}

/// Returns whether the log has writes that are not in the file yet: a process has the vault open or was killed.
fn has_log(home: &Home) -> bool {
    home.path(LOG).metadata().is_ok_and(|log| log.len() > 0)
}

fn log_is_closed(home: &Home, path: &Path) -> Error {
    let (log, shown) = (home.path(LOG), path.display());
    Error::unavailable(format!(
        "opening {shown}: its last writes are in {}, and it may not be written to",
        log.display()
    ))
    .hint("authsome list, where the home may be written to, puts them in their place")
}

fn read_first(connection: Connection) -> rusqlite::Result<(Connection, Founding)> {
    let founding = founding(&connection)?;
    Ok((connection, founding))
}

/// Nobody else reads or writes meanwhile, so that the index which readers share is not needed.
fn exclusive(connection: Connection) -> rusqlite::Result<Connection> {
    connection.pragma_update(None, "locking_mode", "exclusive")?;
    Ok(connection)
}

/// The disk is too full even for the index that readers share. What is stored can still be read.
fn no_room_beside(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| matches!(error.extended_code, SQLITE_IOERR_SHMOPEN | SQLITE_IOERR_SHMSIZE))
}

fn is_held(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn may_not_write(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied))
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(FOREIGN_LOCK)?;
    Ok(connection)
}

fn founding(connection: &Connection) -> rusqlite::Result<Founding> {
    connection.query_row("SELECT format, first_rev, key_check FROM vault", (), |row| {
        Ok(Founding { format: row.get(0)?, first_rev: unsigned(row.get(1)?), check: row.get(2)? })
    })
}

impl Backend for Sqlite {
    fn is_momentary(&self) -> bool {
        self.is_momentary
    }

    fn get(&self, key: &str) -> Result<Option<(State, Row)>> {
        let read = || {
            // One statement reads all from one moment.
            let sql =
                format!("SELECT last_rev, {}, rev, record, secret FROM vault, entry WHERE key = ?1", self.register);
            self.connection.prepare_cached(&sql)?.query_row([key], |row| Ok((state(row)?, entry(row)?))).optional()
        };
        read().map_err(|error| self.spoken("reading", &error))
    }

    fn list(&self, prefix: &str, after: &str, begin: Begin<'_>, take: Take<'_>) -> Result<bool> {
        let reading = |error: rusqlite::Error| self.spoken("listing", &error);
        // Deferred: a snapshot that keeps no writer waiting.
        let transaction = self.connection.unchecked_transaction().map_err(reading)?;
        begin(self.state().map_err(reading)?)?;
        let sql = "SELECT key, rev, record FROM entry WHERE key >= ?1 AND key > ?2 ORDER BY key";
        let mut statement = transaction.prepare_cached(sql).map_err(reading)?;
        let mut rows = statement.query([prefix, after]).map_err(reading)?;
        while let Some(row) = rows.next().map_err(reading)? {
            let row = listed_row(row).map_err(reading)?;
            if !row.key.starts_with(prefix) {
                break;
            }
            if !take(row)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn last_rev(&self) -> Result<u64> {
        let read = || {
            let mut statement = self.connection.prepare_cached("SELECT last_rev FROM vault")?;
            statement.query_row((), |row| row.get(0)).map(unsigned)
        };
        read().map_err(|error| self.spoken("reading", &error))
    }

    fn write(&mut self, key: &str, decide: Decide<'_>) -> Result<u64> {
        let lock = self.locked()?;
        let written = transact(&mut self.connection, key, decide);
        self.unlock(lock);
        written.unwrap_or_else(|error| Err(self.spoken("writing", &error)))
    }

    fn upgrade(&mut self, make: MakeUpgrade<'_>) -> Result<()> {
        let lock = self.locked()?;
        let upgraded = upgrade(&mut self.connection, make);
        self.unlock(lock);
        upgraded.unwrap_or_else(|error| Err(self.spoken("upgrading", &error)))
    }
}

impl Sqlite {
    /// Waits until no other process writes.
    fn locked(&mut self) -> Result<File> {
        let lock = match self.lock.take() {
            Some(lock) => lock,
            None => locks::file(&self.home, locks::WRITE)?,
        };
        locks::wait(&lock)?;
        Ok(lock)
    }

    /// Unlocks the file and keeps it for the next write. A file that cannot be unlocked is closed, which frees the lock
    /// as well.
    fn unlock(&mut self, lock: File) {
        self.lock = lock.unlock().is_ok().then_some(lock);
    }

    fn state(&self) -> rusqlite::Result<State> {
        let sql = format!("SELECT last_rev, {} FROM vault", self.register);
        self.connection.prepare_cached(&sql)?.query_row((), state)
    }

    fn spoken(&self, doing: &str, error: &rusqlite::Error) -> Error {
        spoken(doing, &self.path, error)
    }
}

/// Outside, what SQLite said; inside, what `decide` said. An error of either rolls back.
fn transact(connection: &mut Connection, key: &str, decide: Decide<'_>) -> rusqlite::Result<Result<u64>> {
    connection.pragma_update(None, "synchronous", "full")?;
    // SQLite overwrites erased and replaced data in the file.
    connection.pragma_update(None, "secure_delete", "on")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let state = transaction.query_row("SELECT last_rev, coalesce(register, x'') FROM vault", (), state)?;
    let there = transaction.query_row("SELECT rev FROM entry WHERE key = ?1", [key], first).optional()?;
    let rev = state.last_rev + 1;
    let keep = |register: Vec<u8>| {
        transaction.execute("UPDATE vault SET last_rev = ?1, register = ?2", params![signed(rev), register])
    };
    match decide(Before { state, there: there.map(unsigned), rev }) {
        Err(error) => return Ok(Err(error)),
        Ok(Change::Nothing) => {}
        Ok(Change::Put(sealed, register)) => {
            keep(register)?;
            let rev = signed(rev);
            let entry = params![key, rev, sealed.record, sealed.secret];
            transaction.execute("INSERT OR REPLACE INTO entry VALUES (?1, ?2, ?3, ?4)", entry)?;
            transaction.commit()?;
        }
        Ok(Change::Erase(register)) => {
            keep(register)?;
            transaction.execute("DELETE FROM entry WHERE key = ?1", [key])?;
            transaction.commit()?;
            empty_log(connection);
        }
    }
    Ok(Ok(rev))
}

/// Adds the register. The outer error is SQLite's, the inner one that of `make`.
fn upgrade(connection: &mut Connection, make: MakeUpgrade<'_>) -> rusqlite::Result<Result<()>> {
    connection.pragma_update(None, "synchronous", "full")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if transaction.query_row("SELECT format FROM vault", (), first)? != 1 {
        return Ok(Ok(()));
    }
    let last_rev = transaction.query_row("SELECT last_rev FROM vault", (), first)?;
    let revs = transaction.prepare("SELECT rev FROM entry")?.query_map((), first)?.collect::<Result<Vec<i64>, _>>()?;
    let made = match make(revs.into_iter().map(unsigned).collect(), unsigned(last_rev)) {
        Ok(made) => made,
        Err(error) => return Ok(Err(error)),
    };
    transaction.execute("ALTER TABLE vault ADD COLUMN register BLOB", ())?;
    transaction
        .execute("UPDATE vault SET format = 2, key_check = ?1, register = ?2", params![made.check, made.register])?;
    transaction.commit()?;
    Ok(Ok(()))
}

/// Moves the log into the file and empties the log, which still holds erased data.
fn empty_log(connection: &Connection) {
    // The erasure itself is done. A program that reads for long may keep the log from being emptied; the last one to
    // close the vault removes it.
    let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()));
}

fn first(row: &rusqlite::Row) -> rusqlite::Result<i64> {
    row.get(0)
}

fn state(row: &rusqlite::Row) -> rusqlite::Result<State> {
    Ok(State { last_rev: unsigned(row.get(0)?), register: row.get(1)? })
}

/// Reads an entry from the columns after the two of [`state`].
fn entry(row: &rusqlite::Row) -> rusqlite::Result<Row> {
    Ok(Row { rev: unsigned(row.get(2)?), sealed: Sealed { record: row.get(3)?, secret: row.get(4)? } })
}

fn listed_row(row: &rusqlite::Row) -> rusqlite::Result<ListedRow> {
    Ok(ListedRow { key: row.get(0)?, rev: unsigned(row.get(1)?), record: row.get(2)? })
}

/// SQLite's integers are signed; the same bits come back.
fn signed(rev: u64) -> i64 {
    rev.cast_signed()
}

fn unsigned(rev: i64) -> u64 {
    rev.cast_unsigned()
}

/// SQLite's complaint in our words; its own messages hold names of tables, never values.
fn spoken(doing: &str, path: &Path, error: &rusqlite::Error) -> Error {
    let shown = path.display();
    let (what, hint) = match error.sqlite_error_code() {
        code if code == Some(ErrorCode::DiskFull) || no_room_beside(error) => {
            ("the disk is full".to_owned(), Some("free some space and try again".to_owned()))
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            ("another program holds it".to_owned(), Some(format!("find it with: lsof {shown}")))
        }
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            let folder = path.parent().unwrap_or(path).display();
            let hint = format!("ls -ld {folder} {shown} shows who may; touch {shown} tells if the disk is read-only");
            ("it may not be written to".to_owned(), Some(hint))
        }
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt | ErrorCode::Unknown) | None => (
            "it is no vault, or damaged".to_owned(),
            Some(format!("put it back from a backup; or, to give up what is stored: mv {shown} {shown}.lost")),
        ),
        Some(_) => (error.to_string(), None),
    };
    let error = Error::unavailable(format!("{doing} {shown}: {what}"));
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}
