//! The private file that leads a browser to the login's one-use address.
//!
//! Every user of the machine can read a program's arguments, and whoever opens the address first is taken for
//! the person. So the opener gets the path of a file that only the person can read, and the file leads on.

use maud::{DOCTYPE, html};
use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use url::Url;

/// The mode bit by which everybody may write (inode(7)).
const ALL_WRITE: u32 = 0o002;

/// The mode bit of a folder in which nobody can replace the files of others (inode(7)).
const STICKY: u32 = 0o1000;

/// The private file. Dropping it removes the file.
pub struct Redirect {
    path: PathBuf,
}

impl Redirect {
    /// Writes a file, 0600, that leads to `address`.
    ///
    /// Its name has the login's `port`, which no other login has at the same time, so a file that a killed login left
    /// behind is replaced. It fails when no folder of the person can be written.
    pub fn write(port: u16, address: &str) -> io::Result<Redirect> {
        let none = || io::Error::other("neither HOME nor XDG_RUNTIME_DIR is a folder of the person");
        let mut failed = none();
        for folder in folders() {
            let path = folder.join(format!("authsome-login-{port}.html"));
            match write_new(&path, &page(address)) {
                Ok(()) => return Ok(Redirect { path }),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    /// Returns the file's address, `file:///…`.
    pub fn url(&self) -> io::Result<String> {
        Url::from_file_path(&self.path).map(String::from).map_err(|()| io::Error::other("its path is not absolute"))
    }
}

impl Drop for Redirect {
    fn drop(&mut self) {
        // A file that cannot be removed does no harm: its address was used.
        let _ = fs::remove_file(&self.path);
    }
}

/// The folders in which the file may stand, the best first.
///
/// A browser that is a snap can read only those files of the home that are not hidden, and has a runtime folder of its
/// own.
fn folders() -> impl Iterator<Item = PathBuf> {
    let named = ["HOME", "XDG_RUNTIME_DIR"].into_iter().filter_map(std::env::var_os).map(PathBuf::from);
    named.filter(|folder| folder.is_absolute() && is_safe(folder))
}

/// Returns true unless everybody could replace a file in the folder.
///
/// A group that may write in the home is trusted, since it could change the person's shell as well.
fn is_safe(folder: &Path) -> bool {
    let own = rustix::process::geteuid().as_raw();
    let is_ours = |found: &Metadata| found.uid() == own || found.uid() == 0;
    let is_kept = |found: &Metadata| found.mode() & ALL_WRITE == 0 || found.mode() & STICKY != 0;
    fs::metadata(folder).is_ok_and(|found| found.is_dir() && is_ours(&found) && is_kept(&found))
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}

fn page(address: &str) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="referrer" content="no-referrer";
                meta http-equiv="refresh" content={ "0; url=" (address) };
                title { "authsome" }
            }
            body { p { "This file leads to the login page. " a href=(address) { "Go there" } "." } }
        }
    };
    markup.into_string()
}
