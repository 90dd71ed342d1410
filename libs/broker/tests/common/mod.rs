//! A broker at the end of a pipe, over a vault and a provider that live in memory.
#![allow(dead_code, clippy::unwrap_used)]

use broker::{Broker, Clock, Definitions, Flows, Held, SystemClock, Vault, World};
use helper::{Asks, Link, NoAsks};
use proto::ops::flow::{Learned, Refresh};
use proto::ops::vault::{Entry, Expect, Rev, Row};
use proto::{Code, Error, Key, Object, Outcome, Result, Secrets};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

pub fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        other => panic!("no object: {other}"),
    }
}

pub fn key(text: &str) -> Key {
    text.parse().unwrap()
}

// The vault.

/// What every process sees.
#[derive(Default)]
pub struct Store {
    entries: Mutex<BTreeMap<Key, Entry>>,
    revs: AtomicUsize,
    locks: Mutex<BTreeSet<Key>>,
    /// How many of the next writes happen, and are answered with an error all the same.
    pub lose_answers: AtomicUsize,
    /// How many of the next writes do not happen.
    pub refuse_writes: AtomicUsize,
}

impl Store {
    pub fn entry(&self, at: &str) -> Option<Entry> {
        self.entries.lock().unwrap().get(&key(at)).cloned()
    }

    pub fn record(&self, at: &str) -> Value {
        Value::Object(self.entry(at).unwrap().record)
    }

    pub fn token(&self, at: &str) -> String {
        self.entry(at).unwrap().secret.get("access_token").unwrap().to_owned()
    }

    /// As a login does it: without looking.
    pub fn set(&self, at: &str, record: Value, secret: Value) {
        self.put(&key(at), Expect::Anything, object(record), serde_json::from_value(secret).unwrap()).unwrap();
    }

    pub fn remove(&self, at: &str) {
        self.entries.lock().unwrap().remove(&key(at));
    }

    fn put(&self, key: &Key, expect: Expect, record: Object, secret: Secrets) -> Result<Rev> {
        let mut entries = self.entries.lock().unwrap();
        let there = entries.get(key).map(|entry| entry.rev.clone());
        let holds = match &expect {
            Expect::Anything => true,
            Expect::Missing => there.is_none(),
            Expect::Rev(rev) => there.as_ref() == Some(rev),
        };
        if !holds {
            return Err(Error::new(Code::Conflict, "it changed"));
        }
        let rev = (self.revs.fetch_add(1, Ordering::SeqCst) + 1).to_string();
        entries.insert(key.clone(), Entry { rev: rev.clone(), record, secret });
        Ok(rev)
    }
}

fn take_one(counter: &AtomicUsize) -> bool {
    counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok()
}

/// The name of every lock of this vault, as it stands in journal entries.
pub const LOCK: &str = "here";

/// One process's end of the vault.
pub struct Handle {
    pub store: Arc<Store>,
    /// False: a vault without `lock`, whose callers all think they hold it.
    pub locks: bool,
}

impl Vault for Handle {
    fn get(&self, key: &Key) -> Result<Option<Entry>> {
        Ok(self.store.entries.lock().unwrap().get(key).cloned())
    }

    fn list(&self, prefix: &str) -> Result<Vec<Row>> {
        let entries = self.store.entries.lock().unwrap();
        let rows = entries.iter().filter(|(key, _)| key.to_string().starts_with(prefix));
        Ok(rows
            .map(|(key, e)| Row { key: key.clone(), rev: e.rev.clone(), record: e.record.clone(), err: None })
            .collect())
    }

    fn put(&self, key: &Key, expect: Expect, record: Object, secret: Secrets) -> Result<Rev> {
        if take_one(&self.store.refuse_writes) {
            return Err(Error::unavailable("the disk is full"));
        }
        let result = self.store.put(key, expect, record, secret);
        if result.is_ok() && take_one(&self.store.lose_answers) {
            return Err(Error::unavailable("helper vault: it ended"));
        }
        result
    }

    fn try_lock(&self, key: &Key) -> Result<Option<Held>> {
        if !self.locks {
            return Ok(Some(Held::new(|| {})));
        }
        if !self.store.locks.lock().unwrap().insert(key.clone()) {
            return Ok(None);
        }
        let (store, key) = (self.store.clone(), key.clone());
        Ok(Some(
            Held::new(move || {
                store.locks.lock().unwrap().remove(&key);
            })
            .named(Some(LOCK.to_owned())),
        ))
    }
}

// The provider.

type Script = Box<dyn FnMut(&Refresh) -> Result<Learned> + Send>;

/// An OAuth provider that rotates refresh tokens and kills the family when one comes twice.
pub struct Provider {
    pub refreshes: AtomicUsize,
    pub revoked: Mutex<Vec<String>>,
    current: Mutex<usize>,
    seen: Mutex<HashMap<String, usize>>,
    pub delay: Mutex<Duration>,
    pub script: Mutex<Option<Script>>,
    /// The next answers that get lost.
    pub losses: Mutex<Vec<Loss>>,
    /// The last used refresh token is taken, too.
    pub grace: AtomicBool,
}

/// When an answer gets lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The provider never had the request.
    Before,
    /// The provider has used the token up.
    After,
}

impl Provider {
    pub fn new() -> Arc<Provider> {
        Arc::new(Provider {
            refreshes: AtomicUsize::new(0),
            revoked: Mutex::default(),
            current: Mutex::new(0),
            seen: Mutex::default(),
            delay: Mutex::new(Duration::ZERO),
            script: Mutex::default(),
            losses: Mutex::default(),
            grace: AtomicBool::new(false),
        })
    }

    pub fn answers(&self, script: impl FnMut(&Refresh) -> Result<Learned> + Send + 'static) {
        *self.script.lock().unwrap() = Some(Box::new(script));
    }

    pub fn fails(&self, error: Error) {
        self.answers(move |_| Err(error.clone()));
    }

    pub fn count(&self) -> usize {
        self.refreshes.load(Ordering::SeqCst)
    }

    /// The refresh token that was sent most often, and how often.
    pub fn most_sent(&self) -> usize {
        self.seen.lock().unwrap().values().copied().max().unwrap_or(0)
    }
}

pub struct Client(pub Arc<Provider>);

impl Flows for Client {
    fn refresh(&self, request: Refresh) -> Result<Learned> {
        let provider = &self.0;
        provider.refreshes.fetch_add(1, Ordering::SeqCst);
        let sent = request.secret.get("refresh_token").unwrap_or_default().to_owned();
        *provider.seen.lock().unwrap().entry(sent.clone()).or_default() += 1;
        let delay = *provider.delay.lock().unwrap();
        std::thread::sleep(delay);
        if let Some(script) = provider.script.lock().unwrap().as_mut() {
            return script(&request);
        }
        let loss = provider.losses.lock().unwrap().pop();
        let lost = Err(Error::new(Code::Unavailable, "the connection broke").outcome(Outcome::Lost));
        if loss == Some(Loss::Before) {
            return lost;
        }
        let mut current = provider.current.lock().unwrap();
        let again = provider.grace.load(Ordering::SeqCst) && sent == format!("r{}", current.saturating_sub(1));
        if sent != format!("r{current}") && !again {
            return Err(Error::new(Code::RefreshFailed, "invalid_grant").outcome(Outcome::Reauthorize));
        }
        *current += usize::from(!again || *current == 0);
        if loss == Some(Loss::After) {
            return lost;
        }
        let now = proto::time::now();
        Ok(learned(&format!("a{current}"), Some(&format!("r{current}")), Some(now + 3600)))
    }

    fn revoke(&self, request: Refresh) -> Result<()> {
        self.0.revoked.lock().unwrap().extend(request.secret.texts().into_iter().map(ToOwned::to_owned));
        Ok(())
    }
}

pub fn learned(access: &str, refresh: Option<&str>, expires_at: Option<i64>) -> Learned {
    let mut secret = Secrets::new().with("access_token", access);
    if let Some(refresh) = refresh {
        secret.set("refresh_token", refresh);
    }
    let record = expires_at.map_or_else(Object::new, |at| object(json!({"expires_at": at})));
    Learned { record, secret }
}

// Time.

/// A clock that stands still but for those who sleep.
pub struct Leaping(AtomicI64);

impl Leaping {
    pub fn new() -> Arc<Leaping> {
        Arc::new(Leaping(AtomicI64::new(proto::time::now() * 1000)))
    }

    pub fn leap(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

pub struct Leaps(pub Arc<Leaping>);

impl Clock for Leaps {
    fn now(&self) -> i64 {
        self.0.0.load(Ordering::SeqCst) / 1000
    }

    fn sleep(&self, pause: Duration) {
        self.0.0.fetch_add(i64::try_from(pause.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

// The broker.

/// A home with definitions, a vault and a provider: what several brokers share.
pub struct Rig {
    pub home: TempDir,
    pub store: Arc<Store>,
    pub provider: Arc<Provider>,
}

pub fn rig() -> Rig {
    let rig = Rig { home: tempfile::tempdir().unwrap(), store: Arc::default(), provider: Provider::new() };
    rig.define(acme(json!({})));
    rig
}

/// An OAuth provider with one host.
pub fn acme(extra: Value) -> Value {
    let mut definition = json!({"name":"acme","display_name":"Acme","auth_type":"oauth2","flow":"pkce",
        "api_url":["api.acme.test"],"oauth":{"authorization_url":"https://acme.test/a","token_url":"https://api.acme.test/token"}});
    for (name, value) in object(extra) {
        match (&mut definition[&name], value) {
            (Value::Object(there), Value::Object(more)) => there.extend(more),
            (there, value) => *there = value,
        }
    }
    definition
}

pub fn acme_bound() -> Value {
    json!({"token_url":"https://api.acme.test/token","revocation_url":null,"targets":["api.acme.test"]})
}

impl Rig {
    pub fn define(&self, definition: Value) {
        let name = definition["name"].as_str().unwrap();
        std::fs::write(self.home.path().join(format!("{name}.json")), definition.to_string()).unwrap();
    }

    /// A connection of acme with the first refresh token, whose access token ends in `left` seconds.
    pub fn connect(&self, at: &str, left: i64) {
        let now = proto::time::now();
        let record = json!({"provider":"acme","flow":"pkce","status":"connected","client_id":"c","renewable":true,
            "obtained_at":now - 3600 + left,"expires_at":now + left,"bound":acme_bound()});
        self.store.set(at, record, json!({"access_token":"a0","refresh_token":"r0","client_secret":"s"}));
    }

    /// A process, opened.
    pub fn broker(&self) -> Process {
        self.open(json!({}))
    }

    pub fn open(&self, open: Value) -> Process {
        self.start(open, true, Box::new(SystemClock))
    }

    pub fn start(&self, open: Value, locks: bool, clock: Box<dyn Clock + Send + Sync>) -> Process {
        let process = self.unopened(locks, clock);
        let mut body = open;
        body["profile"] = "default".into();
        process.call("open", body).unwrap();
        process
    }

    pub fn unopened(&self, locks: bool, clock: Box<dyn Clock + Send + Sync>) -> Process {
        let world = World {
            vault: Box::new(Handle { store: self.store.clone(), locks }),
            flows: Box::new(Client(self.provider.clone())),
            clock,
            definitions: Definitions::new(Some(self.home.path().to_owned())),
        };
        let broker = Arc::new(Broker::new("authsome-credential", world));
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (service, reader) = (broker.clone(), theirs.try_clone().unwrap());
        std::thread::spawn(move || helper::serve(service, reader, theirs, None));
        let link = Link::connect("test", "credential", ours.try_clone().unwrap(), ours, None).unwrap();
        Process { link, broker }
    }
}

/// Keeps the notes, and answers nothing.
#[derive(Default)]
struct Told(Vec<String>);

impl Asks for Told {
    fn ask(&mut self, kind: &str, body: Object, alive: &dyn Fn() -> bool) -> Result<Object> {
        NoAsks.ask(kind, body, alive)
    }

    fn note(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }
}

#[derive(Clone)]
pub struct Process {
    pub link: Link,
    pub broker: Arc<Broker>,
}

impl Process {
    pub fn call(&self, op: &str, body: Value) -> Result<Value> {
        self.link.call(op, object(body), &mut NoAsks).unwrap().map(Value::Object)
    }

    /// What the person is told while the request is answered.
    pub fn notes(&self, op: &str, body: Value) -> Vec<String> {
        let mut told = Told::default();
        self.link.call(op, object(body), &mut told).unwrap().unwrap();
        told.0
    }

    pub fn resolve(&self, url: &str) -> Result<Value> {
        self.call("resolve", json!({"request": request(url)}))
    }

    /// The authorization header that a request gets.
    pub fn header(&self, url: &str) -> Result<String> {
        Ok(self.resolve(url)?["secret"]["authorization"].as_str().unwrap().to_owned())
    }

    pub fn report(&self, lease: &Value, extra: Value) -> bool {
        let mut body = json!({"lease": lease, "status": 401, "replayable": true});
        body.as_object_mut().unwrap().extend(object(extra));
        self.call("report", body).unwrap()["retry"].as_bool().unwrap()
    }

    pub fn settle(&self) {
        assert!(self.broker.finish(Duration::from_secs(30)), "a renewal does not end");
    }
}

/// `https://host[:port]/path` as a request.
pub fn request(url: &str) -> Value {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (authority, path) = rest.split_once('/').unwrap();
    let (host, port) = authority.rsplit_once(':').map_or((authority, 443), |(h, p)| (h, p.parse().unwrap()));
    json!({"method":"GET","scheme":scheme,"host":host,"port":port,"path":format!("/{path}")})
}
