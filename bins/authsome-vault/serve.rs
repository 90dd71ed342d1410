//! Role `vault` over a pipe: the ops of `libs/store` on the home of this environment.

use cli::{Globals, Home, Output};
use helper::{Host, Service};
use proto::codec::{from_object, to_object};
use proto::ops::vault::{Erase, Get, List, Lock, Put};
use proto::{Code, Error, Hello, Object, Result};
use serde::de::DeserializeOwned;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use store::Vault;

const OPS: &[&str] = &["get", "list", "put", "erase", "lock", "unlock"];

/// A helper has one argument.
pub fn is_wanted() -> bool {
    std::env::args_os().nth(1).is_some_and(|argument| argument == "--authsome-helper=vault")
}

pub fn serve() -> ExitCode {
    let home = std::env::var_os("AUTHSOME_HOME");
    let served = Home::locate(home.as_deref().map(Path::new)).and_then(|home| {
        let service = Arc::new(Served { home, vault: Mutex::default(), inside: OnceLock::new() });
        // The host traces both directions of the pipe.
        helper::serve(service, std::io::stdin(), std::io::stdout(), None)
            .map_err(|error| Error::invalid(format!("serving the vault: {error}")))
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            Output::new(&Globals::default()).error(&error);
            ExitCode::from(error.code.exit_status())
        }
    }
}

struct Served {
    home: Home,
    /// Opened by the first op, so that an error is an answer and not a missing hello.
    vault: Mutex<Option<Vault>>,
    /// Whether a session's child is an ancestor; that never changes.
    inside: OnceLock<bool>,
}

impl Service for Served {
    fn hello(&self) -> Hello {
        Hello { features: vec!["lock".into()], ..Hello::new("vault", "authsome-vault", OPS) }
    }

    fn call(&self, op: &str, body: Object, _: &Host) -> Result<Object> {
        match op {
            "list" => self.on(op, body, |vault, list: List| vault.list(&list).map(|listed| to_object(&listed))),
            "unlock" => self.on(op, body, |vault, lock: Lock| {
                vault.unlock(&lock.key);
                Ok(Object::new())
            }),
            _ if !OPS.contains(&op) => Err(Error::unsupported(op)),
            _ if self.is_inside() => {
                Err(Error::new(Code::Denied, format!("{op} is refused inside a session of authsome run"))
                    .hint("run it in another terminal"))
            }
            "get" => self.on(op, body, |vault, get: Get| vault.get(&get).map(|got| to_object(&got))),
            "put" => self.on(op, body, |vault, put: Put| vault.put(&put).map(|written| to_object(&written))),
            "erase" => self.on(op, body, |vault, erase: Erase| vault.erase(&erase).map(|()| Object::new())),
            _ => self.on(op, body, |vault, lock: Lock| vault.lock(&lock.key).map(|()| Object::new())),
        }
    }
}

impl Served {
    fn on<B: DeserializeOwned>(
        &self,
        op: &str,
        body: Object,
        act: impl FnOnce(&mut Vault, B) -> Result<Object>,
    ) -> Result<Object> {
        let body = from_object(op, body)?;
        let mut vault = self.vault();
        if vault.is_none() {
            *vault = Some(Vault::open(self.home.path())?);
        }
        match vault.as_mut() {
            Some(vault) => act(vault, body),
            None => unreachable!("it was opened above"),
        }
    }

    /// A panic in an op leaves the vault as it was: every write is one transaction.
    fn vault(&self) -> MutexGuard<'_, Option<Vault>> {
        self.vault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_inside(&self) -> bool {
        *self.inside.get_or_init(|| cli::session::inside(&self.home))
    }
}
