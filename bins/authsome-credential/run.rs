//! The broker on a pipe. Its end waits for a renewal that is being written, and for nothing else.

use broker::{Broker, Definitions, StartedFlows, StartedVault, SystemClock, World};
use cli::{Context, Globals, Output};
use proto::{Error, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a renewal may take: its journal entry lives 25 s, and a lost answer is asked for once more.
const RENEWAL: Duration = Duration::from_secs(55);

pub fn broker(globals: &Globals) -> Result<Arc<Broker>> {
    let context = Context::new(globals, Output::new(globals))?;
    let broker = Arc::new(Broker::new("authsome-credential", world(context)));
    end_on_signals(broker.clone())?;
    Ok(broker)
}

/// The host is gone.
pub fn finish(broker: &Broker) {
    broker.finish(RENEWAL);
}

fn world(context: Context) -> World {
    let context = Arc::new(context);
    let (locks, definitions) = (context.home.locks(), context.home.providers());
    let vault_context = context.clone();
    // Every op needs it; one that cannot be started is told of by the op.
    let early = Mutex::new(context.start_vault().ok());
    let start_vault = move || {
        let early = early.lock().unwrap_or_else(PoisonError::into_inner).take();
        let process = early.map_or_else(|| vault_context.start_vault(), Ok)?.ready()?;
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
