//! One HTTP/2 request and its response: sent again when the upstream says that it did nothing for it,
//! and after a 401 perhaps with another credential.

use crate::core::{Core, Link};
use crate::http2::download::Download;
use crate::http2::upload::{BoxError, Kept, Upload};
use crate::message::Head;
use crate::tls::Http;
use crate::upstream_error::UpstreamError;
use crate::{Injection, Refusal, fields, request};
use h2::Reason;
use http::{HeaderMap, Method, Request, Response, StatusCode, Version, header};
use hyper::body::Incoming;
use std::error::Error;

/// Connections that a request is tried on when each of them says goodbye. A server that serves a
/// hundred requests on each sends away many of those that are under way at once, and some again.
const GOODBYES: usize = 16;

/// The same when the upstream refuses the request alone: it has no room, and is not to be pressed.
const REFUSALS: usize = 3;

pub(crate) async fn intercepted(
    core: &Core,
    link: &Link,
    request: Request<Incoming>,
) -> Result<Response<Download>, Refusal> {
    let (parts, body) = request.into_parts();
    let mut head = Head { method: parts.method, uri: parts.uri, fields: parts.headers };
    if fields::disguises_length(&head.fields) {
        return Err(Refusal::malformed("the length of the body is ambiguous"));
    }
    let injection = request::admit(core, link, &mut head).await?;
    let body = Kept::new(body, core.placeholders.clone());
    match injection {
        Some(injection) => injected(core, link, head, &body, injection).await,
        None => {
            request::prepare(core, link, &mut head, false, None)?;
            send(core, link, &head, &body).await
        }
    }
}

async fn injected(
    core: &Core,
    link: &Link,
    mut head: Head<HeaderMap>,
    body: &Kept,
    injection: Injection,
) -> Result<Response<Download>, Refusal> {
    let own = head.clone();
    if !request::prepare(core, link, &mut head, false, Some(&injection))? {
        return send(core, link, &head, body).await;
    }
    let mut response = send(core, link, &head, body).await?;
    let (method, uri) = (head.method, head.uri);
    let mut used = injection;
    if response.status() == StatusCode::UNAUTHORIZED {
        let challenge = response.headers().get(header::WWW_AUTHENTICATE).map(|value| value.as_bytes());
        let second = request::is_worth_a_second_try(core, link, &used.lease, challenge, body.replayable()).await;
        // Whatever fails here leaves the first answer standing.
        if second && let Some((second, injection)) = again(core, link, own, body).await {
            (response, used) = (second, injection);
        }
    }
    request::answered(core, link, &used.lease, &method, uri.path(), response.status().as_u16());
    used.redaction.apply(response.headers_mut());
    response.body_mut().redact(used.redaction);
    response.headers_mut().extend(used.response_headers);
    Ok(response)
}

async fn again(
    core: &Core,
    link: &Link,
    mut head: Head<HeaderMap>,
    body: &Kept,
) -> Option<(Response<Download>, Injection)> {
    let injection = request::ask(core, link, &head).await.ok()??;
    if !request::prepare(core, link, &mut head, false, Some(&injection)).ok()? {
        return None;
    }
    let response = send(core, link, &head, body).await.ok()?;
    Some((response, injection))
}

async fn send(core: &Core, link: &Link, head: &Head<HeaderMap>, body: &Kept) -> Result<Response<Download>, Refusal> {
    let sent = try_send(core, link, head, body).await;
    // A fault of the client's ended the upload, and hyper knows nothing but that it ended.
    let mut response = sent.map_err(|error| body.fault().unwrap_or_else(|| error.refusal()))?;
    fields::strip_response(response.headers_mut(), false, Http::Two, true);
    Ok(response)
}

async fn try_send(
    core: &Core,
    link: &Link,
    head: &Head<HeaderMap>,
    body: &Kept,
) -> Result<Response<Download>, UpstreamError> {
    let broken = |error: BoxError| UpstreamError::Broken(link.key.authority.clone(), error);
    let Some(mut upload) = body.read() else { return Err(broken("its body is too long to be sent again".into())) };
    for attempt in 1.. {
        let mut two = core.upstreams.two(&link.key).await?;
        let failed = match two.sender.try_send_request(assembled(head, upload)).await {
            Ok(response) => return Ok(response.map(Download::upstream)),
            Err(failed) => failed,
        };
        let tries = if failed.message().is_some() { GOODBYES } else { tries(failed.error(), &head.method) };
        upload = match body.read() {
            Some(upload) if attempt < tries => upload,
            _ => return Err(broken(failed.into_error().into())),
        };
        two.forget();
    }
    unreachable!("the last attempt returns")
}

fn assembled(head: &Head<HeaderMap>, upload: Upload) -> Request<Upload> {
    let mut request = Request::new(upload);
    *request.method_mut() = head.method.clone();
    *request.uri_mut() = head.uri.clone();
    *request.version_mut() = Version::HTTP_2;
    *request.headers_mut() = head.fields.clone();
    request
}

/// How many tries a request has that failed like this: more than one if the upstream did nothing for
/// it, so that it may be sent again whatever it asks for (RFC 9113 §8.7).
fn tries(error: &hyper::Error, method: &Method) -> usize {
    // hyper's own end of a request that waited until the upstream had room for one more: the
    // connection ended first, and whether just after the request had left, it does not say.
    if error.is_user() {
        return if method.is_idempotent() { GOODBYES } else { 1 };
    }
    match error.source().and_then(|source| source.downcast_ref::<h2::Error>()) {
        // h2 ends so the streams above the last one that was named (§6.8), and those alone.
        Some(error) if error.is_remote() && error.is_go_away() && error.reason() == Some(Reason::NO_ERROR) => GOODBYES,
        Some(error) if error.is_remote() && error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM) => {
            REFUSALS
        }
        _ => 1,
    }
}
