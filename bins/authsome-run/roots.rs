//! The certificates that the command trusts: the system's, the person's own, the session's.

use crate::environment::{ALL_ROOTS, EXTRA_ROOTS};
use cli::session::Session;
use proto::Result;
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

/// Where systems keep their roots as one file; the first that is there counts.
const SYSTEM: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Files in the session's directory.
pub struct Roots {
    /// Everything, for programs that replace their roots by it.
    pub all: PathBuf,
    /// The session's certificate and the person's extra ones, for programs that add to their roots.
    pub extra: PathBuf,
}

pub fn write(session: &Session, session_ca: &str) -> Result<Roots> {
    let system = SYSTEM.iter().map(Path::new).find(|path| path.is_file()).map(Path::to_owned);
    // What is put in a variable's place holds what the person had there.
    let (own, added) = (named(ALL_ROOTS), named(EXTRA_ROOTS));
    let all = bundle(system.into_iter().chain(own).chain(added.clone()), session_ca);
    let extra = bundle(added.into_iter(), session_ca);
    Ok(Roots { all: session.write("roots.pem", all.as_bytes())?, extra: session.write("ca.pem", extra.as_bytes())? })
}

fn named(variables: &[&str]) -> Vec<PathBuf> {
    variables.iter().filter_map(std::env::var_os).map(PathBuf::from).collect()
}

/// Every certificate once; a file that cannot be read is one the command could not read either.
fn bundle(files: impl Iterator<Item = PathBuf>, session_ca: &str) -> String {
    let files: BTreeSet<PathBuf> = files.map(|path| path.canonicalize().unwrap_or(path)).collect();
    // Between certificates a bundle may say anything, in any encoding.
    let text = |path: &PathBuf| Some(String::from_utf8_lossy(&std::fs::read(path).ok()?).into_owned());
    let texts: Vec<String> = files.iter().filter_map(text).collect();
    let mut seen = HashSet::new();
    let mut bundle = String::with_capacity(session_ca.len() + texts.iter().map(String::len).sum::<usize>());
    for certificate in std::iter::once(session_ca).chain(texts.iter().map(String::as_str)).flat_map(certificates) {
        if seen.insert(certificate) {
            bundle.push_str(certificate);
            bundle.push('\n');
        }
    }
    bundle
}

fn certificates(text: &str) -> impl Iterator<Item = &str> {
    text.split(BEGIN).skip(1).filter_map(move |rest| {
        let end = rest.find(END)? + END.len();
        let start = rest.as_ptr() as usize - text.as_ptr() as usize - BEGIN.len();
        text.get(start..start + BEGIN.len() + end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_is_in_two_bundles_is_in_ours_once() {
        let one = format!("{BEGIN}\nAAAA\n{END}");
        let two = format!("{BEGIN}\nBBBB\n{END}");
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("own.pem");
        // A comment in Latin-1, as some bundles of the world have it.
        let mut text = b"# Autoridad de Certificaci\xf3n\n".to_vec();
        text.extend(format!("{one}\n{two}\n{one}\n").bytes());
        std::fs::write(&file, text).unwrap();
        assert_eq!(bundle([file].into_iter(), &one), format!("{one}\n{two}\n"));
    }
}
