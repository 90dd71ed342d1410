//! The upstream: HTTP/1.1 made by hand, so that it costs little, and HTTP/2.

use crate::stage::REAL;
use bytes::Bytes;
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// As large as an answer of an API often is.
pub const BODY: usize = 1022;

/// Prints the addresses for HTTP/1.1 and for HTTP/2; ends with its parent's kill.
pub async fn serve(directory: &Path) {
    let one = listener().await;
    let two = listener().await;
    println!("{} {}", one.local_addr().unwrap(), two.local_addr().unwrap());
    tokio::join!(
        accept(one, config(directory, "http/1.1"), |stream| async { _ = one_connection(stream).await }),
        accept(two, config(directory, "h2"), two_connection),
    );
}

pub async fn listener() -> TcpListener {
    TcpListener::bind(("127.0.0.1", 0)).await.unwrap()
}

fn config(directory: &Path, protocol: &str) -> Arc<ServerConfig> {
    let chain = CertificateDer::pem_file_iter(directory.join("site.pem")).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(directory.join("site.key")).unwrap();
    let config = ServerConfig::builder_with_provider(mitm::provider()).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    Arc::new(config)
}

async fn accept<F: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    config: Arc<ServerConfig>,
    serve: impl Fn(TlsStream<TcpStream>) -> F + Send + Copy + 'static,
) {
    let acceptor = TlsAcceptor::from(config);
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            stream.set_nodelay(true).unwrap();
            if let Ok(stream) = acceptor.accept(stream).await {
                serve(stream).await;
            }
        });
    }
}

async fn one_connection(mut stream: TlsStream<TcpStream>) -> std::io::Result<()> {
    let answer = |authorized: bool| {
        let ok = if authorized { "x-auth-ok: 1\r\n" } else { "" };
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{ok}content-length: {BODY}\r\n\r\n{}",
            "x".repeat(BODY)
        )
    };
    let (plain, authorized) = (answer(false), answer(true));
    let mut buffer = vec![0; 256 << 10];
    let mut filled = 0;
    loop {
        let end = loop {
            if let Some(end) = buffer[..filled].windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            match stream.read(&mut buffer[filled..]).await? {
                0 => return Ok(()),
                count => filled += count,
            }
        };
        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
        buffer.copy_within(end..filled, 0);
        filled -= end;
        let mut body = header(&head, "content-length").and_then(|value| value.parse().ok()).unwrap_or(0_usize);
        while body > 0 {
            if filled == 0 {
                filled = stream.read(&mut buffer).await?;
            }
            let taken = body.min(filled);
            body -= taken;
            buffer.copy_within(taken..filled, 0);
            filled -= taken;
        }
        let path = head.split(' ').nth(1).unwrap_or_default();
        match path.strip_prefix("/bytes/") {
            Some(count) => send_bytes(&mut stream, count.parse().unwrap()).await?,
            None if path == "/sse" => {
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
                    .await?;
                stream.write_all(b"data: first\n\n").await?;
                stream.flush().await?;
                tokio::time::sleep(Duration::from_secs(3)).await;
                return stream.shutdown().await;
            }
            None if path == "/socket" => {
                let switching =
                    b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
                stream.write_all(switching).await?;
                stream.flush().await?;
                // There may be ten thousand of them.
                drop(buffer);
                let (mut from, mut to) = tokio::io::split(stream);
                return tokio::io::copy(&mut from, &mut to).await.map(drop);
            }
            None => {
                if path == "/slow" {
                    tokio::time::sleep(Duration::from_secs(2)).await;
                }
                let is_real = header(&head, "authorization") == Some(&format!("Bearer {REAL}"));
                stream.write_all(if is_real { &authorized } else { &plain }.as_bytes()).await?;
            }
        }
        stream.flush().await?;
    }
}

async fn send_bytes(stream: &mut TlsStream<TcpStream>, mut count: usize) -> std::io::Result<()> {
    stream.write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: {count}\r\n\r\n").as_bytes()).await?;
    let part = vec![7; 64 << 10];
    while count > 0 {
        let sent = count.min(part.len());
        stream.write_all(&part[..sent]).await?;
        count -= sent;
    }
    Ok(())
}

pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (own, value) = line.split_once(':')?;
        own.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

async fn two_connection(stream: TlsStream<TcpStream>) {
    let service = hyper::service::service_fn(|_| async {
        Ok::<_, Infallible>(http::Response::new(Full::new(Bytes::from_static(&[b'x'; BODY]))))
    });
    let mut server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    _ = server.max_concurrent_streams(256).serve_connection(TokioIo::new(stream), service).await;
}
