//! One client connection from its accept to its end: HTTP/1 towards the proxy itself, then perhaps a
//! tunnel, or TLS with HTTP inside.

use crate::core::{Core, Link};
use crate::http1::exchange;
use crate::http1::head::Request;
use crate::http1::server::Client;
use crate::strangers::Stranger;
use crate::stream::{Io, relay};
use crate::target;
use crate::tls::Http;
use crate::upstream::Key;
use crate::{Refusal, Scheme, Verdict};
use crate::{hello, intercept};
use host::Authority;
use http::{Method, StatusCode};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::sync::watch;

/// Turns true when the proxy is told to end.
pub(crate) type Ending = watch::Receiver<bool>;

pub(crate) async fn ended(ending: &mut Ending) {
    // A sender that is gone means the same.
    drop(ending.wait_for(|ending| *ending).await);
}

pub(crate) async fn serve(core: Arc<Core>, stream: TcpStream, stranger: Stranger, ending: Ending) {
    // Without it, the answer to a CONNECT and the handshake after it wait for each other's
    // acknowledgement: 40 ms for every new connection.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut client = Client::new(Box::new(stream), ending.clone());
    client.stranger = Some(stranger);
    while let Some(mut request) = client.next(&core, None).await {
        let last = client.is_last(&request);
        if let Err(refusal) = core.password.check(&request.head.fields) {
            match refuse(&core, client, &request, (None, refusal), last).await {
                Some(going_on) => client = going_on,
                None => return,
            }
            continue;
        }
        client.stranger = None;
        let next = match request.head.method {
            Method::CONNECT => match connect(&core, &request).await {
                Ok(opened) => return open(core, client, opened, ending).await,
                Err(refused) => refuse(&core, client, &request, refused, last).await,
            },
            _ => match plain(&core, &mut request).await {
                Ok(link) => {
                    let ended = exchange::untouched(&core, &link, &mut client.wire, &mut request, last).await;
                    client.after(&core, &link.key, ended, last).await
                }
                Err(refused) => refuse(&core, client, &request, refused, last).await,
            },
        };
        match next {
            Some(going_on) => client = going_on,
            None => return,
        }
    }
}

/// What a CONNECT leads to.
enum Opened {
    Tunnel(Io),
    /// A tunnel that may carry only TLS for the host of the key.
    Checked(Io, Key),
    Intercept(Key),
}

type Refused = (Option<Key>, Refusal);

async fn refuse(core: &Core, client: Client, request: &Request, refused: Refused, last: bool) -> Option<Client> {
    let (key, refusal) = refused;
    client.refuse(core, key.as_ref(), &refusal, exchange::upload(core, request), last).await
}

async fn open(core: Arc<Core>, mut client: Client, opened: Opened, ending: Ending) {
    if client.wire.send(b"HTTP/1.1 200 OK\r\n\r\n").await.is_err() {
        return;
    }
    let stream = client.wire.into_io();
    match opened {
        Opened::Tunnel(upstream) => relay(stream, upstream).await,
        Opened::Checked(upstream, key) => match hello::checked(stream, &key.authority).await {
            Ok(stream) => relay(stream, upstream).await,
            Err(refusal) => core.policy.refused(Some(&key.authority), &refusal),
        },
        Opened::Intercept(key) => {
            core.ca.prepare();
            intercept::serve(core, stream, key, ending).await;
        }
    }
}

async fn connect(core: &Core, request: &Request) -> Result<Opened, Refused> {
    let authority = request.head.uri.authority().map_or("", |authority| authority.as_str());
    let authority: Authority = authority
        .parse()
        .map_err(|bad: host::BadHost| (None, Refusal::malformed(format!("the CONNECT names no authority: {bad}"))))?;
    let verdict = core.policy.connect(&authority, Scheme::Https).await;
    let key = |private| Key { authority: authority.clone(), scheme: Scheme::Https, private };
    match verdict {
        Verdict::Refuse(refusal) => Err((Some(key(false)), refusal)),
        Verdict::Intercept { private } if core.ca.permits(&authority.host) => Ok(Opened::Intercept(key(private))),
        Verdict::Intercept { private } => Err((Some(key(private)), not_constrained(&authority))),
        Verdict::Tunnel { private, tls_only } => {
            let key = key(private);
            match core.upstreams.tunnel(&key).await {
                Ok(upstream) if tls_only => Ok(Opened::Checked(upstream, key)),
                Ok(upstream) => Ok(Opened::Tunnel(upstream)),
                Err(error) => Err((Some(key), error.refusal())),
            }
        }
    }
}

/// The session's authority was made before this host had a route, and clients trust it for the
/// hosts it names alone.
fn not_constrained(authority: &Authority) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, "new-host", format!("{} was not known when this session began", authority.host))
        .fix("start a new `authsome run`")
}

/// Where a plain request goes.
async fn plain(core: &Core, request: &mut Request) -> Result<Link, Refused> {
    let authority = target::plain(&mut request.head).map_err(|refusal| (None, refusal))?;
    let mut key = Key { authority, scheme: Scheme::Http, private: false };
    match core.policy.connect(&key.authority, Scheme::Http).await {
        Verdict::Refuse(refusal) => return Err((Some(key), refusal)),
        Verdict::Tunnel { private, .. } | Verdict::Intercept { private } => key.private = private,
    }
    Ok(Link::new(key, Http::One))
}
