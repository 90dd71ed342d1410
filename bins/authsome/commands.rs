//! The table of bundled commands. What is not in it is a drop-in.

/// For people, or the joints that they are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Porcelain,
    Plumbing,
}

/// One bundled program, `authsome-<name>`.
#[derive(Debug)]
pub struct Command {
    pub name: &'static str,
    pub kind: Kind,
    /// Its `--help`'s first line.
    pub summary: &'static str,
}

use Kind::{Plumbing, Porcelain};

pub const COMMANDS: &[Command] = &[
    Command { name: "login", kind: Porcelain, summary: "Log in to a provider and keep the credential" },
    Command { name: "logout", kind: Porcelain, summary: "Forget a connection on this machine" },
    Command { name: "revoke", kind: Porcelain, summary: "Withdraw a provider's tokens, then forget them" },
    Command { name: "list", kind: Porcelain, summary: "List providers and connections" },
    Command { name: "get", kind: Porcelain, summary: "Show a connection" },
    Command { name: "inspect", kind: Porcelain, summary: "Print a provider's definition" },
    Command { name: "export", kind: Porcelain, summary: "Print a credential as variables or as a header" },
    Command { name: "remove", kind: Porcelain, summary: "Remove your own definition of a provider" },
    Command { name: "connection", kind: Porcelain, summary: "Manage several accounts of one provider" },
    Command { name: "run", kind: Porcelain, summary: "Run a command that uses credentials without seeing them" },
    Command { name: "whoami", kind: Porcelain, summary: "Show which home, profile and helpers are in use" },
    Command { name: "demo", kind: Porcelain, summary: "Watch a login, a vault and a run against an embedded provider" },
    Command { name: "vault", kind: Plumbing, summary: "Read and write records; the default helper of the role vault" },
    Command { name: "flow", kind: Plumbing, summary: "Speak OAuth; the default helper of the role flow" },
    Command {
        name: "credential",
        kind: Plumbing,
        summary: "Tell what goes where; the default helper of the role credential",
    },
    Command {
        name: "proxy",
        kind: Plumbing,
        summary: "Put credentials on requests; the default helper of the role proxy",
    },
    Command { name: "conform", kind: Plumbing, summary: "Test a helper against the protocol" },
];

pub fn is_bundled(name: &str) -> bool {
    COMMANDS.iter().any(|command| command.name == name)
}
