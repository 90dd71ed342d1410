//! Half of what the proxy can do, for as long as one likes: kept connections, new ones, HTTP/2, large
//! bodies, events, WebSockets and clients that vanish.

use crate::contenders::{Own, Scene};
use crate::endurance::vanish;
use crate::load::{Fleet, HOST, Way, Worker};
use crate::process::{descriptors, memory};
use crate::table::{Table, median};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

/// Connections that carry the load.
const KEPT: usize = 16;

/// In KiB: between the first minutes and the last.
const GROWTH: f64 = 2.0 * 1024.0;

pub async fn soak(scene: &Scene, minutes: usize, table: &mut Table) {
    let own = scene.own(0);
    let mut fleet = Fleet::open(&own.way, HOST, "/json", KEPT).await;
    let full = fleet.rate(Duration::from_secs(5)).await;
    drop(fleet);
    let load = Load::start(&own, full / 2.0);
    let mut samples = Vec::new();
    for minute in 1..=minutes.max(2) {
        tokio::time::sleep(Duration::from_secs(60)).await;
        let sample = load.sample(own.pid);
        eprintln!("minute {minute}: {sample}");
        samples.push(sample);
    }
    drop(load);
    let third = samples.len().div_ceil(3);
    let (first, last) = (typical(&samples[..third]), typical(&samples[samples.len() - third..]));
    let most = samples.iter().map(|sample| sample.memory).fold(0.0, f64::max) / 1024.0;
    let Sample { requests, errors, .. } = samples[samples.len() - 1];
    let rate = requests as f64 / (60.0 * samples.len() as f64);
    let measured = format!(
        "{} minutes at {rate:.0} of {full:.0} requests/s, {errors} errors; medians of the first and the last third: {:.1} \
         and {:.1} MiB (at most {most:.1}), {} and {} descriptors",
        samples.len(),
        first.0 / 1024.0,
        last.0 / 1024.0,
        first.1,
        last.1
    );
    table.row("soak at half load", measured, "memory flat, no error", "");
    assert_eq!(errors, 0, "errors under half load");
    assert!(last.0 <= first.0 + GROWTH, "memory grew");
    assert!(last.1 <= first.1 + 32.0, "descriptors grew");
}

/// Medians of memory and descriptors: what one moment's large body adds is no growth.
fn typical(samples: &[Sample]) -> (f64, f64) {
    let memory = samples.iter().map(|sample| sample.memory).collect();
    (median(memory), median(samples.iter().map(|sample| sample.descriptors as f64).collect()))
}

struct Sample {
    memory: f64,
    descriptors: usize,
    requests: usize,
    errors: usize,
}

impl std::fmt::Display for Sample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Sample { memory, descriptors, requests, errors } = self;
        write!(f, "{:.1} MiB, {descriptors} descriptors, {requests} requests, {errors} errors", memory / 1024.0)
    }
}

/// Ends when dropped.
struct Load {
    counts: Arc<Counts>,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Counts {
    requests: AtomicUsize,
    errors: AtomicUsize,
}

#[derive(Clone, Copy)]
enum Kind {
    Kept,
    Http2,
    New,
    Large,
    Events,
    Socket,
    Vanishing,
}

impl Load {
    fn start(own: &Own, rate: f64) -> Load {
        let counts = Arc::new(Counts::default());
        let often = Duration::from_secs_f64((KEPT + 1) as f64 / rate);
        let kinds = [
            (Kind::Http2, often),
            (Kind::New, Duration::from_millis(100)),
            (Kind::Large, Duration::from_secs(2)),
            (Kind::Events, Duration::from_secs(4)),
            (Kind::Socket, Duration::from_millis(200)),
            (Kind::Vanishing, Duration::from_millis(500)),
        ];
        let kinds = kinds.into_iter().chain([(Kind::Kept, often); KEPT]);
        let tasks =
            kinds.map(|(kind, every)| tokio::spawn(again(kind, every, own.way.clone(), own.http2(), counts.clone())));
        Load { tasks: tasks.collect(), counts }
    }

    fn sample(&self, pid: u32) -> Sample {
        let count = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        Sample {
            memory: memory(pid),
            descriptors: descriptors(pid),
            requests: count(&self.counts.requests),
            errors: count(&self.counts.errors),
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Whatever is not as it should be ends a worker with a panic: that is counted, and another begins.
async fn again(kind: Kind, every: Duration, way: Way, http2: Way, counts: Arc<Counts>) {
    loop {
        let worker = tokio::spawn(work(kind, every, way.clone(), http2.clone(), counts.clone()));
        let _abort = Abort(worker.abort_handle());
        if worker.await.is_err() {
            counts.errors.fetch_add(1, Ordering::Relaxed);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

struct Abort(tokio::task::AbortHandle);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn work(kind: Kind, every: Duration, way: Way, http2: Way, counts: Arc<Counts>) {
    let mut kept = match kind {
        Kind::Kept => Some(Worker::One(Box::new(way.open(HOST).await))),
        Kind::Http2 => Some(Worker::two(&http2).await),
        Kind::Socket => Some(Worker::One(Box::new(way.open(HOST).await.upgraded(HOST).await))),
        _ => None,
    };
    let mut ticks = interval(every);
    // What a pause of the machine cost is made up for.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for number in 0.. {
        ticks.tick().await;
        match (kind, &mut kept) {
            (Kind::Socket, Some(Worker::One(socket))) => socket.echo(b"ping").await,
            (Kind::Http2, Some(worker)) => worker.ask("two.bench.test", "/json").await,
            (_, Some(worker)) => worker.ask(HOST, "/json").await,
            (Kind::Large, None) if number % 2 == 0 => way.open(HOST).await.upload(HOST, 16 << 20).await,
            (Kind::Large, None) => way.open(HOST).await.ask(HOST, "/bytes/16777216").await,
            (Kind::Events, None) => way.open(HOST).await.first_event(HOST).await,
            (Kind::Vanishing, None) => vanish(&way, number).await,
            (_, None) => way.open(HOST).await.ask(HOST, "/json").await,
        }
        counts.requests.fetch_add(1, Ordering::Relaxed);
    }
}
