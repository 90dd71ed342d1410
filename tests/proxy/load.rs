//! Large bodies, many connections, clients that vanish: memory and service stay as they were.

use crate::client::{Alone, ask, head};
use crate::connected;
use std::io::{Read, Write};
use std::time::{Duration, Instant};
use testkit::wait_until;

const GET: &str = "GET /v1/users/me HTTP/1.1\r\nHost: api.notion.test\r\n\r\n";

/// In KiB. The bound of the kept request body and of the windows, with room for the allocator.
const GROWTH: u64 = 8 * 1024;

/// Idle upstream connections that may be kept.
const POOL: usize = 64;

const LARGE: usize = 64 << 20;

#[test]
fn a_large_body_passes_both_ways_in_constant_memory() {
    let mut world = connected();
    world.home.set_limit(Duration::from_secs(120));
    let proxy = Alone::start(&world);
    let mut client = proxy.connect();
    assert!(ask(&mut client, GET).0.starts_with("HTTP/1.1 200"));
    let (before, _) = proxy.memory();

    let request = format!("GET /bytes?n={LARGE} HTTP/1.1\r\nHost: api.notion.test\r\n\r\n");
    client.write_all(request.as_bytes()).unwrap();
    client.flush().unwrap();
    assert!(head(&mut client).starts_with("HTTP/1.1 200"));
    let mut part = vec![0; 256 << 10];
    let mut came = 0;
    while came < LARGE {
        let count = client.read(&mut part).unwrap();
        assert_ne!(count, 0, "the body ended after {came} bytes");
        assert!((came..came + count).all(|at| part[at - came] == u8::try_from(at % 251).unwrap()), "bytes changed");
        came += count;
    }

    let head_sent = format!("POST /v1/upload HTTP/1.1\r\nHost: api.notion.test\r\nContent-Length: {LARGE}\r\n\r\n");
    client.write_all(head_sent.as_bytes()).unwrap();
    for _ in 0..LARGE / part.len() {
        client.write_all(&part).unwrap();
    }
    client.flush().unwrap();
    let (answer, body) = ask(&mut client, "");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let seen: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(seen["length"], LARGE);

    let (_, peak) = proxy.memory();
    assert!(peak < before + GROWTH, "{before} KiB grew to {peak} KiB");
}

#[test]
fn a_thousand_clients_that_vanish_within_a_request_leave_it_as_it_was() {
    let mut world = connected();
    world.home.set_limit(Duration::from_secs(120));
    let proxy = Alone::start(&world);
    let vanish = |number: usize| {
        let mut client = proxy.connect();
        let unfinished = match number % 4 {
            // Within the head, within the body, before the response, within the response.
            0 => "GET /v1/x HTTP/1.1\r\nHost: api.no",
            1 => "POST /v1/x HTTP/1.1\r\nHost: api.notion.test\r\nContent-Length: 1000\r\n\r\nabc",
            2 => "GET /slow?ms=2000 HTTP/1.1\r\nHost: api.notion.test\r\n\r\n",
            _ => "GET /sse?n=1000&ms=20 HTTP/1.1\r\nHost: api.notion.test\r\n\r\n",
        };
        client.write_all(unfinished.as_bytes()).unwrap();
        client.flush().unwrap();
        if number % 4 == 3 {
            head(&mut client);
        }
    };
    (0..100).for_each(vanish);
    let (before, descriptors) = (proxy.memory().0, proxy.descriptors());
    (0..900).for_each(vanish);
    assert!(ask(&mut proxy.connect(), GET).0.starts_with("HTTP/1.1 200"));
    let (after, _) = proxy.memory();
    assert!(after < before + GROWTH, "{before} KiB grew to {after} KiB");
    let closed = || proxy.descriptors() <= descriptors + POOL;
    assert!(wait_until(Duration::from_secs(10), closed), "{descriptors} grew to {}", proxy.descriptors());
}

/// The bench's soak in small.
#[test]
fn ten_seconds_of_all_kinds_of_traffic_leave_it_as_it_was() {
    let world = connected();
    let proxy = Alone::start(&world);
    let start = Instant::now();
    let worker = |kind: usize| {
        let mut kept = proxy.connect();
        let mut count = 0;
        while start.elapsed() < Duration::from_secs(10) {
            let (path, fresh) = [("/v1/users/me", false), ("/v1/users/me", true), ("/bytes?n=2000000", false)][kind];
            if fresh {
                kept = proxy.connect();
            }
            let (head, _) = ask(&mut kept, &format!("GET {path} HTTP/1.1\r\nHost: api.notion.test\r\n\r\n"));
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            count += 1;
            std::thread::sleep(Duration::from_millis(5));
        }
        count
    };
    let total = std::thread::scope(|scope| {
        let workers = [0, 0, 0, 1, 2].map(|kind| scope.spawn(move || worker(kind)));
        std::thread::sleep(Duration::from_secs(3));
        let early = (proxy.memory().0, proxy.descriptors());
        let total: usize = workers.into_iter().map(|worker| worker.join().unwrap()).sum();
        let late = (proxy.memory().0, proxy.descriptors());
        assert!(late.0 < early.0 + GROWTH, "{} KiB grew to {} KiB", early.0, late.0);
        assert!(late.1 <= early.1 + POOL, "{} descriptors grew to {}", early.1, late.1);
        total
    });
    assert!(total > 500, "{total} requests are no load");
}

#[test]
fn five_hundred_idle_web_sockets_are_carried_beside_requests() {
    let mut world = connected();
    world.home.set_limit(Duration::from_secs(120));
    let proxy = Alone::start(&world);
    let upgrade = "GET /socket HTTP/1.1\r\nHost: api.notion.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    let mut sockets: Vec<_> = (0..500)
        .map(|_| {
            let mut client = proxy.connect();
            client.write_all(upgrade.as_bytes()).unwrap();
            client.flush().unwrap();
            let head = head(&mut client);
            assert!(head.starts_with("HTTP/1.1 101"), "{head}");
            client
        })
        .collect();
    assert!(ask(&mut proxy.connect(), GET).0.starts_with("HTTP/1.1 200"));
    for socket in sockets.iter_mut().step_by(50) {
        socket.write_all(b"ping").unwrap();
        socket.flush().unwrap();
        let mut echo = [0; 4];
        socket.read_exact(&mut echo).unwrap();
        assert_eq!(&echo, b"ping");
    }
    // Both TLS sessions, both sockets, and the tasks.
    let (memory, _) = proxy.memory();
    assert!(memory < 100 * 500 + 24 * 1024, "{memory} KiB");
}
