//! What the programs share towards the person and the machine: flags, output, the home, finding
//! and starting helpers, prompts.
//!
//! Only programs use it. It decides no policy of the domain: which connection is meant, what a
//! definition says and where a credential may go is `provider`'s; what is stored is the vault's.

#![deny(unsafe_code)]

pub mod catalog;
pub mod config;
pub mod connections;
pub mod context;
pub mod directory;
pub mod exec_path;
pub mod files;
pub mod helpers;
pub mod home;
pub mod kernel;
pub mod lock;
pub mod output;
pub mod peer;
mod process;
pub mod program;
pub mod prompt;
mod serving;
pub mod session;
pub mod session_args;
pub mod standing;
pub mod table;

pub use config::Config;
pub use connections::Connections;
pub use context::{Context, Globals};
pub use home::Home;
pub use output::Output;
pub use program::{Status, program};
pub use serving::{only_a_helper, serve_if_asked};
pub use session_args::SessionArgs;
