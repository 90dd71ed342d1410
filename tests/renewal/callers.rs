//! Many callers, several processes, one refresh token that may be used once.

use crate::stage::{DEAD, FRESH, Kept, Stage, key, token};
use std::collections::BTreeSet;
use std::sync::Barrier;
use std::time::{Duration, Instant};
use testkit::{Config, Endpoint, Fault, Times, wait_until};

/// Callers in `processes` credential sources want the same dead token at once, `rounds` times over.
pub fn storm(kept: Kept, rounds: usize, processes: usize, callers: usize) -> Duration {
    let stage = Stage::new(Config::plain(), kept);
    let sources: Vec<_> = (0..processes).map(|_| stage.credential()).collect();
    let mut spent = Duration::ZERO;
    for round in 1..=rounds {
        let old = stage.log_in("work", DEAD);
        let start = Barrier::new(processes * callers);
        let began = Instant::now();
        let tokens: BTreeSet<String> = std::thread::scope(|scope| {
            let callers = sources.iter().flat_map(|source| std::iter::repeat_n(source, callers));
            let threads: Vec<_> = callers
                .map(|source| {
                    scope.spawn(|| {
                        start.wait();
                        token(source, "work").unwrap()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        spent += began.elapsed();
        let server = &stage.world.server;
        assert_eq!((server.refresh_count(), server.reuse_count()), (round, 0), "round {round}");
        assert_eq!(tokens.len(), 1, "all got the same one");
        assert!(tokens.iter().all(|token| *token != old.access_token && server.is_valid(token)));
        let entry = stage.entry("work");
        assert!(entry.secret.get("access_token").is_some_and(|token| tokens.contains(token)));
        assert_eq!(entry.record["kept"], "of a newer authsome");
        assert!(!entry.record.contains_key("renewal"), "{:?}", entry.record);
    }
    spent / u32::try_from(rounds).unwrap()
}

#[test]
fn two_hundred_callers_in_eight_processes_make_one_renewal() {
    storm(Kept::Bundled, 10, 8, 25);
}

#[test]
fn a_vault_without_locks_serves_them_as_well() {
    storm(Kept::Directory, 10, 8, 3);
}

#[test]
fn commands_at_the_same_moment_make_one_renewal() {
    let stage = Stage::new(Config::plain(), Kept::Bundled);
    for round in 1..=3 {
        stage.log_in("work", DEAD);
        let running: Vec<_> =
            (0..8).map(|_| stage.world.home.spawn("authsome", &["export", "demo"]).unwrap()).collect();
        let printed: BTreeSet<String> =
            running.into_iter().map(|running| running.finish().unwrap().expect_code(0).stdout).collect();
        assert_eq!(printed.len(), 1, "{printed:?}");
        assert_eq!((stage.world.server.refresh_count(), stage.world.server.reuse_count()), (round, 0));
    }
}

#[test]
fn a_login_in_the_middle_of_a_renewal_is_never_overwritten() {
    for kept in [Kept::Bundled, Kept::Directory] {
        let stage = Stage::new(Config::plain(), kept);
        stage.log_in("work", DEAD);
        let source = stage.credential();
        let server = &stage.world.server;
        server.fault(Endpoint::Token, Fault::DelayAnswer(700), Times::Once);
        std::thread::scope(|scope| {
            let renewal = scope.spawn(|| token(&source, "work"));
            assert!(wait_until(Duration::from_secs(10), || !server.requests_to("/token").is_empty()));
            let fresh = stage.log_in("work", FRESH);
            let rev = stage.entry("work").rev;
            assert_eq!(renewal.join().unwrap(), Ok(fresh.access_token.clone()));
            let entry = stage.entry("work");
            assert_eq!(entry.secret.get("refresh_token"), fresh.refresh_token.as_deref(), "{kept:?}");
            assert_eq!(entry.rev, rev, "the stale renewal wrote nothing");
            assert_eq!(server.reuse_count(), 0);
        });
    }
}

#[test]
fn a_caller_that_goes_away_does_not_stop_the_write() {
    let stage = Stage::new(Config::plain(), Kept::Bundled);
    let old = stage.log_in("work", DEAD);
    let source = stage.credential();
    stage.world.server.fault(Endpoint::Token, Fault::DelayAnswer(500), Times::Once);
    let link = source.link().clone();
    std::thread::spawn(move || {
        let body = serde_json::from_str(r#"{"provider":"demo","connection":"work"}"#).unwrap();
        link.submit("token", body, |_| {});
    });
    assert!(wait_until(Duration::from_secs(10), || !stage.world.server.requests_to("/token").is_empty()));
    drop(source);
    let written = || stage.entry("work").secret.get("access_token") != Some(&old.access_token);
    assert!(wait_until(Duration::from_secs(5), written));
    assert!(stage.vault().get(&key("work")).unwrap().is_some_and(|entry| !entry.record.contains_key("renewal")));
}
