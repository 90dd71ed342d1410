//! Ephemeral keys made ahead: while a client composes its first message, the proxy makes the key that
//! it will answer with. Each serves one handshake, as any other (RFC 8446 §2, forward secrecy).

use crate::limits::KEYS_AHEAD;
use rustls::crypto::{ActiveKeyExchange, SupportedKxGroup};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::{Error, NamedGroup, ProtocolVersion};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A group some of whose keys are there before they are asked for.
pub(crate) struct Ahead {
    group: &'static dyn SupportedKxGroup,
    made: Mutex<Vec<Box<dyn ActiveKeyExchange>>>,
}

impl Ahead {
    pub const fn new(group: &'static dyn SupportedKxGroup) -> Ahead {
        Ahead { group, made: Mutex::new(Vec::new()) }
    }

    /// Makes a key for the next handshake, unless enough are waiting.
    pub fn make(&self) {
        if self.made().len() < KEYS_AHEAD
            && let Ok(key) = self.group.start()
        {
            self.made().push(key);
        }
    }

    fn made(&self) -> MutexGuard<'_, Vec<Box<dyn ActiveKeyExchange>>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Ahead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.group.fmt(f)
    }
}

impl SupportedKxGroup for Ahead {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let made = self.made().pop();
        made.map_or_else(|| self.group.start(), Ok)
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        self.group.ffdhe_group()
    }

    fn name(&self) -> NamedGroup {
        self.group.name()
    }

    fn fips(&self) -> bool {
        self.group.fips()
    }

    fn usable_for_version(&self, version: ProtocolVersion) -> bool {
        self.group.usable_for_version(version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_serves_one_handshake_whether_made_ahead_or_not() {
        let ahead = Ahead::new(crate::tls::X25519);
        (0..KEYS_AHEAD + 3).for_each(|_| ahead.make());
        assert_eq!(ahead.made().len(), KEYS_AHEAD);
        let mut keys: Vec<Vec<u8>> = (0..2 * KEYS_AHEAD).map(|_| ahead.start().unwrap().pub_key().to_vec()).collect();
        assert!(ahead.made().is_empty());
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 2 * KEYS_AHEAD);
    }
}
