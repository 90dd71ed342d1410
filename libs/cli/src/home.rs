//! `$AUTHSOME_HOME`: one directory, the person's own.

use private::Exposed;
use proto::{Error, Result};
use std::fs::{self, DirBuilder, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The home's path. It exists, and is nobody else's to write, once [`Home::prepare`] has run.
#[derive(Debug, Clone)]
pub struct Home(PathBuf);

impl Home {
    /// `--home`, else `$AUTHSOME_HOME`, else `~/.authsome`; always absolute.
    pub fn locate(given: Option<&Path>) -> Result<Home> {
        let path = given.map(Path::to_owned).or_else(|| variable("AUTHSOME_HOME"));
        let path = path.or_else(|| Some(variable("HOME")?.join(".authsome"))).ok_or_else(|| {
            Error::invalid("neither --home, AUTHSOME_HOME nor HOME is set").hint("authsome --home DIR …")
        })?;
        let absolute = std::path::absolute(&path)
            .map_err(|error| Error::unavailable(format!("cannot find the home {}: {error}", path.display())))?;
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

    /// Makes the home and `providers/`, 0700, when they are missing; refuses one that others may write.
    pub fn prepare(&self) -> Result<()> {
        for directory in [&self.0, &self.providers()] {
            make_private(directory)?;
        }
        Ok(())
    }
}

/// A path from the environment; empty is none.
fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Makes `directory` 0700 (its parents by the umask), or checks the one that is there.
pub fn make_private(directory: &Path) -> Result<()> {
    let failed = |what: &str, error: std::io::Error| {
        Error::unavailable(format!("cannot {what} {}: {error}", directory.display()))
            .hint("authsome --home DIR … uses another place")
    };
    match fs::metadata(directory) {
        Ok(metadata) if metadata.is_dir() => {
            refuse_writable(directory, &metadata)?;
            fs::read_dir(directory).map(drop).map_err(|error| failed("read", error))
        }
        Ok(_) => Err(Error::unavailable(format!("{} is not a directory", directory.display()))),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if let Some(parent) = directory.parent() {
                fs::create_dir_all(parent).map_err(|error| failed("make", error))?;
            }
            match DirBuilder::new().mode(0o700).create(directory) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(failed("make", error)),
                _ => Ok(()),
            }
        }
        Err(error) => Err(failed("read", error)),
    }
}

/// Refuses what another user could have put there: what others own, or may write and can reach.
pub fn refuse_writable(path: &Path, metadata: &Metadata) -> Result<()> {
    let shown = path.display();
    let (what, hint) = match private::exposed(path, metadata) {
        None => return Ok(()),
        Some(Exposed::Writable(_)) => ("may be written by others", format!("chmod go-w {shown}")),
        Some(Exposed::Foreign) => ("belongs to another user", format!("ls -ld {shown}")),
    };
    Err(Error::new(proto::Code::Denied, format!("{shown} {what}")).hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    #[test]
    fn a_home_is_made_private_whatever_the_umask() {
        let parent = tempfile::tempdir().unwrap();
        let home = Home::locate(Some(&parent.path().join("a/b"))).unwrap();
        home.prepare().unwrap();
        assert_eq!(fs::metadata(home.path()).unwrap().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(home.providers()).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_home_that_others_may_write_is_refused_with_the_command_that_mends_it() {
        let parent = tempfile::tempdir().unwrap();
        fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let home = Home::locate(Some(&parent.path().join("h"))).unwrap();
        home.prepare().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o770)).unwrap();
        let error = home.prepare().unwrap_err();
        assert!(error.hint.unwrap().starts_with("chmod go-w "));
        fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(home.prepare(), Ok(()), "nobody else can come there");
    }
}
