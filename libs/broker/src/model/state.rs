//! The vault, the processes, their flows and the provider, at one moment.

use crate::journal::LEASE;
use proto::record::{Connection, Renewal, Status};
use std::sync::LazyLock;

/// The connection in the vault. Tokens are numbered in the order of their issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Record {
    pub rev: u8,
    pub token: u8,
    pub valid: bool,
    /// The vault has a newer access token than at the start.
    pub fresh: bool,
    pub entry: Option<Entry>,
    /// The refresh token was sent a second time.
    pub resent: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    pub token: u8,
    pub living: bool,
    /// The lock that the entry's writer holds.
    pub holder: Option<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum At {
    Start,
    /// It holds its lock, if there is one.
    Locked,
    /// It decided on this reading to write a journal entry.
    Beginning {
        seen: Record,
        again: bool,
    },
    /// It decided on this reading to mark the connection invalid.
    Invalidating {
        seen: Record,
    },
    /// It waits without the lock until no flow of a dead process speaks.
    Resting {
        rev: u8,
    },
    /// The entry is written and the flow has the token. `before` is the record before the entry.
    Begun {
        rev: u8,
        token: u8,
        before: (Option<Entry>, bool),
    },
    /// The entry ended before the flow sent the token, so the flow does not send it.
    Late {
        rev: u8,
        before: (Option<Entry>, bool),
    },
    /// The token is under way to the provider.
    Speaking {
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
    /// It ended and uses this token. `None` means that it told its caller why there is none.
    Ended {
        using: Option<u8>,
    },
    Killed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Process {
    pub at: At,
    /// The revision of its own entry whose answer was lost.
    pub lost: Option<u8>,
    /// The revision of an entry under which no flow speaks any more.
    pub rested: Option<u8>,
    /// How often it has waited for the flow of a dead process.
    pub rests: u8,
    /// True once it has waited for an entry's end, which takes up to 25 s.
    pub waited_for_the_entry: bool,
}

/// The flow of a dead process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Orphan {
    pub token: u8,
    /// The token is under way to the provider.
    pub sent: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub record: Record,
    pub processes: Vec<Process>,
    pub orphans: Vec<Orphan>,
    /// The process that holds the lock of each home.
    pub holders: [Option<u8>; 2],
    /// The refresh token that the provider accepts.
    pub current: u8,
    /// The number of times that each refresh token came to the provider.
    pub sent: [u8; 8],
    /// The provider has ended the grant.
    pub ended: bool,
    /// Processes that were killed over a refresh token or stopped until their entry ended, and answers
    /// that were lost.
    pub losses: u8,
    /// All that has gone wrong.
    pub mishaps: u8,
}

pub(crate) fn start(processes: usize) -> State {
    let process = Process { at: At::Start, lost: None, rested: None, rests: 0, waited_for_the_entry: false };
    State {
        record: Record { rev: 0, token: 0, valid: true, fresh: false, entry: None, resent: false },
        processes: vec![process; processes],
        orphans: Vec::new(),
        holders: [None; 2],
        current: 0,
        sent: [0; 8],
        ended: false,
        losses: 0,
        mishaps: 0,
    }
}

impl State {
    /// Returns whether all processes have ended.
    pub fn is_over(&self) -> bool {
        self.processes.iter().all(|process| matches!(process.at, At::Ended { .. } | At::Killed))
    }

    /// Returns this state with the process at another step. A process that waits, ends or begins again releases its
    /// lock.
    pub fn with(&self, process: usize, at: At) -> State {
        let mut next = self.clone();
        next.processes[process].at = at;
        if matches!(at, At::Start | At::Resting { .. } | At::Ended { .. } | At::Killed) {
            let held = |holder: &&mut Option<u8>| **holder == Some(process as u8);
            next.holders.iter_mut().filter(held).for_each(|holder| *holder = None);
        }
        next
    }

    /// Returns the state after a `put` with `if_rev`; `None` is a conflict.
    pub fn written(&self, rev: u8, change: impl FnOnce(&mut Record)) -> Option<State> {
        (self.record.rev == rev).then(|| {
            let mut next = self.clone();
            change(&mut next.record);
            next.record.rev += 1;
            next
        })
    }
}

impl Record {
    /// Returns the access token that a process uses when it finds this record.
    pub fn used(self) -> Option<u8> {
        (self.valid && self.fresh).then_some(self.token)
    }

    /// Returns the record as [`crate::journal::decide`] reads it at the time `now`.
    pub fn real(self, now: i64) -> Connection {
        static REAL: LazyLock<Connection> = LazyLock::new(|| {
            serde_json::from_str(r#"{"provider":"n","flow":"pkce","status":"connected","renewable":true}"#).unwrap()
        });
        let mut real = REAL.clone();
        real.status = if self.valid { Status::Connected } else { Status::Invalid };
        real.expires_at = Some(if self.fresh { now + 9999 } else { now - 1 });
        real.obtained_at = now - 3600;
        if let Some(entry) = self.entry {
            let until = if entry.living { now + LEASE } else { now - 1 };
            let holder = entry.holder.map(|holder| holder.to_string());
            real.renewal = Some(Renewal { until, token_sha256: entry.token.to_string(), holder });
        }
        if self.resent {
            real.rest.insert("resent_sha256".into(), self.token.to_string().into());
        }
        real
    }
}
