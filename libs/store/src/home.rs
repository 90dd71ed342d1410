//! The home as the vault sees it: where its files are, and whether they may be trusted.
//!
//! A place that others may write to and can reach, or own, is refused: they could put another vault
//! there. The home itself may be a symbolic link, the files in it may not.

use proto::{Code, Error, Result};
use rustix::fs::OFlags;
use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

pub(crate) const LOCKS: &str = "locks";

/// Write permission of group and others.
const WRITABLE: u32 = 0o022;
/// Any permission of group and others.
const ANY: u32 = 0o077;

#[derive(Debug, Clone)]
pub(crate) struct Home(PathBuf);

impl Home {
    /// An existing home, links in its path resolved; `None` when there is none.
    pub fn find(path: &Path) -> Result<Option<Home>> {
        let home = match path.canonicalize() {
            Ok(home) => home,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("opening the home", path, &error)),
        };
        let metadata = home.metadata().map_err(|error| failed("opening the home", &home, &error))?;
        if !metadata.is_dir() {
            return Err(Error::unavailable(format!("the home {} is not a folder", home.display()))
                .hint("authsome --home DIR … uses another place"));
        }
        refuse(&home, &metadata, WRITABLE, "go-w")?;
        Ok(Some(Home(home)))
    }

    /// The home, made when there is none.
    pub fn make(path: &Path) -> Result<Home> {
        make_folder(path)?;
        Home::find(path)?.ok_or_else(|| {
            Error::unavailable(format!("the home {} was removed while it was opened", path.display())).hint("try again")
        })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Makes new names in the home survive a power cut.
    pub fn sync(&self) -> Result<()> {
        let synced = File::open(&self.0).and_then(|folder| folder.sync_all());
        synced.map_err(|error| failed("writing the folder", &self.0, &error))
    }
}

/// Makes a folder and those above it, 0700, where they are missing.
pub(crate) fn make_folder(folder: &Path) -> Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| failed("making the folder", folder, &error))
}

/// Options for a file of 0600 that is no link.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600).custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    options
}

/// Refuses a file that is no regular one, or that others can write to.
pub(crate) fn check_shared_nowhere(path: &Path, metadata: &Metadata) -> Result<()> {
    check_regular(path, metadata)?;
    refuse(path, metadata, WRITABLE, "go-w")
}

/// Refuses a file that is no regular one, or that others can so much as read.
pub(crate) fn check_private(path: &Path, metadata: &Metadata) -> Result<()> {
    check_regular(path, metadata)?;
    refuse(path, metadata, ANY, "go-rwx")
}

/// What was being done to which path, and what the system said.
pub(crate) fn failed(doing: &str, path: &Path, error: &std::io::Error) -> Error {
    let failed = Error::unavailable(format!("{doing} {}: {}", path.display(), reason(error)));
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => failed.hint("free some space and try again"),
        ErrorKind::PermissionDenied => failed.hint(format!("ls -ld {}", path.display())),
        _ => failed,
    }
}

fn check_regular(path: &Path, metadata: &Metadata) -> Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    let shown = path.display();
    Err(Error::new(Code::Denied, format!("{shown} is not a regular file")).hint(format!("ls -l {shown}")))
}

fn refuse(path: &Path, metadata: &Metadata, bits: u32, mend: &str) -> Result<()> {
    let (shown, mode, owner) = (path.display(), metadata.mode(), metadata.uid());
    let denied = |what: String| Error::new(Code::Denied, format!("{shown} {what}"));
    if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        return Err(denied("belongs to another user".into()).hint(format!("ls -ld {shown}")));
    }
    if mode & bits == 0 || (bits == WRITABLE && private::exposed(path, metadata).is_none()) {
        return Ok(());
    }
    let others = if mode & WRITABLE & bits != 0 { "written" } else { "read" };
    let what = format!("may be {others} by others (mode {:04o})", mode & 0o7777);
    Err(denied(what).hint(match private::is_shared(metadata) {
        true => "mkdir -m 700 DIR, and use that: a directory of your own".to_owned(),
        false => format!("chmod {mend} {shown}"),
    }))
}

/// The system's text without the number: "No such file or directory", in lower case.
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}
