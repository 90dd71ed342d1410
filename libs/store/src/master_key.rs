//! `master.key`: one line of text, `authsome-master-key-1 ` and 32 bytes in base64.
//!
//! It is written once and never replaced: a key that is missing or wrong is an error to mend from a
//! backup, since a new one would make every entry unreadable.

use crate::home::{self, Home, failed};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proto::{Error, Result};
use ring::rand::{SecureRandom, SystemRandom};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use zeroize::Zeroizing;

pub(crate) const FILE: &str = "master.key";
const HEADER: &str = "authsome-master-key-1 ";
const LENGTH: usize = 32;
/// Header, 44 characters, newline; one more tells a longer file.
const LINE: usize = HEADER.len() + 44 + 1;

pub(crate) struct MasterKey(Zeroizing<[u8; LENGTH]>);

impl MasterKey {
    pub fn bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }

    /// The key of this home; `None` when there is none.
    pub fn read(home: &Home) -> Result<Option<MasterKey>> {
        let path = home.path(FILE);
        let file = match home::private_file().read(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("reading", &path, &error)),
        };
        let reading = |error| failed("reading", &path, &error);
        home::check_private(&path, &file.metadata().map_err(reading)?)?;
        let mut line = Zeroizing::new(Vec::with_capacity(LINE + 1));
        (&file).take(LINE as u64 + 1).read_to_end(&mut line).map_err(reading)?;
        parse(&line).map(Some).ok_or_else(|| broken(&path))
    }

    /// Makes the key. The caller holds the lock under which keys are made, and saw that there is none.
    pub fn make(home: &Home) -> Result<MasterKey> {
        let mut key = MasterKey(Zeroizing::new([0; LENGTH]));
        SystemRandom::new().fill(&mut *key.0).map_err(|_| Error::unavailable("the system gives no random numbers"))?;
        let path = home.path(FILE);
        let unfinished = home.path("master.key.new");
        key.write(&unfinished, &path).map_err(|error| failed("writing", &path, &error))?;
        home.sync()?;
        Ok(key)
    }

    /// Under another name first, so that a crash leaves either no key or a whole one.
    fn write(&self, unfinished: &Path, path: &Path) -> std::io::Result<()> {
        match std::fs::remove_file(unfinished) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut line = Zeroizing::new(String::with_capacity(LINE));
        line.push_str(HEADER);
        STANDARD.encode_string(*self.0, &mut line);
        line.push('\n');
        let mut file = home::private_file().write(true).create_new(true).open(unfinished)?;
        file.write_all(line.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(unfinished, path)
    }
}

/// What to do when the key is not there or not the right one.
pub(crate) fn mend(home: &Home, database: &str) -> String {
    let (key, database) = (home.path(FILE), home.path(database));
    format!(
        "put {} back from a backup; or, to give up what is stored: mv {1} {1}.lost",
        key.display(),
        database.display()
    )
}

fn parse(line: &[u8]) -> Option<MasterKey> {
    let text = line.strip_prefix(HEADER.as_bytes())?.strip_suffix(b"\n")?;
    let mut key = MasterKey(Zeroizing::new([0; LENGTH]));
    // The decoder wants room for whole groups of three.
    let mut decoded = Zeroizing::new([0; LENGTH + 1]);
    let length = STANDARD.decode_slice(text, &mut *decoded).ok()?;
    if length != LENGTH {
        return None;
    }
    key.0.copy_from_slice(&decoded[..LENGTH]);
    Some(key)
}

fn broken(path: &Path) -> Error {
    Error::unavailable(format!("{} is not a whole key of this release", path.display()))
        .hint(format!("put {} back from a backup", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_file_and_no_other_line_is_a_key() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::make(&folder.path().join("home")).unwrap();
        assert!(MasterKey::read(&home).unwrap().is_none());
        let made = MasterKey::make(&home).unwrap();
        assert_eq!(MasterKey::read(&home).unwrap().unwrap().bytes(), made.bytes());
        let whole = std::fs::read(home.path(FILE)).unwrap();
        for bad in [&whole[..whole.len() - 1], &whole[..20], b"", &[&whole[..], b"\n"].concat()] {
            std::fs::write(home.path(FILE), bad).unwrap();
            assert!(MasterKey::read(&home).is_err());
        }
    }
}
