//! The command line of `authsome export`.

use proto::ConnectionName;

/// Print a credential as variables or as a header
///
/// Programs that can run under authsome run should: they never see the credential then. A refresh
/// token is never exported.
#[derive(Debug, clap::Parser)]
#[command(name = "authsome export", bin_name = "authsome export", version)]
pub struct Args {
    /// Provider of the connection
    pub provider: String,
    /// Connection to export, when there are several
    #[arg(long, value_name = "NAME")]
    pub connection: Option<ConnectionName>,
    /// Form of the output, by the program that reads it
    #[arg(long, value_enum, default_value_t = Format::Env)]
    pub format: Format,
    #[command(flatten)]
    pub globals: cli::Globals,
}

/// The forms of the output, each for the program that reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// export NAME='value', for eval in sh, bash and zsh
    Env,
    /// NAME=value, quoted where it must be, for a .env file
    Dotenv,
    /// NAME='value'; export NAME, for eval in any POSIX shell
    Shell,
    /// One JSON object
    Json,
    /// set -gx NAME 'value', for fish
    Fish,
    /// $Env:NAME = 'value', for PowerShell
    Powershell,
    /// NAME=value as it is, for docker run --env-file and kubectl --from-env-file
    EnvFile,
    /// NAME=value, or several lines with a delimiter, for the file $GITHUB_ENV
    GithubEnv,
    /// Authorization: Bearer value, or what the provider wants, for curl -H @FILE
    Header,
}
