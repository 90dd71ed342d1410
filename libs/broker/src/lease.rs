//! A lease: which key, and which token, a request was given. It needs no memory.

use proto::{Error, Key, Result};
use std::fmt;
use std::str::FromStr;

/// The hint for a host whose lease is not accepted.
pub(crate) const RESOLVE_AGAIN: &str = "resolve the request again";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lease {
    pub key: Key,
    /// The first 16 hex digits of the credential's SHA-256.
    pub print: String,
}

impl Lease {
    pub fn of(key: &Key, credential: &str) -> Lease {
        Lease { key: key.clone(), print: sha256_hex(credential)[..16].to_owned() }
    }

    /// The lease was made for this credential.
    pub fn is_for(&self, credential: &str) -> bool {
        sha256_hex(credential).starts_with(&self.print)
    }
}

impl fmt::Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.key, self.print)
    }
}

impl FromStr for Lease {
    type Err = Error;

    fn from_str(text: &str) -> Result<Lease> {
        let (key, print) =
            text.rsplit_once('@').ok_or_else(|| Error::invalid("the lease is none of ours").hint(RESOLVE_AGAIN))?;
        if print.len() != 16 || !print.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Error::invalid("the lease is none of ours").hint(RESOLVE_AGAIN));
        }
        Ok(Lease { key: key.parse()?, print: print.to_owned() })
    }
}

pub(crate) fn sha256_hex(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_tells_its_token_from_another_without_holding_it() {
        let key: Key = "default/notion/work".parse().unwrap();
        let lease: Lease = Lease::of(&key, "ntn_x").to_string().parse().unwrap();
        assert_eq!(lease.key, key);
        assert!(lease.is_for("ntn_x") && !lease.is_for("ntn_y"));
        assert!(!lease.to_string().contains("ntn_x"));
    }

    #[test]
    fn a_made_up_lease_is_refused() {
        for text in
            ["", "x", "default/notion/work", "default/notion/work@", "default/notion/work@zz", "a@0123456789abcdef"]
        {
            assert!(text.parse::<Lease>().is_err(), "{text:?}");
        }
    }
}
