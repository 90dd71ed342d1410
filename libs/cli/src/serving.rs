//! The other way a program is started: as a helper, by another program.

use crate::{Globals, Output};
use clap::Parser;
use helper::Service;
use proto::{Error, Result};
use std::process::ExitCode;
use std::sync::Arc;

const ARGUMENT: &str = "--authsome-helper=";

/// Hardens this process, then serves `role` until EOF if it was started as its helper: with that one argument.
///
/// The argument is read by hand, since a helper's start is a part of every command. `after` runs once
/// the host is gone, for what must not be left half done.
pub fn serve_if_asked<S: Service>(
    role: &str,
    make: impl FnOnce(&Globals) -> Result<Arc<S>>,
    after: impl FnOnce(&S),
) -> Option<ExitCode> {
    crate::kernel::harden();
    let argument = std::env::args_os().nth(1)?;
    if argument.to_str()?.strip_prefix(ARGUMENT)? != role {
        return None;
    }
    let globals = Globals::from_env();
    let served = make(&globals).and_then(|service| {
        // The host traces both directions of the pipe; a second trace would only repeat it.
        let served = helper::serve(service.clone(), std::io::stdin(), std::io::stdout(), None);
        after(&service);
        served.map_err(|error| {
            Error::invalid(format!("serving the role {role}: {error}"))
                .hint("AUTHSOME_TRACE=1 before the command that started it shows what was said")
        })
    });
    Some(ended(served, &globals))
}

/// A program that does nothing but serve was started by a person: `--help`, or a usage error.
pub fn only_a_helper<A: Parser>() -> ExitCode {
    A::parse();
    let error = Error::invalid("a helper is started with one argument").hint(format!("{ARGUMENT}ROLE"));
    ended(Err(error), &Globals::from_env())
}

fn ended(result: Result<()>, globals: &Globals) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            Output::new(globals).error(&error);
            ExitCode::from(error.code.exit_status())
        }
    }
}
