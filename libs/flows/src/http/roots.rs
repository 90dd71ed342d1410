//! The trusted root certificates: the system's, and those that the person names.

use rustls::RootCertStore;
use rustls_native_certs::{CertificateResult, load_certs_from_paths, load_native_certs};
use std::path::Path;

/// The places where Unix systems keep all roots in one file. Reading one is faster than a directory of hundreds.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The trusted certificates and their origin.
pub(super) struct Roots {
    pub(super) store: RootCertStore,
    /// The origin in words, such as `those of the system and of SSL_CERT_FILE`.
    pub(super) from: String,
    /// A sentence for each certificate file of the person that cannot be used.
    pub(super) unusable: Vec<String>,
}

impl Roots {
    /// Loads the certificates of the system and the person. Those that cannot be read are named in `unusable`.
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
