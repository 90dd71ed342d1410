//! The whole `main` of a program: parse, run, end with the status of the one table.

use crate::context::{Context, Globals};
use crate::output::Output;
use clap::Parser;
use clap::error::ErrorKind;
use proto::{Code, Error, Result};
use std::process::ExitCode;

/// How a program ended; 0 unless it passes on another program's status.
pub type Status = u8;

/// Hardens this process, parses the command line into `A`, makes the context and calls `run`.
///
/// Every program is hardened, even one without secrets: a program that can ask a vault can get all of them.
/// `globals` finds the shared flags in the program's own arguments.
pub fn program<A: Parser>(globals: fn(&A) -> &Globals, run: fn(A, &Context) -> Result<Status>) -> ExitCode {
    crate::kernel::harden();
    let args = match A::try_parse() {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    let output = Output::new(globals(&args));
    let result = Context::new(globals(&args), output.clone()).and_then(|context| run(args, &context));
    match result {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.code.exit_status())
        }
    }
}

/// `--help` and `--version` are answers; the rest is a usage error.
fn usage(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // A reader that closed its pipe has seen enough.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    // Not `args()`, which panics at an argument that is not UTF-8.
    let json = std::env::args_os().take_while(|arg| arg != "--").any(|arg| arg == "--json");
    if json || std::env::var_os("AUTHSOME_JSON").is_some_and(|value| !is_falsey(&value)) {
        Output::json().error(&in_a_line(&error.to_string()));
    } else {
        let _ = error.print();
    }
    ExitCode::from(Code::Invalid.exit_status())
}

/// What clap says in several lines; its tip becomes the hint.
fn in_a_line(text: &str) -> Error {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let said: Vec<&str> =
        lines.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information")).collect();
    let (tips, said): (Vec<&str>, Vec<&str>) = said.into_iter().partition(|line| line.starts_with("tip: "));
    let message = said.join(" ");
    let error = Error::invalid(message.strip_prefix("error: ").unwrap_or(&message));
    match tips.first().and_then(|tip| tip.strip_prefix("tip: ")) {
        Some(tip) => error.hint(tip),
        None => error,
    }
}

/// As clap reads the same variable where the command line was good.
pub fn is_falsey(value: &std::ffi::OsStr) -> bool {
    let value = value.to_string_lossy().to_lowercase();
    ["", "n", "no", "f", "false", "off", "0"].contains(&value.as_str())
}
