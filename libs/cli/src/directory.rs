//! What a directory says about connections: `.authsome.json`, provider to connection name, nothing else.
//!
//! The nearest one at or above the working directory. It comes with a checkout, so it counts only
//! when it is the person's own, nobody else may write it, and the person trusted this path with
//! this content. It chooses among connections that are there; it never makes one.

use crate::files::cannot;
use crate::lock::{self, sha256};
use crate::{Context, home};
use proto::{Code, ConnectionName, Error, ProviderName, Result};
use rustix::fs::OFlags;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

pub const FILE: &str = ".authsome.json";

/// Far above any choice; a file that is larger is something else.
const LONGEST: u64 = 64 * 1024;

/// Provider to the connection that is meant.
pub type Choices = BTreeMap<ProviderName, ConnectionName>;

/// Paths of trusted files with the SHA-256 of their content.
type Trusted = BTreeMap<String, String>;

impl Context {
    /// The choices that count here. What does not count is told once, and not used.
    pub fn choices(&self) -> &Choices {
        self.choices.get_or_init(|| {
            let Some(folder) = std::env::current_dir().ok().and_then(|folder| nearest(&folder)) else {
                return Choices::new();
            };
            self.trusted_choices(&folder).unwrap_or_else(|error| {
                let hint = error.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
                self.output.warning(&format!("not used: {}{hint}", error.message));
                Choices::new()
            })
        })
    }

    /// Trusts the file of `folder` as it is now; gives its path and what it says.
    pub fn trust(&self, folder: &Path) -> Result<(PathBuf, Choices)> {
        let path = path_in(folder)?;
        let text = read(&path)?;
        let choices = self.canonical(&path, parse(&path, &text)?)?;
        self.home.make()?;
        // Two at once would each write what they had read.
        let _lock = lock::patiently(&self.home.locks(), "trusted")?;
        let mut trusted = self.trusted()?;
        trusted.insert(path.display().to_string(), sha256(text.as_bytes()));
        self.write_trusted(&trusted)?;
        Ok((path, choices))
    }

    fn trusted_choices(&self, folder: &Path) -> Result<Choices> {
        let path = path_in(folder)?;
        let text = read(&path)?;
        let shown = path.display().to_string();
        match self.trusted()?.get(&shown) {
            Some(hash) if *hash == sha256(text.as_bytes()) => self.canonical(&path, parse(&path, &text)?),
            known => {
                let why = if known.is_some() { "has changed since it was trusted" } else { "is not trusted" };
                Err(Error::new(Code::Denied, format!("{shown} {why}"))
                    .hint(format!("look at it, then authsome connection trust {}", folder.display())))
            }
        }
    }

    /// By the providers' own names, whatever alias was written.
    fn canonical(&self, path: &Path, written: Choices) -> Result<Choices> {
        let mut choices = Choices::new();
        for (alias, connection) in written {
            let provider = self.canonical_name(&alias);
            if choices.insert(provider.clone(), connection).is_some() {
                return Err(Error::invalid(format!("{}: it names {provider} twice, by an alias", path.display()))
                    .hint(format!(
                        "leave one of the two out, then authsome connection trust {}",
                        parent(path).display()
                    )));
            }
        }
        Ok(choices)
    }

    fn trusted(&self) -> Result<Trusted> {
        let path = self.home.trusted_file();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Trusted::new()),
            Err(error) => return Err(cannot("read", &path, &error)),
        };
        if let Ok(metadata) = fs::metadata(&path) {
            home::refuse_writable(&path, &metadata)?;
        }
        serde_json::from_str(&text).map_err(|error| {
            Error::invalid(format!("{}: {error}", path.display())).hint(format!("rm {}", path.display()))
        })
    }

    /// Whole or not at all.
    fn write_trusted(&self, trusted: &Trusted) -> Result<()> {
        let path = self.home.trusted_file();
        let new = path.with_extension(format!("new-{}", std::process::id()));
        let write = || {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
            file.write_all(format!("{:#}\n", serde_json::json!(trusted)).as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, &path)
        };
        write().map_err(|error| cannot("write", &path, &error))
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// The nearest folder, upwards, that has such a file, or anything of that name.
fn nearest(from: &Path) -> Option<PathBuf> {
    from.ancestors().find(|folder| fs::symlink_metadata(folder.join(FILE)).is_ok()).map(Path::to_owned)
}

/// By one path, however the folder was called.
fn path_in(folder: &Path) -> Result<PathBuf> {
    let real = fs::canonicalize(folder);
    real.map(|real| real.join(FILE)).map_err(|error| {
        Error::invalid(format!("cannot find the directory {}: {error}", folder.display()))
            .hint("authsome connection trust DIR, a directory with .authsome.json in it")
    })
}

/// The text of a file that is the person's own and that nobody else may write.
fn read(path: &Path) -> Result<String> {
    let shown = path.display();
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => {
            Error::new(Code::NotFound, format!("there is no {shown}")).hint("it holds {\"PROVIDER\": \"CONNECTION\"}")
        }
        _ => cannot("read", path, &error),
    };
    // A link would make somebody else's file look like one of this directory; a pipe would hang.
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).unwrap_or_default();
    let mut file: File = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|error| {
        if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
            return Error::new(Code::Denied, format!("{shown} is a symbolic link"))
                .hint("put the file itself there, or trust the directory that it lies in");
        }
        failed(error)
    })?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() || metadata.len() > LONGEST {
        return Err(Error::invalid(format!("{shown} is no file of choices"))
            .hint("it holds {\"PROVIDER\": \"CONNECTION\"} and nothing else"));
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(Error::new(Code::Denied, format!("{shown} belongs to another user")).hint(format!("ls -l {shown}")));
    }
    home::refuse_writable(path, &metadata)?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

fn parse(path: &Path, text: &str) -> Result<Choices> {
    serde_json::from_str(text).map_err(|error| {
        Error::invalid(format!("{}: {error}", path.display()))
            .hint("it holds {\"PROVIDER\": \"CONNECTION\"} and nothing else")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Globals;
    use std::os::unix::fs::{PermissionsExt, symlink};

    /// A context and a folder with this file in it.
    fn stage(text: &str) -> (tempfile::TempDir, Context, PathBuf) {
        let parent = tempfile::tempdir().unwrap();
        let globals = Globals { home: Some(parent.path().join("home")), ..Globals::default() };
        let context = Context::new(&globals, crate::Output::new(&globals)).unwrap();
        let folder = parent.path().join("project");
        fs::create_dir(&folder).unwrap();
        write(&folder, text);
        (parent, context, folder)
    }

    fn write(folder: &Path, text: &str) {
        fs::write(folder.join(FILE), text).unwrap();
        fs::set_permissions(folder.join(FILE), fs::Permissions::from_mode(0o644)).unwrap();
    }

    #[test]
    fn only_the_content_that_was_trusted_counts() {
        let (_parent, context, folder) = stage(r#"{"notion":"work"}"#);
        assert!(context.trusted_choices(&folder).unwrap_err().message.contains("is not trusted"));
        context.trust(&folder).unwrap();
        assert_eq!(context.trusted_choices(&folder).unwrap().len(), 1);
        assert_eq!(fs::metadata(context.home.trusted_file()).unwrap().mode() & 0o777, 0o600);
        write(&folder, r#"{"notion":"other"}"#);
        assert!(context.trusted_choices(&folder).unwrap_err().message.contains("has changed"));
        write(&folder, r#"{"notion":"work"}"#);
        assert!(context.trusted_choices(&folder).is_ok());
    }

    #[test]
    fn of_many_that_are_trusted_at_once_each_counts() {
        let (parent, context, _) = stage("{}");
        let folders: Vec<PathBuf> = (0..16).map(|n| parent.path().join(format!("p{n}"))).collect();
        for folder in &folders {
            fs::create_dir(folder).unwrap();
            write(folder, r#"{"notion":"work"}"#);
        }
        let context = &context;
        std::thread::scope(|scope| {
            for folder in &folders {
                scope.spawn(|| context.trust(folder).unwrap());
            }
        });
        assert_eq!(context.trusted().unwrap().len(), folders.len());
    }

    #[test]
    fn a_provider_may_be_called_by_its_alias_but_not_twice() {
        let (_parent, context, folder) = stage(r#"{"notion-mcp":"work"}"#);
        let (_, choices) = context.trust(&folder).unwrap();
        assert_eq!(choices.keys().map(ProviderName::as_str).collect::<Vec<_>>(), ["notion_dcr"]);
        assert_eq!(context.trusted_choices(&folder).unwrap(), choices);
        write(&folder, r#"{"notion-mcp":"work","notion_dcr":"home"}"#);
        assert_eq!(context.trust(&folder).unwrap_err().code, Code::Invalid);
    }

    #[test]
    fn trust_in_one_place_is_none_in_another() {
        let (parent, context, folder) = stage(r#"{"notion":"work"}"#);
        context.trust(&folder).unwrap();
        let copy = parent.path().join("copy");
        fs::create_dir(&copy).unwrap();
        write(&copy, r#"{"notion":"work"}"#);
        assert!(context.trusted_choices(&copy).is_err());
    }

    #[test]
    fn a_file_that_others_may_write_counts_no_more_once_it_was_trusted() {
        let (parent, context, folder) = stage(r#"{"notion":"work"}"#);
        fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o755)).unwrap();
        context.trust(&folder).unwrap();
        fs::set_permissions(folder.join(FILE), fs::Permissions::from_mode(0o666)).unwrap();
        assert_eq!(context.trusted_choices(&folder).unwrap_err().code, Code::Denied);
        assert_eq!(context.trust(&folder).unwrap_err().code, Code::Denied);
    }

    #[test]
    fn neither_a_link_nor_a_pipe_is_a_file() {
        let (parent, context, folder) = stage("{}");
        let elsewhere = parent.path().join("elsewhere");
        fs::rename(folder.join(FILE), &elsewhere).unwrap();
        symlink(&elsewhere, folder.join(FILE)).unwrap();
        assert!(context.trust(&folder).unwrap_err().message.contains("symbolic link"));
        fs::remove_file(folder.join(FILE)).unwrap();
        let pipe = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, folder.join(FILE), pipe, 0o600.into(), 0).unwrap();
        assert_eq!(context.trust(&folder).unwrap_err().code, Code::Invalid);
    }

    #[test]
    fn it_holds_names_and_nothing_else() {
        for bad in ["", "[]", r#"{"notion":1}"#, r#"{"notion":"../x"}"#, r#"{"a/b":"work"}"#, r#"{"notion":{"x":1}}"#] {
            let (_parent, context, folder) = stage(bad);
            assert_eq!(context.trust(&folder).unwrap_err().code, Code::Invalid, "{bad}");
        }
    }

    #[test]
    fn the_nearest_one_upwards_is_meant() {
        let (_parent, _, folder) = stage("{}");
        let below = folder.join("a/b");
        fs::create_dir_all(&below).unwrap();
        assert_eq!(nearest(&below), Some(folder.clone()));
        fs::write(folder.join("a").join(FILE), "{}").unwrap();
        assert_eq!(nearest(&below), Some(folder.join("a")));
    }
}
