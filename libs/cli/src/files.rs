//! Errors about files, with the command that mends the file or shows what is wrong.

use proto::Error;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Returns the error `unavailable` for an action that the system refused. `what` is the verb, such as `read`.
pub fn cannot(what: &str, path: &Path, error: &io::Error) -> Error {
    let shown = path.display();
    Error::unavailable(format!("cannot {what} {shown}: {error}")).hint(match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space and try again".to_owned(),
        ErrorKind::ReadOnlyFilesystem => "authsome --home DIR … uses a home elsewhere".to_owned(),
        // When the file does not exist, the command shows its directory.
        ErrorKind::NotFound => format!("ls -ld {}", path.parent().unwrap_or(path).display()),
        _ => format!("ls -ld {shown}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_is_about_what_was_wrong() {
        let hint = |kind| cannot("write", Path::new("/h/x"), &io::Error::from(kind)).hint.unwrap_or_default();
        assert_eq!(hint(ErrorKind::PermissionDenied), "ls -ld /h/x");
        assert_eq!(hint(ErrorKind::NotFound), "ls -ld /h");
        assert!(hint(ErrorKind::StorageFull).contains("free some space"));
        assert!(hint(ErrorKind::ReadOnlyFilesystem).contains("--home"));
    }
}
