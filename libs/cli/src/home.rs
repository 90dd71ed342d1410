//! `$AUTHSOME_HOME`: one directory, the person's own.

use private::Exposed;
use proto::{Error, Result};
use rustix::fs::Access;
use std::fs::{self, DirBuilder, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The home's path. Once [`Home::check`] has passed, nobody else can write what is there.
#[derive(Debug, Clone)]
pub struct Home(PathBuf);

impl Home {
    /// `--home`, else `$AUTHSOME_HOME`, else `~/.authsome`; always absolute.
    pub fn locate(given: Option<&Path>) -> Result<Home> {
        let path = given.map(Path::to_owned).or_else(|| variable("AUTHSOME_HOME"));
        let path = path.or_else(|| Some(variable("HOME")?.join(".authsome"))).ok_or_else(|| {
            Error::invalid("neither --home, AUTHSOME_HOME nor HOME is set").hint("authsome --home DIR …")
        })?;
        let absolute = std::path::absolute(&path).map_err(|error| {
            Error::unavailable(format!("cannot find the home {}: {error}", path.display()))
                .hint("authsome --home DIR … names one by its whole path")
        })?;
        Ok(Home(absolute))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A person's own definitions.
    pub fn providers(&self) -> PathBuf {
        self.0.join("providers")
    }

    pub fn config_file(&self) -> PathBuf {
        self.0.join("config.json")
    }

    /// Sessions, one directory each.
    pub fn run(&self) -> PathBuf {
        self.0.join("run")
    }

    pub fn locks(&self) -> PathBuf {
        self.0.join("locks")
    }

    /// Which `.authsome.json` count.
    pub fn trusted_file(&self) -> PathBuf {
        self.0.join("trusted.json")
    }

    /// Refuses a home or `providers/` that others may write, or that cannot be read. It creates neither. A
    /// command that only reads takes a missing home for an empty one.
    ///
    /// # Errors
    /// `denied` for a directory that others may write or own, `unavailable` for one that cannot be read.
    pub fn check(&self) -> Result<()> {
        for directory in [&self.0, &self.providers()] {
            check_private(directory)?;
        }
        Ok(())
    }

    /// Makes the home and `providers/`, 0700, where they are missing. A command that writes calls it first.
    ///
    /// # Errors
    /// Those of [`Home::check`], and `unavailable` when a directory cannot be made.
    pub fn make(&self) -> Result<()> {
        for directory in [&self.0, &self.providers()] {
            make_private(directory)?;
        }
        Ok(())
    }

    /// Makes `~/.authsome` where it can be made, for the commands by which a person finds the definitions: the
    /// documented next step is `authsome inspect NAME > ~/.authsome/providers/NAME.json`, and the shell opens
    /// that file before `inspect` is started. A home of another name is made by a command that writes, lest a
    /// mistyped one come to be.
    pub fn make_if_usual(&self) {
        if variable("HOME").is_some_and(|home| home.is_absolute() && self.0 == home.join(".authsome")) {
            // Where it cannot be made it is read as an empty one.
            let _ = self.make();
        }
    }
}

/// Returns whether this process may create files in `directory`.
pub fn is_writable(directory: &Path) -> bool {
    rustix::fs::access(directory, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

/// A path from the environment; empty is none.
fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Creates `directory` and those that are missing above it, with mode 0700. It checks a directory that exists.
pub fn make_private(directory: &Path) -> Result<()> {
    if check_private(directory)? {
        return Ok(());
    }
    match DirBuilder::new().recursive(true).mode(0o700).create(directory) {
        Ok(()) => Ok(()),
        Err(error) => Err(failed("make", directory, &error)),
    }
}

/// Refuses a directory that others may write, or that cannot be read. It returns false when there is none.
fn check_private(directory: &Path) -> Result<bool> {
    match fs::metadata(directory) {
        Ok(metadata) if metadata.is_dir() => {
            refuse_writable(directory, &metadata)?;
            fs::read_dir(directory).map(|_| true).map_err(|error| failed("read", directory, &error))
        }
        Ok(_) => Err(Error::unavailable(format!("{} is not a directory", directory.display()))
            .hint("authsome --home DIR … uses another place")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed("read", directory, &error)),
    }
}

fn failed(what: &str, directory: &Path, error: &std::io::Error) -> Error {
    Error::unavailable(format!("cannot {what} {}: {error}", directory.display()))
        .hint("authsome --home DIR … uses another place")
}

/// Refuses a file or directory that another user could have written: it belongs to somebody else, or others can reach
/// and write it.
pub fn refuse_writable(path: &Path, metadata: &Metadata) -> Result<()> {
    let shown = path.display();
    let (what, hint) = match private::exposed(path, metadata) {
        None => return Ok(()),
        Some(Exposed::Writable(_)) if private::is_shared(metadata) => ("may be written by others", SHARED.to_owned()),
        Some(Exposed::Writable(_)) => ("may be written by others", format!("chmod go-w {shown}")),
        Some(Exposed::Foreign) => ("belongs to another user", format!("ls -ld {shown}")),
    };
    Err(Error::new(proto::Code::Denied, format!("{shown} {what}")).hint(hint))
}

/// The hint for a home in a directory that many users share.
const SHARED: &str = "mkdir -m 700 DIR, and use that: a directory of your own";

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    #[test]
    fn nobody_is_told_to_close_a_directory_that_others_share() {
        let parent = tempfile::tempdir().unwrap();
        fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        let error = Home::locate(Some(parent.path())).unwrap().check().unwrap_err();
        assert_eq!(error.hint.as_deref(), Some(SHARED));
    }

    #[test]
    fn a_home_is_made_private_whatever_the_umask() {
        let parent = tempfile::tempdir().unwrap();
        let home = Home::locate(Some(&parent.path().join("a/b"))).unwrap();
        home.make().unwrap();
        assert_eq!(fs::metadata(home.path()).unwrap().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(home.providers()).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_folder_in_a_home_that_is_missing_makes_that_private_too() {
        let parent = tempfile::tempdir().unwrap();
        let home = Home::locate(Some(&parent.path().join("h"))).unwrap();
        make_private(&home.locks()).unwrap();
        assert_eq!(fs::metadata(home.path()).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_missing_home_is_fit_to_be_read_and_stays_missing() {
        let parent = tempfile::tempdir().unwrap();
        let home = Home::locate(Some(&parent.path().join("h"))).unwrap();
        home.check().unwrap();
        assert!(!home.path().exists());
    }

    #[test]
    fn a_home_that_others_may_write_is_refused_with_the_command_that_mends_it() {
        let parent = tempfile::tempdir().unwrap();
        fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let home = Home::locate(Some(&parent.path().join("h"))).unwrap();
        home.make().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o770)).unwrap();
        for error in [home.check().unwrap_err(), home.make().unwrap_err()] {
            assert!(error.hint.unwrap().starts_with("chmod go-w "));
        }
        fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(home.make(), Ok(()), "nobody else can come there");
    }
}
