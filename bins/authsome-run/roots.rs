//! The certificates that the command trusts: the system's, the person's own, the session's.

use crate::inherited::{Action, Value, row};
use cli::session::Session;
use proto::Result;
use std::collections::{BTreeSet, HashSet};
use std::io;
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

/// Writes both files, with the certificates that the person named in variables. It returns a line for each file that
/// cannot be read or holds no certificate.
pub fn write(session: &Session, session_ca: &str) -> Result<(Roots, Vec<String>)> {
    let system = SYSTEM.iter().map(Path::new).find(|path| path.is_file()).map(Path::to_owned);
    let (own, added) = (inherited(Value::Roots), inherited(Value::ExtraRoots));
    let unusable: BTreeSet<String> = own.iter().chain(&added).filter_map(unusable).collect();
    let paths = |files: &[(String, PathBuf)]| files.iter().map(|(_, path)| path.clone()).collect::<Vec<_>>();
    let all = bundle(system.into_iter().chain(paths(&own)).chain(paths(&added)), session_ca);
    let extra = bundle(paths(&added).into_iter(), session_ca);
    let roots =
        Roots { all: session.write("roots.pem", all.as_bytes())?, extra: session.write("ca.pem", extra.as_bytes())? };
    Ok((roots, unusable.into_iter().collect()))
}

/// Returns the variables of this kind that the person has set, with their files.
fn inherited(value: Value) -> Vec<(String, PathBuf)> {
    let is_one =
        |name: &str| row(name).is_some_and(|row| [Action::Set(value), Action::Replace(value)].contains(&row.action));
    let named = std::env::vars_os().filter(|(_, path)| !path.is_empty());
    named.filter_map(|(name, path)| Some((name.into_string().ok().filter(|name| is_one(name))?, path.into()))).collect()
}

/// Returns what is wrong with a file or directory of certificates that a variable names.
fn unusable((variable, path): &(String, PathBuf)) -> Option<String> {
    let why = match read(path) {
        Err(error) => format!("which cannot be read ({error}): its certificates are not trusted"),
        Ok(text) if certificates(&text).next().is_none() => "which holds no certificate in PEM".to_owned(),
        Ok(_) => return None,
    };
    Some(format!("{variable} names {}, {why}", path.display()))
}

/// Reads a file, or all files of a directory, which some clients take as well.
fn read(path: &Path) -> io::Result<String> {
    let files = match path.is_dir() {
        true => std::fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?,
        false => vec![path.to_owned()],
    };
    // A bundle may have any text in any encoding between its certificates.
    let text = |path: &PathBuf| Ok::<_, io::Error>(String::from_utf8_lossy(&std::fs::read(path)?).into_owned());
    let texts = files.iter().filter(|file| !file.is_dir()).map(text).collect::<io::Result<Vec<_>>>()?;
    Ok(texts.join("\n"))
}

/// Returns every certificate once. It skips files that cannot be read, which have their own warnings.
fn bundle(files: impl Iterator<Item = PathBuf>, session_ca: &str) -> String {
    let files: BTreeSet<PathBuf> = files.map(|path| path.canonicalize().unwrap_or(path)).collect();
    let texts: Vec<String> = files.iter().filter_map(|path| read(path).ok()).collect();
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
    fn a_file_or_directory_without_a_certificate_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let told = |path: &Path| unusable(&("SSL_CERT_FILE".to_owned(), path.to_owned()));
        let file = directory.path().join("own.pem");
        for text in ["", "root:x:0:0\n", BEGIN] {
            std::fs::write(&file, text).unwrap();
            for path in [file.as_path(), directory.path()] {
                let line = format!("SSL_CERT_FILE names {}, which holds no certificate in PEM", path.display());
                assert_eq!(told(path), Some(line), "{text:?}");
            }
        }
        std::fs::write(&file, format!("{BEGIN}\nAAAA\n{END}\n")).unwrap();
        assert_eq!((told(&file), told(directory.path())), (None, None));
    }

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
