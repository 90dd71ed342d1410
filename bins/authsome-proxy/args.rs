//! The command line of `authsome-proxy`.

/// Put credentials on requests; the default helper of the role proxy
///
/// Prints one JSON line, {"address","ca","env","secret":{"password"}}, and serves until its stdin
/// ends. Clients use http://authsome:PASSWORD@ADDRESS as their proxy and trust the certificate ca.
#[derive(Debug, clap::Parser)]
#[command(name = "authsome-proxy", version)]
pub struct Args {
    #[command(flatten)]
    pub session: cli::SessionArgs,
    /// Print counters as a JSON line for every line on stdin, and at the end
    #[arg(long)]
    pub status: bool,
    #[command(flatten)]
    pub globals: cli::Globals,
}
