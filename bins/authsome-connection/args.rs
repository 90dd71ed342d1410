//! The command line of `authsome connection`.

use proto::ConnectionName;
use std::path::PathBuf;

/// Manage several accounts of one provider
#[derive(Debug, clap::Parser)]
#[command(name = "authsome connection", bin_name = "authsome connection", version)]
pub struct Args {
    #[command(subcommand)]
    pub action: Action,
    #[command(flatten)]
    pub globals: cli::Globals,
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// List a provider's connections
    List {
        /// Provider
        provider: String,
    },
    /// Use this connection when none is named
    SetDefault {
        /// Provider
        provider: String,
        /// Connection
        connection: ConnectionName,
    },
    /// Give a connection another name
    Rename {
        /// Provider
        provider: String,
        /// Its name now
        from: ConnectionName,
        /// Its name from now on
        to: ConnectionName,
    },
    /// Let a directory's .authsome.json choose, as it is now
    Trust {
        /// Directory of the file
        #[arg(default_value = ".", value_name = "DIR")]
        directory: PathBuf,
    },
}
