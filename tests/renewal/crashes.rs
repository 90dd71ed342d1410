//! Killed at any instant, a connection is the old one, the new one, or marked with what to do.

use crate::stage::{DEAD, Kept, Stage, below, key, kill, token};
use proto::Outcome;
use proto::record::Status;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use testkit::{Config, Refresh, wait_until};

/// Programs that die, by the beginning of their names.
const VICTIMS: [&str; 3] = ["authsome-creden", "authsome-flow", "authsome-vault"];

/// A renewal under way on this machine takes about so long, in milliseconds.
const INSTANTS: u64 = 160;

/// How it ended for the connections, after all the killing.
#[derive(Debug, Default)]
pub struct Toll {
    pub works: usize,
    pub reauthorize: usize,
    /// Kills that hit the program that they were meant for.
    pub killed: usize,
}

/// A provider takes every refresh token once and ends the family of one that comes again.
pub const STRICT: Refresh = Refresh::Rotating { grace: 0 };
/// A provider takes it again for ten minutes, and its definition says so.
pub const GRACEFUL: Refresh = Refresh::Rotating { grace: 600 };

/// Renews `rounds` connections, two at a time, and kills one program of each at a random instant.
/// Then every one of them is asked for its token.
pub fn massacre(rounds: usize, refresh: Refresh) -> Toll {
    let stage = Stage::new(Config { refresh, ..Config::plain() }, Kept::Bundled);
    for round in 0..rounds {
        stage.log_in(&format!("c{round}"), DEAD);
    }
    let (next, killed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let round = next.fetch_add(1, Ordering::SeqCst);
                    if round >= rounds {
                        return;
                    }
                    if renew_and_kill(&stage, &format!("c{round}")) {
                        killed.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    let rows = stage.vault().list("default/demo/").unwrap();
    assert_eq!(rows.len(), rounds, "the store opens and has them all");
    let toll = Toll { killed: killed.into_inner(), ..count(&stage, rounds) };
    let mut sent = HashMap::<String, usize>::new();
    for request in stage.world.server.requests_to("/token") {
        *sent.entry(request.param("refresh_token").unwrap_or_default()).or_default() += 1;
    }
    assert!(sent.values().all(|times| *times <= 2), "no refresh token is sent a third time");
    assert!(toll.reauthorize <= toll.killed, "{toll:?}");
    toll
}

/// True when the victim was there to be killed.
fn renew_and_kill(stage: &Stage, name: &str) -> bool {
    let source = stage.credential();
    let victim = VICTIMS[(random() % 3) as usize];
    let instant = Duration::from_micros(random() % (INSTANTS * 1000));
    std::thread::scope(|scope| {
        let caller = scope.spawn(|| token(&source, name));
        std::thread::sleep(instant);
        let processes = [vec![(source.id(), VICTIMS[0].to_owned())], below(source.id())].concat();
        let found = processes.iter().find(|(_, name)| name.starts_with(victim));
        if let Some((pid, _)) = found {
            kill(*pid);
        }
        let listed = stage.world.home.run_program("authsome-vault", &["list", &key(name).to_string()]).unwrap();
        assert!(listed.code == Some(0) && listed.stdout.lines().count() == 1, "the store opens: {listed:?}");
        // Whatever it says, it says it in time; what became of the connection is asked later.
        drop(caller.join().unwrap());
        found.is_some()
    })
}

fn count(stage: &Stage, rounds: usize) -> Toll {
    let source = stage.credential();
    let (next, toll) = (AtomicUsize::new(0), Mutex::new(Toll::default()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let round = next.fetch_add(1, Ordering::SeqCst);
                    if round >= rounds {
                        return;
                    }
                    let works = works_or_says_so(stage, &source, &format!("c{round}"));
                    let mut toll = toll.lock().unwrap();
                    if works { toll.works += 1 } else { toll.reauthorize += 1 }
                }
            });
        }
    });
    toll.into_inner().unwrap()
}

fn works_or_says_so(stage: &Stage, source: &helper::Child, name: &str) -> bool {
    match token(source, name) {
        Ok(token) => {
            assert!(stage.world.server.is_valid(&token), "{name}: a token that serves");
            assert_eq!(stage.record(name).status, Status::Connected);
            true
        }
        Err(error) => {
            assert_eq!(error.outcome, Some(Outcome::Reauthorize), "{name}: {error:?}");
            let hint = error.hint.unwrap_or_default();
            assert_eq!(hint, format!("authsome login demo --connection {name} --force"));
            let record = stage.record(name);
            assert!(record.status == Status::Invalid && record.renewal.is_none(), "{name}: {record:?}");
            false
        }
    }
}

/// Enough to choose an instant.
fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0)
}

#[test]
fn fifty_kills_lose_no_connection_silently() {
    let (strict, graceful) = std::thread::scope(|scope| {
        let strict = scope.spawn(|| massacre(25, STRICT));
        let graceful = scope.spawn(|| massacre(25, GRACEFUL));
        (strict.join().unwrap(), graceful.join().unwrap())
    });
    assert!(strict.killed + graceful.killed >= 15, "{strict:?} {graceful:?}");
    assert_eq!(strict.works + strict.reauthorize, 25);
    assert_eq!(graceful.works, 25, "where reuse is allowed for a while, nothing at all is lost: {graceful:?}");
}

#[test]
fn a_vault_that_dies_before_the_write_gets_the_token_from_the_next_one() {
    let stage = Stage::new(Config::plain(), Kept::Bundled);
    stage.log_in("work", DEAD);
    let source = stage.credential();
    let server = &stage.world.server;
    server.fault(testkit::Endpoint::Token, testkit::Fault::DelayAnswer(500), testkit::Times::Once);
    std::thread::scope(|scope| {
        let caller = scope.spawn(|| token(&source, "work"));
        assert!(wait_until(Duration::from_secs(10), || !server.requests_to("/token").is_empty()));
        let vault = below(source.id()).into_iter().find(|(_, name)| name == "authsome-vault").unwrap();
        kill(vault.0);
        let token = caller.join().unwrap().unwrap();
        assert!(server.is_valid(&token));
        assert_eq!(stage.vault().get(&key("work")).unwrap().unwrap().secret.get("access_token"), Some(&*token));
    });
    assert_eq!((server.refresh_count(), server.reuse_count()), (1, 0));
}
