//! What may be kept: size and content of an entry, and its two halves as sealed bytes.

use crate::backend::Sealed;
use crate::seal::{Part, Place, Sealer, json_length};
use proto::ops::vault::Put;
use proto::{Error, Key, Object, PLACEHOLDER, Result, Secrets};
use zeroize::Zeroizing;

/// A page of a listing must fit into one line of the protocol with room to spare.
pub(crate) const MAX_RECORD: usize = 64 * 1024;
/// So must an entry.
const MAX_SECRET: usize = 512 * 1024;

/// Refuses an entry that could do harm when it is used: a secret that would split a header, the
/// placeholder in a credential's place, or more than a line can carry.
pub(crate) fn check(put: &Put) -> Result<()> {
    let refused = |what: String| {
        Err(Error::invalid(format!("storing {}: {what}", put.key)).hint(format!(
            "give another credential: authsome login {}{} --force",
            put.key.provider,
            put.key.flags()
        )))
    };
    if json_length(&put.record) > MAX_RECORD {
        return refused(format!("the record has more than {MAX_RECORD} bytes"));
    }
    if json_length(&put.secret) > MAX_SECRET {
        return refused(format!("the secret has more than {MAX_SECRET} bytes"));
    }
    if put.secret.texts().iter().any(|text| text.contains(PLACEHOLDER)) {
        return refused(format!("{PLACEHOLDER} stands for a credential and is none"));
    }
    if put.secret.get("private_key").is_some_and(|text| text.contains('\0')) {
        return refused("the private key holds a NUL".into());
    }
    let mut one_line = put.secret.clone();
    one_line.remove("private_key");
    if one_line.texts().iter().any(|text| text.contains(|c: char| c.is_ascii_control())) {
        return refused("a secret holds a line break or another control character".into());
    }
    Ok(())
}

pub(crate) fn seal(sealer: &Sealer, put: &Put, key: &str, rev: u64) -> Result<Sealed> {
    Ok(Sealed {
        record: sealer.seal(Place { part: Part::Record, key, rev }, &put.record)?,
        secret: sealer.seal(Place { part: Part::Secret, key, rev }, &put.secret)?,
    })
}

pub(crate) fn open_record(sealer: &Sealer, key: &str, rev: u64, sealed: Vec<u8>) -> Result<Object> {
    let text = opened(sealer, Place { part: Part::Record, key, rev }, sealed)?;
    serde_json::from_slice(&text).map_err(|_| closed(key))
}

/// The record as the text that was sealed: a listing of thousands takes none apart.
pub(crate) fn open_record_text(sealer: &Sealer, key: &str, rev: u64, sealed: Vec<u8>) -> Result<String> {
    let text = opened(sealer, Place { part: Part::Record, key, rev }, sealed)?;
    // What opens is what was sealed here: an object's JSON on one line.
    std::str::from_utf8(&text).map(ToOwned::to_owned).map_err(|_| closed(key))
}

pub(crate) fn open_secret(sealer: &Sealer, key: &str, rev: u64, sealed: Vec<u8>) -> Result<Secrets> {
    let text = opened(sealer, Place { part: Part::Secret, key, rev }, sealed)?;
    serde_json::from_slice(&text).map_err(|_| closed(key))
}

fn opened(sealer: &Sealer, place: Place, sealed: Vec<u8>) -> Result<Zeroizing<Vec<u8>>> {
    sealer.open(place, sealed).ok_or_else(|| closed(place.key))
}

/// The key is right (it was checked), so the row is not what was written there.
pub(crate) fn closed(key: &str) -> Error {
    let error = Error::unavailable(format!("the vault's entry {key} does not open: it was changed, moved or put back"));
    let parsed = key.parse::<Key>();
    match parsed.as_ref().ok().and_then(|key| Some((key, key.connection_name()?))) {
        Some((key, name)) => {
            let (provider, profile) = (&key.provider, key.profile_flag());
            error.hint(format!("authsome logout {provider} --connection {name}{profile}"))
        }
        None => error.hint(format!("authsome-vault erase {key}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(secret: Secrets) -> Put {
        let record = serde_json::from_str(r#"{"provider":"notion"}"#).unwrap();
        Put { key: "a/b/c".parse().unwrap(), if_rev: proto::ops::vault::Expect::Anything, record, secret }
    }

    #[test]
    fn the_placeholder_is_no_credential() {
        for text in ["authsome-proxy-managed", "Bearer authsome-proxy-managed"] {
            let error = check(&put(Secrets::new().with("api_key", text))).unwrap_err();
            assert_eq!(error.code, proto::Code::Invalid);
        }
    }

    #[test]
    fn what_would_split_a_header_is_refused_and_never_quoted() {
        for bad in ["k\r\nX-Admin: 1", "k\n", "k\0", "k\u{7f}"] {
            let error = check(&put(Secrets::new().with("api_key", bad))).unwrap_err();
            assert_eq!(error.code, proto::Code::Invalid);
            assert!(!format!("{error} {:?}", error.hint).contains("X-Admin"));
        }
        let nested = serde_json::from_str(r#"{"more":{"list":["a\nb"]}}"#).unwrap();
        assert!(check(&put(nested)).is_err());
    }

    #[test]
    fn a_private_key_may_have_lines_but_no_nul() {
        assert!(check(&put(Secrets::new().with("private_key", "-----BEGIN\r\nabc\n-----END\n"))).is_ok());
        assert!(check(&put(Secrets::new().with("private_key", "a\0b"))).is_err());
    }

    #[test]
    fn what_no_line_can_carry_is_refused() {
        assert!(check(&put(Secrets::new().with("api_key", "x".repeat(MAX_SECRET)))).is_err());
        let mut large = put(Secrets::new());
        large.record.insert("note".into(), "x".repeat(MAX_RECORD).into());
        assert!(check(&large).is_err());
    }
}
