//! What is wrong with a definition, and where in its file.

use crate::bundled;
use std::fmt;
use std::path::Path;

/// A fault of one field, before it is known where in the file that field stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// `oauth.scopes[0]`; empty for the whole definition.
    pub field: String,
    pub message: String,
}

impl Fault {
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Fault {
        Fault { field: field.into(), message: message.into() }
    }
}

/// Why a definition is refused: file, line, column, field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DefinitionError(pub Complaint);

impl DefinitionError {
    /// What mends it. Without a user's own file the bundled definition of its name counts, where there is one.
    pub fn hint(&self) -> String {
        let name = Path::new(&self.0.file).file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
        match bundled::text(&name) {
            Some(_) => format!("mend the file, or go back to the bundled definition: authsome remove {name}"),
            None => format!("mend the file, or give the provider up: authsome remove {name}"),
        }
    }
}

/// What is odd about a definition that is taken all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning(pub Complaint);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The file as it was named.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    pub field: Option<String>,
    pub message: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        if let Some(field) = &self.field {
            write!(f, "{field} ")?;
        }
        f.write_str(&self.message)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
