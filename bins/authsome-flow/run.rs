//! The service: each op gets the network, the clock and its host, and goes to `libs/flows`.

use crate::environment;
use flows::http::Http;
use flows::{Asks, SystemClock, Tools};
use helper::{Host, Service};
use proto::{Error, Hello, Object, Result};
use std::sync::OnceLock;

#[derive(Default)]
pub struct Flow {
    /// Made by the first op: reading the system's certificates must not delay the hello.
    http: OnceLock<std::result::Result<Http, String>>,
}

impl Service for Flow {
    fn hello(&self) -> Hello {
        let mut hello = Hello::new("flow", "authsome-flow", &["login", "refresh", "revoke"]);
        hello.flows = flows::names().map(str::to_owned).collect();
        hello
    }

    fn call(&self, op: &str, body: Object, host: &Host) -> Result<Object> {
        let http = self.http.get_or_init(|| Http::new(&environment::settings()).map_err(|error| error.to_string()));
        let http = http.as_ref().map_err(|why| {
            Error::unavailable(format!("cannot set up the network: {why}"))
                .hint("look at HTTPS_PROXY, SSL_CERT_FILE and SSL_CERT_DIR: env | grep -i -e proxy -e ssl_cert")
        })?;
        if op == "login" {
            http.warnings().iter().for_each(|warning| host.note(warning));
        }
        flows::call(op, body, &Tools { transport: http, clock: &SystemClock, asks: &Person(host) })
    }
}

struct Person<'a>(&'a Host);

impl Asks for Person<'_> {
    fn ask(&self, kind: &str, body: Object) -> Result<Object> {
        self.0.ask(kind, body)
    }

    fn note(&self, text: &str) {
        self.0.note(text);
    }

    fn cancelled(&self) -> bool {
        self.0.cancelled()
    }
}
