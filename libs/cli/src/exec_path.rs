//! Where programs are found: beside this one, in the compiled-in libexec, in absolute entries of PATH.
//!
//! Never the current directory, never a name with a slash. Roles and bundled commands are not
//! looked up in PATH, so that nothing there can take their place.

use crate::files::cannot;
use crate::home;
use proto::{Error, Result};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Set at build time by packagers that keep the programs out of PATH.
const LIBEXEC: Option<&str> = option_env!("AUTHSOME_LIBEXEC");

/// Roles whose drop-ins are helpers, not subcommands.
pub const ROLES: &[&str] = &["vault", "flow", "credential", "proxy"];

/// Directories of the bundled programs, in the order they are searched.
pub fn bundled() -> Vec<PathBuf> {
    let beside = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned));
    beside.into_iter().chain(LIBEXEC.map(PathBuf::from)).collect()
}

/// The absolute entries of PATH.
pub fn search_path() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).filter(|entry| entry.is_absolute()).collect()
}

/// A bundled program by its whole name, or an error that tells where it was looked for.
pub fn find_bundled(program: &str) -> Result<PathBuf> {
    let directories = bundled();
    find_in(program, &directories).ok_or_else(|| {
        let looked: Vec<String> = directories.iter().map(|directory| directory.display().to_string()).collect();
        Error::unavailable(format!("cannot find {program} in {}", looked.join(", ")))
            .hint("install all programs of authsome into one directory")
    })
}

/// The executable of a drop-in helper, `authsome-<role>-<name>`, refused when others may write it.
pub fn find_helper(role: &str, name: &str) -> Result<PathBuf> {
    // A flow's name may have `_` (device_code); a file's name has `-`.
    let name = name.replace('_', "-");
    if !is_drop_in_name(&name) {
        return Err(Error::invalid(format!("{:?} is not the name of a helper", proto::redact::shown(&name)))
            .hint("a helper's name is a lower-case letter or digit, then letters, digits and '-'"));
    }
    let program = format!("authsome-{role}-{name}");
    let found = find_in(&program, &search_path()).ok_or_else(|| {
        Error::unavailable(format!("cannot find the helper {program} in PATH")).hint(match role {
            // A definition names it.
            "flow" => format!("put an executable {program} on PATH"),
            _ => format!("put an executable {program} on PATH, or name another {role} in config.json"),
        })
    })?;
    let real = fs::canonicalize(&found).map_err(|error| cannot("read", &found, &error))?;
    for place in [Some(real.as_path()), real.parent()].into_iter().flatten() {
        let metadata = fs::metadata(place).map_err(|error| cannot("read", place, &error))?;
        home::refuse_writable(place, &metadata)?;
    }
    Ok(real)
}

/// Any executable in PATH.
pub fn find_command(program: &str) -> Option<PathBuf> {
    find_in(program, &search_path())
}

/// Someone else's subcommand, `authsome-<name>`: in `first`, else in PATH.
pub fn find_subcommand(name: &str, first: Option<&Path>) -> Option<PathBuf> {
    if !is_drop_in_name(name) || is_helper_name(name) {
        return None;
    }
    let directories: Vec<PathBuf> = first.map(Path::to_owned).into_iter().chain(search_path()).collect();
    find_in(&format!("authsome-{name}"), &directories)
}

/// All subcommands on PATH with their paths, the first of a name only, sorted.
pub fn drop_ins(first: Option<&Path>) -> Vec<(String, PathBuf)> {
    let mut found = std::collections::BTreeMap::new();
    for directory in first.map(Path::to_owned).into_iter().chain(search_path()) {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            let file = entry.file_name();
            let Some(name) = file.to_str().and_then(|file| file.strip_prefix("authsome-")) else { continue };
            if is_drop_in_name(name) && !is_helper_name(name) && is_executable(&entry.path()) {
                found.entry(name.to_owned()).or_insert_with(|| entry.path());
            }
        }
    }
    found.into_iter().collect()
}

fn is_drop_in_name(name: &str) -> bool {
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    name.bytes().all(good) && name.bytes().next().is_some_and(|b| b != b'-')
}

/// `vault-pass` is a helper; `vault` itself is a program.
fn is_helper_name(name: &str) -> bool {
    ROLES.iter().any(|role| name.strip_prefix(role).is_some_and(|rest| rest.starts_with('-')))
}

fn find_in(program: &str, directories: &[PathBuf]) -> Option<PathBuf> {
    let paths =
        std::env::join_paths(directories.iter().filter(|directory| directory.is_absolute())).unwrap_or(OsString::new());
    // A name without a slash is searched in `paths` alone, whatever the current directory is.
    which::which_in_global(program, Some(paths)).ok()?.find(|path| path.is_absolute())
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_reaches_out_of_its_directory() {
        for bad in ["../login", "a/b", "", "-x", "A", "a b", "a\0"] {
            assert!(!is_drop_in_name(bad), "{bad:?}");
        }
    }

    #[test]
    fn helpers_are_no_subcommands() {
        assert!(
            is_helper_name("vault-pass")
                && is_helper_name("flow-x")
                && !is_helper_name("vault")
                && !is_helper_name("vaulted")
        );
    }
}
