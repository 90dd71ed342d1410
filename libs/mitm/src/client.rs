//! One client connection from its accept to its end: HTTP towards the proxy itself, then perhaps a
//! tunnel, or TLS with HTTP inside, then perhaps an upgraded stream.

use crate::core::{Core, Handoff, Link, Next};
use crate::download::Download;
use crate::forward;
use crate::guard::Guard;
use crate::head::Fault;
use crate::intercept;
use crate::limits::HEAD_BYTES;
use crate::stream::{Io, relay};
use crate::target;
use crate::tls::Http;
use crate::turn::{Answer, Turn};
use crate::upstream::Key;
use crate::{Refusal, Scheme, Verdict};
use host::Authority;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// Turns true when the proxy is told to end.
pub(crate) type Ending = watch::Receiver<bool>;

pub(crate) async fn serve(core: Arc<Core>, stream: TcpStream, ending: Ending) {
    // Without it, the answer to a CONNECT and the handshake after it wait for each other's
    // acknowledgement: 40 ms for every new connection.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let turn = Turn::default();
    let next = Next::new(turn.clone());
    let service = |request| outer(core.clone(), turn.clone(), next.clone(), request);
    serve_http1(Guard::new(stream, turn.clone()), ending.clone(), service).await;
    match next.take() {
        None => {}
        Some(Handoff::Tunnel { client, upstream }) => {
            if let Ok(client) = client.await {
                relay(bare(client), upstream).await;
            }
        }
        Some(Handoff::Intercept { client, key }) => {
            if let Ok(client) = client.await {
                intercept::serve(core, bare(client), key, ending).await;
            }
        }
        Some(Handoff::Relay { client, upstream }) => join(client, upstream).await,
    }
}

/// HTTP/1 requests from behind a guard, until the connection ends or stops being HTTP.
pub(crate) async fn serve_http1<S, F>(guard: Guard<S>, mut ending: Ending, service: impl Fn(Request<Incoming>) -> F)
where
    Guard<S>: crate::stream::Duplex,
    F: Future<Output = Response<Download>>,
{
    let service = service_fn(|request| {
        let response = service(request);
        async { Ok::<_, Infallible>(response.await) }
    });
    let connection = http1::Builder::new()
        .preserve_header_case(true)
        .auto_date_header(false)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(guard), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    // An error here is the client's leaving or its breach of the protocol; hyper has answered.
    let _ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = ended(&mut ending) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
}

pub(crate) async fn ended(ending: &mut Ending) {
    // A sender that is gone means the same.
    drop(ending.wait_for(|ending| *ending).await);
}

/// The client's side of an upgraded stream, joined with the upstream's.
pub(crate) async fn join(client: hyper::upgrade::OnUpgrade, upstream: Upgraded) {
    if let Ok(client) = client.await {
        relay(TokioIo::new(client), TokioIo::new(upstream)).await;
    }
}

/// The stream without hyper around it. The guard handed over judged heads alone, so nothing of what
/// follows them is left in hyper's buffer.
fn bare(upgraded: Upgraded) -> Io {
    match upgraded.downcast::<TokioIo<Guard<TcpStream>>>() {
        Ok(parts) => Box::new(parts.io.into_inner()),
        Err(upgraded) => Box::new(TokioIo::new(upgraded)),
    }
}

async fn outer(core: Arc<Core>, turn: Turn, next: Next, request: Request<Incoming>) -> Response<Download> {
    let answer = Answer::new(&turn);
    let asked = match turn.fault() {
        Some(fault) => Err((None, refuse_fault(fault))),
        None if request.method() == Method::CONNECT => connect(&core, &next, request).await,
        None => plain(&core, next, request).await,
    };
    let response = asked.unwrap_or_else(|(key, refusal)| core.refuse(key.as_ref(), &refusal));
    response.map(|body| body.answering(Some(answer)))
}

type Refused = (Option<Key>, Refusal);

async fn connect(core: &Core, next: &Next, request: Request<Incoming>) -> Result<Response<Download>, Refused> {
    core.password.check(request.headers()).map_err(|refusal| (None, refusal))?;
    let authority = request.uri().authority().map_or("", |authority| authority.as_str());
    let authority: Authority = authority
        .parse()
        .map_err(|bad: host::BadHost| (None, Refusal::malformed(format!("the CONNECT names no authority: {bad}"))))?;
    let verdict = core.policy.connect(&authority, Scheme::Https).await;
    let key = |private| Key { authority: authority.clone(), scheme: Scheme::Https, private };
    let handoff = match verdict {
        Verdict::Refuse(refusal) => return Err((Some(key(false)), refusal)),
        Verdict::Intercept { private } => {
            let key = key(private);
            if !core.ca.permits(&authority.host) {
                return Err((Some(key), not_constrained(&authority)));
            }
            Handoff::Intercept { client: hyper::upgrade::on(request), key }
        }
        Verdict::Tunnel { private } => {
            let key = key(private);
            let upstream = core.upstreams.tunnel(&key).await.map_err(|error| (Some(key), error.refusal()))?;
            Handoff::Tunnel { client: hyper::upgrade::on(request), upstream }
        }
    };
    next.set(handoff);
    Ok(Response::new(Download::own(Default::default())))
}

/// The session's authority was made before this host had a route, and clients trust it for the
/// hosts it names alone.
fn not_constrained(authority: &Authority) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, "new-host", format!("{} was not known when this session began", authority.host))
        .fix("start a new `authsome run`")
}

async fn plain(core: &Core, next: Next, request: Request<Incoming>) -> Result<Response<Download>, Refused> {
    core.password.check(request.headers()).map_err(|refusal| (None, refusal))?;
    let (mut parts, body) = request.into_parts();
    let authority = target::plain(&mut parts).map_err(|refusal| (None, refusal))?;
    let mut key = Key { authority, scheme: Scheme::Http, private: false };
    match core.policy.connect(&key.authority, Scheme::Http).await {
        Verdict::Refuse(refusal) => return Err((Some(key), refusal)),
        Verdict::Tunnel { private } | Verdict::Intercept { private } => key.private = private,
    }
    let link = Link { key, http: Http::One, misdirected: None, unreachable: Mutex::default(), next };
    forward::untouched(core, &link, parts, body).await.map_err(|refusal| (Some(link.key), refusal))
}

pub(crate) fn refuse_fault(fault: Fault) -> Refusal {
    let status = match fault {
        Fault::TooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        Fault::Slow => StatusCode::REQUEST_TIMEOUT,
        _ => StatusCode::BAD_REQUEST,
    };
    Refusal { status, ..Refusal::malformed(fault.to_string()) }
}
