//! The other way a program is started: as a helper, by another program.

use crate::{Context, Globals, Output};
use helper::Service;
use proto::{Error, Result};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Serves `role` until EOF if this process was started as its helper: with that one argument.
///
/// `after` runs once the host is gone, for what must not be left half done.
pub fn serve_if_asked<S: Service>(
    role: &str,
    make: impl FnOnce(Context) -> Result<S>,
    after: impl FnOnce(&S),
) -> Option<ExitCode> {
    let argument = std::env::args_os().nth(1)?;
    if argument.to_str()?.strip_prefix("--authsome-helper=")? != role {
        return None;
    }
    let globals = Globals { home: std::env::var_os("AUTHSOME_HOME").map(PathBuf::from), ..Globals::default() };
    let output = Output::new(&globals);
    let served = Context::new(&globals, output.clone()).and_then(make).and_then(|service| {
        let service = Arc::new(service);
        // The host traces both directions of the pipe; a second trace would only repeat it.
        let served = helper::serve(service.clone(), std::io::stdin(), std::io::stdout(), None);
        after(&service);
        served.map_err(|error| Error::invalid(format!("serving the role {role}: {error}")))
    });
    Some(match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.code.exit_status())
        }
    })
}
