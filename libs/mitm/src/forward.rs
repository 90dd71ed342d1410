//! One request and its response: checked, given its credential, sent, and after a 401 perhaps sent
//! once more. Nothing else of either is changed, and no redirect is followed.

use crate::core::{Core, Handoff, Link};
use crate::download::{Download, Lease};
use crate::fields;
use crate::one::One;
use crate::slots;
use crate::target;
use crate::tls::Http;
use crate::upload::{Kept, Upload};
use crate::upstream_error::UpstreamError;
use crate::{Action, Answered, Injection, Refusal, Report, RequestHead, Scheme};
use host::Authority;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, Version, header};
use http_body::Body;
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use std::sync::Arc;
use tokio::sync::Notify;

/// A request of an intercepted connection.
pub(crate) async fn intercepted(
    core: &Core,
    link: &Link,
    request: Request<Incoming>,
) -> Result<Response<Download>, Refusal> {
    if let Some(refusal) = link.refusal() {
        return Err(refusal);
    }
    let (mut parts, body) = request.into_parts();
    target::intercepted(&mut parts, &link.key.authority, link.http)?;
    match core.policy.request(&view(&parts, &link.key.authority)).await? {
        Action::Forward => untouched(core, link, parts, body).await,
        Action::Set(injection) => injected(core, link, parts, body, injection).await,
    }
}

/// A plain request or one of a host without a rule: nothing is set.
pub(crate) async fn untouched(
    core: &Core,
    link: &Link,
    mut parts: Parts,
    body: Incoming,
) -> Result<Response<Download>, Refusal> {
    prepare(core, link, &mut parts, None)?;
    send(core, link, parts, Upload::stream(body)).await
}

async fn injected(
    core: &Core,
    link: &Link,
    mut parts: Parts,
    body: Incoming,
    injection: Injection,
) -> Result<Response<Download>, Refusal> {
    let own = parts.clone();
    if !prepare(core, link, &mut parts, Some(&injection))? {
        return send(core, link, parts, Upload::stream(body)).await;
    }
    let (method, uri) = (own.method.clone(), own.uri.clone());
    let kept = Kept::new(body);
    let mut response = send(core, link, parts, kept.read()).await?;
    let mut used = injection;
    let challenge = response.headers().get(header::WWW_AUTHENTICATE).cloned();
    if response.status() == StatusCode::UNAUTHORIZED
        && reported(core, link, &used.lease, challenge, &kept).await
        // Whatever fails here leaves the first answer standing.
        && let Some((second, injection)) = again(core, link, own, &kept).await
    {
        (response, used) = (second, injection);
    }
    core.policy.answered(&Answered {
        lease: &used.lease,
        authority: &link.key.authority,
        method: &method,
        path: uri.path(),
        status: response.status().as_u16(),
    });
    response.headers_mut().extend(used.response_headers);
    Ok(response)
}

/// Whether the policy wants a second try, and there can be one.
async fn reported(core: &Core, link: &Link, lease: &str, challenge: Option<HeaderValue>, kept: &Kept) -> bool {
    let report = Report {
        lease,
        authority: &link.key.authority,
        status: StatusCode::UNAUTHORIZED.as_u16(),
        www_authenticate: challenge.as_ref().and_then(|value| value.to_str().ok()),
        replayable: kept.replayable(),
    };
    core.policy.report(&report).await && kept.replayable()
}

async fn again(core: &Core, link: &Link, mut parts: Parts, kept: &Kept) -> Option<(Response<Download>, Injection)> {
    let Action::Set(injection) = core.policy.request(&view(&parts, &link.key.authority)).await.ok()? else {
        return None;
    };
    if !prepare(core, link, &mut parts, Some(&injection)).ok()? {
        return None;
    }
    let response = send(core, link, parts, kept.read()).await.ok()?;
    Some((response, injection))
}

fn view<'a>(parts: &'a Parts, authority: &'a Authority) -> RequestHead<'a> {
    RequestHead { method: &parts.method, authority, path: parts.uri.path(), headers: &parts.headers }
}

/// Makes a head ready to leave; whether a credential was put into it.
fn prepare(core: &Core, link: &Link, parts: &mut Parts, injection: Option<&Injection>) -> Result<bool, Refusal> {
    let upgrade = link.http == Http::One && fields::asks_upgrade(&parts.headers);
    fields::strip_request(&mut parts.headers, upgrade, link.http);
    let filled = match injection {
        Some(injection) => slots::fill(parts, injection, &core.placeholders)?,
        None => false,
    };
    match core.placeholders.find(&parts.uri, &parts.headers) {
        None => Ok(filled),
        Some(place) => Err(misplaced(&place, link)),
    }
}

fn misplaced(place: &str, link: &Link) -> Refusal {
    let authority = &link.key.authority;
    let refusal = Refusal::placeholder(format!(
        "{place} of a request to {authority} holds a placeholder that has no credential there"
    ));
    match link.key.scheme {
        Scheme::Http => refusal.fix("use https: a credential is never sent in plain text"),
        Scheme::Https => refusal.fix("send the placeholder only where the provider's definition puts its credential"),
    }
}

async fn send(core: &Core, link: &Link, parts: Parts, upload: Upload) -> Result<Response<Download>, Refusal> {
    let sent = match link.http {
        Http::One => send_one(core, link, parts, upload).await,
        Http::Two => send_two(core, link, Request::from_parts(parts, upload)).await,
    };
    let mut response = sent.map_err(|error| error.refusal())?;
    let upgraded = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    fields::strip_response(response.headers_mut(), upgraded, link.key.scheme == Scheme::Https);
    Ok(response)
}

/// Connections that may turn out to be closing before a request on them is given up.
const TRIES: usize = 3;

async fn send_two(core: &Core, link: &Link, mut request: Request<Upload>) -> Result<Response<Download>, UpstreamError> {
    for attempt in 1.. {
        let mut sender = core.upstreams.two(&link.key).await?;
        let mut failed = match sender.try_send_request(request).await {
            Ok(response) => return Ok(response.map(Download::shared)),
            Err(failed) => failed,
        };
        match failed.take_message() {
            // Never sent, because the connection was about to close: the next one is another.
            Some(unsent) if attempt < TRIES => request = unsent,
            _ => return Err(UpstreamError::Broken(link.key.authority.clone(), failed.into_error())),
        }
        core.upstreams.forget_two(&link.key);
    }
    unreachable!("the last attempt returns")
}

async fn send_one(core: &Core, link: &Link, parts: Parts, upload: Upload) -> Result<Response<Download>, UpstreamError> {
    let wants_upgrade = fields::asks_upgrade(&parts.headers);
    let client = parts.extensions.get::<OnUpgrade>().cloned().filter(|_| wants_upgrade);
    let mut request = held_for_continue(Request::from_parts(parts, upload));
    let done = request.body().done();
    loop {
        let idle = core.upstreams.idle(&link.key);
        let reused = idle.is_some();
        let mut one = match idle {
            Some(one) => one,
            None => core.upstreams.one(&link.key).await?,
        };
        let spare = if reused { repeatable(&request) } else { None };
        match (one.send(request).await, spare) {
            (Ok(response), _) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
                return upgrade(link, response, one, client).await;
            }
            (Ok(response), _) => {
                let (parts, body) = response.into_parts();
                let lease = Lease { one, key: link.key.clone(), upload: done, upstreams: core.upstreams.clone() };
                return Ok(Response::from_parts(parts, Download::leased(body, lease)));
            }
            (Err(mut failed), spare) => match (failed.take_message(), spare) {
                (Some(unsent), _) if reused => request = unsent,
                (None, Some(spare)) => request = spare,
                _ => return Err(UpstreamError::Broken(link.key.authority.clone(), failed.into_error())),
            },
        }
    }
}

/// An upstream may close an idle connection just when it is used again; what is idempotent and has
/// no body is then sent once more (RFC 9112 §9.3.1).
fn repeatable(request: &Request<Upload>) -> Option<Request<Upload>> {
    let idempotent = [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE, Method::TRACE];
    if !request.body().is_end_stream() || !idempotent.contains(request.method()) {
        return None;
    }
    let mut copy = Request::new(Upload::empty());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = Version::HTTP_11;
    *copy.headers_mut() = request.headers().clone();
    *copy.extensions_mut() = request.extensions().clone();
    Some(copy)
}

/// The client that waits for leave to send its body gets it when the upstream gives it.
fn held_for_continue(mut request: Request<Upload>) -> Request<Upload> {
    if request.body().is_end_stream() || !fields::expects_continue(request.headers()) {
        return request;
    }
    let go = Arc::new(Notify::new());
    let told = go.clone();
    hyper::ext::on_informational(&mut request, move |response| {
        if response.status() == StatusCode::CONTINUE {
            told.notify_one();
        }
    });
    request.map(|upload| upload.hold(go))
}

/// After a 101 the bytes of both sides are joined, once the client's side is free.
async fn upgrade(
    link: &Link,
    mut response: Response<Incoming>,
    one: One,
    client: Option<OnUpgrade>,
) -> Result<Response<Download>, UpstreamError> {
    let Some(client) = client else {
        return Err(UpstreamError::Unasked(link.key.authority.clone()));
    };
    one.finish().await;
    let broken = |error| UpstreamError::Broken(link.key.authority.clone(), error);
    let upstream = hyper::upgrade::on(&mut response).await.map_err(broken)?;
    link.hand_off(Handoff::Relay { client, upstream });
    Ok(response.map(Download::shared))
}
