//! `authsome help`: the commands, from the table and from PATH.

use crate::commands::{COMMANDS, Kind};
use std::fmt::Write;
use std::path::Path;

const USAGE: &str = "\
Log in to API providers, keep the tokens sealed on this machine, and let
programs use them without seeing them.

Usage: authsome [OPTIONS] COMMAND [ARG]...
";

const OPTIONS: &str = "
Options:
  --home DIR          Where authsome keeps its files [default: ~/.authsome]
  --profile NAME      Use the connections of this profile
  --json              Answer in JSON, errors too
  -q, --quiet         Say nothing but what was asked for
  --no-color          Do not colour messages
  --exec-path[=DIR]   Print where the programs are, or look for commands in DIR first
  -V, --version       Print the version
  -h, --help          Print this help

authsome help COMMAND shows a command's help, authsome help -a all commands.
";

/// The help with the commands for people.
pub fn short() -> String {
    let mut text = USAGE.to_owned();
    section(&mut text, "Commands", Kind::Porcelain);
    text.push_str(OPTIONS);
    text
}

/// All commands; those that are not bundled with their paths.
pub fn all(exec_path: Option<&Path>) -> String {
    let mut text = USAGE.to_owned();
    section(&mut text, "Commands", Kind::Porcelain);
    section(&mut text, "Plumbing", Kind::Plumbing);
    let drop_ins = cli::exec_path::drop_ins(exec_path);
    let others: Vec<_> = drop_ins.iter().filter(|(name, _)| !crate::commands::is_bundled(name)).collect();
    if !others.is_empty() {
        text.push_str("\nDrop-ins:\n");
        for (name, path) in others {
            let _ = writeln!(text, "  {name:<12}{}", path.display());
        }
    }
    text.push_str(OPTIONS);
    text
}

fn section(text: &mut String, title: &str, kind: Kind) {
    let _ = writeln!(text, "\n{title}:");
    for command in COMMANDS.iter().filter(|command| command.kind == kind) {
        let _ = writeln!(text, "  {:<12}{}", command.name, command.summary);
    }
}
