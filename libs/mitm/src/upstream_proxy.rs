//! The user's own proxy towards the internet: a seam between [`crate::Dialer`] and the network.
//! Names are resolved there, so what they lead to is that proxy's responsibility.

use crate::dial::DialError;
use crate::limits::HEAD_BYTES;
use crate::stream::Io;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use host::{Authority, Host};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An HTTP proxy spoken to in plain text (RFC 9110 §9.3.6).
#[derive(Clone)]
pub struct UpstreamProxy {
    pub address: Authority,
    pub user: Option<(String, SecretString)>,
    /// Hosts reached without it: a host, or a domain with everything below.
    pub bypass: Vec<Host>,
}

impl UpstreamProxy {
    pub(crate) fn serves(&self, host: &Host) -> bool {
        !host.is_loopback() && !self.bypass.iter().any(|entry| entry == host || below(host, entry))
    }

    /// Asks for a tunnel to `to`.
    pub(crate) async fn open(&self, mut stream: TcpStream, to: &Authority) -> Result<Io, DialError> {
        let failed = |text: &str| DialError::Proxy(self.address.clone(), text.to_owned());
        let request = self.request(to);
        stream.write_all(request.expose_secret().as_bytes()).await.map_err(|_| failed("hung up"))?;
        let head = read_head(&mut stream).await.ok_or_else(|| failed("gave no whole answer"))?;
        match head.get(9..12) {
            Some(b"200") if head.starts_with(b"HTTP/1.") => Ok(Box::new(stream)),
            Some(b"407") => Err(failed("wants a password, or another one")),
            _ => Err(failed("refused the tunnel")),
        }
    }

    fn request(&self, to: &Authority) -> SecretString {
        let user = self.user.as_ref().map(|(name, password)| {
            let pair = SecretString::from(format!("{name}:{}", password.expose_secret()));
            format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(pair.expose_secret()))
        });
        format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n{}\r\n", user.unwrap_or_default()).into()
    }
}

fn below(host: &Host, suffix: &Host) -> bool {
    match (host.domain(), suffix.domain()) {
        (Some(name), Some(suffix)) => name.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.')),
        _ => false,
    }
}

/// Byte by byte, so that nothing of the tunnel is swallowed; it happens once per connection.
async fn read_head(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = Vec::with_capacity(256);
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > HEAD_BYTES {
            return None;
        }
        head.push(stream.read_u8().await.ok()?);
    }
    Some(head)
}
