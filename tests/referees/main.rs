//! Our programs judged by OAuth servers and a browser that were not written for them.
//!
//! `.ci/referees` installs them. Where one is missing its tests do nothing and one line says so;
//! with `CI=true` or `AUTHSOME_REFEREES=required` a missing one is a failure.
#![allow(clippy::unwrap_used)]

mod authlib;
mod chromium;
mod court;
mod oidc_provider;
mod referee;
mod webdriver;
#[allow(dead_code, reason = "shared with the tests of tests/e2e, which use more of it")]
#[path = "../e2e/world.rs"]
mod world;

use referee::Referee;
use std::io::Write;

#[test]
fn every_referee_that_must_be_here_is() {
    let (here, missing): (Vec<Referee>, _) = Referee::ALL.iter().partition(|referee| referee.is_installed());
    let names = |referees: &[Referee]| match referees {
        [] => "none".to_owned(),
        some => some.iter().map(|referee| referee.name()).collect::<Vec<_>>().join(", "),
    };
    // Past the capture of a test's output: it is for the person who runs the tests.
    let line = format!("referees: {} ran; not installed: {} (.ci/referees)\n", names(&here), names(&missing));
    std::io::stderr().lock().write_all(line.as_bytes()).unwrap();
    assert!(missing.is_empty() || !referee::are_required(), "{line}");
}
