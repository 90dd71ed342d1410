//! The renewal protocol, every interleaving of it, for two and three processes that may be killed
//! or stopped anywhere, with flows that go on speaking for a while when their process is dead.
//!
//! Each process is a small automaton of the steps in [`crate::renewal`]; what it does after a read
//! is decided by [`crate::journal::decide`] itself. The search visits every state that can be
//! reached and checks, in each, what must never happen.

mod rules;
mod state;
mod steps;

use self::rules::{Lock, Rules};
use self::state::{At, State, start};
use crate::journal::Reuse;
use crate::renewal::LAST_WORDS;
use std::collections::{HashSet, VecDeque};
use std::time::Duration;

/// Visits every state; `check` is called with each. Returns how many there are.
fn explore(processes: usize, rules: Rules, check: impl Fn(&State)) -> usize {
    let mut seen = HashSet::from([start(processes)]);
    let mut queue = VecDeque::from([start(processes)]);
    while let Some(state) = queue.pop_front() {
        check(&state);
        let next = steps::all(&state, rules);
        assert!(state.is_over() || !next.is_empty(), "stuck in {state:?}");
        for state in next {
            if seen.insert(state.clone()) {
                queue.push_back(state);
            }
        }
    }
    seen.len()
}

/// Checks every state of two and of three processes, under every kind of lock.
fn in_every_world(rules: Rules, check: impl Fn(&State)) {
    for lock in [Lock::Home, Lock::TwoHomes, Lock::None] {
        for processes in [2, 3] {
            let states = explore(processes, Rules { lock, ..rules }.bounded(processes), |state| {
                never_lost_in_silence(state, rules);
                used_only_when_stored(state);
                never_side_by_side(state);
                check(state);
            });
            assert!(states > 50, "the search went nowhere: {states}");
        }
    }
}

/// A connection that looks good is good: the provider takes the refresh token that is stored,
/// unless the journal says that it was sent.
fn never_lost_in_silence(state: &State, rules: Rules) {
    let record = state.record;
    if record.valid && record.entry.is_none() && !record.resent {
        assert!(!rules.rotates || (record.token == state.current && !state.ended), "{state:?}");
    }
}

/// What a process uses, the vault has or had: no token is used before it is stored.
fn used_only_when_stored(state: &State) {
    for process in &state.processes {
        if let At::Ended { using: Some(token) } = process.at {
            assert!(!state.record.valid || token <= state.record.token, "{state:?}");
        }
    }
}

/// Checks that no refresh token is under way twice at a time, counting those of dead processes.
fn never_side_by_side(state: &State) {
    let speaking = state.processes.iter().filter(|process| matches!(process.at, At::Speaking { .. })).count();
    let orphans = state.orphans.iter().filter(|orphan| orphan.sent).count();
    assert!(speaking + orphans <= 1, "{state:?}");
}

#[test]
fn a_rotating_token_is_sent_at_most_twice_and_never_a_third_time() {
    for grace in [false, true] {
        in_every_world(Rules { grace, ..Rules::default() }, |state| {
            assert!(state.sent.iter().all(|times| *times <= 2), "{state:?}");
        });
    }
}

#[test]
fn a_single_death_or_lost_answer_costs_no_login_that_could_live() {
    for grace in [false, true] {
        in_every_world(Rules { grace, ..Rules::default() }, |state| {
            let could_live = grace || state.current == 0;
            assert!(state.record.valid || state.losses > 1 || !could_live, "{state:?}");
        });
    }
}

#[test]
fn nobody_waits_more_than_five_seconds_for_the_dead_of_its_own_machine() {
    for processes in [2, 3] {
        let rules = Rules::default().bounded(processes);
        explore(processes, rules, |state| {
            for process in &state.processes {
                assert!(!process.waited_for_the_entry, "{state:?}");
                assert!(LAST_WORDS * u32::from(process.rests) <= Duration::from_secs(5), "{state:?}");
                assert!(process.rests <= 1 || state.losses > 1, "one death is waited for once: {state:?}");
            }
        });
    }
}

#[test]
fn where_a_repeat_harms_other_grants_a_token_is_never_sent_twice() {
    in_every_world(Rules { reuse: Reuse::Never, ..Rules::default() }, |state| {
        assert!(state.sent.iter().all(|times| *times <= 1), "{state:?}");
    });
}

#[test]
fn within_a_grace_a_token_is_sent_at_most_once_more() {
    in_every_world(Rules { reuse: Reuse::Within(600), grace: true, ..Rules::default() }, |state| {
        assert!(state.sent.iter().all(|times| *times <= 2), "{state:?}");
    });
}

#[test]
fn a_token_that_does_not_rotate_survives_every_crash() {
    in_every_world(Rules { reuse: Reuse::Always, rotates: false, ..Rules::default() }, |state| {
        assert!(state.record.valid, "{state:?}");
    });
}

#[test]
fn everyone_can_end_with_the_new_token_also_when_one_was_killed() {
    // The search can tell a protocol that works from one that gives up: some end is all good.
    for lock in [Lock::Home, Lock::TwoHomes, Lock::None] {
        for deaths in [0, 1] {
            let good = std::cell::Cell::new(false);
            explore(3, Rules { lock, ..Rules::default() }.bounded(3), |state| {
                let with_it = |at: At| at == At::Ended { using: Some(1) };
                let killed = state.processes.iter().filter(|process| process.at == At::Killed).count();
                let rest = state.processes.iter().filter(|process| with_it(process.at)).count();
                let repeated = state.sent[0] == 1 + u8::from(deaths == 1);
                good.set(good.get() || (killed == deaths && rest == 3 - deaths && repeated));
            });
            assert!(good.get(), "{lock:?} {deaths}");
        }
    }
}
