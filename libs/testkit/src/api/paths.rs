//! What the API answers, path by path.

use std::io;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use ring::digest;
use serde_json::{Value, json};

use super::Shared;
use crate::record::{Recorded, fingerprint, head, whole};
use crate::reply::{Body, Reply, fed, full, respond};
use crate::serve::{Request, Response};

pub(super) async fn answer(shared: &Shared, mut request: Request) -> io::Result<Response> {
    let streams = request.uri().path() == "/echo" || request.headers().contains_key("upgrade");
    if !streams {
        let recorded = whole(request).await?;
        shared.log.push(recorded.clone());
        return if shared.refuses(&recorded) { unauthorized() } else { by_path(&recorded).await };
    }
    let recorded = head(&request);
    shared.log.push(recorded.clone());
    if shared.refuses(&recorded) {
        return unauthorized();
    }
    match recorded.header("upgrade") {
        Some(protocol) => upgrade(&recorded, protocol, hyper::upgrade::on(&mut request)),
        None => echo(&recorded, request.into_body()),
    }
}

async fn by_path(request: &Recorded) -> io::Result<Response> {
    let number = |name: &str, default: u64| request.query(name).and_then(|n| n.parse().ok()).unwrap_or(default);
    match request.path() {
        "/sse" => sse(number("n", 3), number("ms", 20)),
        "/bytes" => bytes(number("n", 1024)),
        "/trailers" => trailers(),
        "/redirect" => Reply::redirect(302, &request.query("to").unwrap_or_default()).into_response(),
        "/slow" => {
            tokio::time::sleep(Duration::from_millis(number("ms", 500))).await;
            seen(request, 200)
        }
        path => match path.strip_prefix("/status/").and_then(|status| status.parse().ok()) {
            // These have no body (RFC 9110 §6.4.1).
            Some(status @ (204 | 205 | 304)) => Reply::empty(status).into_response(),
            Some(status @ 200..=599) => seen(request, status),
            _ => seen(request, 200),
        },
    }
}

fn seen(request: &Recorded, status: u16) -> io::Result<Response> {
    Reply::json(
        status,
        &json!({
            "ok": status < 400,
            "authorization": request.header("authorization").map(shown),
            "method": request.method,
            "path": request.path(),
            "length": request.body_length,
            "sha256": request.body_sha256,
        }),
    )
    .into_response()
}

/// `Bearer …abcd (fingerprint)`: enough to compare, too little to use.
fn shown(header: &str) -> Value {
    let (scheme, token) = header.split_once(' ').unwrap_or(("", header));
    let tail: String = token.chars().skip(token.chars().count().saturating_sub(4)).collect();
    json!(format!("{scheme} …{tail} ({})", fingerprint(token)).trim_start())
}

fn unauthorized() -> io::Result<Response> {
    Reply::json(401, &json!({ "ok": false, "error": "invalid_token" }))
        .with("www-authenticate", "Bearer realm=\"api\", error=\"invalid_token\"")
        .into_response()
}

fn sse(events: u64, ms: u64) -> io::Result<Response> {
    let (feed, body) = fed();
    tokio::spawn(async move {
        for number in 0..events {
            if number > 0 {
                tokio::time::sleep(Duration::from_millis(ms)).await;
            }
            let event = format!("id: {number}\ndata: {{\"n\":{number}}}\n\n");
            if feed.send(Ok(Frame::data(event.into()))).await.is_err() {
                return;
            }
        }
    });
    respond(200, &headers(&[("content-type", "text/event-stream"), ("cache-control", "no-cache")]), body)
}

fn bytes(length: u64) -> io::Result<Response> {
    let (feed, body) = fed();
    // A prime period: a piece lost or doubled shifts all that follows.
    let pattern: Vec<u8> = (0..251u8).cycle().take(251 * 256).collect();
    let pattern = Bytes::from(pattern);
    tokio::spawn(async move {
        let mut left = length;
        while left > 0 {
            let piece = pattern.slice(..pattern.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
            left -= piece.len() as u64;
            if feed.send(Ok(Frame::data(piece))).await.is_err() {
                return;
            }
        }
    });
    let length = length.to_string();
    respond(200, &headers(&[("content-type", "application/octet-stream"), ("content-length", &length)]), body)
}

fn trailers() -> io::Result<Response> {
    let (feed, body) = fed();
    tokio::spawn(async move {
        for piece in ["one,", "two,", "three"] {
            let _ = feed.send(Ok(Frame::data(piece.into()))).await;
        }
        let mut trailers = HeaderMap::new();
        trailers.insert("x-checksum", http::HeaderValue::from_static("42"));
        let _ = feed.send(Ok(Frame::trailers(trailers))).await;
    });
    respond(200, &headers(&[("content-type", "text/plain"), ("trailer", "x-checksum")]), body)
}

fn echo(request: &Recorded, body: Incoming) -> io::Result<Response> {
    let mut sent = Vec::new();
    for name in ["content-type", "content-length", "trailer"] {
        sent.extend(request.header(name).map(|value| (name.to_owned(), value.to_owned())));
    }
    respond(200, &sent, body.map_err(io::Error::other).boxed_unsync())
}

/// Takes any protocol and sends back what it gets, byte for byte.
fn upgrade(request: &Recorded, protocol: &str, upgraded: OnUpgrade) -> io::Result<Response> {
    tokio::spawn(async move {
        let Ok(stream) = upgraded.await else { return };
        let (mut from, mut to) = tokio::io::split(TokioIo::new(stream));
        let _ = tokio::io::copy(&mut from, &mut to).await;
    });
    let mut sent = headers(&[("connection", "upgrade"), ("upgrade", protocol)]);
    if let Some(key) = request.header("sec-websocket-key") {
        sent.push(("sec-websocket-accept".to_owned(), websocket_accept(key)));
    }
    let nothing: Body = full(Bytes::new());
    respond(101, &sent, nothing)
}

/// RFC 6455 §4.2.2.
fn websocket_accept(key: &str) -> String {
    let text = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    BASE64_STANDARD.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()))
}

fn headers(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
