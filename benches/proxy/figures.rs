//! The figures, each by itself or one after the other.

use crate::contenders::{Own, Relay, Scene};
use crate::endurance;
use crate::load::{self, Connection, Fleet, HOST, Way, micros};
use crate::memory;
use crate::process::Instructions;
use crate::soak;
use crate::table::{Ratio, Table, median};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Short, so that the contenders of a round meet the same machine.
const ROUND: Duration = Duration::from_millis(500);
const ROUNDS: usize = 11;
pub const LARGE: usize = 256 << 20;

/// Hosts per round of the figure about those never seen.
const UNSEEN: usize = 300;

/// In this order if none is asked for.
const FIGURES: &[&str] =
    &["memory", "latency", "cpu", "rate", "new-connection", "unseen-host", "events", "injection", "http2", "bodies"];

/// Only if asked for: these have no ratio, they fail or not.
const ENDURANCE: &[&str] = &["large-bodies", "web-sockets", "vanishing", "soak"];

/// `words`: names of figures, `--rounds N`, `--minutes N`.
pub fn measure(runtime: &Runtime, words: &[&str]) {
    let rounds = option(words, "--rounds").unwrap_or(ROUNDS);
    let minutes = option(words, "--minutes").unwrap_or(60);
    let all = || FIGURES.iter().chain(ENDURANCE).copied();
    let asked: Vec<&str> = all().filter(|figure| words.contains(figure)).collect();
    let unknown = words
        .iter()
        .find(|word| !word.starts_with("--") && word.parse::<usize>().is_err() && all().all(|figure| figure != **word));
    if let Some(unknown) = unknown {
        eprintln!("no figure is called {unknown}; there are: {}", all().collect::<Vec<_>>().join(" "));
        std::process::exit(2);
    }
    if asked.contains(&"web-sockets") {
        // Before the upstream is started, which needs as many.
        endurance::allow_sockets();
    }
    let scene = Scene::new();
    let mut table = Table::default();
    for figure in if asked.is_empty() { FIGURES } else { &asked } {
        runtime.block_on(one(figure, &scene, rounds, minutes, &mut table));
    }
    table.print();
}

pub fn option(words: &[&str], name: &str) -> Option<usize> {
    let at = words.iter().position(|word| *word == name)?;
    words.get(at + 1)?.parse().ok()
}

async fn one(figure: &str, scene: &Scene, rounds: usize, minutes: usize, table: &mut Table) {
    match figure {
        "memory" => memory::measure(scene, table).await,
        "latency" => latency(scene, rounds, table).await,
        "cpu" => many_connections(scene, rounds, 16, table).await,
        "rate" => many_connections(scene, rounds, 64, table).await,
        "new-connection" => new_connections(scene, rounds, table).await,
        "unseen-host" => unseen_hosts(scene, rounds, table).await,
        "events" => events(scene, rounds, table).await,
        "injection" => injection(scene, rounds, table).await,
        "http2" => http2(scene, rounds, table).await,
        "bodies" => bodies(scene, rounds, table).await,
        "large-bodies" => endurance::large_bodies(scene, table).await,
        "web-sockets" => endurance::web_sockets(scene, table).await,
        "vanishing" => endurance::vanishing(scene, table).await,
        "soak" => soak::soak(scene, minutes, table).await,
        _ => unreachable!("the names were looked up"),
    }
}

/// Measures each contender in turn, round by round; every round begins with the next one, so that
/// none always has the same one's traces before it. What was measured, by contender.
async fn rounds<C, M>(rounds: usize, contenders: &mut [C], mut measure: impl AsyncFnMut(&mut C) -> M) -> Vec<Vec<M>> {
    let mut measured: Vec<Vec<M>> = contenders.iter().map(|_| Vec::with_capacity(rounds)).collect();
    for round in 0..rounds {
        for turn in 0..contenders.len() {
            let at = (round + turn) % contenders.len();
            measured[at].push(measure(&mut contenders[at]).await);
        }
    }
    measured
}

async fn latency(scene: &Scene, count: usize, table: &mut Table) {
    let (relay, own, mitmproxy) = (scene.relay(), scene.own(0), scene.mitmproxy());
    let mut contenders: Vec<Connection> = Vec::new();
    for way in [&scene.direct(), &relay.way, &own.way].into_iter().chain(mitmproxy.as_ref().map(|other| &other.way)) {
        contenders.push(way.open(HOST).await);
    }
    let medians = rounds(count, &mut contenders, async |connection| median(connection.one_by_one(ROUND).await)).await;
    let added =
        |at: usize| -> Vec<f64> { medians[at].iter().zip(&medians[0]).map(|(own, direct)| own - direct).collect() };
    let measured = format!(
        "{} × the relay's ({:.0} µs to {:.0} µs; direct {:.0} µs)",
        Ratio::of_costs(&added(2), &added(1)),
        median(added(2)),
        median(added(1)),
        median(medians[0].clone()),
    );
    table.row("added p50, one keep-alive connection", measured, "≤ 2.2 × the TLS relay's", "1.3 ×");
    if mitmproxy.is_some() {
        let ratio = Ratio::of_rates(&added(3), &added(2));
        let measured =
            format!("1/{:.0} (best round 1/{:.0}) of its {:.0} µs", ratio.median, ratio.best, median(added(3)));
        table.row("… against mitmproxy", measured, "≤ 1/25", "");
    }
}

async fn many_connections(scene: &Scene, count: usize, connections: usize, table: &mut Table) {
    let (relay, own, mitmproxy) = (scene.relay(), scene.own(0), scene.mitmproxy());
    let mut contenders = Vec::new();
    let ways = [(&scene.direct(), own.pid), (&relay.way, relay.pid), (&own.way, own.pid)];
    for (way, pid) in ways.into_iter().chain(mitmproxy.as_ref().map(|other| (&other.way, own.pid))) {
        contenders.push((Fleet::open(way, HOST, "/json", connections).await, pid));
    }
    let costs = rounds(count, &mut contenders, async |(fleet, pid)| fleet.cost(ROUND, *pid).await).await;
    let rate = |at: usize| -> Vec<f64> { costs[at].iter().map(|cost| cost.rate).collect() };
    let micros = |at: usize| -> Vec<f64> { costs[at].iter().map(|cost| cost.micros).collect() };
    if connections == 16 {
        let ratio = Ratio::of_costs(&micros(2), &micros(1));
        let measured = format!("{ratio} × the relay's ({:.1} µs to {:.1} µs)", median(micros(2)), median(micros(1)));
        table.row("CPU per request at 16 connections", measured, "≤ 1.9 × the TLS relay's", "1.2 ×");
        instructions(&mut contenders, table).await;
    }
    let (ratio, to_direct) = (Ratio::of_rates(&rate(2), &rate(1)), Ratio::of_rates(&rate(2), &rate(0)));
    let measured =
        format!("{ratio} of the relay's ({:.0} to {:.0}); {to_direct} of direct's", median(rate(2)), median(rate(1)));
    table.row(&format!("requests/s at {connections} connections"), measured, "≥ 0.6 of the TLS relay's", "0.9");
    if mitmproxy.is_some() {
        let ratio = Ratio::of_rates(&rate(2), &rate(3));
        table.row("… against mitmproxy", format!("{ratio} × its"), "≥ 30 ×", "");
    }
}

/// Told only where the machine counts them.
async fn instructions(contenders: &mut [(Fleet, u32)], table: &mut Table) {
    let mut counted = Vec::new();
    for (fleet, pid) in &mut contenders[1..3] {
        let counter = Instructions::count(*pid);
        // perf attaches meanwhile.
        tokio::time::sleep(ROUND).await;
        let start = Instant::now();
        let rate = fleet.rate(3 * ROUND).await;
        let requests = rate * start.elapsed().as_secs_f64();
        counted.push(counter.end().map(|count| count / requests));
    }
    if let [Some(relay), Some(own)] = counted[..] {
        let measured = format!("{:.2} × the relay's ({own:.0} to {relay:.0})", own / relay);
        table.row("instructions per request at 16 connections", measured, "", "");
    }
}

async fn new_connections(scene: &Scene, count: usize, table: &mut Table) {
    let (relay, own) = (scene.relay(), scene.own(0));
    let times = afresh(count, &mut [&scene.direct(), &own.way, &relay.way]).await;
    let measured = format!("{}; the relay's {:.0} µs", compared(&times), median(times[2].p50.clone()));
    table.row("new connection, known host", measured, "p50 ≤ direct's", "1.5 × direct's rate");
    if let Some(nginx) = scene.nginx() {
        let own = scene.own_before(nginx.address, 0);
        let times = afresh(count, &mut [&scene.direct_to(nginx.address), &own.way]).await;
        table.row("… of nginx", compared(&times), "p50 ≤ direct's", "");
    }
}

/// Of each round: the median in microseconds, and how many in a second.
#[derive(Default)]
struct Afresh {
    p50: Vec<f64>,
    rate: Vec<f64>,
}

async fn afresh(count: usize, ways: &mut [&Way]) -> Vec<Afresh> {
    let times = rounds(count, ways, async |way| load::afresh(way, ROUND).await).await;
    let of = |rounds: Vec<Vec<f64>>| Afresh {
        rate: rounds.iter().map(|times| times.len() as f64 / ROUND.as_secs_f64()).collect(),
        p50: rounds.into_iter().map(median).collect(),
    };
    times.into_iter().map(of).collect()
}

/// The second against the first.
fn compared(times: &[Afresh]) -> String {
    let (direct, own) = (&times[0], &times[1]);
    format!(
        "p50 {} × direct's ({:.0} µs to {:.0} µs), rate {} × direct's",
        Ratio::of_costs(&own.p50, &direct.p50),
        median(own.p50.clone()),
        median(direct.p50.clone()),
        Ratio::of_rates(&own.rate, &direct.rate),
    )
}

async fn unseen_hosts(scene: &Scene, count: usize, table: &mut Table) {
    let (relay, own) = (scene.relay(), scene.own(count * UNSEEN));
    let mut contenders = [(&relay.way, 0), (&own.way, 0)];
    let rates = rounds(count, &mut contenders, async |(way, from)| {
        let to = *from + UNSEEN;
        let seconds = load::hosts(way, std::mem::replace(from, to), to).await;
        UNSEEN as f64 / seconds
    })
    .await;
    let ratio = Ratio::of_rates(&rates[1], &rates[0]);
    let (ours, theirs) = (median(rates[1].clone()), median(rates[0].clone()));
    let measured = format!("{ratio} of the relay's rate ({ours:.0} to {theirs:.0} each second)");
    table.row("never-seen host, 8 workers", measured, "≥ 0.7 of the TLS relay's", "0.95");
}

async fn events(scene: &Scene, count: usize, table: &mut Table) {
    let own = scene.own(0);
    let mut contenders = [&scene.direct(), &own.way];
    let times = rounds(count, &mut contenders, async |way| {
        let mut times = Vec::new();
        for _ in 0..10 {
            let mut connection = way.open(HOST).await;
            let start = Instant::now();
            connection.first_event(HOST).await;
            times.push(micros(start));
        }
        median(times)
    })
    .await;
    let added: Vec<f64> = times[1].iter().zip(&times[0]).map(|(own, direct)| (own - direct) / 1000.0).collect();
    let best = added.iter().copied().fold(f64::INFINITY, f64::min);
    let measured = format!("{:.2} ms (best round {best:.2}) after direct's", median(added));
    table.row("first byte of SSE", measured, "within 2 ms of direct's", "0.5 ms");
}

/// Of one provider only `/v1` is routed: what is asked elsewhere at its host is plain forwarding.
async fn injection(scene: &Scene, count: usize, table: &mut Table) {
    let own = scene.own(0);
    let way = Way { injects: false, ..own.way.clone() };
    let mut contenders = Vec::new();
    for path in ["/plain", "/v1/json"] {
        contenders.push(Fleet::open(&way, "p.plain.test", path, 16).await);
    }
    let costs = rounds(count, &mut contenders, async |fleet| fleet.cost(ROUND, own.pid).await.micros).await;
    let added: Vec<f64> = costs[1].iter().zip(&costs[0]).map(|(with, without)| with - without).collect();
    let best = added.iter().copied().fold(f64::INFINITY, f64::min);
    let measured = format!("{:.1} µs (best round {best:.1}) of CPU per request", median(added));
    table.row("injection, audit hand-off and routing, 200 routes", measured, "≤ 10 µs over plain forwarding", "3 µs");
}

async fn http2(scene: &Scene, count: usize, table: &mut Table) {
    let own = scene.own(0);
    let mut contenders = [
        Fleet::open(&own.way, HOST, "/json", 100).await,
        Fleet::streams(&own.http2(), 100).await,
        Fleet::streams(&scene.direct_http2(), 100).await,
    ];
    let rates = rounds(count, &mut contenders, async |fleet| fleet.rate(ROUND).await).await;
    let (to_one, to_direct) = (Ratio::of_rates(&rates[1], &rates[0]), Ratio::of_rates(&rates[1], &rates[2]));
    let (two, one) = (median(rates[1].clone()), median(rates[0].clone()));
    let measured =
        format!("{to_one} × HTTP/1.1's at 100 connections ({two:.0} to {one:.0}); {to_direct} of HTTP/2 direct");
    table.row("HTTP/2, 100 streams on one connection", measured, "≥ HTTP/1.1's", "1.5 ×");
}

async fn bodies(scene: &Scene, count: usize, table: &mut Table) {
    let (relay, own): (Relay, Own) = (scene.relay_for_large(), scene.own(0));
    let path = format!("/bytes/{LARGE}");
    for up in [false, true] {
        let mut contenders = [&scene.direct(), &relay.way, &own.way];
        let speeds = rounds(count, &mut contenders, async |way| {
            let mut connection = way.open(HOST).await;
            let start = Instant::now();
            match up {
                true => connection.upload(HOST, LARGE).await,
                false => connection.ask(HOST, &path).await,
            }
            LARGE as f64 / micros(start)
        })
        .await;
        let (to_relay, to_direct) = (Ratio::of_rates(&speeds[2], &speeds[1]), Ratio::of_rates(&speeds[2], &speeds[0]));
        let speed = median(speeds[2].clone());
        let measured = format!("{to_relay} of the relay's speed, {to_direct} of direct's ({speed:.0} MB/s)");
        let figure = if up { "256 MiB up" } else { "256 MiB down" };
        table.row(figure, measured, "≥ 0.9 of the TLS relay's", "0.95 of direct's");
    }
}
