//! The rules of a world: in these the worlds that are searched differ.

use crate::journal::Reuse;

/// The locks that exclude processes from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    /// All processes are of one home: each entry names its lock.
    Home,
    /// The last process is of another machine, which shares the vault and no lock.
    TwoHomes,
    /// Nobody has a lock.
    None,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub lock: Lock,
    pub reuse: Reuse,
    /// The provider ends a refresh token when it is used.
    pub rotates: bool,
    /// The provider takes the last used token once more; else it ends the grant when one comes again.
    pub grace: bool,
    /// How much goes wrong at most: processes that are killed, answers that are lost, and entries that end
    /// while somebody acts on them. Without a bound the search has no end.
    pub mishaps: u8,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules { lock: Lock::Home, reuse: Reuse::Once, rotates: true, grace: false, mishaps: 3 }
    }
}

impl Rules {
    /// Returns these rules with fewer mishaps for more processes, so that the search ends within seconds.
    pub fn bounded(self, processes: usize) -> Rules {
        Rules { mishaps: if processes > 2 { 2 } else { 3 }, ..self }
    }

    /// Returns the home whose lock a process takes, if it takes one.
    pub fn home(self, process: usize, processes: usize) -> Option<u8> {
        match self.lock {
            Lock::Home => Some(0),
            Lock::TwoHomes => Some(u8::from(process + 1 == processes)),
            Lock::None => None,
        }
    }
}
