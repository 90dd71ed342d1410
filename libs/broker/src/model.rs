//! The renewal protocol, every interleaving of it, for two and three processes that may be killed
//! or stopped anywhere.
//!
//! Each process is a small automaton of the steps in [`crate::renewal`]; what it does after a read
//! is decided by [`crate::journal::decide`] itself. The search visits every state that can be
//! reached and checks, in each, what must never happen.

use crate::journal::{Decision, LEASE, Reuse, Why, decide};
use proto::record::{Connection, Renewal, Status};
use std::collections::{HashSet, VecDeque};

/// The connection in the vault. Tokens are numbered in the order of their issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Record {
    rev: u8,
    token: u8,
    valid: bool,
    /// A newer access token than at the start is there.
    fresh: bool,
    entry: Option<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Entry {
    token: u8,
    living: bool,
    resent: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum At {
    Start,
    /// Holds the lock, if there is one.
    Locked,
    /// Decided on this reading to write a journal entry.
    Beginning {
        seen: Record,
        again: bool,
    },
    /// Decided on this reading to mark the connection invalid.
    Invalidating {
        seen: Record,
    },
    /// The entry is in.
    Begun {
        rev: u8,
        token: u8,
    },
    /// The provider has answered with this token.
    Answered {
        rev: u8,
        token: u8,
    },
    /// The provider has said that the token is dead.
    Refused {
        rev: u8,
    },
    /// Ended, and uses this token: `None` when it told its caller why not.
    Ended {
        using: Option<u8>,
    },
    Killed,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    record: Record,
    processes: Vec<At>,
    holder: Option<u8>,
    /// The provider: the one refresh token it takes, and how often each came.
    current: u8,
    sent: Vec<u8>,
    next: u8,
}

#[derive(Clone, Copy)]
struct Rules {
    locks: bool,
    reuse: Reuse,
    /// The provider ends a refresh token when it is used.
    rotates: bool,
}

const NOW: i64 = 1000;

fn start(processes: usize) -> State {
    State {
        record: Record { rev: 0, token: 0, valid: true, fresh: false, entry: None },
        processes: vec![At::Start; processes],
        holder: None,
        current: 0,
        sent: vec![0; 12],
        next: 1,
    }
}

/// The record as [`decide`] knows it.
fn real(record: Record) -> Connection {
    let text = r#"{"provider":"n","flow":"pkce","status":"connected","renewable":true}"#;
    let mut real: Connection = serde_json::from_str(text).unwrap();
    real.status = if record.valid { Status::Connected } else { Status::Invalid };
    real.expires_at = Some(if record.fresh { NOW + 9999 } else { NOW - 1 });
    real.obtained_at = NOW - 3600;
    if let Some(entry) = record.entry {
        let until = if entry.living { NOW + LEASE } else { NOW - 1 };
        real.renewal = Some(Renewal { until, token_sha256: entry.token.to_string() });
        if entry.resent {
            real.rest.insert("resent_sha256".into(), entry.token.to_string().into());
        }
    }
    real
}

/// Every state that one step leads to.
fn steps(state: &State, rules: Rules) -> Vec<State> {
    let mut next = Vec::new();
    // Time passes: the journal entry dies, whatever its owner is doing.
    if let Some(entry) = state.record.entry.filter(|entry| entry.living) {
        let mut later = state.clone();
        later.record.entry = Some(Entry { living: false, ..entry });
        next.push(later);
    }
    for process in 0..state.processes.len() {
        if !matches!(state.processes[process], At::Ended { .. } | At::Killed) {
            next.push(to(state, process, At::Killed));
            next.extend(step(state, process, rules));
        }
    }
    next
}

/// `state` with the process elsewhere; one that ends or begins again lets the lock go.
fn to(state: &State, process: usize, at: At) -> State {
    let mut next = state.clone();
    next.processes[process] = at;
    let over = matches!(at, At::Start | At::Ended { .. } | At::Killed);
    if over && next.holder == Some(process as u8) {
        next.holder = None;
    }
    next
}

fn step(state: &State, process: usize, rules: Rules) -> Vec<State> {
    match state.processes[process] {
        At::Start if rules.locks && state.holder.is_some() => vec![],
        At::Start => {
            let mut next = to(state, process, At::Locked);
            next.holder = rules.locks.then_some(process as u8);
            vec![next]
        }
        At::Locked => vec![decided(state, process, rules)],
        At::Beginning { seen, again } => {
            let entry = Some(Entry { token: seen.token, living: true, resent: again });
            vec![match written(state, seen.rev, |record| record.entry = entry) {
                Some(next) => to(&next, process, At::Begun { rev: next.record.rev, token: seen.token }),
                None => to(state, process, At::Start),
            }]
        }
        At::Invalidating { seen } => {
            let next = written(state, seen.rev, |record| (record.entry, record.valid) = (None, false));
            vec![to(&next.unwrap_or_else(|| state.clone()), process, At::Ended { using: None })]
        }
        At::Begun { rev, token } => sent(state, process, rev, token, rules),
        At::Answered { rev, token } => {
            let next = written(state, rev, |record| {
                *record = Record { rev: record.rev, token, valid: true, fresh: true, entry: None };
            });
            vec![match next {
                Some(next) => to(&next, process, At::Ended { using: Some(token) }),
                None => to(state, process, At::Ended { using: used(state.record) }),
            }]
        }
        At::Refused { rev } => {
            let next = written(state, rev, |record| (record.entry, record.valid) = (None, false));
            vec![to(&next.unwrap_or_else(|| state.clone()), process, At::Ended { using: None })]
        }
        At::Ended { .. } | At::Killed => vec![],
    }
}

fn decided(state: &State, process: usize, rules: Rules) -> State {
    let seen = state.record;
    let decision = decide(&real(seen), &seen.token.to_string(), &Why::Due, rules.reuse, NOW);
    let at = match decision {
        Decision::Nothing => At::Ended { using: used(seen) },
        Decision::WaitUntil(_) => At::Start,
        Decision::Send { again } => At::Beginning { seen, again },
        Decision::Invalidate => At::Invalidating { seen },
        Decision::Invalid => At::Ended { using: None },
        Decision::NotRenewable | Decision::TooSoon { .. } => unreachable!("not in this model"),
    };
    to(state, process, at)
}

/// The refresh token reaches the provider; the answer comes, or is lost.
fn sent(state: &State, process: usize, rev: u8, token: u8, rules: Rules) -> Vec<State> {
    let mut taken = state.clone();
    taken.sent[token as usize] += 1;
    let reusable = !rules.rotates || matches!(rules.reuse, Reuse::Within(_));
    let answer = if token == state.current || (reusable && token + 1 == state.current) {
        if rules.rotates {
            // Within the grace the same successor is handed out again.
            taken.current = token + 1;
            taken.next = taken.next.max(taken.current + 1);
        }
        At::Answered { rev, token: taken.current }
    } else {
        At::Refused { rev }
    };
    vec![to(&taken, process, answer), to(&taken, process, At::Ended { using: None })]
}

/// `put if_rev`.
fn written(state: &State, rev: u8, change: impl FnOnce(&mut Record)) -> Option<State> {
    (state.record.rev == rev).then(|| {
        let mut next = state.clone();
        change(&mut next.record);
        next.record.rev += 1;
        next
    })
}

fn used(record: Record) -> Option<u8> {
    (record.valid && record.fresh).then_some(record.token)
}

/// Visits every state; `check` is called with each. Returns how many there are.
fn explore(processes: usize, rules: Rules, check: impl Fn(&State)) -> usize {
    let mut seen = HashSet::from([start(processes)]);
    let mut queue = VecDeque::from([start(processes)]);
    while let Some(state) = queue.pop_front() {
        check(&state);
        let next = steps(&state, rules);
        let all_over = state.processes.iter().all(|at| matches!(at, At::Ended { .. } | At::Killed));
        assert!(all_over || !next.is_empty(), "stuck in {state:?}");
        for state in next {
            if seen.insert(state.clone()) {
                queue.push_back(state);
            }
        }
    }
    seen.len()
}

/// A connection that looks good is good: the provider takes the refresh token that is stored,
/// unless the journal says that it was sent.
fn never_lost_in_silence(state: &State, rules: Rules) {
    let record = state.record;
    if record.valid && record.entry.is_none() {
        assert!(!rules.rotates || record.token == state.current, "{state:?}");
    }
}

/// What a process uses, the vault has or had: no token is used before it is stored.
fn used_only_when_stored(state: &State) {
    for at in &state.processes {
        if let At::Ended { using: Some(token) } = at {
            assert!(!state.record.valid || *token <= state.record.token, "{state:?}");
        }
    }
}

fn both_lock_kinds(processes: usize, reuse: Reuse, rotates: bool, check: impl Fn(&State, Rules)) {
    for locks in [true, false] {
        let rules = Rules { locks, reuse, rotates };
        let states = explore(processes, rules, |state| {
            never_lost_in_silence(state, rules);
            used_only_when_stored(state);
            check(state, rules);
        });
        assert!(states > 50, "the search went nowhere: {states}");
    }
}

#[test]
fn a_rotating_token_is_never_sent_twice() {
    for processes in [2, 3] {
        both_lock_kinds(processes, Reuse::Never, true, |state, _| {
            assert!(state.sent.iter().all(|times| *times <= 1), "{state:?}");
        });
    }
}

#[test]
fn within_a_grace_a_token_is_sent_at_most_once_more() {
    for processes in [2, 3] {
        both_lock_kinds(processes, Reuse::Within(600), true, |state, _| {
            assert!(state.sent.iter().all(|times| *times <= 2), "{state:?}");
        });
    }
}

#[test]
fn a_token_that_does_not_rotate_survives_every_crash() {
    for processes in [2, 3] {
        both_lock_kinds(processes, Reuse::Always, false, |state, _| assert!(state.record.valid, "{state:?}"));
    }
}

#[test]
fn without_a_crash_everyone_ends_with_the_new_token() {
    // The search can tell a protocol that works from one that gives up: some end is all good.
    for locks in [true, false] {
        let good = std::cell::Cell::new(false);
        explore(3, Rules { locks, reuse: Reuse::Never, rotates: true }, |state| {
            let all = state.processes.iter().all(|at| *at == At::Ended { using: Some(1) });
            good.set(good.get() || (all && state.sent[0] == 1));
        });
        assert!(good.get());
    }
}
