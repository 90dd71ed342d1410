//! Answers of the servers here, in few words.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::serve::Response;

pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// An answer that is known whole, before it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl Reply {
    pub fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Reply {
        Reply { status, headers: vec![("content-type".to_owned(), content_type.to_owned())], body: body.into() }
    }

    pub fn json(status: u16, value: &Value) -> Reply {
        Reply::new(status, "application/json", value.to_string())
    }

    pub fn html(status: u16, text: String) -> Reply {
        Reply::new(status, "text/html; charset=utf-8", text)
    }

    pub fn empty(status: u16) -> Reply {
        Reply { status, headers: Vec::new(), body: Bytes::new() }
    }

    pub fn redirect(status: u16, location: &str) -> Reply {
        Reply::empty(status).with("location", location)
    }

    pub fn with(mut self, name: &str, value: &str) -> Reply {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// As hyper wants it. A header that cannot be spelled is the caller's mistake and reported as such.
    pub fn into_response(self) -> io::Result<Response> {
        let body = full(self.body);
        respond(self.status, &self.headers, body)
    }
}

pub(crate) fn respond(status: u16, headers: &[(String, String)], body: Body) -> io::Result<Response> {
    let mut builder = http::Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(name, value);
    }
    builder.body(body).map_err(io::Error::other)
}

pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A body that is written while it is sent. An `Err` cuts the connection.
pub(crate) type Feed = mpsc::Sender<io::Result<Frame<Bytes>>>;

pub(crate) fn fed() -> (Feed, Body) {
    // One frame ahead: what is fed slowly arrives slowly.
    let (feed, frames) = mpsc::channel(1);
    (feed, Fed(frames).boxed_unsync())
}

struct Fed(mpsc::Receiver<io::Result<Frame<Bytes>>>);

impl http_body::Body for Fed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.0.poll_recv(cx)
    }
}

/// Text inside HTML, in elements and in quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
