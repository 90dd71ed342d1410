//! The helper's end: a service, a pipe, one loop.

use crate::read::Lines;
use crate::{Direction, Tracer, trace};
use proto::{Code, Error, FromHelper, FromHost, Hello, Object};
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long work under way may go on after EOF; the host allows 2 s in all.
const GRACE: Duration = Duration::from_millis(1500);

/// How many requests a `concurrent` helper works on at once.
const CONCURRENCY: usize = 64;

/// What a helper does.
pub trait Service: Send + Sync + 'static {
    fn hello(&self) -> Hello;

    /// Once the hello is written, and before the first request is read: what can be done ahead.
    fn greeted(&self) {}

    /// One request that is answered at once, without a thread of its own: it neither asks nor waits
    /// for a network or a person. `Err` gives the body back, and the request goes to [`Service::call`].
    fn answer(&self, _op: &str, body: Object) -> Result<proto::Result<Answer>, Object> {
        Err(body)
    }

    /// One request. An unknown op is [`Error::unsupported`].
    fn call(&self, op: &str, body: Object, host: &Host) -> proto::Result<Object>;
}

/// The body of an `ok`.
pub enum Answer {
    Object(Object),
    /// An object that is text already, on one line and without a secret.
    Text(String),
}

impl From<Object> for Answer {
    fn from(object: Object) -> Answer {
        Answer::Object(object)
    }
}

/// The host as one request sees it.
pub struct Host {
    id: u64,
    output: Arc<Output>,
    asks: Arc<Asked>,
    next_ask: AtomicU64,
    cancelled: Arc<AtomicBool>,
}

impl Host {
    /// Asks the host, and waits. At EOF or a cancel the answer is `cancelled`.
    pub fn ask(&self, kind: &str, body: Object) -> proto::Result<Object> {
        let n = self.next_ask.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = mpsc::channel();
        lock(&self.asks.waiting).insert((self.id, n), sender);
        self.output.line(&FromHelper::Ask { id: self.id, n, kind: kind.to_owned(), body });
        if self.cancelled() {
            lock(&self.asks.waiting).remove(&(self.id, n));
        }
        receiver.recv().unwrap_or_else(|_| Err(Error::new(Code::Cancelled, "the host cancelled")))
    }

    /// Something for the person to read.
    pub fn note(&self, text: &str) {
        self.output.line(&FromHelper::Note { id: self.id, text: text.to_owned() });
    }

    /// The host no longer wants this request's answer, or is gone.
    pub fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst) || self.asks.ended.load(Ordering::SeqCst)
    }
}

/// Serves until EOF, then lets work under way go on for a moment.
///
/// Replies come in the order of the requests, unless the hello has the feature `concurrent`.
/// An error means that the host's line was no protocol, or that the pipe broke.
pub fn serve<S, R, W>(service: Arc<S>, reader: R, writer: W, tracer: Tracer) -> io::Result<()>
where
    S: Service,
    R: Read,
    W: Write + Send + 'static,
{
    let hello = service.hello();
    let concurrent = hello.has("concurrent");
    let output = Arc::new(Output { writer: Mutex::new(Box::new(writer)), tracer: tracer.clone() });
    output.line(&FromHelper::Hello(hello));
    service.greeted();
    let mut loop_ = Loop {
        service,
        output,
        asks: Arc::default(),
        cancels: HashMap::new(),
        workers: Arc::default(),
        queue: None,
        concurrent,
    };
    let mut lines = Lines::new(reader);
    let result = loop {
        match lines.next_line() {
            Ok(Some(line)) => {
                trace(&tracer, Direction::ToHelper, &line);
                match FromHost::parse(&line) {
                    Ok(message) => loop_.receive(message),
                    Err(malformed) => break Err(io::Error::new(io::ErrorKind::InvalidData, malformed.to_string())),
                }
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(io::Error::other(error.to_string())),
        }
    };
    loop_.end();
    result
}

struct Loop<S> {
    service: Arc<S>,
    output: Arc<Output>,
    asks: Arc<Asked>,
    cancels: HashMap<u64, Arc<AtomicBool>>,
    workers: Arc<Workers>,
    queue: Option<Sender<Work>>,
    concurrent: bool,
}

type Work = Box<dyn FnOnce() + Send>;

impl<S: Service> Loop<S> {
    fn receive(&mut self, message: FromHost) {
        match message {
            FromHost::Request { id, op, body } => self.request(id, op, body),
            FromHost::Answer { id, n, result } => {
                if let Some(sender) = lock(&self.asks.waiting).remove(&(id, n)) {
                    // The asker may have given up.
                    let _ = sender.send(result);
                }
            }
            FromHost::Cancel { id } => {
                if let Some(cancelled) = self.cancels.get(&id) {
                    cancelled.store(true, Ordering::SeqCst);
                    lock(&self.asks.waiting).retain(|(asking, _), _| *asking != id);
                }
            }
        }
    }

    fn request(&mut self, id: u64, op: String, body: Object) {
        // Behind a request that is still worked on it takes its turn, unless the order is free.
        let at_once = self.concurrent || self.workers.is_idle();
        let body = match if at_once { self.service.answer(&op, body) } else { Err(body) } {
            Ok(answer) => return self.output.answer(id, answer),
            Err(body) => body,
        };
        let cancelled = Arc::new(AtomicBool::new(false));
        self.cancels.retain(|_, flag| Arc::strong_count(flag) > 1);
        self.cancels.insert(id, cancelled.clone());
        let host =
            Host { id, output: self.output.clone(), asks: self.asks.clone(), next_ask: AtomicU64::new(1), cancelled };
        let service = self.service.clone();
        self.run(Box::new(move || {
            let result = service.call(&op, body, &host);
            host.output.line(&FromHelper::Reply { id, result });
        }));
    }

    fn run(&mut self, work: Work) {
        self.workers.begin();
        let ended = Ended(self.workers.clone());
        let work: Work = Box::new(move || {
            let _ended = ended;
            work();
        });
        if self.concurrent {
            std::thread::spawn(work);
            return;
        }
        let queue = self.queue.get_or_insert_with(|| {
            let (sender, receiver) = mpsc::channel::<Work>();
            std::thread::spawn(move || receiver.into_iter().for_each(|work| work()));
            sender
        });
        // The worker lives as long as the sender does.
        let _ = queue.send(work);
    }

    fn end(self) {
        self.asks.ended.store(true, Ordering::SeqCst);
        lock(&self.asks.waiting).clear();
        self.workers.wait_for_all();
    }
}

type Answered = Sender<proto::Result<Object>>;

/// Asks that wait for their answers.
#[derive(Default)]
struct Asked {
    /// By request and ask.
    waiting: Mutex<HashMap<(u64, u64), Answered>>,
    ended: AtomicBool,
}

/// How many requests are being worked on.
#[derive(Default)]
struct Workers {
    busy: Mutex<usize>,
    changed: Condvar,
}

impl Workers {
    /// Waits for a free place.
    fn begin(&self) {
        let busy = lock(&self.busy);
        let free = self.changed.wait_while(busy, |busy| *busy >= CONCURRENCY);
        *free.unwrap_or_else(PoisonError::into_inner) += 1;
    }

    fn is_idle(&self) -> bool {
        *lock(&self.busy) == 0
    }

    fn wait_for_all(&self) {
        let busy = lock(&self.busy);
        drop(self.changed.wait_timeout_while(busy, GRACE, |busy| *busy > 0));
    }
}

/// Frees the place also when the work panics.
struct Ended(Arc<Workers>);

impl Drop for Ended {
    fn drop(&mut self) {
        *lock(&self.0.busy) -= 1;
        self.0.changed.notify_all();
    }
}

struct Output {
    writer: Mutex<Box<dyn Write + Send>>,
    tracer: Tracer,
}

impl Output {
    /// A host that is gone shows as EOF on the other pipe; a failed write needs no second report.
    fn line(&self, message: &FromHelper) {
        self.bytes(&message.to_line());
    }

    fn answer(&self, id: u64, answer: proto::Result<Answer>) {
        let result = match answer {
            Ok(Answer::Text(text)) => return self.bytes(&proto::line::reply_of_text(id, &text)),
            Ok(Answer::Object(object)) => Ok(object),
            Err(error) => Err(error),
        };
        self.line(&FromHelper::Reply { id, result });
    }

    fn bytes(&self, line: &[u8]) {
        trace(&self.tracer, Direction::FromHelper, line);
        let mut writer = lock(&self.writer);
        let _ = writer.write_all(line).and_then(|()| writer.flush());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
