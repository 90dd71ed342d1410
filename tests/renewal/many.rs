//! A thousand connections cost one no more than itself.

use crate::stage::{FRESH, Kept, Stage};
use std::time::{Duration, Instant};
use testkit::Config;

/// A stage with so many connections of one provider, the last of which is `last`.
pub fn full(count: usize) -> Stage {
    let stage = Stage::new(Config::plain(), Kept::Bundled);
    let issued = stage.world.server.issue();
    (1..count).for_each(|number| stage.store(&format!("c{number}"), &issued, FRESH));
    stage.store("last", &issued, FRESH);
    stage
}

/// The fastest of some runs, which is what the machine allows; the slow ones are its neighbours'.
pub fn fastest(stages: &[&Stage], runs: usize, args: &[&str]) -> Vec<Duration> {
    let mut best = vec![Duration::MAX; stages.len()];
    for _ in 0..runs {
        for (stage, best) in stages.iter().zip(&mut best) {
            let mut command = stage.world.home.command("authsome");
            let began = Instant::now();
            let output = command.args(args).output().unwrap();
            *best = (*best).min(began.elapsed());
            assert!(output.status.success(), "{output:?}");
        }
    }
    best
}

#[test]
fn one_of_a_thousand_is_read_as_fast_as_the_only_one() {
    let (one, thousand) = (full(1), full(1000));
    for stage in [&one, &thousand] {
        stage.world.home.run(&["connection", "set-default", "demo", "last"]).unwrap().expect_code(0);
    }
    for args in [
        &["get", "demo", "--connection", "last", "--field", "status"][..],
        &["get", "demo", "--field", "status"],
        &["export", "demo", "--connection", "last"],
        &["export", "demo"],
    ] {
        let best = fastest(&[&one, &thousand], 12, args);
        assert!(best[1] < best[0] * 3 / 2, "{args:?}: {best:?}");
    }
    let listed = thousand.world.home.run(&["list", "--connected", "--json"]).unwrap().expect_code(0).json();
    let demo = listed["providers"].as_array().unwrap().iter().find(|provider| provider["name"] == "demo").unwrap();
    assert_eq!(demo["connections"].as_array().unwrap().len(), 1000);
}
