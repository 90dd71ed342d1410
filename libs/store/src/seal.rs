//! Sealing: AES-256-GCM (NIST SP 800-38D) with a fresh random nonce each time.
//!
//! A sealed part is the nonce, the ciphertext and the tag. What it belongs to is bound to it as
//! additional data and not stored in it, so it opens in its own place only.

use proto::{Error, Result};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use serde::Serialize;
use std::io::Write;
use zeroize::Zeroizing;

/// Version of everything below. Bumped by hand.
const SEAL: u32 = 1;

/// Which part of what.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    /// Tells the right key from a wrong one, in a vault without a register.
    CheckWithoutRegister,
    /// Tells the right key from a wrong one, and that the vault has a register.
    Check,
    /// The list of current revisions.
    Register,
    Record,
    Secret,
}

/// Where a sealed part belongs.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub part: Part,
    pub key: &'a str,
    pub rev: u64,
}

pub(crate) struct Sealer {
    key: LessSafeKey,
    random: SystemRandom,
}

impl Sealer {
    pub fn new(key: &[u8; 32]) -> Sealer {
        let key = UnboundKey::new(&AES_256_GCM, key).unwrap_or_else(|_| unreachable!("the key has 32 bytes"));
        Sealer { key: LessSafeKey::new(key), random: SystemRandom::new() }
    }

    /// Seals a value as JSON. Its plain text exists in one buffer only, where it is encrypted.
    pub fn seal<T: Serialize>(&self, place: Place, value: &T) -> Result<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(|_| Error::unavailable("the system gives no random numbers"))?;
        let mut sealed = Vec::with_capacity(NONCE_LEN + json_length(value) + AES_256_GCM.tag_len());
        sealed.extend_from_slice(&nonce);
        serde_json::to_writer(&mut sealed, value).unwrap_or_else(|_| unreachable!("bodies have text keys"));
        let tag = self
            .key
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), place.aad(), &mut sealed[NONCE_LEN..])
            .map_err(|_| Error::invalid("an entry too large to seal"))?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// The JSON text that was sealed for this place, or `None`.
    pub fn open(&self, place: Place, sealed: Vec<u8>) -> Option<Zeroizing<Vec<u8>>> {
        let mut text = Zeroizing::new(sealed);
        let nonce = Nonce::try_assume_unique_for_key(text.get(..NONCE_LEN)?).ok()?;
        let opened = self.key.open_within(nonce, place.aad(), &mut text, NONCE_LEN..).ok()?.len();
        text.truncate(opened);
        Some(text)
    }
}

impl Place<'_> {
    fn aad(&self) -> Aad<String> {
        let part = match self.part {
            Part::CheckWithoutRegister => "check",
            Part::Check => "check with register",
            Part::Register => "register",
            Part::Record => "record",
            Part::Secret => "secret",
        };
        // No key holds a NUL, so no two places have one text.
        Aad::from(format!("authsome-vault\0{SEAL}\0{part}\0{}\0{}", self.key, self.rev))
    }
}

/// How many bytes a value has as JSON.
pub(crate) fn json_length<T: Serialize>(value: &T) -> usize {
    struct Counter(usize);
    impl Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(0);
    serde_json::to_writer(&mut counter, value).unwrap_or_else(|_| unreachable!("bodies have text keys"));
    counter.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: Place = Place { part: Part::Secret, key: "default/notion/work", rev: 7 };

    #[test]
    fn a_sealed_part_opens_in_its_own_place_only() {
        let sealer = Sealer::new(&[1; 32]);
        let sealed = sealer.seal(HOME, &"ntn_x").unwrap();
        assert_eq!(sealer.open(HOME, sealed.clone()).unwrap().as_slice(), b"\"ntn_x\"");
        for elsewhere in [
            Place { part: Part::Record, ..HOME },
            Place { key: "default/notion/home", ..HOME },
            Place { rev: 8, ..HOME },
        ] {
            assert!(sealer.open(elsewhere, sealed.clone()).is_none());
        }
        assert!(Sealer::new(&[2; 32]).open(HOME, sealed).is_none());
    }

    #[test]
    fn a_changed_or_cut_part_does_not_open() {
        let sealer = Sealer::new(&[1; 32]);
        let sealed = sealer.seal(HOME, &"ntn_x").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(sealer.open(HOME, changed).is_none());
            assert!(sealer.open(HOME, sealed[..at].to_vec()).is_none());
        }
    }

    #[test]
    fn one_value_sealed_twice_gives_two_texts() {
        let sealer = Sealer::new(&[1; 32]);
        assert_ne!(sealer.seal(HOME, &"x").unwrap(), sealer.seal(HOME, &"x").unwrap());
    }
}
