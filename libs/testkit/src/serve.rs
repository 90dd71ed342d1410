//! One HTTP server: a loopback port, a thread, a current-thread runtime; all gone on drop.
//!
//! It knows no path and no meaning; a handler answers. An `Err` from the handler closes the
//! connection without an answer.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;

use http_body::Body as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use crate::reply::{Body, full};
use crate::tap::{Tap, Tapped};

pub(crate) type Request = http::Request<Incoming>;
pub(crate) type Response = http::Response<Body>;

/// What a request's connection tells; lies in the request's extensions.
#[derive(Clone, Default)]
pub(crate) struct Connection {
    pub number: u64,
    pub sni: Option<String>,
    pub tap: Tap,
}

/// A running server.
pub(crate) struct Server {
    pub addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on a free port of 127.0.0.1 from the moment it returns.
    pub fn start<H, F>(tls: Option<Arc<ServerConfig>>, handler: H) -> io::Result<Server>
    where
        H: Fn(Request) -> F + Clone + Send + 'static,
        F: Future<Output = io::Result<Response>> + Send + 'static,
    {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name(format!("testkit {addr}")).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    _ = accept(listener, tls.map(TlsAcceptor::from), handler) => {}
                }
            });
        })?;
        Ok(Server { addr, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept<H, F>(listener: std::net::TcpListener, tls: Option<TlsAcceptor>, handler: H) -> io::Result<()>
where
    H: Fn(Request) -> F + Clone + Send + 'static,
    F: Future<Output = io::Result<Response>> + Send + 'static,
{
    let listener = TcpListener::from_std(listener)?;
    for number in 0.. {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        tokio::spawn(connection(stream, number, tls.clone(), handler.clone()));
    }
    Ok(())
}

async fn connection<H, F>(stream: TcpStream, number: u64, tls: Option<TlsAcceptor>, handler: H)
where
    H: Fn(Request) -> F + Clone + Send + 'static,
    F: Future<Output = io::Result<Response>> + Send + 'static,
{
    let Some(acceptor) = tls else {
        return http1(stream, Connection { number, ..Connection::default() }, handler).await;
    };
    // A client that does not trust the certificate ends here; its own error is what a test looks at.
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let session = stream.get_ref().1;
    let sni = session.server_name().map(str::to_owned);
    let h2 = session.alpn_protocol() == Some(b"h2");
    let connection = Connection { number, sni, tap: Tap::default() };
    if h2 {
        http2(stream, connection, handler).await;
    } else {
        http1(stream, connection, handler).await;
    }
}

async fn http1<S, H, F>(stream: S, connection: Connection, handler: H)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Fn(Request) -> F,
    F: Future<Output = io::Result<Response>>,
{
    let io = TokioIo::new(Tapped { stream, tap: connection.tap.clone() });
    let service = service_fn(move |mut request: Request| {
        request.extensions_mut().insert(connection.clone());
        handler(request)
    });
    // Its result is the client's going away or a fault done on purpose.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).with_upgrades().await;
}

async fn http2<S, H, F>(stream: S, connection: Connection, handler: H)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Fn(Request) -> F,
    F: Future<Output = io::Result<Response>> + Send + 'static,
{
    let service = service_fn(move |mut request: Request| {
        request.extensions_mut().insert(connection.clone());
        let head = request.method() == http::Method::HEAD;
        let answer = handler(request);
        async move { if head { answer.await.map(without_body) } else { answer.await } }
    });
    let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

/// The answer to HEAD. On HTTP/1 hyper leaves the body out by itself; on HTTP/2 it sends it, which
/// clients take for a broken stream.
fn without_body(response: Response) -> Response {
    let (mut head, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        head.headers.entry(http::header::CONTENT_LENGTH).or_insert(length.into());
    }
    http::Response::from_parts(head, full(""))
}
