//! From a request to the endpoint it means, with the fault that is due in between.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;

use super::state::State;
use super::{Shared, authorize, device, manage, metadata, token};
use crate::fault::{Endpoint, Fault};
use crate::record::{Recorded, whole};
use crate::reply::{Reply, fed, respond};
use crate::serve::{Request, Response};
use crate::wait::lock;

pub(super) async fn answer(shared: Arc<Shared>, request: Request) -> io::Result<Response> {
    let recorded = whole(request).await?;
    shared.log.push(recorded.clone());
    let behave = || route(&mut lock(&shared.state), &recorded);
    let fault = match endpoint(recorded.path()) {
        Some(endpoint) => lock(&shared.faults).take(endpoint),
        None => Fault::None,
    };
    match fault {
        Fault::None => behave().into_response(),
        Fault::Delay(ms) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            behave().into_response()
        }
        Fault::DelayAnswer(ms) => {
            let reply = behave();
            tokio::time::sleep(Duration::from_millis(ms)).await;
            reply.into_response()
        }
        Fault::CutBody => cut(behave()),
        Fault::CloseBeforeAnswer => Err(io::Error::other("closed on purpose")),
        Fault::CloseAfterProcessing => {
            behave();
            Err(io::Error::other("closed on purpose"))
        }
        Fault::FailAfterProcessing => {
            behave();
            failed(500, &[]).into_response()
        }
        Fault::Huge => {
            let reply = behave();
            let body = [" ".repeat(16 << 20).as_bytes(), &reply.body].concat();
            Reply { body: body.into(), ..reply }.into_response()
        }
        other => instead(&other, &recorded).into_response(),
    }
}

/// The answers that need no state.
fn instead(fault: &Fault, request: &Recorded) -> Reply {
    match fault {
        Fault::Status(status, headers) => failed(*status, headers),
        Fault::Answer(status, text) => Reply::new(*status, "application/json", text.clone()),
        Fault::Html => {
            Reply::html(200, "<!doctype html><title>Wi-Fi</title><h1>Welcome, please log in</h1>".to_owned())
        }
        Fault::Garbage => Reply::new(200, "application/json", &b"{\"access_token\":\xff\xfe\x00"[..]),
        Fault::Redirect(url) => Reply::redirect(307, url),
        Fault::Throttle(seconds) => failed(429, &[("retry-after".to_owned(), seconds.to_string())]),
        _ => {
            let authorization = request.header("authorization").unwrap_or_default();
            let text = format!("{} {authorization}", request.text());
            Reply::json(400, &serde_json::json!({ "error": "invalid_request", "error_description": text }))
        }
    }
}

fn failed(status: u16, headers: &[(String, String)]) -> Reply {
    let error = Reply::json(status, &serde_json::json!({ "error": "server_error" }));
    headers.iter().fold(error, |reply, (name, value)| reply.with(name, value))
}

/// The promised length, half of the body, then nothing more.
fn cut(reply: Reply) -> io::Result<Response> {
    let (feed, body) = fed();
    let half = reply.body.slice(..reply.body.len() / 2);
    tokio::spawn(async move {
        let _ = feed.send(Ok(Frame::data(half))).await;
        // What is still in hyper's buffer when the connection breaks would not arrive.
        tokio::time::sleep(Duration::from_millis(30)).await;
        let _ = feed.send(Err(io::Error::other("cut on purpose"))).await;
    });
    let Reply { status, headers, body: whole } = reply;
    respond(status, &with_length(headers, &whole), body)
}

fn with_length(mut headers: Vec<(String, String)>, body: &Bytes) -> Vec<(String, String)> {
    headers.push(("content-length".to_owned(), body.len().to_string()));
    headers
}

fn endpoint(path: &str) -> Option<Endpoint> {
    Some(match path {
        "/authorize" => Endpoint::Authorize,
        "/token" => Endpoint::Token,
        "/device_authorization" => Endpoint::DeviceAuthorization,
        "/register" => Endpoint::Register,
        "/userinfo" => Endpoint::Userinfo,
        _ if path.starts_with("/revoke") => Endpoint::Revoke,
        _ if path.starts_with("/.well-known/") => Endpoint::Metadata,
        _ => return None,
    })
}

fn route(state: &mut State, request: &Recorded) -> Reply {
    match (request.method.as_str(), request.path()) {
        ("GET", "/authorize") => authorize::authorize(state, request),
        ("POST", "/consent") => authorize::consent(state, request),
        ("POST", "/token") => token::token(state, request),
        ("POST", "/device_authorization") => device::authorization(state, request),
        ("GET", "/device") => device::page(request),
        ("POST", "/device") => device::decide(state, request),
        ("POST", "/revoke") => manage::revoke(state, request),
        ("DELETE", path) if path.starts_with("/revoke/") => manage::revoke_by_path(state, path),
        ("POST", "/register") => manage::register(state, request),
        ("GET" | "POST", "/userinfo") => manage::userinfo(state, request),
        ("GET", path) if path.starts_with("/.well-known/oauth-authorization-server") => metadata::server(state),
        ("GET", path) if path.starts_with("/.well-known/oauth-protected-resource") => metadata::resource(state),
        ("GET", "/favicon.ico") => Reply::empty(404),
        _ => Reply::json(404, &serde_json::json!({ "error": "not_found" })),
    }
}
