//! A person's own file: read only if nobody else could have written it. What it says is judged elsewhere.

use crate::catalog::CatalogError;
use private::Exposed;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::Path;

/// Far above any definition; a file that is larger is something else.
const LONGEST: u64 = 1024 * 1024;

/// The text of a file, `None` when it is not there.
pub(crate) fn read(path: &Path) -> Result<Option<String>, CatalogError> {
    let fail = |error: io::Error| unreadable(path, &error);
    // Before it is opened: to open a pipe is to wait for somebody to write into it.
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(fail(io::Error::other("it is no file"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fail(error)),
    }
    let file = File::open(path).map_err(fail)?;
    let metadata = file.metadata().map_err(fail)?;
    // A shell makes it so, by any umask, before the command that fills it; it decides nothing.
    if metadata.len() == 0 {
        return Ok(Some(String::new()));
    }
    refuse_exposed(path, &metadata)?;
    let mut bytes = Vec::new();
    let length = file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(fail)?;
    if length as u64 > LONGEST {
        return Err(fail(io::Error::other("it is longer than 1 MiB")));
    }
    let text = text::read(&bytes).map_err(|error| fail(io::Error::other(error)))?;
    Ok(Some(text.into_owned()))
}

/// Refuses a file or directory that another user could have written.
pub(crate) fn refuse_exposed(path: &Path, metadata: &Metadata) -> Result<(), CatalogError> {
    match private::exposed(path, metadata) {
        None => Ok(()),
        Some(Exposed::Writable(mode)) => Err(CatalogError::Exposed { path: path.to_owned(), mode }),
        Some(Exposed::Foreign) => Err(CatalogError::Foreign { path: path.to_owned() }),
    }
}

pub(crate) fn unreadable(path: &Path, error: &io::Error) -> CatalogError {
    CatalogError::Unreadable { path: path.to_owned(), why: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn an_empty_file_is_read_whoever_may_write_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let path = folder.path().join("x.json");
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o664)).unwrap();
        assert_eq!(read(&path), Ok(Some(String::new())));
        fs::write(&path, "{}").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, b"\xef\xbb\xbf{}").unwrap();
        assert_eq!(read(&path), Ok(Some("{}".to_owned())), "what an editor puts before the text is none of it");
        fs::set_permissions(&path, Permissions::from_mode(0o664)).unwrap();
        assert!(matches!(read(&path), Err(CatalogError::Exposed { .. })));
    }
}
