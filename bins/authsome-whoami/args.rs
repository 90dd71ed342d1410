//! The command line of `authsome whoami`.

/// Show which home, profile and helpers are in use
#[derive(Debug, clap::Parser)]
#[command(name = "authsome whoami", bin_name = "authsome whoami", version)]
pub struct Args {
    #[command(flatten)]
    pub globals: cli::Globals,
}
