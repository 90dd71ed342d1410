//! An upstream with a certificate of its own authority, which records what reaches it.

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

const NAMES: [&str; 5] = ["api.test", "other.test", "plain.test", "127.0.0.1", "::1"];

pub type Body = BoxBody<Bytes, Infallible>;

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    pub method: String,
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub trailers: Option<HeaderMap>,
    pub version: http::Version,
}

pub struct Upstream {
    pub address: SocketAddr,
    root: CertificateDer<'static>,
    pub requests: Arc<Mutex<Vec<Recorded>>>,
    pub connections: Arc<AtomicUsize>,
}

impl Upstream {
    /// Answers every request with what `respond` says.
    pub async fn answering(respond: impl Fn(&Recorded) -> Response<Body> + Send + Sync + 'static) -> Upstream {
        Upstream::speaking(&[b"http/1.1"], respond).await
    }

    pub async fn speaking(
        alpn: &[&[u8]],
        respond: impl Fn(&Recorded) -> Response<Body> + Send + Sync + 'static,
    ) -> Upstream {
        let requests: Arc<Mutex<Vec<Recorded>>> = Arc::default();
        let (kept, respond) = (requests.clone(), Arc::new(respond));
        let upstream = Upstream::streams(alpn, move |stream| {
            let (kept, respond) = (kept.clone(), respond.clone());
            async move {
                let two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                let service = service_fn(move |request| record(request, kept.clone(), respond.clone()));
                let io = TokioIo::new(stream);
                if two {
                    _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                        .serve_connection(io, service)
                        .await;
                } else {
                    let mut server = hyper::server::conn::http1::Builder::new();
                    _ = server.auto_date_header(false).preserve_header_case(true).serve_connection(io, service).await;
                }
            }
        })
        .await;
        Upstream { requests, ..upstream }
    }

    /// Hands each TLS connection to `serve`.
    pub async fn streams<F>(
        alpn: &[&[u8]],
        serve: impl Fn(TlsStream<TcpStream>) -> F + Send + Sync + 'static,
    ) -> Upstream
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Upstream::showing(identity(), alpn, serve).await
    }

    /// A server whose certificate is an authority's own, as `openssl req -x509` makes it.
    pub async fn self_signed() -> Upstream {
        Upstream::showing(authority_itself(), &[b"http/1.1"], |_| async {}).await
    }

    async fn showing<F>(
        (root, mut config): Identity,
        alpn: &[&[u8]],
        serve: impl Fn(TlsStream<TcpStream>) -> F + Send + Sync + 'static,
    ) -> Upstream
    where
        F: Future<Output = ()> + Send + 'static,
    {
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        tokio::spawn(async move {
            let serve = Arc::new(serve);
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, serve, counted) = (acceptor.clone(), serve.clone(), counted.clone());
                stream.set_nodelay(true).unwrap();
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        counted.fetch_add(1, Ordering::SeqCst);
                        serve(stream).await;
                    }
                });
            }
        });
        Upstream { address, root, requests: Arc::default(), connections }
    }

    /// Speaks HTTP/2 by hand: one of `answering` per connection says the frames with which a frame is
    /// answered.
    pub async fn by_hand<A>(answering: impl Fn() -> A + Send + Sync + 'static) -> Upstream
    where
        A: FnMut(&Raw) -> Vec<u8> + Send + 'static,
    {
        Upstream::streams(&[b"h2"], move |stream| {
            let answer = answering();
            async move { _ = frame_by_frame(stream, answer).await }
        })
        .await
    }

    pub fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        roots
    }

    pub fn only(&self) -> Recorded {
        let requests = self.requests.lock().unwrap();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0].clone()
    }

    pub fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// An HTTP/2 frame (RFC 9113 §4.1).
pub struct Raw {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Raw {
    /// The last one of a request.
    pub fn ends(&self) -> bool {
        matches!(self.kind, 0 | 1) && self.flags & 1 == 1
    }
}

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// `:status: 200`, and no body.
pub fn ok_frame(stream: u32) -> Vec<u8> {
    frame(1, 5, stream, &[0x88])
}

/// GOAWAY of a connection whose end is no error.
pub fn goodbye(last: u32) -> Vec<u8> {
    frame(7, 0, 0, &[last.to_be_bytes(), [0; 4]].concat())
}

async fn frame_by_frame(
    mut stream: TlsStream<TcpStream>,
    mut answer: impl FnMut(&Raw) -> Vec<u8>,
) -> std::io::Result<()> {
    stream.read_exact(&mut [0; 24]).await?;
    // Windows of a megabyte: SETTINGS_INITIAL_WINDOW_SIZE, and as much for the connection.
    stream.write_all(&frame(4, 0, 0, &[0, 4, 0, 16, 0, 0])).await?;
    stream.write_all(&frame(8, 0, 0, &[0, 16, 0, 0])).await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        stream.read_exact(&mut payload).await?;
        let number = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let raw = Raw { kind: head[3], flags: head[4], stream: number, payload };
        let reply = match raw.kind {
            4 if raw.flags == 0 => frame(4, 1, 0, &[]),
            6 if raw.flags == 0 => frame(6, 1, 0, &raw.payload),
            _ => answer(&raw),
        };
        stream.write_all(&reply).await?;
        stream.flush().await?;
    }
}

async fn record(
    request: Request<Incoming>,
    kept: Arc<Mutex<Vec<Recorded>>>,
    respond: Arc<impl Fn(&Recorded) -> Response<Body>>,
) -> Result<Response<Body>, hyper::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?;
    let recorded = Recorded {
        method: parts.method.to_string(),
        target: parts.uri.to_string(),
        headers: parts.headers,
        trailers: body.trailers().cloned(),
        body: body.to_bytes(),
        version: parts.version,
    };
    kept.lock().unwrap().push(recorded.clone());
    Ok(respond(&recorded))
}

/// What a client trusts, and the server that shows it.
type Identity = (CertificateDer<'static>, ServerConfig);

/// An authority, and the server that it vouches for under every name of the tests.
fn identity() -> Identity {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = params.self_signed(&key).unwrap().der().clone();
    let leaf_key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(NAMES.map(str::to_owned)).unwrap();
    let leaf = leaf.signed_by(&leaf_key, &Issuer::new(params, key)).unwrap();
    (root, server(leaf.der(), &leaf_key))
}

fn authority_itself() -> Identity {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(NAMES.map(str::to_owned)).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = params.self_signed(&key).unwrap().der().clone();
    (root.clone(), server(&root, &key))
}

fn server(certificate: &CertificateDer<'static>, key: &KeyPair) -> ServerConfig {
    let der = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    ServerConfig::builder_with_provider(mitm::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], der)
        .unwrap()
}

pub fn text(body: impl Into<Bytes>) -> Response<Body> {
    Response::new(Full::new(body.into()).boxed())
}

pub fn status(status: u16) -> Response<Body> {
    let mut response = text("");
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

/// A body of unknown length, frame by frame.
pub fn frames(frames: Vec<Frame<Bytes>>) -> Body {
    StreamBody::new(Frames(frames.into_iter())).boxed()
}

struct Frames(std::vec::IntoIter<Frame<Bytes>>);

impl futures_core::Stream for Frames {
    type Item = Result<Frame<Bytes>, Infallible>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.next().map(Ok))
    }
}
