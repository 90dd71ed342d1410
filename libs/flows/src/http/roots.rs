//! The certificates that a provider's may be signed by: the system's, and those that the person names.

use rustls::RootCertStore;
use rustls_native_certs::{CertificateResult, load_certs_from_paths, load_native_certs};
use std::path::Path;

/// Where a Unix keeps all its roots in one file; read before a directory of hundreds.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Trusted certificates, and where they are from.
pub(super) struct Roots {
    pub(super) store: RootCertStore,
    /// In words: `those of the system and of SSL_CERT_FILE`.
    pub(super) from: String,
    /// What the person names and cannot be used, a sentence each.
    pub(super) unusable: Vec<String>,
}

impl Roots {
    /// Loads the system's and the person's own; those that cannot be read are told in `unusable`.
    pub(super) fn load(file: Option<&Path>, directory: Option<&Path>) -> Roots {
        let mut roots =
            Roots { store: RootCertStore::empty(), from: "those of the system".to_owned(), unusable: Vec::new() };
        let bundle = BUNDLES.iter().map(Path::new).find(|path| path.is_file());
        let system = bundle.map_or_else(load_native_certs, |file| load_certs_from_paths(Some(file), None));
        roots.store.add_parsable_certificates(system.certs);
        for (name, path, found) in [
            ("SSL_CERT_FILE", file, file.map(|_| load_certs_from_paths(file, None))),
            ("SSL_CERT_DIR", directory, directory.map(|_| load_certs_from_paths(None, directory))),
        ] {
            if let (Some(path), Some(found)) = (path, found) {
                roots.add(name, path, found);
            }
        }
        roots
    }

    fn add(&mut self, name: &str, path: &Path, found: CertificateResult) {
        let (added, _) = self.store.add_parsable_certificates(found.certs);
        if added > 0 {
            self.from = format!("{} and of {name}", self.from);
            return;
        }
        let why = match (std::fs::metadata(path), found.errors.first()) {
            (Err(error), _) => format!("which cannot be read: {error}"),
            (Ok(_), Some(error)) => format!("which cannot be read: {error}"),
            (Ok(_), None) => "which holds no certificate in PEM".to_owned(),
        };
        self.unusable.push(format!("{name} names {}, {why}", path.display()));
    }
}
