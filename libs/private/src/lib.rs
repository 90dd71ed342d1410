//! The judgement whether only the person can write a file or directory.
//!
//! It is the same for definitions, settings, helpers and homes. A mode that lets others write does no
//! harm where others cannot reach the file, because they may not enter a directory above it. The module
//! reads no content and changes nothing.

#![forbid(unsafe_code)]

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The reasons why somebody else could have written a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposed {
    /// It belongs to another user, who may always write it.
    Foreign,
    /// This mode lets others write it, and they can reach it.
    Writable(u32),
}

/// The mode bits by which group and others may write.
const WRITE: u32 = 0o022;
/// The mode bit of a directory in which users can remove only their own files.
const STICKY: u32 = 0o1000;
/// The mode bits by which group and others may enter a directory.
const ENTER: u32 = 0o011;

/// Returns why others could have written `path`, or `None` when only the person and root could.
///
/// `metadata` is that of `path`, with links resolved. A file with several hard links may be reached by
/// another path, so its mode alone decides.
pub fn exposed(path: &Path, metadata: &Metadata) -> Option<Exposed> {
    if !is_trusted(metadata.uid(), rustix::process::geteuid().as_raw()) {
        return Some(Exposed::Foreign);
    }
    let mode = metadata.mode() & 0o7777;
    let has_one_name = metadata.is_dir() || metadata.nlink() == 1;
    if mode & WRITE == 0 || (has_one_name && is_out_of_reach(path)) {
        return None;
    }
    Some(Exposed::Writable(mode))
}

/// Returns whether a file or directory is meant for many users, as `/tmp` is: it belongs to root or has the sticky bit.
/// A stricter mode would break the programs of others.
pub fn is_shared(metadata: &Metadata) -> bool {
    metadata.mode() & STICKY != 0 || metadata.uid() != rustix::process::geteuid().as_raw()
}

/// Returns whether a directory above `path` lets nobody else enter. A directory that cannot be read counts as open.
fn is_out_of_reach(path: &Path) -> bool {
    let Ok(real) = path.canonicalize() else { return false };
    let own = rustix::process::geteuid().as_raw();
    let is_closed = |directory: &Path| {
        directory.metadata().is_ok_and(|found| is_trusted(found.uid(), own) && found.mode() & ENTER == 0)
    };
    real.ancestors().skip(1).any(is_closed)
}

/// Returns whether an owner is trusted: the person, or root, who can write anything anyway.
fn is_trusted(owner: u32, own: u32) -> bool {
    owner == 0 || owner == own
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn judged(path: &Path) -> Option<Exposed> {
        exposed(path, &path.metadata().unwrap())
    }

    #[test]
    fn a_file_that_a_group_may_write_is_safe_where_the_group_cannot_come() {
        let outer = tempfile::tempdir().unwrap();
        let inner = outer.path().join("inner");
        let file = inner.join("file");
        fs::create_dir(&inner).unwrap();
        fs::write(&file, "x").unwrap();
        for (outer_mode, inner_mode, file_mode, safe) in [
            (0o755, 0o755, 0o644, true),
            (0o755, 0o755, 0o664, false),
            (0o755, 0o755, 0o646, false),
            (0o755, 0o700, 0o664, true),
            (0o755, 0o700, 0o666, true),
            (0o700, 0o775, 0o664, true),
            (0o755, 0o744, 0o664, true),
            (0o755, 0o710, 0o664, false),
            (0o755, 0o701, 0o664, false),
        ] {
            set(outer.path(), outer_mode);
            set(&inner, inner_mode);
            set(&file, file_mode);
            assert_eq!(judged(&file).is_none(), safe, "{file_mode:o} in {inner_mode:o} in {outer_mode:o}");
        }
    }

    #[test]
    fn a_directory_is_judged_by_those_above_it_and_not_by_itself() {
        let outer = tempfile::tempdir().unwrap();
        let inner = outer.path().join("inner");
        fs::create_dir(&inner).unwrap();
        set(&inner, 0o775);
        set(outer.path(), 0o700);
        assert_eq!(judged(&inner), None);
        set(outer.path(), 0o755);
        assert_eq!(judged(&inner), Some(Exposed::Writable(0o775)));
    }

    #[test]
    fn a_file_with_a_second_name_is_not_protected_by_the_directory_of_the_first() {
        let outer = tempfile::tempdir().unwrap();
        let (file, other) = (outer.path().join("file"), outer.path().join("other"));
        fs::write(&file, "x").unwrap();
        set(&file, 0o664);
        set(outer.path(), 0o700);
        assert_eq!(judged(&file), None);
        fs::hard_link(&file, &other).unwrap();
        assert_eq!(judged(&file), Some(Exposed::Writable(0o664)));
    }

    #[test]
    fn a_file_of_another_user_is_not_trusted_and_that_of_root_is() {
        assert!(is_trusted(1000, 1000) && is_trusted(0, 1000) && is_trusted(0, 0));
        assert!(!is_trusted(1001, 1000) && !is_trusted(1000, 0));
    }
}
