//! One HTTP/1.1 request at a time, never off this machine.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;
use url::Url;

use crate::tap::latin1;

/// A server that says nothing for this long has failed the test.
const LIMIT: Duration = Duration::from_secs(60);
const BODY: usize = 32 << 20;

pub(crate) struct Client {
    runtime: Runtime,
    pub tls: Option<Arc<ClientConfig>>,
    /// `host:port` and where it really is.
    pub places: Vec<(String, SocketAddr)>,
}

pub(crate) struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Client {
    pub fn new() -> io::Result<Client> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Client { runtime, tls: None, places: Vec::new() })
    }

    /// Sends these headers and, unless they are among them, Host and what frames the body.
    pub fn send(&self, method: &str, url: &Url, headers: &[(String, String)], body: &[u8]) -> io::Result<Answer> {
        let request = request(method, url, headers, body)?;
        self.runtime.block_on(async {
            tokio::time::timeout(LIMIT, self.exchange(url, request)).await.map_err(|_| {
                io::Error::new(io::ErrorKind::TimedOut, format!("no answer from {url} in {} s", LIMIT.as_secs()))
            })?
        })
    }

    async fn exchange(&self, url: &Url, request: http::Request<Full<Bytes>>) -> io::Result<Answer> {
        let stream = TcpStream::connect(self.place(url)?).await?;
        stream.set_nodelay(true)?;
        if url.scheme() != "https" {
            return speak(stream, request).await;
        }
        let config = self.tls.clone().ok_or_else(|| io::Error::other("no CA is trusted for https"))?;
        let name = url.host_str().unwrap_or_default().to_owned();
        let name = ServerName::try_from(name).map_err(io::Error::other)?;
        speak(TlsConnector::from(config).connect(name, stream).await?, request).await
    }

    fn place(&self, url: &Url) -> io::Result<SocketAddr> {
        let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
        let name = format!("{host}:{port}");
        if let Some((_, addr)) = self.places.iter().find(|(place, _)| *place == name) {
            return Ok(*addr);
        }
        match host {
            "127.0.0.1" | "localhost" => Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
            _ => Err(io::Error::new(io::ErrorKind::NotFound, format!("{name} is not on this machine"))),
        }
    }
}

fn request(
    method: &str,
    url: &Url,
    headers: &[(String, String)],
    body: &[u8],
) -> io::Result<http::Request<Full<Bytes>>> {
    let mut builder =
        http::Request::builder().method(method).uri(&url[url::Position::BeforePath..url::Position::AfterQuery]);
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        builder = builder.header("host", &url[url::Position::BeforeHost..url::Position::AfterPort]);
    }
    for (name, value) in headers {
        builder = builder.header(name, value);
    }
    builder.body(Full::new(Bytes::copy_from_slice(body))).map_err(io::Error::other)
}

async fn speak<S>(stream: S, request: http::Request<Full<Bytes>>) -> io::Result<Answer>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    let driver = tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(io::Error::other)?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, BODY).collect().await.map_err(io::Error::other)?.to_bytes();
    driver.abort();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), latin1(value.as_bytes())));
    Ok(Answer { status: head.status.as_u16(), headers: headers.collect(), body: body.to_vec() })
}
