//! The floor: CONNECT, TLS on both sides, and a copy between them. It knows no HTTP.

use crate::load::connect_head;
use crate::upstream::listener;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// Writes `relay.pem`, which vouches for it, and prints its address; every host is reached at
/// `upstream`, and so many bytes at most are copied at once.
pub async fn serve(directory: &Path, upstream: SocketAddr, buffer: usize) {
    let listener = listener().await;
    let config = ServerConfig::builder_with_provider(mitm::provider()).with_safe_default_protocol_versions().unwrap();
    let acceptor =
        TlsAcceptor::from(Arc::new(config.with_no_client_auth().with_cert_resolver(Arc::new(Mint::new(directory)))));
    println!("{}", listener.local_addr().unwrap());
    let roots = fs::read_to_string(directory.join("roots.pem")).unwrap();
    let connector = TlsConnector::from(crate::stage::trusting(&roots, &["http/1.1"]));
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, connector) = (acceptor.clone(), connector.clone());
        tokio::spawn(async move { _ = relay(stream, acceptor, connector, upstream, buffer).await });
    }
}

async fn relay(
    mut client: TcpStream,
    acceptor: TlsAcceptor,
    connector: TlsConnector,
    upstream: SocketAddr,
    buffer: usize,
) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let head = connect_head(&mut client).await?;
    let head = String::from_utf8_lossy(&head).into_owned();
    let host = head.split(' ').nth(1).and_then(|authority| authority.split(':').next()).unwrap_or_default().to_owned();
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
    let mut client = acceptor.accept(client).await?;
    let server = TcpStream::connect(upstream).await?;
    server.set_nodelay(true)?;
    let mut server = connector.connect(ServerName::try_from(host).unwrap(), server).await?;
    tokio::io::copy_bidirectional_with_sizes(&mut client, &mut server, buffer, buffer).await?;
    Ok(())
}

/// One leaf for each host, all of one key.
struct Mint {
    issuer: Issuer<'static, KeyPair>,
    key: KeyPair,
    leaves: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl std::fmt::Debug for Mint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mint")
    }
}

impl Mint {
    fn new(directory: &Path) -> Mint {
        let key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        fs::write(directory.join("relay.pem"), authority.self_signed(&key).unwrap().pem()).unwrap();
        let issuer = Issuer::new(authority, key);
        Mint { issuer, key: KeyPair::generate().unwrap(), leaves: Mutex::default() }
    }
}

impl ResolvesServerCert for Mint {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let host = hello.server_name()?;
        if let Some(known) = self.leaves.lock().unwrap().get(host) {
            return Some(known.clone());
        }
        let leaf = CertificateParams::new([host.to_owned()]).ok()?.signed_by(&self.key, &self.issuer).ok()?;
        let der = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let leaf = Arc::new(CertifiedKey::new(vec![leaf.der().clone()], any_supported_type(&der).ok()?));
        self.leaves.lock().unwrap().insert(host.to_owned(), leaf.clone());
        Some(leaf)
    }
}
