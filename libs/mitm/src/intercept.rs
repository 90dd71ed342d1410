//! The inside of an intercepted CONNECT: TLS with the session's certificate, the HTTP version that
//! the upstream speaks, and one request after the other.

use crate::Refusal;
use crate::client::{Ending, ended, join, refuse_fault, serve_http1};
use crate::core::{Core, Handoff, Link, Next};
use crate::download::Download;
use crate::forward;
use crate::guard::Guard;
use crate::limits::{CONNECTION_WINDOW, HANDSHAKE, HEAD_BYTES, STREAM_WINDOW, STREAMS};
use crate::stream::Io;
use crate::tls::{H2, HTTP_11, Http};
use crate::turn::{Answer, Turn};
use crate::upstream::Key;
use host::Host;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::server::{Acceptor, ClientHello};
use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;

pub(crate) async fn serve(core: Arc<Core>, stream: Io, key: Key, ending: Ending) {
    // A client that speaks no TLS, or none in time, is not told: there is no language for it.
    let Ok(Ok(start)) = timeout(HANDSHAKE, LazyConfigAcceptor::new(Acceptor::default(), stream)).await else { return };
    let hello = Hello::read(&start.client_hello(), &key.authority.host);
    let turn = Turn::default();
    let link = Arc::new(agree(&core, key, hello, Next::new(turn.clone())).await);
    let Ok(config) = core.ca.server_config(&link.key.authority.host, link.http) else { return };
    let Ok(Ok(stream)) = timeout(HANDSHAKE, start.into_stream(config)).await else { return };
    match link.http {
        Http::Two => serve_http2(core, link, stream, ending).await,
        Http::One => {
            let service = |request| answer(core.clone(), link.clone(), Some(turn.clone()), request);
            serve_http1(Guard::new(stream, turn.clone()), ending, service).await;
            if let Some(Handoff::Relay { client, upstream }) = link.next.take() {
                join(client, upstream).await;
            }
        }
    }
}

/// What a client said in its first message.
struct Hello {
    /// It named the host of its CONNECT. A client that names no server contradicts nobody.
    names_host: bool,
    offers_one: bool,
    offers_two: bool,
}

impl Hello {
    fn read(hello: &ClientHello<'_>, host: &Host) -> Hello {
        let offers = |protocol: &[u8]| hello.alpn().is_some_and(|mut offered| offered.any(|other| other == protocol));
        let same = |name: &str| name.parse::<Host>().is_ok_and(|name| name == *host);
        Hello { names_host: hello.server_name().is_none_or(same), offers_one: offers(HTTP_11), offers_two: offers(H2) }
    }
}

impl Hello {
    /// The version when the upstream's is not known.
    fn fallback(&self) -> Http {
        if self.offers_one || !self.offers_two { Http::One } else { Http::Two }
    }
}

/// A connection of one HTTP version, and what to answer on it if there is nothing to forward to.
async fn agree(core: &Core, key: Key, hello: Hello, next: Next) -> Link {
    let mut link = Link { key, http: hello.fallback(), misdirected: None, unreachable: Mutex::default(), next };
    if !hello.names_host {
        let host = &link.key.authority.host;
        link.misdirected = Some(Refusal::misdirected(format!("the TLS server name is another than {host}")));
    } else if hello.offers_two {
        match core.upstreams.version(&link.key).await {
            Ok(http) => link.http = http,
            Err(error) => link.unreachable = Mutex::new(Some(error.refusal())),
        }
    }
    link
}

async fn serve_http2(core: Arc<Core>, link: Arc<Link>, stream: impl crate::stream::Duplex, mut ending: Ending) {
    let service = service_fn(move |request| {
        let response = answer(core.clone(), link.clone(), None, request);
        async { Ok::<_, Infallible>(response.await) }
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .auto_date_header(false)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD_BYTES as u32)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    // As with HTTP/1, the client has been told or has left.
    let _ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = ended(&mut ending) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
}

async fn answer(
    core: Arc<Core>,
    link: Arc<Link>,
    turn: Option<Turn>,
    request: Request<Incoming>,
) -> Response<Download> {
    let answer = turn.as_ref().map(Answer::new);
    let asked = match turn.and_then(|turn| turn.fault()) {
        Some(fault) => Err(refuse_fault(fault)),
        None => forward::intercepted(&core, &link, request).await,
    };
    let response = asked.unwrap_or_else(|refusal| core.refuse(Some(&link.key), &refusal));
    response.map(|body| body.answering(answer))
}
