//! The host's end: many calls in flight over one pipe, each with its own asks.

use crate::read::{Lines, ReadError};
use crate::{Direction, Tracer, trace};
use proto::{Code, Error, FromHelper, FromHost, Hello, Object};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a helper may take to say hello.
const HELLO: Duration = Duration::from_secs(5);

/// How long a request that asks nothing may take. A renewal that waits for another one's end takes
/// less than a minute; a vault behind a hardware key may wait for a finger.
const REQUEST: Duration = Duration::from_secs(120);

/// How long a helper may take to answer a cancel.
const CANCEL: Duration = Duration::from_secs(2);

/// The wire broke: the helper is none, speaks another version, died, or said what is no protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("helper {helper}: {what}")]
pub struct Broken {
    pub helper: String,
    pub what: String,
    /// The helper did not answer in time; it may still be at work.
    pub timed_out: bool,
}

impl From<Broken> for Error {
    fn from(broken: Broken) -> Error {
        let code = if broken.timed_out { Code::Timeout } else { Code::Unavailable };
        Error::new(code, broken.to_string())
            .hint(format!("authsome-conform tells what a helper does wrong: {}", broken.helper))
    }
}

/// What answers a helper's asks. The person is behind this, or nobody.
pub trait Asks {
    /// `alive` turns false when the helper is gone and nobody waits for the answer any more.
    fn ask(&mut self, kind: &str, body: Object, alive: &dyn Fn() -> bool) -> proto::Result<Object>;
    fn note(&mut self, text: &str);
}

/// For ops that never ask: every ask is answered `unsupported`.
pub struct NoAsks;

impl Asks for NoAsks {
    fn ask(&mut self, kind: &str, _: Object, _: &dyn Fn() -> bool) -> proto::Result<Object> {
        Err(Error::new(Code::Unsupported, format!("nobody answers the ask {kind:?} here")))
    }

    fn note(&mut self, _: &str) {}
}

/// What comes back for one request.
pub enum Event {
    Ask {
        n: u64,
        kind: String,
        body: Object,
    },
    Note(String),
    /// The last one.
    Done(Result<proto::Result<Object>, Broken>),
}

type Sink = Box<dyn FnMut(Event) + Send>;

/// A connection to a helper. Cloning gives another handle on the same one.
#[derive(Clone)]
pub struct Link(Arc<Shared>);

struct Shared {
    helper: String,
    hello: Hello,
    next_id: AtomicU64,
    /// `None` once closed.
    writer: Mutex<Option<Box<dyn Write + Send>>>,
    pending: Mutex<Pending>,
    tracer: Tracer,
}

#[derive(Default)]
struct Pending {
    sinks: HashMap<u64, Sink>,
    broken: Option<Broken>,
}

impl Link {
    /// Waits for the hello of a helper that should serve `role`. `helper` is its path, for errors.
    pub fn connect<R, W>(helper: &str, role: &str, reader: R, writer: W, tracer: Tracer) -> Result<Link, Broken>
    where
        R: Read + Send + 'static,
        W: Write + Send + 'static,
    {
        let broken = |what: String| Broken { helper: helper.to_owned(), what, timed_out: false };
        let (hello_sender, hello_receiver) = mpsc::channel();
        let (link_sender, link_receiver) = mpsc::channel();
        let reader_tracer = tracer.clone();
        std::thread::Builder::new()
            .name("helper-reader".to_owned())
            .spawn(move || read_all(reader, &reader_tracer, &hello_sender, &link_receiver))
            .map_err(|error| broken(format!("no thread to read it: {error}")))?;
        let hello = match hello_receiver.recv_timeout(HELLO) {
            Ok(Ok(hello)) => hello,
            Ok(Err(what)) => return Err(broken(what)),
            Err(RecvTimeoutError::Timeout) => return Err(broken(format!("no hello in {} s", HELLO.as_secs()))),
            Err(RecvTimeoutError::Disconnected) => return Err(broken("no hello".to_owned())),
        };
        check_hello(&hello, role).map_err(broken)?;
        let link = Link(Arc::new(Shared {
            helper: helper.to_owned(),
            hello,
            next_id: AtomicU64::new(1),
            writer: Mutex::new(Some(Box::new(writer))),
            pending: Mutex::default(),
            tracer,
        }));
        // The reader is waiting for this; if it has ended, the next call finds out.
        let _ = link_sender.send(link.clone());
        Ok(link)
    }

    pub fn hello(&self) -> &Hello {
        &self.0.hello
    }

    /// The helper's path, for messages.
    pub fn helper(&self) -> &str {
        &self.0.helper
    }

    /// Sends a request; `sink` gets every event of it, on the reader's thread, [`Event::Done`] last.
    pub fn submit(&self, op: &str, body: Object, mut sink: impl FnMut(Event) + Send + 'static) -> u64 {
        let id = self.0.next_id.fetch_add(1, Ordering::Relaxed);
        {
            let mut pending = lock(&self.0.pending);
            if let Some(broken) = pending.broken.clone() {
                drop(pending);
                sink(Event::Done(Err(broken)));
                return id;
            }
            pending.sinks.insert(id, Box::new(sink));
        }
        self.send(&FromHost::Request { id, op: op.to_owned(), body });
        id
    }

    /// Answers an ask of the request `id`.
    pub fn answer(&self, id: u64, n: u64, result: proto::Result<Object>) {
        self.send(&FromHost::Answer { id, n, result });
    }

    /// The first reply after it counts; one that is answered already ignores it.
    pub fn cancel(&self, id: u64) {
        self.send(&FromHost::Cancel { id });
    }

    /// One request, waited for; asks are answered on this thread.
    pub fn call(&self, op: &str, body: Object, asks: &mut dyn Asks) -> Result<proto::Result<Object>, Broken> {
        self.call_until(op, body, asks, None)
    }

    /// The same with a deadline: then a cancel, 2 s more, and [`Broken`] with `timed_out`.
    pub fn call_until(
        &self,
        op: &str,
        body: Object,
        asks: &mut dyn Asks,
        deadline: Option<Instant>,
    ) -> Result<proto::Result<Object>, Broken> {
        let (sender, receiver) = mpsc::channel();
        let id = self.submit(op, body, move |event| drop(sender.send(event)));
        let mut wait = Wait { link: self, receiver, deadline, cancelled: false };
        loop {
            match wait.next(id)? {
                Event::Done(result) => return result,
                Event::Note(text) => asks.note(&text),
                Event::Ask { n, kind, body } => {
                    let result = asks.ask(&kind, body, &|| self.is_alive());
                    self.answer(id, n, result);
                }
            }
        }
    }

    /// A typed request that asks nothing; both levels of failure in one error.
    pub fn request<B: serde::Serialize, A: serde::de::DeserializeOwned>(&self, op: &str, body: &B) -> proto::Result<A> {
        let deadline = Some(Instant::now() + REQUEST);
        let reply = self.call_until(op, proto::codec::to_object(body), &mut NoAsks, deadline)??;
        proto::codec::from_object(&format!("the answer of {} to {op}", self.0.helper), reply)
    }

    /// False once the helper is gone.
    pub fn is_alive(&self) -> bool {
        lock(&self.0.pending).broken.is_none()
    }

    /// Closes the helper's stdin: EOF tells it to end. Calls in flight still get their replies.
    pub fn close(&self) {
        *lock(&self.0.writer) = None;
    }

    fn send(&self, line: &FromHost) {
        let bytes = line.to_line();
        trace(&self.0.tracer, Direction::ToHelper, &bytes);
        let result = match lock(&self.0.writer).as_mut() {
            _ if bytes.len() > proto::MAX_LINE => Err("a request longer than a line may be".to_owned()),
            None => Err("it was told to end".to_owned()),
            Some(writer) => writer.write_all(&bytes).and_then(|()| writer.flush()).map_err(|error| error.to_string()),
        };
        // A helper that died is told apart by what its reader saw, not by a broken pipe.
        if let Err(what) = result {
            std::thread::yield_now();
            self.break_off(&format!("cannot write to it: {what}"));
        }
    }

    fn receive(&self, line: &[u8]) -> Result<(), String> {
        match FromHelper::parse(line).map_err(|malformed| malformed.to_string())? {
            FromHelper::Hello(_) => Err("a second hello".to_owned()),
            FromHelper::Reply { id, result } => {
                if let Some(name) = result.as_ref().ok().and_then(proto::redact::misplaced_secret) {
                    return Err(format!("its reply holds {name:?} outside of \"secret\""));
                }
                let sink = lock(&self.0.pending).sinks.remove(&id);
                match sink {
                    Some(mut sink) => sink(Event::Done(Ok(result))),
                    None => self.known(id)?,
                }
                Ok(())
            }
            FromHelper::Ask { id, n, kind, body } => self.deliver(id, Event::Ask { n, kind, body }),
            FromHelper::Note { id, text } => self.deliver(id, Event::Note(text)),
        }
    }

    /// The sink is called with no lock held, so that it may make further requests.
    fn deliver(&self, id: u64, event: Event) -> Result<(), String> {
        let sink = lock(&self.0.pending).sinks.remove(&id);
        let Some(mut sink) = sink else { return self.known(id) };
        sink(event);
        let mut pending = lock(&self.0.pending);
        match pending.broken.clone() {
            None => drop(pending.sinks.insert(id, sink)),
            Some(broken) => {
                drop(pending);
                sink(Event::Done(Err(broken)));
            }
        }
        Ok(())
    }

    /// A late word on an answered request is nothing; one on a request never made is a fault.
    fn known(&self, id: u64) -> Result<(), String> {
        if (1..self.0.next_id.load(Ordering::Relaxed)).contains(&id) {
            return Ok(());
        }
        Err(format!("it answers request {id}, which was never made"))
    }

    fn break_off(&self, what: &str) {
        let broken = Broken { helper: self.0.helper.clone(), what: what.to_owned(), timed_out: false };
        let sinks = {
            let mut pending = lock(&self.0.pending);
            let first = pending.broken.get_or_insert(broken).clone();
            std::mem::take(&mut pending.sinks).into_values().map(move |sink| (sink, first.clone())).collect::<Vec<_>>()
        };
        for (mut sink, broken) in sinks {
            sink(Event::Done(Err(broken)));
        }
    }
}

/// Waiting for the events of one request.
struct Wait<'a> {
    link: &'a Link,
    receiver: Receiver<Event>,
    deadline: Option<Instant>,
    cancelled: bool,
}

impl Wait<'_> {
    fn next(&mut self, id: u64) -> Result<Event, Broken> {
        let gone =
            |what: &str, timed_out| Broken { helper: self.link.0.helper.clone(), what: what.to_owned(), timed_out };
        loop {
            let Some(deadline) = self.deadline else {
                return self.receiver.recv().map_err(|_| gone("it is gone", false));
            };
            let left = deadline.saturating_duration_since(Instant::now());
            match self.receiver.recv_timeout(left) {
                Ok(event) => return Ok(event),
                Err(RecvTimeoutError::Disconnected) => return Err(gone("it is gone", false)),
                Err(RecvTimeoutError::Timeout) if self.cancelled => return Err(gone("no answer in time", true)),
                Err(RecvTimeoutError::Timeout) => {
                    self.link.cancel(id);
                    self.cancelled = true;
                    self.deadline = Some(Instant::now() + CANCEL);
                }
            }
        }
    }
}

fn check_hello(hello: &Hello, role: &str) -> Result<(), String> {
    if hello.hello != role {
        return Err(format!("it serves the role {:?}, not {role:?}", proto::redact::shown(&hello.hello)));
    }
    if hello.versions.iter().any(|version| proto::VERSIONS.contains(version)) {
        return Ok(());
    }
    Err(format!("it speaks versions {:?}, this program {:?}", hello.versions, proto::VERSIONS))
}

/// The reader's thread: the hello first, then every line, until the wire ends or breaks.
fn read_all<R: Read>(reader: R, tracer: &Tracer, hello: &Sender<Result<Hello, String>>, link: &Receiver<Link>) {
    let mut lines = Lines::new(reader);
    let first = match next(&mut lines, tracer) {
        Ok(line) => FromHelper::parse(&line).map_err(|malformed| malformed.to_string()),
        Err(what) => Err(what),
    };
    let first = match first {
        Ok(FromHelper::Hello(first)) => Ok(first),
        Ok(_) => Err("its first line is no hello".to_owned()),
        Err(what) => Err(format!("no hello, but {what}")),
    };
    if hello.send(first).is_err() {
        return;
    }
    let Ok(link) = link.recv() else { return };
    loop {
        let received = next(&mut lines, tracer).and_then(|line| link.receive(&line));
        if let Err(what) = received {
            return link.break_off(&what);
        }
    }
}

fn next<R: Read>(lines: &mut Lines<R>, tracer: &Tracer) -> Result<zeroize::Zeroizing<Vec<u8>>, String> {
    match lines.next_line() {
        Ok(Some(line)) => {
            trace(tracer, Direction::FromHelper, &line);
            Ok(line)
        }
        Ok(None) => Err("it ended".to_owned()),
        Err(error @ (ReadError::TooLong | ReadError::Io(_))) => Err(error.to_string()),
    }
}

/// A poisoned lock still holds consistent data here: no section of ours can panic halfway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
