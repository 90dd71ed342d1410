//! The user's own proxy towards the internet: a seam between [`crate::Dialer`] and the network.
//! Names are resolved there, so what they lead to is that proxy's responsibility.

use crate::bypass::Bypass;
use crate::dial::DialError;
use crate::limits::HEAD_BYTES;
use crate::stream::Io;
use crate::tls::{ClientSide, Http, server_name};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use host::Authority;
use rustls::RootCertStore;
use secrecy::{ExposeSecret, SecretString};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_socks::TargetAddr;
use tokio_socks::tcp::Socks5Stream;

/// Names are resolved by it, with every scheme.
#[derive(Clone)]
pub struct UpstreamProxy {
    /// The variable that names it, such as `HTTPS_PROXY`, for errors.
    pub named_by: String,
    pub scheme: ProxyScheme,
    pub address: Authority,
    pub user: Option<(String, SecretString)>,
    /// What is reached without it.
    pub bypass: Vec<Bypass>,
}

#[derive(Clone)]
pub enum ProxyScheme {
    /// CONNECT in plain text (RFC 9110 §9.3.6).
    Http,
    /// The same in TLS, its certificate verified against these roots.
    Https(RootCertStore),
    /// RFC 1928, with the password of RFC 1929.
    Socks5,
}

impl UpstreamProxy {
    pub(crate) fn serves(&self, to: &Authority) -> bool {
        !to.host.is_loopback() && !self.bypass.iter().any(|entry| entry.covers(to))
    }

    /// Returns whether plain http goes to it in absolute form (RFC 9112 §3.2.2) and not through a tunnel.
    pub(crate) fn forwards(&self) -> bool {
        !matches!(self.scheme, ProxyScheme::Socks5)
    }

    /// Connects to the proxy itself, for requests in absolute form.
    pub(crate) async fn reach(&self, stream: TcpStream) -> Result<Io, DialError> {
        match &self.scheme {
            ProxyScheme::Https(roots) => self.secure(stream, roots).await,
            ProxyScheme::Http | ProxyScheme::Socks5 => Ok(Box::new(stream)),
        }
    }

    /// Returns the error for a proxy that answered 407.
    pub(crate) fn wants_password(&self) -> DialError {
        self.failed("wants a password, or another one")
    }

    /// Returns the field line with its password, empty if it has none.
    pub(crate) fn authorization(&self) -> SecretString {
        let user = self.user.as_ref().map(|(name, password)| {
            let pair = SecretString::from(format!("{name}:{}", password.expose_secret()));
            format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(pair.expose_secret()))
        });
        user.unwrap_or_default().into()
    }

    /// Asks for a tunnel to `to`.
    pub(crate) async fn open(&self, stream: TcpStream, to: &Authority) -> Result<Io, DialError> {
        match &self.scheme {
            ProxyScheme::Http => self.connect(Box::new(stream), to).await,
            ProxyScheme::Https(roots) => self.connect(self.secure(stream, roots).await?, to).await,
            ProxyScheme::Socks5 => self.socks(stream, to).await,
        }
    }

    pub(crate) fn failed(&self, text: impl Into<String>) -> DialError {
        DialError::Proxy { address: self.address.clone(), named_by: self.named_by.clone(), what: text.into() }
    }

    async fn secure(&self, stream: TcpStream, roots: &RootCertStore) -> Result<Io, DialError> {
        let client = ClientSide::new(roots.clone()).map_err(|error| self.failed(error.to_string()))?;
        let handshake = TlsConnector::from(client.config(Http::One)).connect(server_name(&self.address), stream);
        let stream =
            handshake.await.map_err(|error| self.failed(format!("gave no trusted TLS connection: {error}")))?;
        Ok(Box::new(stream))
    }

    async fn socks(&self, stream: TcpStream, to: &Authority) -> Result<Io, DialError> {
        let target: TargetAddr<'_> = match (to.host.ip(), to.host.domain()) {
            (Some(ip), _) => TargetAddr::Ip(SocketAddr::new(ip, to.port)),
            (None, name) => TargetAddr::Domain(name.unwrap_or_default().to_owned().into(), to.port),
        };
        let opened = match &self.user {
            Some((name, password)) => {
                Socks5Stream::connect_with_password_and_socket(stream, target, name, password.expose_secret()).await
            }
            None => Socks5Stream::connect_with_socket(stream, target).await,
        };
        match opened {
            Ok(stream) => Ok(Box::new(stream)),
            Err(tokio_socks::Error::PasswordAuthFailure(_) | tokio_socks::Error::NoAcceptableAuthMethods) => {
                Err(self.wants_password())
            }
            Err(error) => Err(self.failed(format!("refused the tunnel ({error})"))),
        }
    }

    async fn connect(&self, mut stream: Io, to: &Authority) -> Result<Io, DialError> {
        let failed = |text: &str| self.failed(text);
        let request = self.request(to);
        stream.write_all(request.expose_secret().as_bytes()).await.map_err(|_| failed("hung up"))?;
        stream.flush().await.map_err(|_| failed("hung up"))?;
        let head = read_head(&mut stream).await.ok_or_else(|| failed("gave no whole answer"))?;
        match head.get(9..12) {
            Some(b"200") if head.starts_with(b"HTTP/1.") => Ok(stream),
            Some(b"407") => Err(self.wants_password()),
            _ => Err(failed("refused the tunnel")),
        }
    }

    fn request(&self, to: &Authority) -> SecretString {
        let authorization = self.authorization();
        format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n{}\r\n", authorization.expose_secret()).into()
    }
}

/// Byte by byte, so that nothing of the tunnel is swallowed; it happens once per connection.
async fn read_head(stream: &mut Io) -> Option<Vec<u8>> {
    let mut head = Vec::with_capacity(256);
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > HEAD_BYTES {
            return None;
        }
        head.push(stream.read_u8().await.ok()?);
    }
    Some(head)
}
