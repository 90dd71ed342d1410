//! The steps of the model: from a state to every next one.

use super::rules::Rules;
use super::state::{At, Entry, Orphan, Record, State};
use crate::journal::{Decision, Why, Writer, decide};

const NOW: i64 = 1000;

pub(crate) fn all(state: &State, rules: Rules) -> Vec<State> {
    let mut next = Vec::new();
    let may_go_wrong = state.mishaps < rules.mishaps;
    next.extend(later(state).filter(|_| may_go_wrong));
    for process in 0..state.processes.len() {
        if !matches!(state.processes[process].at, At::Ended { .. } | At::Killed) {
            next.extend(may_go_wrong.then(|| killed(state, process)));
            next.extend(step(state, process, rules));
        }
    }
    for orphan in 0..state.orphans.len() {
        next.extend(last_words(state, orphan, rules));
    }
    next
}

/// Returns the state after the journal entry has ended by time. A flow sends no token so late that the answer could
/// come after that, and a flow whose process is dead has ended long before.
fn later(state: &State) -> Option<State> {
    let entry = state.record.entry.filter(|entry| entry.living)?;
    let speaking = state.processes.iter().any(|process| matches!(process.at, At::Speaking { .. }));
    if speaking || !state.orphans.is_empty() {
        return None;
    }
    let mut later = state.clone();
    later.mishaps += 1;
    later.record.entry = Some(Entry { living: false, ..entry });
    for process in &mut later.processes {
        match process.at {
            At::Begun { rev, before, .. } => process.at = At::Late { rev, before },
            At::Answered { .. } | At::Refused { .. } => {}
            _ => continue,
        }
        later.losses += 1;
    }
    Some(later)
}

fn killed(state: &State, process: usize) -> State {
    let mut next = state.with(process, At::Killed);
    next.mishaps += 1;
    match state.processes[process].at {
        At::Begun { token, .. } => next.orphans.push(Orphan { token, sent: false }),
        At::Speaking { token, .. } => next.orphans.push(Orphan { token, sent: true }),
        At::Answered { .. } | At::Late { .. } => {}
        _ => return next,
    }
    next.losses += 1;
    next
}

/// Returns what the flow of a dead process may still do: send the token, reach the provider, or end.
fn last_words(state: &State, orphan: usize, rules: Rules) -> Vec<State> {
    let Orphan { token, sent } = state.orphans[orphan];
    let mut gone = state.clone();
    gone.orphans.remove(orphan);
    if sent {
        let mut taken = gone.clone();
        take(&mut taken, token, rules);
        return vec![gone, taken];
    }
    let mut speaking = state.clone();
    speaking.orphans[orphan].sent = true;
    speaking.sent[token as usize] += 1;
    vec![gone, speaking]
}

fn step(state: &State, process: usize, rules: Rules) -> Vec<State> {
    let home = rules.home(process, state.processes.len());
    match state.processes[process].at {
        At::Start if home.is_some_and(|home| state.holders[home as usize].is_some()) => vec![],
        At::Start => {
            let mut next = state.with(process, At::Locked);
            if let Some(home) = home {
                next.holders[home as usize] = Some(process as u8);
            }
            vec![next]
        }
        At::Locked => vec![decided(state, process, home, rules)],
        At::Beginning { seen, again } => {
            let entry = Some(Entry { token: seen.token, living: true, holder: home });
            let next = state.written(seen.rev, |record| {
                record.entry = entry;
                record.resent |= again;
            });
            vec![match next {
                Some(next) => {
                    let before = (seen.entry.map(|entry| Entry { living: false, ..entry }), seen.resent);
                    next.with(process, At::Begun { rev: next.record.rev, token: seen.token, before })
                }
                None => state.with(process, At::Start),
            }]
        }
        At::Resting { rev } if state.record.rev != rev => vec![state.with(process, At::Start)],
        At::Resting { .. } if !state.orphans.is_empty() => vec![],
        At::Resting { rev } => {
            let mut next = state.with(process, At::Start);
            next.processes[process].rested = Some(rev);
            vec![next]
        }
        At::Begun { rev, token, .. } => {
            let mut next = state.with(process, At::Speaking { rev, token });
            next.sent[token as usize] += 1;
            vec![next]
        }
        At::Late { rev, before } => {
            let next = state.written(rev, |record| (record.entry, record.resent) = before);
            vec![next.unwrap_or_else(|| state.clone()).with(process, At::Start)]
        }
        At::Speaking { rev, token } => answered(state, process, rev, token, rules),
        At::Answered { rev, token } => {
            let next = state.written(rev, |record| {
                let rev = record.rev;
                *record = Record { rev, token, valid: true, fresh: true, entry: None, resent: false };
            });
            vec![match next {
                Some(next) => next.with(process, At::Ended { using: Some(token) }),
                None => state.with(process, At::Ended { using: state.record.used() }),
            }]
        }
        At::Refused { rev } => vec![invalidated(state, process, rev)],
        At::Invalidating { seen } => vec![invalidated(state, process, seen.rev)],
        At::Ended { .. } | At::Killed => vec![],
    }
}

fn invalidated(state: &State, process: usize, rev: u8) -> State {
    let next = state.written(rev, |record| (record.entry, record.resent, record.valid) = (None, false, false));
    next.unwrap_or_else(|| state.clone()).with(process, At::Ended { using: None })
}

/// Returns the step that [`crate::renewal`] takes on a reading.
fn decided(state: &State, process: usize, home: Option<u8>, rules: Rules) -> State {
    let seen = state.record;
    let known = state.processes[process];
    let held = home.is_some() && seen.entry.is_some_and(|entry| entry.holder == home);
    let writer = if held || known.lost == Some(seen.rev) { Writer::Gone } else { Writer::Unknown };
    let decision = decide(&seen.real(NOW), &seen.token.to_string(), &Why::Due, rules.reuse, writer, NOW);
    let living = seen.entry.is_some_and(|entry| entry.living);
    let at = match decision {
        Decision::Nothing => At::Ended { using: seen.used() },
        Decision::WaitUntil(_) => At::Start,
        Decision::Send { again: true } if living && known.rested != Some(seen.rev) => At::Resting { rev: seen.rev },
        Decision::Send { again } => At::Beginning { seen, again },
        Decision::Invalidate => At::Invalidating { seen },
        Decision::Invalid => At::Ended { using: None },
        Decision::NotRenewable | Decision::TooSoon { .. } => unreachable!("not in this model"),
    };
    let mut next = state.with(process, at);
    next.processes[process].rests += u8::from(matches!(at, At::Resting { .. }));
    next.processes[process].waited_for_the_entry |= matches!(decision, Decision::WaitUntil(_));
    next
}

/// Returns the states in which the answer comes or is lost, before or after the provider had the token.
fn answered(state: &State, process: usize, rev: u8, token: u8, rules: Rules) -> Vec<State> {
    let mut taken = state.clone();
    let answer = match take(&mut taken, token, rules) {
        Some(token) => At::Answered { rev, token },
        None => At::Refused { rev },
    };
    let lost = |state: &State| {
        let mut lost = state.with(process, At::Start);
        lost.processes[process].lost = Some(rev);
        lost.losses += 1;
        lost.mishaps += 1;
        lost
    };
    let mut next = vec![taken.with(process, answer)];
    if state.mishaps < rules.mishaps {
        next.extend([lost(&taken), lost(state)]);
    }
    next
}

/// Lets the provider take the token. It returns the new token, or `None` when the provider refuses.
fn take(state: &mut State, token: u8, rules: Rules) -> Option<u8> {
    let again = token + 1 == state.current && (rules.grace || !rules.rotates);
    if state.ended || (token != state.current && !again) {
        state.ended = true;
        return None;
    }
    if rules.rotates {
        // Within the grace the same successor is handed out again.
        state.current = token + 1;
    }
    Some(state.current)
}
