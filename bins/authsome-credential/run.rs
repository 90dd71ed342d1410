//! The broker on a pipe. Its end waits for a renewal that is being written, and for nothing else.

use crate::args::{Args, Role};
use broker::{Broker, Definitions, StartedFlows, StartedVault, SystemClock, World};
use cli::{Context, Output};
use proto::{Error, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// How long a renewal's journal entry lives: by then it is written, or it is another's to judge.
const RENEWAL: Duration = Duration::from_secs(25);

pub fn run(args: &Args) -> ExitCode {
    let Role::Credential = args.helper;
    let output = Output::new(&args.globals);
    match Context::new(&args.globals, output.clone()).and_then(serve) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.code.exit_status())
        }
    }
}

fn serve(context: Context) -> Result<()> {
    let broker = Arc::new(Broker::new("authsome-credential", world(context)));
    end_on_signals(broker.clone())?;
    // The host traces both directions of the pipe.
    let served = helper::serve(broker.clone(), std::io::stdin(), std::io::stdout(), None);
    broker.finish(RENEWAL);
    served.map_err(|error| Error::invalid(format!("serving credentials: {error}")))
}

fn world(context: Context) -> World {
    let context = Arc::new(context);
    let (locks, definitions) = (context.home.locks(), context.home.providers());
    let vault_context = context.clone();
    let start_vault = move || {
        let process = vault_context.vault()?;
        Ok(((*process).clone(), Box::new(process) as Box<dyn Send>))
    };
    World {
        vault: Box::new(StartedVault::new(Box::new(start_vault), locks)),
        flows: Box::new(StartedFlows::new(Box::new(move |flow| context.flow(flow)))),
        clock: Box::new(SystemClock),
        definitions: Definitions::new(Some(definitions)),
    }
}

/// INT, TERM and HUP end it, but never between a provider's answer and its write.
fn end_on_signals(broker: Arc<Broker>) -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])
        .map_err(|error| Error::unavailable(format!("cannot handle signals: {error}")))?;
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            broker.finish(RENEWAL);
            // As a shell tells of a program that a signal ended.
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}
