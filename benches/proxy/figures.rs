//! The figures, one after the other.

use crate::load::{self, HOST, Way, micros};
use crate::process::{Part, memory, processor};
use crate::stage::{self, OwnProxy};
use crate::table::{Table, median};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const ROUNDS: usize = 5;
const LASTING: Duration = Duration::from_millis(1500);
const LARGE: usize = 256 << 20;

/// Hosts per round of the figure about those never seen.
const UNSEEN: usize = 400;

pub fn measure(runtime: &Runtime) {
    let home = stage::home();
    let directory = home.work();
    stage::certificates(&directory);
    let upstream = Part::start("upstream", &directory, &[]);
    let (one, two) = (upstream.addresses[0], upstream.addresses[1]);
    let relay = Part::start("relay", &directory, &[one.to_string()]);
    // Memory is told of one that has done nothing else.
    let quiet = OwnProxy::start(&home, &directory, 0, one, two);
    let own = OwnProxy::start(&home, &directory, stage::HOSTS, one, two);
    let pem = |name: &str| fs::read_to_string(directory.join(name)).unwrap();
    let way = |name, address, proxy, roots: &str| Way {
        name,
        address,
        proxy,
        target: None,
        tls: stage::trusting(roots, &["http/1.1"]),
        injects: name == "authsome",
    };
    let ways = Ways {
        direct: way("direct", one, None, &pem("roots.pem")),
        relay: way("relay", relay.addresses[0], Some(None), &pem("relay.pem")),
        own: way("authsome", own.address, Some(Some(own.password.clone())), &own.ca),
        mitmproxy: None,
        relay_pid: relay.id(),
        own_pid: own.pid,
    };
    let mitmproxy = Mitmproxy::start(&directory, one);
    let ways = Ways { mitmproxy: mitmproxy.as_ref().map(|running| running.way.clone()), ..ways };
    let mut table = Table::default();
    runtime.block_on(async {
        table.row("memory idle, 200 routes", mebibytes(memory(quiet.pid)), "≤ 12 MiB", "6 MiB");
        let quiet_way = way("authsome", quiet.address, Some(Some(quiet.password.clone())), &quiet.ca);
        memory_of_a_body(&quiet_way, quiet.pid, &mut table).await;
        memory_of_connections(&quiet_way, quiet.pid, &mut table).await;
        one_connection(&ways, &mut table).await;
        many_connections(&ways, &mut table).await;
        new_connections(&ways, &mut table).await;
        unseen_hosts(&ways, &mut table).await;
        events(&ways, &mut table).await;
        injection(&ways, &mut table).await;
        http2(&ways, &own, two, &pem("roots.pem"), &mut table).await;
        bodies(&ways, &mut table).await;
        memory_of_hosts(&ways, &mut table).await;
    });
    table.print();
}

struct Ways {
    direct: Way,
    relay: Way,
    own: Way,
    mitmproxy: Option<Way>,
    relay_pid: u32,
    own_pid: u32,
}

async fn one_connection(ways: &Ways, table: &mut Table) {
    let (mut direct, mut relay, mut own, mut other) = (vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        direct.push(median(load::one_by_one(&ways.direct, LASTING).await));
        relay.push(median(load::one_by_one(&ways.relay, LASTING).await));
        own.push(median(load::one_by_one(&ways.own, LASTING).await));
        if let Some(way) = &ways.mitmproxy {
            other.push(median(load::one_by_one(way, LASTING).await));
        }
    }
    let direct = median(direct);
    let (relay, own) = (median(relay) - direct, median(own) - direct);
    let measured = format!("{:.2} × the relay's ({own:.0} µs to {relay:.0} µs; direct {direct:.0} µs)", own / relay);
    table.row("added p50, one keep-alive connection", measured, "≤ 2.2 × the TLS relay's", "1.3 ×");
    if !other.is_empty() {
        let other = median(other) - direct;
        table.row("… against mitmproxy", format!("1/{:.0} of its {other:.0} µs", other / own), "≤ 1/25", "");
    }
}

async fn many_connections(ways: &Ways, table: &mut Table) {
    for connections in [16, 64] {
        let (mut rates, mut costs, mut against) = (vec![], vec![], vec![]);
        for _ in 0..ROUNDS {
            let (relay, relay_cost) = rate(&ways.relay, ways.relay_pid, connections).await;
            let (own, own_cost) = rate(&ways.own, ways.own_pid, connections).await;
            rates.push(own / relay);
            costs.push(own_cost / relay_cost);
            if let Some(way) = &ways.mitmproxy {
                against.push(own / rate(way, std::process::id(), connections).await.0);
            }
        }
        let figure = format!("requests/s at {connections} connections");
        table.row(&figure, format!("{:.2} of the relay's", median(rates)), "≥ 0.6 of the TLS relay's", "0.9");
        if !against.is_empty() {
            table.row("… against mitmproxy", format!("{:.0} × its", median(against)), "≥ 30 ×", "");
        }
        if connections == 16 {
            let measured = format!("{:.2} × the relay's", median(costs));
            table.row("CPU per request at 16 connections", measured, "≤ 1.9 × the TLS relay's", "1.2 ×");
        }
    }
}

/// Requests per second, and microseconds of processor time for each.
async fn rate(way: &Way, pid: u32, connections: usize) -> (f64, f64) {
    let before = processor(pid);
    let count = load::together(way, HOST, "/json", connections, LASTING).await as f64;
    (count / LASTING.as_secs_f64(), (processor(pid) - before) / count)
}

async fn new_connections(ways: &Ways, table: &mut Table) {
    let (mut direct, mut own) = (vec![], vec![]);
    for _ in 0..ROUNDS {
        direct.push(median(load::afresh(&ways.direct, LASTING).await));
        own.push(median(load::afresh(&ways.own, LASTING).await));
    }
    let (direct, own) = (median(direct), median(own));
    let measured = format!("p50 {:.2} × direct's ({own:.0} µs to {direct:.0} µs)", own / direct);
    table.row("new connection, known host", measured, "p50 ≤ direct's", "1.5 × direct's rate");
}

async fn unseen_hosts(ways: &Ways, table: &mut Table) {
    let mut ratios = vec![];
    for round in 0..ROUNDS {
        let (from, to) = (round * UNSEEN, (round + 1) * UNSEEN);
        let relay = load::hosts(&ways.relay, from, to).await;
        let own = load::hosts(&ways.own, from, to).await;
        ratios.push(relay / own);
    }
    table.row(
        "never-seen host, 8 workers",
        format!("{:.2} of the relay's rate", median(ratios)),
        "≥ 0.7 of the TLS relay's",
        "0.95",
    );
}

async fn events(ways: &Ways, table: &mut Table) {
    let (mut direct, mut own) = (vec![], vec![]);
    for _ in 0..50 {
        for (way, times) in [(&ways.direct, &mut direct), (&ways.own, &mut own)] {
            let mut connection = way.open(HOST).await;
            let start = Instant::now();
            connection.first_event(HOST).await;
            times.push(micros(start));
        }
    }
    let added = (median(own) - median(direct)) / 1000.0;
    table.row("first byte of SSE", format!("{added:.2} ms after direct's"), "within 2 ms of direct's", "0.5 ms");
}

/// Of one provider only `/v1` is routed: what is asked elsewhere at its host is plain forwarding.
async fn injection(ways: &Ways, table: &mut Table) {
    let mut added = vec![];
    let plain_way = Way { injects: false, ..ways.own.clone() };
    for _ in 0..ROUNDS {
        let mut cost = [0.0; 2];
        for (at, path) in ["/plain", "/v1/json"].into_iter().enumerate() {
            let before = processor(ways.own_pid);
            let count = load::together(&plain_way, "p.plain.test", path, 16, LASTING).await as f64;
            cost[at] = (processor(ways.own_pid) - before) / count;
        }
        added.push(cost[1] - cost[0]);
    }
    let measured = format!("{:.1} µs of CPU per request", median(added));
    table.row("injection, audit hand-off and routing, 200 routes", measured, "≤ 10 µs over plain forwarding", "3 µs");
}

async fn http2(ways: &Ways, own: &OwnProxy, two: SocketAddr, roots: &str, table: &mut Table) {
    let way = Way { tls: stage::trusting(&own.ca, &["h2"]), ..ways.own.clone() };
    let direct = Way { tls: stage::trusting(roots, &["h2"]), address: two, ..ways.direct.clone() };
    let (mut ratios, mut directs) = (vec![], vec![]);
    for _ in 0..ROUNDS {
        let one = load::together(&ways.own, HOST, "/json", 100, LASTING).await as f64;
        let two = load::streams(&way, 100, LASTING).await as f64;
        ratios.push(two / one);
        directs.push(two / load::streams(&direct, 100, LASTING).await as f64);
    }
    let measured =
        format!("{:.2} × HTTP/1.1's at 100 connections ({:.2} of HTTP/2 direct)", median(ratios), median(directs));
    table.row("HTTP/2, 100 streams on one connection", measured, "≥ HTTP/1.1's", "1.5 ×");
}

async fn bodies(ways: &Ways, table: &mut Table) {
    let path = format!("/bytes/{LARGE}");
    for up in [false, true] {
        let mut times = [vec![], vec![], vec![]];
        for _ in 0..ROUNDS {
            for (way, times) in [&ways.direct, &ways.relay, &ways.own].into_iter().zip(&mut times) {
                let mut connection = way.open(HOST).await;
                let start = Instant::now();
                match up {
                    true => connection.upload(HOST, LARGE).await,
                    false => connection.ask(HOST, &path).await,
                }
                times.push(micros(start));
            }
        }
        let [direct, relay, own] = times.map(median);
        let figure = if up { "256 MiB up" } else { "256 MiB down" };
        let measured = format!("{:.2} of the relay's speed, {:.2} of direct's", relay / own, direct / own);
        table.row(figure, measured, "≥ 0.9 of the TLS relay's", "0.95 of direct's");
    }
}

async fn memory_of_a_body(way: &Way, pid: u32, table: &mut Table) {
    let mut connection = way.open(HOST).await;
    connection.ask(HOST, "/json").await;
    let before = memory(pid);
    let body = tokio::spawn(async move { connection.ask(HOST, &format!("/bytes/{}", 4 * LARGE)).await });
    let mut most = before;
    while !body.is_finished() {
        most = most.max(memory(pid));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    body.await.unwrap();
    table.row("memory during a 1 GiB body", format!("+{:.1} MiB", (most - before) / 1024.0), "+4 MiB", "");
}

async fn memory_of_connections(way: &Way, pid: u32, table: &mut Table) {
    let before = memory(pid);
    let mut opened = Vec::new();
    for _ in 0..500 {
        let mut connection = way.open(HOST).await;
        connection.ask(HOST, "/json").await;
        opened.push(connection);
    }
    let each = (memory(pid) - before) / 500.0;
    table.row("memory per connection", format!("{each:.0} KiB"), "≤ 100 KiB", "50 KiB");
}

async fn memory_of_hosts(ways: &Ways, table: &mut Table) {
    load::hosts(&ways.own, ROUNDS * UNSEEN, stage::HOSTS).await;
    table.row("memory after 10,000 hosts", mebibytes(memory(ways.own_pid)), "≤ 64 MiB", "32 MiB");
}

fn mebibytes(kibibytes: f64) -> String {
    format!("{:.1} MiB", kibibytes / 1024.0)
}

/// The best known peer, where `mitmdump` is on PATH. It injects nothing, which flatters it.
struct Mitmproxy {
    child: Child,
    way: Way,
}

impl Mitmproxy {
    fn start(directory: &Path, upstream: SocketAddr) -> Option<Mitmproxy> {
        let port = testkit::free_port().unwrap();
        let set = [format!("confdir={}", directory.display()), format!("listen_port={port}")];
        let mut command = Command::new("mitmdump");
        command.args(["-q", "--ssl-insecure", "--set", "listen_host=127.0.0.1", "--set", &set[0], "--set", &set[1]]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        let authority = directory.join("mitmproxy-ca-cert.pem");
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let listens = || authority.is_file() && std::net::TcpStream::connect(address).is_ok();
        testkit::wait_until(Duration::from_secs(20), listens).then(|| {
            let tls = stage::trusting(&fs::read_to_string(&authority).unwrap(), &["http/1.1"]);
            let way =
                Way { name: "mitmproxy", address, proxy: Some(None), target: Some(upstream), tls, injects: false };
            Mitmproxy { child, way }
        })
    }
}

impl Drop for Mitmproxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
