//! A client that writes bytes and reads responses.

use super::PASSWORD;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use host::Authority;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme, SupportedProtocolVersion};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// No answer of a test takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Client {
    pub stream: Box<dyn Duplex>,
}

/// A response as it came: head without its empty line, body without its framing.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    pub head: String,
    pub body: Vec<u8>,
    /// Lines after the last chunk.
    pub trailers: String,
}

impl Reply {
    pub fn status(&self) -> u16 {
        self.head[9..12].parse().unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).into_iter().next()
    }

    pub fn headers(&self, name: &str) -> Vec<&str> {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        fields.filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// The code of the proxy's own refusal, the same in header and body.
    pub fn refusal(&self) -> String {
        let code = self.header("x-authsome-error").unwrap_or_else(|| panic!("no refusal: {self:?}"));
        let body: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(body["code"], code);
        assert!(body["message"].is_string() && body.get("fix").is_some() && body.get("docs").is_some());
        code.to_owned()
    }
}

pub fn proxy_authorization() -> String {
    format!("Proxy-Authorization: Basic {}", STANDARD.encode(format!("authsome:{PASSWORD}")))
}

impl Client {
    pub async fn connect(proxy: SocketAddr) -> Client {
        let stream = TcpStream::connect(proxy).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Client { stream: Box::new(stream) }
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    pub async fn ask(&mut self, bytes: impl AsRef<[u8]>) -> Reply {
        self.send(&bytes).await;
        let head = bytes.as_ref().starts_with(b"HEAD ");
        self.reply(head).await
    }

    /// A CONNECT that must succeed.
    pub async fn tunnel(mut self, authority: &str) -> Client {
        let reply = self.ask_connect(authority).await;
        assert_eq!(reply.status(), 200, "{reply:?}");
        self
    }

    pub async fn ask_connect(&mut self, authority: &str) -> Reply {
        let auth = proxy_authorization();
        self.send(format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{auth}\r\n\r\n")).await;
        let head = timeout(PATIENCE, self.head()).await.unwrap();
        let body = if head.starts_with("HTTP/1.1 200") { Vec::new() } else { self.body(&head).await.0 };
        Reply { head, body, trailers: String::new() }
    }

    pub async fn secure(self, ca: &str, authority: &str, alpn: &[&[u8]]) -> Client {
        Client { stream: Box::new(self.handshake(ca, authority, alpn).await.unwrap()) }
    }

    pub async fn handshake(
        self,
        ca: &str,
        authority: &str,
        alpn: &[&[u8]],
    ) -> std::io::Result<TlsStream<Box<dyn Duplex>>> {
        let authority: Authority = authority.parse().unwrap();
        let name = match authority.host.ip() {
            Some(ip) => ServerName::from(ip),
            None => ServerName::try_from(authority.host.to_string()).unwrap(),
        };
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(ca.as_bytes()) {
            roots.add(certificate.unwrap()).unwrap();
        }
        self.handshake_as(roots, name, alpn).await
    }

    pub async fn handshake_as(
        self,
        roots: RootCertStore,
        name: ServerName<'static>,
        alpn: &[&[u8]],
    ) -> std::io::Result<TlsStream<Box<dyn Duplex>>> {
        let mut config = ClientConfig::builder_with_provider(mitm::provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        timeout(PATIENCE, TlsConnector::from(Arc::new(config)).connect(name, self.stream)).await.unwrap()
    }

    /// With one version of TLS alone.
    pub async fn secure_by(self, version: &'static SupportedProtocolVersion, ca: &str, name: &'static str) -> Client {
        let name = ServerName::try_from(name).unwrap();
        let stream = TlsConnector::from(only(version, ca)).connect(name, self.stream).await.unwrap();
        Client { stream: Box::new(stream) }
    }

    /// As someone who accepts a certificate for another name than the one asked for.
    pub async fn secure_with(self, verifier: Arc<NameIgnored>, name: &str) -> Client {
        let config = ClientConfig::builder_with_provider(mitm::provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, self.stream).await.unwrap();
        Client { stream: Box::new(stream) }
    }

    /// The next response; `to_head` when it answers a HEAD.
    pub async fn reply(&mut self, to_head: bool) -> Reply {
        timeout(PATIENCE, async {
            let head = self.head().await;
            let (body, trailers) = if to_head { Default::default() } else { self.body(&head).await };
            Reply { head, body, trailers }
        })
        .await
        .expect("an answer in time")
    }

    pub async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match self.stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&head)),
            }
        }
        head.truncate(head.len() - 4);
        // Field values may be any bytes; a test compares them, and needs no meaning of them.
        head.iter().map(|byte| char::from(*byte)).collect()
    }

    /// The body of a request whose head was read.
    pub async fn body_of(&mut self, head: &str) -> (Vec<u8>, String) {
        let head = head.to_ascii_lowercase();
        if head.contains("\r\ntransfer-encoding: chunked") {
            return self.chunks().await;
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        (self.exactly(length.map_or(0, |length| length.parse().unwrap())).await, String::new())
    }

    pub async fn line(&mut self) -> String {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.push(self.stream.read_u8().await.unwrap());
        }
        line.truncate(line.len() - 2);
        String::from_utf8(line).unwrap()
    }

    pub async fn exactly(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        timeout(PATIENCE, self.stream.read_exact(&mut bytes)).await.unwrap().unwrap();
        bytes
    }

    /// Everything until the other side ends.
    pub async fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // A reset ends it as well.
        _ = timeout(PATIENCE, self.stream.read_to_end(&mut bytes)).await.expect("an end in time");
        bytes
    }

    async fn body(&mut self, head: &str) -> (Vec<u8>, String) {
        let reply = Reply { head: head.to_owned(), body: Vec::new(), trailers: String::new() };
        if matches!(reply.status(), 100..=199 | 204 | 304) {
            return Default::default();
        }
        if reply.header("transfer-encoding").is_some() {
            return self.chunks().await;
        }
        match reply.header("content-length") {
            Some(length) => (self.exactly(length.parse().unwrap()).await, String::new()),
            None => (self.rest().await, String::new()),
        }
    }

    async fn chunks(&mut self) -> (Vec<u8>, String) {
        let mut body = Vec::new();
        loop {
            let size = usize::from_str_radix(self.line().await.trim_end(), 16).unwrap();
            if size == 0 {
                break;
            }
            body.extend(self.exactly(size).await);
            assert_eq!(self.line().await, "");
        }
        let mut trailers = String::new();
        loop {
            match self.line().await {
                line if line.is_empty() => return (body, trailers),
                line => trailers += &format!("{line}\n"),
            }
        }
    }
}

/// TLS of one version alone, which remembers its sessions.
pub fn only(version: &'static SupportedProtocolVersion, ca: &str) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(mitm::provider()).with_protocol_versions(&[version]).unwrap();
    Arc::new(config.with_root_certificates(roots).with_no_client_auth())
}

/// Verifies a certificate for the host of the CONNECT, whatever name the TLS connection asked for.
#[derive(Debug)]
pub struct NameIgnored {
    inner: Arc<WebPkiServerVerifier>,
    name: ServerName<'static>,
}

impl NameIgnored {
    pub fn new(roots: RootCertStore, connect: Authority) -> Arc<NameIgnored> {
        let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), mitm::provider()).build().unwrap();
        Arc::new(NameIgnored { inner, name: ServerName::try_from(connect.host.to_string()).unwrap() })
    }
}

impl ServerCertVerifier for NameIgnored {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.inner.verify_server_cert(leaf, others, &self.name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
