//! Provider definitions: what they say, where they come from, which request is theirs.
//!
//! It opens no vault, holds no token, speaks no OAuth and no HTTP. It reads files only in the
//! directory it is given.

#![forbid(unsafe_code)]

mod base_url;
mod bundled;
pub mod catalog;
mod choose;
pub mod definition;
mod endpoint;
mod error;
mod file;
mod known;
mod label;
mod legacy;
pub mod matching;
mod naming;
pub mod nearest;
mod parse;
pub mod path;
mod place;
pub mod regex_host;
mod render;
mod rules;
mod scope;
mod source;
pub mod target;
mod variables;

pub use base_url::BadBaseUrl;
pub use catalog::{Catalog, CatalogError, Entry, Listed, Source};
pub use choose::{Choice, SaidBy, Wanted, choose};
pub use definition::Definition;
pub use error::{Complaint, DefinitionError, Warning};
pub use label::Label;
pub use matching::{Found, Routes, Rule};
pub use parse::{Origin, given, parse};
pub use place::{Half, Place};
pub use render::{BadSecret, Slot, render};
pub use scope::Scope;
pub use target::{BadTarget, HostPattern, Target};
pub use variables::variable_stem;
