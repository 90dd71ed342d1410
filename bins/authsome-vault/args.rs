//! The command line of `authsome-vault`. What the words mean is decided in `run.rs`.

use clap::{Args as Group, Parser, Subcommand};
use cli::Globals;

/// Read and write records; the default helper of the role vault
///
/// Asks the configured vault and prints JSON, one document on a line, never a secret.
/// A NAME is PROVIDER, PROVIDER/CONNECTION or a whole key, PROFILE/PROVIDER/CONNECTION.
/// With --authsome-helper=vault as its one argument it serves other programs, and is the one that
/// holds the key.
#[derive(Debug, Parser)]
#[command(name = "authsome-vault", version)]
pub struct Args {
    #[command(flatten)]
    pub globals: Globals,
    #[command(subcommand)]
    pub op: Op,
}

#[derive(Debug, Subcommand)]
pub enum Op {
    /// Print records: {"key":…,"rev":…,"status":…,…}
    Get(Get),
    /// Print the records of the profile, or of one NAME
    List(List),
    /// Write an entry, read from stdin: {"record":{…},"secret":{…}}
    Put(Put),
    /// Erase an entry; one that is not there is no error
    Erase(Erase),
}

#[derive(Debug, Group)]
pub struct Get {
    /// Whose record
    #[arg(value_name = "NAME", required_unless_present = "batch")]
    pub names: Vec<String>,
    /// Read names from stdin, one a line, and answer each at once
    #[arg(long, conflicts_with = "names")]
    pub batch: bool,
}

#[derive(Debug, Group)]
pub struct List {
    /// Whose records; PROFILE/ or PROFILE/PROVIDER/ for all under it [default: the profile]
    pub name: Option<String>,
}

#[derive(Debug, Group)]
pub struct Put {
    /// Where: PROVIDER/CONNECTION or a whole key
    pub key: String,
    #[command(flatten)]
    pub when: When,
    /// Only when there is no such entry yet
    #[arg(long, conflicts_with = "if_rev")]
    pub if_missing: bool,
}

#[derive(Debug, Group)]
pub struct Erase {
    /// What: PROVIDER/CONNECTION or a whole key
    pub key: String,
    #[command(flatten)]
    pub when: When,
}

#[derive(Debug, Group)]
pub struct When {
    /// Only when the entry still has this revision
    #[arg(long, value_name = "REV")]
    pub if_rev: Option<String>,
}
