//! TLS on both legs: which crypto, which versions, which protocols are offered.

use crate::ahead::Ahead;
use host::Authority;
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
#[cfg(feature = "aws-lc-rs")]
use rustls::crypto::aws_lc_rs as implementation;
#[cfg(not(feature = "aws-lc-rs"))]
use rustls::crypto::ring as implementation;
use rustls::pki_types::ServerName;
use rustls::server::{ResolvesServerCert, StoresServerSessions};
use rustls::{ClientConfig, NamedGroup, RootCertStore, ServerConfig};
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

pub(crate) use implementation::kx_group::X25519;

pub(crate) const H2: &[u8] = b"h2";
pub(crate) const HTTP_11: &[u8] = b"http/1.1";

/// The one place that names an implementation of TLS's cryptography: *ring*, or AWS-LC where it was
/// built in, which also agrees on keys that a quantum computer does not break (X25519MLKEM768).
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(implementation::default_provider()));
    PROVIDER.clone()
}

/// HTTP version of a connection, as negotiated by ALPN; the same on both legs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Http {
    One,
    Two,
}

/// Of the group that nearly every client chooses.
static KEYS: Ahead = Ahead::new(X25519);

/// Towards the clients of the session.
pub(crate) struct ServerSide {
    base: ServerConfig,
}

impl ServerSide {
    pub fn new() -> Result<ServerSide, rustls::Error> {
        let mut base = ServerConfig::builder_with_provider(aes_128_first())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(NoCertificate));
        // Both ends are on this machine, where the shorter key is as safe and cheaper.
        base.ignore_client_order = true;
        // Each ticket costs an encryption and a record; a client resumes with the last one.
        base.send_tls13_tickets = 1;
        // All hosts share one store (TLS 1.2) and one ticket key (TLS 1.3).
        base.session_storage = rustls::server::ServerSessionMemoryCache::new(256) as Arc<dyn StoresServerSessions>;
        base.ticketer = implementation::Ticketer::new()?;
        Ok(ServerSide { base })
    }

    /// A client is about to say hello: prepares what takes longest of the answer.
    pub fn prepare(&self) {
        KEYS.make();
    }

    /// A configuration that shows one certificate and speaks one HTTP version.
    pub fn config(&self, certificate: Arc<dyn ResolvesServerCert>, http: Http) -> Arc<ServerConfig> {
        let mut config = self.base.clone();
        config.cert_resolver = certificate;
        config.alpn_protocols = match http {
            Http::One => vec![HTTP_11.to_vec()],
            Http::Two => vec![H2.to_vec()],
        };
        Arc::new(config)
    }
}

#[derive(Debug)]
struct NoCertificate;

impl ResolvesServerCert for NoCertificate {
    fn resolve(&self, _hello: rustls::server::ClientHello<'_>) -> Option<Arc<rustls::sign::CertifiedKey>> {
        None
    }
}

fn aes_128_first() -> Arc<CryptoProvider> {
    let mut provider = CryptoProvider::clone(&provider());
    provider.kx_groups.iter_mut().filter(|group| group.name() == NamedGroup::X25519).for_each(|group| *group = &KEYS);
    let aes_128 = |suite: &rustls::SupportedCipherSuite| format!("{:?}", suite.suite()).contains("AES_128");
    provider.cipher_suites.sort_by_key(|suite| !aes_128(suite));
    Arc::new(provider)
}

/// Towards the upstreams. Certificates are always verified against the given roots.
pub(crate) struct ClientSide {
    one: Arc<ClientConfig>,
    any: Arc<ClientConfig>,
}

impl ClientSide {
    pub fn new(roots: RootCertStore) -> Result<ClientSide, rustls::Error> {
        let mut one = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        one.resumption = Resumption::in_memory_sessions(256);
        one.alpn_protocols = vec![HTTP_11.to_vec()];
        // A clone shares the session store.
        let mut any = one.clone();
        any.alpn_protocols = vec![H2.to_vec(), HTTP_11.to_vec()];
        Ok(ClientSide { one: Arc::new(one), any: Arc::new(any) })
    }

    /// `Two` offers both versions, as the client did; `One` offers HTTP/1.1 alone.
    pub fn config(&self, offer: Http) -> Arc<ClientConfig> {
        match offer {
            Http::One => self.one.clone(),
            Http::Two => self.any.clone(),
        }
    }
}

/// The name that an upstream's certificate has to bear.
pub(crate) fn server_name(authority: &Authority) -> ServerName<'static> {
    if let Some(ip) = authority.host.ip() {
        return ServerName::from(ip);
    }
    let name = authority.host.domain().unwrap_or_default().to_owned();
    // `Host` admits a few names that TLS does not; no certificate can bear them.
    ServerName::try_from(name).unwrap_or(ServerName::from(IpAddr::from([0; 4])))
}
