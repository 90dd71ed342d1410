//! A thousand connections cost one no more than itself.

use crate::stage::{FRESH, Kept, Stage};
use testkit::Config;

/// A stage with so many connections of one provider, the last of which is `last`.
pub fn full(count: usize) -> Stage {
    let stage = Stage::new(Config::plain(), Kept::Bundled);
    let issued = stage.world.server.issue();
    (1..count).for_each(|number| stage.store(&format!("c{number}"), &issued, FRESH));
    stage.store("last", &issued, FRESH);
    stage
}

/// How much the processes say to each other over a command, in bytes. Time is for `benches/`.
fn said(stage: &Stage, args: &[&str]) -> usize {
    let mut command = stage.world.home.command("authsome");
    let output = command.args(args).env("AUTHSOME_TRACE", "1").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stderr.len()
}

#[test]
fn one_of_a_thousand_is_read_with_as_many_words_as_the_only_one() {
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
        let (few, many) = (said(&one, args), said(&thousand, args));
        assert!(few > 0 && many < few * 11 / 10, "{args:?}: {few} bytes, {many} bytes");
    }
    let listed = thousand.world.home.run(&["list", "--connected", "--json"]).unwrap().expect_code(0).json();
    let demo = listed["providers"].as_array().unwrap().iter().find(|provider| provider["name"] == "demo").unwrap();
    assert_eq!(demo["connections"].as_array().unwrap().len(), 1000);
}
