//! What crosses a pipe between two authsome programs: lines, errors, keys, records.
//!
//! Pure data. It opens no file, starts no process, knows no terminal and no environment, and it
//! interprets no record beyond the fields that every program must agree on. The prose of the same
//! facts is `man/src/protocol.md`; its examples are parsed by this crate's tests.

#![forbid(unsafe_code)]

pub mod codec;
pub mod error;
pub mod line;
pub mod name;
pub mod ops;
pub mod record;
pub mod redact;
pub mod secrets;
pub mod time;

pub use error::{Code, Error, Outcome, Result};
pub use line::{FromHelper, FromHost, Hello};
pub use name::{ConnectionName, Key, ProfileName, ProviderName, Slot};
pub use secrets::Secrets;

/// A JSON object, the body of every request, reply, ask and answer.
pub type Object = serde_json::Map<String, serde_json::Value>;

/// The protocol versions this build speaks, oldest first. Bumped by hand.
pub const VERSIONS: &[u32] = &[1];

/// The longest line either side may send, newline included.
pub const MAX_LINE: usize = 1024 * 1024;

/// What a child sees in place of a credential (`NOTION_ACCESS_TOKEN=authsome-proxy-managed`).
pub const PLACEHOLDER: &str = "authsome-proxy-managed";
