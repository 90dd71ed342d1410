//! What the proxy endures in full size; `tests/proxy/load.rs` has the same in small. Each fails by itself.

use crate::contenders::{Own, Scene};
use crate::load::{HOST, Way, micros};
use crate::process::{allow_descriptors, descriptors, memory};
use crate::table::Table;
use std::time::{Duration, Instant};

const SOCKETS: usize = 10_000;
const VANISHING: usize = 1_000;

/// KiB that may stay when all have left.
const KEPT: f64 = 24.0 * 1024.0;

/// How often memory is looked at.
const GLANCE: Duration = Duration::from_millis(5);

pub async fn large_bodies(scene: &Scene, table: &mut Table) {
    const LARGE: usize = 2 << 30;
    let own = scene.own(0);
    own.way.open(HOST).await.ask(HOST, "/json").await;
    for up in [false, true] {
        let (before, way, start) = (memory(own.pid), own.way.clone(), Instant::now());
        let body = tokio::spawn(async move {
            let mut connection = way.open(HOST).await;
            match up {
                true => connection.upload(HOST, LARGE).await,
                false => connection.ask(HOST, &format!("/bytes/{LARGE}")).await,
            }
        });
        let mut most = before;
        while !body.is_finished() {
            most = most.max(memory(own.pid));
            tokio::time::sleep(GLANCE).await;
        }
        body.await.unwrap();
        let (speed, grown) = (LARGE as f64 / micros(start), (most - before) / 1024.0);
        assert!(grown <= 4.0, "memory grew by {grown:.1} MiB");
        let figure = if up { "2 GiB up" } else { "2 GiB down" };
        table.row(figure, format!("+{grown:.1} MiB of memory, {speed:.0} MB/s"), "+4 MiB", "");
    }
}

/// How many this process and those started from now on may have; the proxy has two descriptors for each.
pub fn allow_sockets() -> usize {
    const OTHERS: usize = 100;
    SOCKETS.min((allow_descriptors(2 * SOCKETS + OTHERS) - OTHERS) / 2)
}

pub async fn web_sockets(scene: &Scene, table: &mut Table) {
    let sockets = allow_sockets();
    let own = scene.own(0);
    let quiet = state(&own).await;
    let first = idle_sockets(&own, sockets).await - quiet.memory;
    let left = settled(&own, &quiet).await;
    let second = idle_sockets(&own, sockets).await - quiet.memory;
    settled(&own, &quiet).await;
    let each = first / sockets as f64;
    let measured =
        format!("{sockets} idle: {each:.0} KiB each; all echo; then {left}; once more: {:.2} ×", second / first);
    table.row("idle WebSockets", measured, "≤ 100 KiB each", "50 KiB");
    assert!(each <= 100.0, "{each:.0} KiB for each socket");
    assert!(second < 1.1 * first, "memory grew again");
}

/// Memory while they are there.
async fn idle_sockets(own: &Own, sockets: usize) -> f64 {
    let mut opened = Vec::with_capacity(sockets);
    for _ in 0..sockets {
        opened.push(own.way.open(HOST).await.upgraded(HOST).await);
    }
    own.way.open(HOST).await.ask(HOST, "/json").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let most = memory(own.pid);
    for socket in &mut opened {
        socket.echo(b"still here").await;
    }
    most
}

pub async fn vanishing(scene: &Scene, table: &mut Table) {
    let own = scene.own(0);
    for number in 0..100 {
        vanish(&own.way, number).await;
    }
    let quiet = state(&own).await;
    for number in 0..VANISHING {
        vanish(&own.way, number).await;
    }
    own.way.open(HOST).await.ask(HOST, "/json").await;
    let left = settled(&own, &quiet).await;
    table.row("connections dropped within a request", format!("{VANISHING}: then {left}"), "as before", "");
}

/// Within the head, within the body, before the response, within the response.
pub async fn vanish(way: &Way, number: usize) {
    let unfinished = match number % 4 {
        0 => format!("GET /json HTTP/1.1\r\nHost: {}", &HOST[..4]),
        1 => format!("POST /json HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 1000\r\n\r\nabc"),
        2 => format!("GET /slow HTTP/1.1\r\nHost: {HOST}\r\n\r\n"),
        _ => format!("GET /bytes/{} HTTP/1.1\r\nHost: {HOST}\r\n\r\n", 64 << 20),
    };
    let mut connection = way.open(HOST).await;
    connection.send(unfinished.as_bytes()).await;
    if number % 4 == 3 {
        connection.some().await;
    }
}

struct State {
    memory: f64,
    descriptors: usize,
}

/// After a request, so that what is made at the first one is there.
async fn state(own: &Own) -> State {
    own.way.open(HOST).await.ask(HOST, "/json").await;
    State { memory: memory(own.pid), descriptors: descriptors(own.pid) }
}

/// How it is once all clients are gone, and what they left behind was given back. Up to 64 idle upstream
/// connections may be kept.
async fn settled(own: &Own, quiet: &State) -> String {
    let end = Instant::now() + Duration::from_secs(40);
    while descriptors(own.pid) > quiet.descriptors + 64 || memory(own.pid) > quiet.memory + KEPT {
        let (open, kept) = (descriptors(own.pid), memory(own.pid) / 1024.0);
        assert!(Instant::now() < end, "{open} descriptors are still open, {kept:.1} MiB are held");
        tokio::time::sleep(GLANCE).await;
    }
    let (now, before) = (memory(own.pid) / 1024.0, quiet.memory / 1024.0);
    format!("{} descriptors and {now:.1} MiB, {} and {before:.1} before", descriptors(own.pid), quiet.descriptors)
}
