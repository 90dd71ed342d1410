//! HTTP/2 as no client should speak it: `python/h2_frames.py` makes the frames.

use crate::client::Alone;
use crate::connected;
use crate::python::{folder, python};
use crate::world::World;
use std::time::Duration;
use testkit::Output;

/// In KiB.
const GROWTH: u64 = 16 * 1024;

fn stage() -> (World, Alone) {
    let mut world = connected();
    world.home.set_limit(Duration::from_secs(120));
    let proxy = Alone::start(&world);
    for (name, value) in proxy.variables() {
        world.home.set_env(name, &value);
    }
    (world, proxy)
}

fn speak(world: &World, python: &str, what: &str) -> Output {
    let script = folder().join("h2_frames.py").display().to_string();
    world.home.run_program(python, &[&script, what]).unwrap().expect_code(0)
}

/// What came of each case, while the upstream got nothing but the good requests.
fn play(what: &str) -> Option<Vec<(String, String)>> {
    let python = python()?;
    let (world, proxy) = stage();
    let before = (proxy.pid(), proxy.memory().0);
    let output = speak(&world, &python, what);
    let (pid, peak) = (proxy.pid(), proxy.memory().1);
    assert_eq!(pid, before.0, "the proxy died");
    assert!(peak < before.1 + GROWTH, "{} KiB grew to {peak} KiB", before.1);
    let bad = world.api.requests().iter().filter(|request| request.path() == "/bad").count();
    // A request that is taken back may have left before.
    assert!(bad == 0 || what == "floods", "{bad} forbidden requests were forwarded:\n{}", output.stdout);
    let lines = output.stdout.lines().map(|line| line.rsplit_once(": ").unwrap());
    let mut cases: Vec<(String, String)> = lines.map(|(name, end)| (name.to_owned(), end.to_owned())).collect();
    assert_eq!(cases.pop().unwrap().1, "status 200", "{}", output.stdout);
    Some(cases)
}

#[test]
fn what_http_2_forbids_is_refused_and_reaches_nobody() {
    let Some(cases) = play("illegal") else { return };
    assert!(cases.len() > 80);
    let refused = |end: &str| ["goaway ", "reset ", "closed", "status 4"].iter().any(|way| end.starts_with(way));
    // These are dropped before anyone sees them, and the request is as good as without.
    let dropped = "8.1 pseudo-fields in trailers";
    let taken: Vec<_> = cases.iter().filter(|(name, end)| name != dropped && !refused(end)).collect();
    assert!(taken.is_empty(), "{taken:#?}");
}

#[test]
fn floods_of_frames_are_cut_off_or_cost_nothing() {
    let Some(cases) = play("floods") else { return };
    for (name, end) in cases {
        // Nobody may be asked to read heads without an end.
        let is_head = name.contains("head") || name.contains("continuations") || name.contains("field");
        assert!(!is_head || end != "silence" && end != "status 200", "{name}: {end}");
    }
}

#[test]
fn a_trailer_of_http_2_is_no_way_out_either() {
    let Some(python) = python() else { return };
    let (world, _proxy) = stage();
    let output = speak(&world, &python, "trailers").stdout;
    assert!(output.contains("x-checksum: [[('x-checksum', '1')]]"), "an ordinary one was lost: {output}");
    let values: String = output.lines().filter_map(|line| line.split_once(": ")).map(|(_, came)| came).collect();
    assert!(!values.contains("authsome") && !values.contains("proxy-authorization"), "{output}");
}
