//! Flags before the command. Everything after it is the command's own.

use cli::Globals;
use cli::program::is_falsey;
use lexopt::{Arg, Parser, ValueExt};
use proto::{Error, Result};
use std::ffi::OsString;
use std::path::PathBuf;

/// What was typed.
#[derive(Debug, Default)]
pub struct Args {
    pub globals: Globals,
    /// `--exec-path=DIR`: where subcommands are looked for first.
    pub exec_path: Option<PathBuf>,
    pub request: Request,
}

/// What is wanted.
#[derive(Debug, Default, PartialEq, Eq)]
pub enum Request {
    /// Nothing was named.
    #[default]
    Nothing,
    Help,
    Version,
    /// `--exec-path` alone: print where the programs are.
    ExecPath,
    Command {
        name: String,
        rest: Vec<OsString>,
    },
}

pub fn parse() -> Result<Args> {
    parse_from(Parser::from_env()).map_err(|error| Error::invalid(error.to_string()).hint("authsome help"))
}

fn parse_from(mut parser: Parser) -> Result<Args, lexopt::Error> {
    // Absolute from here on, wherever a command goes.
    let home = std::env::var_os("AUTHSOME_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    let (json, quiet) = (is_set("AUTHSOME_JSON"), is_set("AUTHSOME_QUIET"));
    let mut args = Args { globals: Globals { home, json, quiet, ..Globals::default() }, ..Args::default() };
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Long("home") => args.globals.home = Some(parser.value()?.into()),
            Arg::Long("profile") => args.globals.profile = Some(parser.value()?.parse()?),
            Arg::Long("json") => args.globals.json = true,
            Arg::Short('q') | Arg::Long("quiet") => args.globals.quiet = true,
            Arg::Long("no-color") => args.globals.no_color = true,
            Arg::Short('h') | Arg::Long("help") => args.request = Request::Help,
            Arg::Short('V') | Arg::Long("version") => args.request = Request::Version,
            Arg::Long("exec-path") => match parser.optional_value() {
                Some(directory) => args.exec_path = Some(directory.into()),
                None => args.request = Request::ExecPath,
            },
            Arg::Value(name) => {
                let rest = parser.raw_args()?.collect();
                // --help and --version before a command are about authsome itself.
                if args.request == Request::Nothing {
                    args.request = Request::Command { name: name.string()?, rest };
                }
                return Ok(args);
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok(args)
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !is_falsey(&value))
}
