//! Role `vault` over a pipe: the ops of `libs/store` on the home of this environment.

use cli::{Globals, Home};
use helper::{Answer, Host, Service};
use proto::codec::{from_object, to_object};
use proto::ops::vault::{Erase, Get, List, Lock, Put};
use proto::{Code, Error, Hello, Object, Result};
use serde::de::DeserializeOwned;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use store::Vault;

const OPS: &[&str] = &["get", "list", "put", "erase", "lock", "unlock"];

pub struct Served {
    home: Home,
    /// Opened after the hello, so that an error is an answer and not a missing hello.
    vault: Mutex<Option<Vault>>,
    /// Whether a session's child is an ancestor; that never changes.
    inside: OnceLock<bool>,
}

impl Served {
    /// Of a home that need not be there yet: the first write makes it.
    pub fn new(globals: &Globals) -> Result<Arc<Served>> {
        let home = Home::locate(globals.home.as_deref())?;
        Ok(Arc::new(Served { home, vault: Mutex::default(), inside: OnceLock::new() }))
    }
}

impl Service for Served {
    fn hello(&self) -> Hello {
        Hello { features: vec!["lock".into()], ..Hello::new("vault", "authsome-vault", OPS) }
    }

    /// While the host is still reading the hello.
    fn greeted(&self) {
        // What fails now fails again in the first op, which tells of it.
        let _ = self.opened(|_| Ok(()));
    }

    /// No op waits for anything but the disk.
    fn answer(&self, op: &str, body: Object) -> std::result::Result<Result<Answer>, Object> {
        Ok(match op {
            "list" => self.on(op, body, |vault, list: List| vault.list(&list)).map(Answer::Text),
            _ => self.op(op, body).map(Answer::Object),
        })
    }

    fn call(&self, op: &str, _: Object, _: &Host) -> Result<Object> {
        Err(Error::unsupported(op))
    }
}

impl Served {
    fn op(&self, op: &str, body: Object) -> Result<Object> {
        match op {
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
            "put" => self.on(op, body, |vault, put: Put| {
                refuse_secret(&put.record)?;
                vault.put(&put).map(|written| to_object(&written))
            }),
            "erase" => self.on(op, body, |vault, erase: Erase| vault.erase(&erase).map(|()| Object::new())),
            _ => self.on(op, body, |vault, lock: Lock| vault.lock(&lock.key).map(|()| Object::new())),
        }
    }

    fn on<B: DeserializeOwned, A>(
        &self,
        op: &str,
        body: Object,
        act: impl FnOnce(&mut Vault, B) -> Result<A>,
    ) -> Result<A> {
        let body = from_object(op, body)?;
        self.opened(|vault| act(vault, body))
    }

    fn opened<A>(&self, act: impl FnOnce(&mut Vault) -> Result<A>) -> Result<A> {
        let mut vault = self.vault();
        if vault.is_none() {
            *vault = Some(Vault::open(self.home.path())?);
        }
        match vault.as_mut() {
            Some(vault) => act(vault),
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

/// What every list shows must hold no secret; each host would refuse the list.
fn refuse_secret(record: &Object) -> Result<()> {
    let Some(name) = proto::redact::misplaced_secret(record) else { return Ok(()) };
    Err(Error::invalid(format!("the record holds {name:?}, which belongs in \"secret\""))
        .hint(format!("{{\"record\":{{…}},\"secret\":{{{name:?}:…}}}}")))
}
