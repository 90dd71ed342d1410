//! A certificate for the provider's host, for servers that want theirs as files.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use std::fs;
use std::path::{Path, PathBuf};

/// Three PEM files.
pub struct Site {
    /// Vouches for it.
    pub roots: PathBuf,
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Site {
    pub fn new(directory: &Path, host: &str) -> Site {
        let authority_key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // A leaf whose issuer has the leaf's own name is self-signed to OpenSSL.
        authority.distinguished_name.push(DnType::CommonName, "authority of the site");
        let roots = write(directory, "site-roots.pem", &authority.self_signed(&authority_key).unwrap().pem());
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new([host.to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &Issuer::new(authority, authority_key)).unwrap();
        let certificate = write(directory, "site.pem", &leaf.pem());
        Site { roots, certificate, key: write(directory, "site.key", &key.serialize_pem()) }
    }
}

fn write(directory: &Path, name: &str, pem: &str) -> PathBuf {
    let path = directory.join(name);
    fs::write(&path, pem).unwrap();
    path
}
