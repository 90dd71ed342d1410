//! All definitions: those that came with the program, and a user's own files, which always win.
//!
//! One broken file stops nothing but itself. A file or a folder that others can write to is
//! refused: it would decide where credentials go.

use crate::bundled;
use crate::definition::Definition;
use crate::error::{Complaint, DefinitionError, Warning};
use crate::file::{read, refuse_exposed, unreadable};
use crate::nearest;
use crate::parse::{Origin, parse};
use crate::rules::is_name;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where a definition came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Bundled,
    Custom(PathBuf),
}

impl Source {
    /// The word for people and scripts.
    pub fn as_str(&self) -> &'static str {
        match self {
            Source::Bundled => "bundled",
            Source::Custom(_) => "custom",
        }
    }
}

/// A definition with its origin.
#[derive(Debug, Clone)]
pub struct Entry {
    pub definition: Definition,
    pub source: Source,
    pub warnings: Vec<Warning>,
    /// The user's file of that name, which has 0 bytes: `inspect NAME > FILE` makes one just before
    /// `inspect` starts. Everyone but `inspect` warns about it.
    pub passed_over: Option<PathBuf>,
}

/// One line of [`Catalog::list`].
#[derive(Debug)]
pub struct Listed {
    pub name: String,
    pub source: Source,
    pub result: Result<Entry, CatalogError>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    #[error("there is no provider {name:?}")]
    Unknown {
        name: String,
        /// Names that were probably meant, nearest first.
        nearest: Vec<String>,
    },
    #[error("{0}")]
    Broken(#[from] DefinitionError),
    #[error("{} may be written by others (mode {mode:04o})", path.display())]
    Exposed { path: PathBuf, mode: u32 },
    #[error("{} belongs to another user", path.display())]
    Foreign { path: PathBuf },
    #[error("{} is not readable: {why}", path.display())]
    Unreadable { path: PathBuf, why: String },
}

impl CatalogError {
    /// What to do about it, if there is something.
    pub fn hint(&self) -> Option<String> {
        match self {
            CatalogError::Unknown { nearest, .. } if nearest.is_empty() => {
                Some("authsome list shows all providers".to_owned())
            }
            CatalogError::Unknown { nearest, .. } => {
                Some(format!("did you mean {}? authsome list shows all", nearest.join(" or ")))
            }
            CatalogError::Broken(error) => Some(error.hint()),
            CatalogError::Exposed { path, .. } => Some(format!("chmod go-w {}", path.display())),
            CatalogError::Foreign { path } => Some(format!("ls -ld {}", path.display())),
            CatalogError::Unreadable { .. } => None,
        }
    }
}

/// The definitions by name. It reads a file only on demand, or all files at once: see [`Catalog::frozen`].
#[derive(Debug, Clone)]
pub struct Catalog {
    folder: Option<PathBuf>,
    /// The user's own files by name, as they were when the catalog was frozen.
    texts: Option<Texts>,
}

/// The result of reading each file.
type Texts = BTreeMap<String, Result<Option<String>, CatalogError>>;

impl Catalog {
    /// `folder` holds the user's own definitions; it need not be there.
    pub fn open(folder: Option<&Path>) -> Result<Catalog, CatalogError> {
        let Some(folder) = folder else { return Ok(Catalog { folder: None, texts: None }) };
        match fs::metadata(folder) {
            Ok(metadata) => refuse_exposed(folder, &metadata)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Catalog { folder: None, texts: None }),
            Err(error) => return Err(unreadable(folder, &error)),
        }
        Ok(Catalog { folder: Some(folder.to_owned()), texts: None })
    }

    /// Returns this catalog with the present text of every file. It does not see later changes.
    pub fn frozen(self) -> Result<Catalog, CatalogError> {
        let texts = self.files()?.into_iter().map(|(name, path)| (name, read(&path))).collect();
        Ok(Catalog { texts: Some(texts), ..self })
    }

    /// By name, else by alias; case counts.
    pub fn find(&self, name: &str) -> Result<Entry, CatalogError> {
        match self.by_name(name)? {
            Some(entry) => Ok(entry),
            None => self.by_alias(name),
        }
    }

    /// Returns the definition that came with the program, whatever the user's own files say.
    ///
    /// It is read without the checks of [`parse`], which cost every command some time for every definition. A test
    /// makes them in its place: the bundled files are in the canonical form and pass without a warning.
    pub fn bundled(name: &str) -> Option<Entry> {
        let definition = serde_json::from_str(bundled::text(name)?)
            .unwrap_or_else(|error| unreachable!("bundled definitions are checked by a test: {name}: {error}"));
        Some(Entry { definition, source: Source::Bundled, warnings: Vec::new(), passed_over: None })
    }

    /// Every definition there is, by name; a broken one in its place.
    pub fn list(&self) -> Result<Vec<Listed>, CatalogError> {
        let mut sources: BTreeMap<String, Source> =
            bundled::names().map(|name| (name.to_owned(), Source::Bundled)).collect();
        for (name, path) in self.files()? {
            sources.insert(name, Source::Custom(path));
        }
        let entries = sources.into_iter().filter_map(|(name, source)| {
            let result = self.by_name(&name).transpose()?;
            let source = result.as_ref().map_or(source, |entry| entry.source.clone());
            Some(Listed { name, source, result })
        });
        Ok(entries.collect())
    }

    fn by_name(&self, name: &str) -> Result<Option<Entry>, CatalogError> {
        let Some(path) = self.file_of(name) else { return Ok(Catalog::bundled(name)) };
        let text = match &self.texts {
            Some(texts) => texts.get(name).cloned().unwrap_or(Ok(None)),
            None => read(&path),
        };
        let Some(text) = text? else { return Ok(Catalog::bundled(name)) };
        if text.is_empty() {
            return Ok(Catalog::bundled(name).map(|entry| Entry { passed_over: Some(path), ..entry }));
        }
        let file = path.display().to_string();
        let (definition, warnings) = parse(&file, &text, Origin::Custom)?;
        if definition.name != name {
            let message = format!("is {:?}, and the file is named {name}.json", definition.name);
            let field = Some("name".to_owned());
            return Err(DefinitionError(Complaint { file, line: 1, column: 1, field, message }).into());
        }
        Ok(Some(Entry { definition, source: Source::Custom(path), warnings, passed_over: None }))
    }

    /// A user's own alias wins over a bundled one.
    fn by_alias(&self, alias: &str) -> Result<Entry, CatalogError> {
        let listed = self.list()?;
        let nearest = nearest::some(alias, listed.iter().map(|line| line.name.as_str()));
        let unknown = CatalogError::Unknown {
            name: alias.to_owned(),
            nearest: nearest.into_iter().map(ToOwned::to_owned).collect(),
        };
        let (own, bundled): (Vec<Listed>, Vec<Listed>) =
            listed.into_iter().partition(|line| matches!(line.source, Source::Custom(_)));
        let mut entries = own.into_iter().chain(bundled).filter_map(|line| line.result.ok());
        entries.find(|entry| entry.definition.aliases.iter().any(|known| known == alias)).ok_or(unknown)
    }

    /// The user's file of that name, if the name can be one.
    fn file_of(&self, name: &str) -> Option<PathBuf> {
        let folder = self.folder.as_deref().filter(|_| is_name(name))?;
        Some(folder.join(format!("{name}.json")))
    }

    /// Name and path of every `<name>.json` in the folder; hidden files are an editor's business.
    fn files(&self) -> Result<Vec<(String, PathBuf)>, CatalogError> {
        let Some(folder) = self.folder.as_deref() else { return Ok(Vec::new()) };
        if let Some(texts) = &self.texts {
            return Ok(texts.keys().filter_map(|name| Some((name.clone(), self.file_of(name)?))).collect());
        }
        let fail = |error: io::Error| unreadable(folder, &error);
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).map_err(fail)? {
            let path = entry.map_err(fail)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".json"));
            if let Some(name) = name.filter(|name| self.file_of(name).is_some()) {
                files.push((name.to_owned(), path.clone()));
            }
        }
        Ok(files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use tempfile::TempDir;

    fn folder(files: &[(&str, &str)]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    fn open(folder: &TempDir) -> Catalog {
        Catalog::open(Some(folder.path())).unwrap()
    }

    fn own(name: &str) -> String {
        let definition = serde_json::json!({"name":name,"display_name":"Mine","aliases":["mine"],"auth_type":"api_key",
            "flow":"api_key","api_key":{},"api_url":["api.mine.test"]});
        definition.to_string()
    }

    #[test]
    fn every_bundled_definition_is_sound_and_named_as_its_file() {
        for name in bundled::names() {
            let (definition, warnings) = parse(name, bundled::text(name).unwrap(), Origin::Bundled).unwrap();
            assert_eq!(warnings, [], "{name}");
            assert_eq!(Catalog::bundled(name).unwrap().definition, definition, "{name} is in the canonical form");
            assert_eq!(definition.name, name);
            assert!(!definition.with_base_url(None).unwrap().targets().unwrap().is_empty(), "{name}");
        }
    }

    #[test]
    fn a_users_file_wins_and_says_so() {
        let folder = folder(&[("notion.json", &own("notion")), ("mine.json", &own("mine"))]);
        let entry = open(&folder).find("notion").unwrap();
        assert_eq!((entry.definition.display_name.as_str(), entry.source.as_str()), ("Mine", "custom"));
        assert_eq!(open(&folder).find("github").unwrap().source.as_str(), "bundled");
        let listed = open(&folder).list().unwrap();
        let custom: Vec<&str> =
            listed.iter().filter(|l| l.source != Source::Bundled).map(|l| l.name.as_str()).collect();
        assert_eq!(custom, ["mine", "notion"]);
    }

    #[test]
    fn what_inspect_prints_is_a_definition_of_the_users_own() {
        for name in bundled::names() {
            let definition = Catalog::bundled(name).unwrap().definition;
            let folder = folder(&[(&format!("{name}.json"), &serde_json::to_string_pretty(&definition).unwrap())]);
            let entry = open(&folder).find(name).unwrap();
            assert_eq!((entry.definition, entry.source.as_str()), (definition, "custom"));
            assert_eq!(entry.warnings, []);
        }
    }

    #[test]
    fn a_frozen_catalog_sees_no_later_change() {
        let folder = folder(&[("notion.json", &own("notion")), ("broken.json", "{")]);
        let frozen = open(&folder).frozen().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("notion.json", "{");
        write("github.json", &own("github"));
        write("broken.json", &own("broken"));
        fs::remove_file(folder.path().join("notion.json")).unwrap();
        assert_eq!(frozen.find("notion").unwrap().definition.display_name, "Mine");
        assert_eq!(frozen.find("github").unwrap().definition.display_name, "GitHub");
        assert!(matches!(frozen.find("broken"), Err(CatalogError::Broken(_))));
        assert!(frozen.list().unwrap().iter().any(|line| line.name == "broken" && line.result.is_err()));
    }

    #[test]
    fn a_file_of_0_bytes_is_passed_over() {
        let folder = folder(&[("notion.json", ""), ("nothing.json", "")]);
        let entry = open(&folder).find("notion").unwrap();
        assert_eq!((entry.definition.display_name.as_str(), entry.source), ("Notion", Source::Bundled));
        assert_eq!(entry.passed_over.unwrap(), folder.path().join("notion.json"));
        assert!(matches!(open(&folder).find("nothing"), Err(CatalogError::Unknown { .. })));
        assert!(!open(&folder).list().unwrap().iter().any(|line| line.name == "nothing"));
    }

    #[test]
    fn a_broken_file_stops_nothing_but_itself() {
        let folder =
            folder(&[("notion.json", "{"), ("a.json", &own("b")), ("mine.json", &own("mine")), (".x.json", "{")]);
        let listed = open(&folder).list().unwrap();
        let broken: Vec<&str> = listed.iter().filter(|l| l.result.is_err()).map(|l| l.name.as_str()).collect();
        assert_eq!(broken, ["a", "notion"]);
        assert!(matches!(open(&folder).find("notion"), Err(CatalogError::Broken(_))), "never the bundled one instead");
        assert!(open(&folder).find("mine").is_ok() && open(&folder).find("github").is_ok());
    }

    #[test]
    fn a_file_or_folder_that_others_can_write_to_is_refused() {
        let home = folder(&[]);
        let folder = home.path().join("providers");
        let file = folder.join("notion.json");
        fs::create_dir(&folder).unwrap();
        fs::write(&file, own("notion")).unwrap();
        let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        for (file_mode, folder_mode, home_mode, good) in [
            (0o644, 0o755, 0o755, true),
            (0o600, 0o700, 0o755, true),
            (0o664, 0o700, 0o755, true),
            (0o664, 0o775, 0o700, true),
            (0o664, 0o755, 0o755, false),
            (0o646, 0o755, 0o755, false),
            (0o644, 0o775, 0o755, false),
            (0o644, 0o757, 0o755, false),
        ] {
            set(&file, file_mode);
            set(&folder, folder_mode);
            set(home.path(), home_mode);
            let found = Catalog::open(Some(&folder)).and_then(|catalog| catalog.find("notion"));
            assert_eq!(found.is_ok(), good, "{file_mode:o} in {folder_mode:o} in {home_mode:o}: {found:?}");
        }
    }

    #[test]
    fn an_alias_finds_and_a_slip_is_told_the_nearest_names() {
        let folder = folder(&[("mine2.json", &own("mine2"))]);
        assert_eq!(open(&folder).find("notion-mcp").unwrap().definition.name, "notion_dcr");
        assert_eq!(open(&folder).find("mine").unwrap().definition.name, "mine2");
        for (name, near) in [("notoin", "notion"), ("Notion", "notion"), ("gihtub", "github")] {
            let Err(CatalogError::Unknown { nearest, .. }) = open(&folder).find(name) else { panic!("{name}") };
            assert_eq!(nearest.first().map(String::as_str), Some(near));
        }
    }

    #[test]
    fn what_is_no_file_is_told_and_not_waited_for() {
        let folder = folder(&[]);
        fs::create_dir(folder.path().join("notion.json")).unwrap();
        assert!(
            std::process::Command::new("mkfifo").arg(folder.path().join("github.json")).status().unwrap().success()
        );
        for name in ["notion", "github"] {
            assert!(matches!(open(&folder).find(name), Err(CatalogError::Unreadable { .. })), "{name}");
        }
    }

    #[test]
    fn no_name_reaches_a_file_outside_the_folder() {
        let folder = folder(&[("notion.json", &own("notion"))]);
        fs::create_dir(folder.path().join("providers")).unwrap();
        fs::set_permissions(folder.path().join("providers"), fs::Permissions::from_mode(0o700)).unwrap();
        let catalog = Catalog::open(Some(&folder.path().join("providers"))).unwrap();
        for name in ["../notion", "/etc/passwd", "", ".", "..", "a/../../notion", "x\0", &"x".repeat(300)] {
            assert!(matches!(catalog.find(name), Err(CatalogError::Unknown { .. })), "{name:?}");
        }
    }

    #[test]
    fn without_a_folder_there_are_the_bundled_ones() {
        let catalog = Catalog::open(Some(Path::new("/nonexistent/providers"))).unwrap();
        assert_eq!(catalog.list().unwrap().len(), bundled::names().count());
    }
}
