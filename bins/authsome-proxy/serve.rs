//! Role `proxy` over a pipe: one `open`, then traffic until EOF; `status` tells its counters.

use crate::opened::{self, Running};
use crate::policy::locked;
use cli::{Context, Globals, Home, Output};
use helper::{Host, Service};
use proto::ops::credential::Open;
use proto::{Error, Hello, Object, Result, codec};
use std::sync::{Arc, Mutex};

pub struct Served {
    /// Taken by `open`.
    context: Mutex<Option<Context>>,
    home: Home,
    running: Mutex<Option<Running>>,
}

impl Served {
    pub fn new(globals: &Globals) -> Result<Arc<Served>> {
        let context = Context::new(globals, Output::new(globals))?;
        let home = context.home.clone();
        Ok(Arc::new(Served { home, context: Mutex::new(Some(context)), running: Mutex::default() }))
    }

    /// The host is gone: drain and end. A host that was killed could not remove its session's files.
    pub fn end(&self) {
        let running = locked(&self.running).take();
        running.into_iter().for_each(Running::end);
        cli::session::sweep(&self.home);
    }
}

impl Service for Served {
    fn hello(&self) -> Hello {
        Hello::new("proxy", "authsome-proxy", &["open", "status"])
    }

    fn call(&self, op: &str, body: Object, host: &Host) -> Result<Object> {
        match op {
            "open" => self.open(body, host),
            "status" => self.status(),
            _ => Err(Error::unsupported(op)),
        }
    }
}

impl Served {
    fn open(&self, body: Object, host: &Host) -> Result<Object> {
        let open: Open = codec::from_object("open", body)?;
        let context = locked(&self.context).take().ok_or_else(|| Error::invalid("this proxy is open already"))?;
        let (opened, running) = opened::start(context, open, &|text| host.note(text))?;
        *locked(&self.running) = Some(running);
        Ok(codec::to_object(&opened))
    }

    fn status(&self) -> Result<Object> {
        let running = locked(&self.running);
        let running = running.as_ref().ok_or_else(|| Error::invalid("\"open\" comes first"))?;
        Ok(codec::to_object(&running.counters.counted()))
    }
}
