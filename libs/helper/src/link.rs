//! The host's end: many calls in flight over one pipe, each with its own asks.
//!
//! Who waits for an answer reads the pipe itself, for the others, too: a call from one thread, which
//! most are, wakes no other. A thread that only reads is started once an answer is wanted that nobody
//! waits for, or that somebody else was reading for.

mod wait;

use self::wait::Wait;
use crate::asks::{Asks, NoAsks};
use crate::incoming::{Incoming, Source};
use crate::text::{Reply, Text};
use crate::{Direction, Tracer, trace};
use proto::{Code, Error, FromHelper, FromHost, Hello, Object};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long a helper may take to say hello.
const HELLO: Duration = Duration::from_secs(5);

/// How long a request that asks nothing may take. A renewal that waits for another one's end takes
/// less than a minute; a vault behind a hardware key may wait for a finger.
const REQUEST: Duration = Duration::from_secs(120);

/// How long the last words of a helper are waited for that no longer listens.
const LAST_WORDS: Duration = Duration::from_millis(50);

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

/// What was read for one request.
enum Said {
    Event(Event),
    /// The body of an `ok`, as text: whoever wants it knows what to make of it.
    Answer(Text),
}

type Sink = Box<dyn FnMut(Said) + Send>;

/// A connection to a helper. Cloning gives another handle on the same one.
#[derive(Clone)]
pub struct Link(Arc<Shared>);

struct Shared {
    helper: String,
    hello: Hello,
    next_id: AtomicU64,
    /// `None` once closed.
    writer: Mutex<Option<Box<dyn Write + Send>>>,
    /// `None` while a thread reads, and once the wire is broken.
    incoming: Mutex<Option<Incoming>>,
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
        R: Read + AsFd + Send + 'static,
        W: Write + Send + 'static,
    {
        let broken = |what: String| Broken { helper: helper.to_owned(), what, timed_out: false };
        let source: Box<dyn Source> = Box::new(reader);
        let mut incoming = Incoming::new(source, tracer.clone());
        let hello = first_word(&mut incoming).map_err(broken)?;
        check_hello(&hello, role).map_err(broken)?;
        Ok(Link(Arc::new(Shared {
            helper: helper.to_owned(),
            hello,
            next_id: AtomicU64::new(1),
            writer: Mutex::new(Some(Box::new(writer))),
            incoming: Mutex::new(Some(incoming)),
            pending: Mutex::default(),
            tracer,
        })))
    }

    pub fn hello(&self) -> &Hello {
        &self.0.hello
    }

    /// The helper's path, for messages.
    pub fn helper(&self) -> &str {
        &self.0.helper
    }

    /// Sends a request; `sink` gets every event of it, on a thread that reads, [`Event::Done`] last.
    pub fn submit(&self, op: &str, body: Object, mut sink: impl FnMut(Event) + Send + 'static) -> u64 {
        let id = self.begin(op, body, move |said| match said {
            Said::Event(event) => sink(event),
            Said::Answer(text) => sink(Event::Done(Ok(Ok(text.object())))),
        });
        if let Some(incoming) = self.take_incoming() {
            self.give_back(incoming, &[]);
        }
        id
    }

    fn begin(&self, op: &str, body: Object, mut sink: impl FnMut(Said) + Send + 'static) -> u64 {
        let id = self.0.next_id.fetch_add(1, Ordering::Relaxed);
        {
            let mut pending = lock(&self.0.pending);
            if let Some(broken) = pending.broken.clone() {
                drop(pending);
                sink(Said::Event(Event::Done(Err(broken))));
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
        let (id, receiver) = self.send_request(op, body);
        Ok(self.wait(id, receiver, &[id], asks, deadline)?.map(|text| text.object()))
    }

    /// Waits for the end of one of `own` requests, which are all that this thread waits for.
    fn wait(
        &self,
        id: u64,
        receiver: Receiver<Said>,
        own: &[u64],
        asks: &mut dyn Asks,
        deadline: Option<Instant>,
    ) -> Result<proto::Result<Text>, Broken> {
        let mut wait = Wait { link: self, receiver, own, deadline, cancelled: false };
        loop {
            match wait.next(id)? {
                Said::Answer(text) => return Ok(Ok(text)),
                Said::Event(Event::Done(result)) => return result.map(|result| result.map(|object| Text::of(&object))),
                Said::Event(Event::Note(text)) => asks.note(&text),
                Said::Event(Event::Ask { n, kind, body }) => {
                    let result = asks.ask(&kind, body, &|| self.is_alive());
                    self.answer(id, n, result);
                }
            }
        }
    }

    /// A typed request that asks nothing; both levels of failure in one error.
    pub fn request<B: serde::Serialize, A: serde::de::DeserializeOwned>(&self, op: &str, body: &B) -> proto::Result<A> {
        let Some(answer) = self.requests(op, std::slice::from_ref(body)).pop() else { unreachable!("one was asked") };
        answer
    }

    /// Several at once: the helper need not wait for us between them. The answers are in their order.
    pub fn requests<B: serde::Serialize, A: serde::de::DeserializeOwned>(
        &self,
        op: &str,
        bodies: &[B],
    ) -> Vec<proto::Result<A>> {
        let deadline = Some(Instant::now() + REQUEST);
        let sent: Vec<_> = bodies.iter().map(|body| self.send_request(op, proto::codec::to_object(body))).collect();
        let ids: Vec<u64> = sent.iter().map(|(id, _)| *id).collect();
        let answers = sent.into_iter().map(|(id, receiver)| {
            let answer = self.wait(id, receiver, &ids, &mut NoAsks, deadline)??;
            answer.parsed(|| format!("the answer of {} to {op}", self.0.helper))
        });
        answers.collect()
    }

    fn send_request(&self, op: &str, body: Object) -> (u64, Receiver<Said>) {
        let (sender, receiver) = mpsc::channel();
        let id = self.begin(op, body, move |said| drop(sender.send(said)));
        (id, receiver)
    }

    /// False once the helper is gone.
    pub fn is_alive(&self) -> bool {
        // While nobody reads, nobody has seen it end.
        let is_closed = lock(&self.0.incoming).as_ref().is_some_and(Incoming::is_closed);
        !is_closed && lock(&self.0.pending).broken.is_none()
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
        if let Err(what) = result {
            self.hear_out();
            self.break_off(&format!("cannot write to it: {what}"));
        }
    }

    /// A helper that died is told apart by what it said last, not by a broken pipe.
    fn hear_out(&self) {
        let Some(mut incoming) = self.take_incoming() else { return std::thread::yield_now() };
        let deadline = Some(Instant::now() + LAST_WORDS);
        while let Ok(true) = self.read_one(&mut incoming, deadline).map_err(|what| self.break_off(&what)) {}
    }

    fn take_incoming(&self) -> Option<Incoming> {
        lock(&self.0.incoming).take()
    }

    /// Leaves the reading to the next one; to a thread of its own when an answer is wanted besides `own`.
    fn give_back(&self, incoming: Incoming, own: &[u64]) {
        // Held while looking: who begins a request after the look finds what is given back here.
        let mut place = lock(&self.0.incoming);
        if !lock(&self.0.pending).sinks.keys().any(|id| !own.contains(id)) {
            *place = Some(incoming);
            return;
        }
        drop(place);
        let link = self.clone();
        let reading =
            std::thread::Builder::new().name("helper-reader".to_owned()).spawn(move || link.read_all(incoming));
        if let Err(error) = reading {
            self.break_off(&format!("no thread to read it: {error}"));
        }
    }

    fn read_all(&self, mut incoming: Incoming) {
        loop {
            if let Err(what) = self.read_one(&mut incoming, None) {
                return self.break_off(&what);
            }
        }
    }

    /// Reads one line and hands it to whom it is for; false when the deadline passed.
    fn read_one(&self, incoming: &mut Incoming, deadline: Option<Instant>) -> Result<bool, String> {
        let Some(line) = incoming.next(deadline)? else { return Ok(false) };
        self.receive(line)?;
        Ok(true)
    }

    fn receive(&self, line: Zeroizing<Vec<u8>>) -> Result<(), String> {
        let line = match Text::of_reply(line) {
            Ok(Reply { misplaced: Some(name), .. }) => return Err(misplaced(name)),
            Ok(Reply { id, body, .. }) => return self.end(id, Said::Answer(body)),
            Err(line) => line,
        };
        match FromHelper::parse(&line).map_err(|malformed| malformed.to_string())? {
            FromHelper::Hello(_) => Err("a second hello".to_owned()),
            FromHelper::Reply { id, result } => {
                if let Some(name) = result.as_ref().ok().and_then(proto::redact::misplaced_secret) {
                    return Err(misplaced(name));
                }
                self.end(id, Said::Event(Event::Done(Ok(result))))
            }
            FromHelper::Ask { id, n, kind, body } => self.deliver(id, Event::Ask { n, kind, body }),
            FromHelper::Note { id, text } => self.deliver(id, Event::Note(text)),
        }
    }

    /// The last word on a request.
    fn end(&self, id: u64, said: Said) -> Result<(), String> {
        let sink = lock(&self.0.pending).sinks.remove(&id);
        match sink {
            Some(mut sink) => sink(said),
            None => self.known(id)?,
        }
        Ok(())
    }

    /// The sink is called with no lock held, so that it may make further requests.
    fn deliver(&self, id: u64, event: Event) -> Result<(), String> {
        let sink = lock(&self.0.pending).sinks.remove(&id);
        let Some(mut sink) = sink else { return self.known(id) };
        sink(Said::Event(event));
        let mut pending = lock(&self.0.pending);
        match pending.broken.clone() {
            None => drop(pending.sinks.insert(id, sink)),
            Some(broken) => {
                drop(pending);
                sink(Said::Event(Event::Done(Err(broken))));
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
            sink(Said::Event(Event::Done(Err(broken))));
        }
    }
}

fn misplaced(name: &str) -> String {
    format!("its reply holds {name:?} outside of \"secret\"")
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

/// The hello, which is the first line.
fn first_word(incoming: &mut Incoming) -> Result<Hello, String> {
    let line = match incoming.next(Some(Instant::now() + HELLO)) {
        Ok(Some(line)) => line,
        Ok(None) => return Err(format!("no hello in {} s", HELLO.as_secs())),
        Err(what) => return Err(format!("no hello, but {what}")),
    };
    match FromHelper::parse(&line) {
        Ok(FromHelper::Hello(hello)) => Ok(hello),
        Ok(_) => Err("its first line is no hello".to_owned()),
        Err(malformed) => Err(format!("no hello, but {malformed}")),
    }
}

/// A poisoned lock still holds consistent data here: no section of ours can panic halfway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
