//! kill -9, under load: of the credential source, of the provider, of the command.
//!
//! What one death does to one request is told in tests/e2e/run/restarts.rs and ends.rs.

use crate::client::{Alone, ask};
use crate::{HOST, connected, nginx};
use rustix::process::{Pid, kill_process};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use testkit::{Signal, wait_until};

const GET: &str = "GET /v1/users/me HTTP/1.1\r\nHost: api.notion.test\r\n\r\n";
const SOON: Duration = Duration::from_secs(10);

#[test]
fn requests_are_answered_while_the_credential_source_is_killed_again_and_again() {
    let world = connected();
    let proxy = Alone::start(&world);
    let (ended, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = proxy.connect();
                    while !ended.load(Ordering::Relaxed) {
                        let (head, _) = ask(&mut client, GET);
                        let told = head.starts_with("HTTP/1.1 502") && head.contains("x-authsome-error: ");
                        assert!(head.starts_with("HTTP/1.1 200") || told, "{head}");
                        answered.fetch_add(usize::from(!told), Ordering::Relaxed);
                    }
                })
            })
            .collect();
        for _ in 0..5 {
            let before = answered.load(Ordering::Relaxed);
            let source = children(proxy.pid());
            source.iter().for_each(|pid| kill(*pid));
            // It is asked anew after a second, and then it is another process.
            let goes_on = || {
                let now = children(proxy.pid());
                !now.is_empty() && now != source && answered.load(Ordering::Relaxed) > before + 10
            };
            assert!(wait_until(SOON, goes_on) || clients.iter().any(|client| client.is_finished()), "no more answers");
        }
        ended.store(true, Ordering::Relaxed);
    });
    assert!(ask(&mut proxy.connect(), GET).0.starts_with("HTTP/1.1 200"));
    world.assert_real_token();
}

#[test]
fn a_provider_that_is_killed_and_comes_back_is_reached_again() {
    let world = connected();
    let Some(nginx) = nginx::start(&world, "") else { return };
    let proxy = Alone::at(&world, nginx.address, &nginx.site.roots);
    let reflect = format!("GET /reflect HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
    let mut client = proxy.connect();
    assert!(ask(&mut client, &reflect).0.starts_with("HTTP/1.1 200"));
    nginx.running.signal_group(Signal::KILL).unwrap();
    assert!(wait_until(SOON, || std::net::TcpStream::connect(nginx.address).is_err()));
    let (head, _) = ask(&mut client, &reflect);
    assert!(head.starts_with("HTTP/1.1 502") && head.contains("x-authsome-error: "), "{head}");
    let _again = nginx.restart(&world);
    assert!(ask(&mut client, &reflect).0.starts_with("HTTP/1.1 200"));
}

#[test]
fn a_command_that_is_killed_within_a_response_ends_its_session() {
    let world = connected();
    let mut args = world.run_args(&["curl", "-sSN", "-o", "events", "https://api.notion.test/sse?n=3000&ms=10"]);
    args.insert(0, "-q".to_owned());
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let running = world.home.spawn("authsome", &args).unwrap();
    let events = world.home.work().join("events");
    assert!(wait_until(SOON, || std::fs::metadata(&events).is_ok_and(|file| file.len() > 0)), "no event came");
    let below: Vec<u32> =
        children(running.id()).into_iter().flat_map(|pid| [vec![pid], children(pid)].concat()).collect();
    let named = |pid: &&u32| std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "curl\n");
    kill(*below.iter().find(named).unwrap());
    running.finish().unwrap().expect_code(137);
    let ended = || below.iter().all(|pid| !std::path::Path::new(&format!("/proc/{pid}")).exists());
    assert!(wait_until(SOON, ended), "something of the session is still there");
}

fn children(pid: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<_>>()).collect()
}

fn kill(pid: u32) {
    let _ = kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), Signal::KILL);
}
