//! The register: the list of current revisions, sealed with the revision of the last write.
//!
//! A row is bound to its key and revision, and no revision is used twice in the whole vault. So a row is current if
//! its revision is in the register, and an older row that was put back is noticed. An older register fits only all
//! older rows together, which is the whole file.

use crate::backend::State;
use crate::seal::{Part, Place, Sealer};
use proto::{Error, Result};

/// The current revisions of a vault.
pub(crate) struct Register {
    /// The revisions in ascending order. `None` for a vault that has no register yet, in which every row counts as
    /// current.
    revs: Option<Vec<u64>>,
}

impl Register {
    /// Returns the register of a vault whose entries have these revisions.
    pub fn of(mut revs: Vec<u64>) -> Register {
        revs.sort_unstable();
        Register { revs: Some(revs) }
    }

    /// Opens the register of a vault in this state.
    ///
    /// # Errors
    /// `unavailable` when the register was changed or is of another moment.
    pub fn open(sealer: &Sealer, state: State) -> Result<Register> {
        let Some(sealed) = state.register else { return Ok(Register { revs: None }) };
        let opened = sealer.open(place(state.last_rev), sealed).and_then(|text| {
            let steps: Vec<u64> = serde_json::from_slice(&text).ok()?;
            let mut last = 0_u64;
            steps
                .into_iter()
                .map(|step| {
                    last = last.checked_add(step)?;
                    Some(last)
                })
                .collect::<Option<Vec<u64>>>()
        });
        match opened {
            Some(revs) => Ok(Register { revs: Some(revs) }),
            None => Err(Error::unavailable("the vault's register does not open: it was changed or put back")
                .hint("put vault.db back from a backup as a whole")),
        }
    }

    /// Returns whether a row of this revision is current.
    pub fn has(&self, rev: u64) -> bool {
        self.revs.as_ref().is_none_or(|revs| revs.binary_search(&rev).is_ok())
    }

    /// Replaces the revision `was` by `is`. Either may be missing.
    pub fn replace(&mut self, was: Option<u64>, is: Option<u64>) {
        let Some(revs) = self.revs.as_mut() else { return };
        if let Some(at) = was.and_then(|was| revs.binary_search(&was).ok()) {
            revs.remove(at);
        }
        if let Some(is) = is
            && let Err(at) = revs.binary_search(&is)
        {
            revs.insert(at, is);
        }
    }

    /// Seals the register for the state after the write with the revision `last_rev`.
    pub fn seal(&self, sealer: &Sealer, last_rev: u64) -> Result<Vec<u8>> {
        let mut last = 0;
        // Each revision is stored as the step from the one before. Most steps are small and so take few bytes.
        let steps = self.revs.iter().flatten().map(|rev| {
            let step = rev - last;
            last = *rev;
            step
        });
        sealer.seal(place(last_rev), &steps.collect::<Vec<u64>>())
    }
}

fn place(last_rev: u64) -> Place<'static> {
    Place { part: Part::Register, key: "", rev: last_rev }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_sealed_is_what_opens(revs in proptest::collection::btree_set(any::<u64>(), 0..50), last in any::<u64>()) {
            let sealer = Sealer::new(&[1; 32]);
            let revs: Vec<u64> = revs.into_iter().collect();
            let sealed = Register::of(revs.clone()).seal(&sealer, last).unwrap();
            let state = State { last_rev: last, register: Some(sealed.clone()) };
            prop_assert_eq!(Register::open(&sealer, state).unwrap().revs, Some(revs));
            let other = State { last_rev: last.wrapping_add(1), register: Some(sealed) };
            prop_assert!(Register::open(&sealer, other).is_err());
        }
    }

    #[test]
    fn a_revision_that_was_replaced_is_none_of_today() {
        let mut register = Register::of(vec![7, 3]);
        register.replace(Some(3), Some(9));
        assert!(!register.has(3) && register.has(7) && register.has(9));
        register.replace(Some(7), None);
        assert!(!register.has(7));
    }
}
