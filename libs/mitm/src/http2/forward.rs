//! One HTTP/2 request and its response, and after a 401 perhaps a second try.

use crate::core::{Core, Link};
use crate::http2::download::Download;
use crate::http2::upload::{Kept, Upload};
use crate::message::Head;
use crate::tls::Http;
use crate::upstream_error::UpstreamError;
use crate::{Injection, Refusal, fields, request};
use http::{HeaderMap, Request, Response, StatusCode, Version, header};
use hyper::body::Incoming;

pub(crate) async fn intercepted(
    core: &Core,
    link: &Link,
    request: Request<Incoming>,
) -> Result<Response<Download>, Refusal> {
    let (parts, body) = request.into_parts();
    let mut head = Head { method: parts.method, uri: parts.uri, fields: parts.headers };
    match request::admit(core, link, &mut head).await? {
        Some(injection) => injected(core, link, head, body, injection).await,
        None => {
            request::prepare(core, link, &mut head, false, None)?;
            send(core, link, head, Upload::stream(body, core.placeholders.clone())).await
        }
    }
}

async fn injected(
    core: &Core,
    link: &Link,
    mut head: Head<HeaderMap>,
    body: Incoming,
    injection: Injection,
) -> Result<Response<Download>, Refusal> {
    let own = head.clone();
    if !request::prepare(core, link, &mut head, false, Some(&injection))? {
        return send(core, link, head, Upload::stream(body, core.placeholders.clone())).await;
    }
    let (method, uri) = (own.method.clone(), own.uri.clone());
    let kept = Kept::new(body, core.placeholders.clone());
    let mut response = send(core, link, head, kept.read()).await?;
    let mut used = injection;
    if response.status() == StatusCode::UNAUTHORIZED {
        let challenge = response.headers().get(header::WWW_AUTHENTICATE).map(|value| value.as_bytes());
        let second = request::is_worth_a_second_try(core, link, &used.lease, challenge, kept.replayable()).await
            && kept.replayable();
        // Whatever fails here leaves the first answer standing.
        if second && let Some((second, injection)) = again(core, link, own, &kept).await {
            (response, used) = (second, injection);
        }
    }
    request::answered(core, link, &used.lease, &method, uri.path(), response.status().as_u16());
    response.headers_mut().extend(used.response_headers);
    Ok(response)
}

async fn again(
    core: &Core,
    link: &Link,
    mut head: Head<HeaderMap>,
    kept: &Kept,
) -> Option<(Response<Download>, Injection)> {
    let injection = request::ask(core, link, &head).await.ok()??;
    if !request::prepare(core, link, &mut head, false, Some(&injection)).ok()? {
        return None;
    }
    let response = send(core, link, head, kept.read()).await.ok()?;
    Some((response, injection))
}

async fn send(core: &Core, link: &Link, head: Head<HeaderMap>, upload: Upload) -> Result<Response<Download>, Refusal> {
    let mut request = Request::new(upload);
    *request.method_mut() = head.method;
    *request.uri_mut() = head.uri;
    *request.version_mut() = Version::HTTP_2;
    *request.headers_mut() = head.fields;
    let mut response = try_send(core, link, request).await.map_err(|error| error.refusal())?;
    fields::strip_response(response.headers_mut(), false, Http::Two, true);
    Ok(response)
}

/// Connections that may turn out to be closing before a request on them is given up.
const TRIES: usize = 3;

async fn try_send(core: &Core, link: &Link, mut request: Request<Upload>) -> Result<Response<Download>, UpstreamError> {
    for attempt in 1.. {
        let mut sender = core.upstreams.two(&link.key).await?;
        let mut failed = match sender.try_send_request(request).await {
            Ok(response) => return Ok(response.map(Download::upstream)),
            Err(failed) => failed,
        };
        match failed.take_message() {
            // Never sent, because the connection was about to close: the next one is another.
            Some(unsent) if attempt < TRIES => request = unsent,
            _ => return Err(UpstreamError::Broken(link.key.authority.clone(), failed.into_error().into())),
        }
        core.upstreams.forget_two(&link.key);
    }
    unreachable!("the last attempt returns")
}
