//! HTTP/2 on both legs (RFC 9113), by hyper: streams of a client's connection become streams of a
//! shared connection to the upstream.
//!
//! Interim responses (RFC 9110 §15.2) end here: hyper has no way to read or write them in HTTP/2. A
//! client that waits for `100 Continue` sends its body when its patience is over.

mod download;
mod flood;
mod forward;
mod rest;
mod upload;

pub(crate) use upload::Upload;

use crate::client::{Ending, ended};
use crate::core::{Core, Link};
use crate::limits::{CONNECTION_WINDOW, HEAD, HEAD_BYTES, STREAM_WINDOW, STREAMS};
use crate::stream::Duplex;
use download::Download;
use flood::Guard;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rest::Streams;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::timeout;

/// Bytes that an HTTP/2 client begins with (RFC 9113 §3.4).
const PREFACE: usize = 24;

/// Serves an intercepted connection.
pub(crate) async fn serve(core: Arc<Core>, link: Arc<Link>, stream: impl Duplex, mut ending: Ending) {
    let mut stream = BufReader::with_capacity(PREFACE, stream);
    if !speaks(&mut stream, &mut ending).await {
        return;
    }
    let streams = Streams::new();
    let service = service_fn(|request| {
        let (running, response) = (streams.start(), answer(core.clone(), link.clone(), request));
        async { Ok::<_, Infallible>(response.await.map(|body| body.holding(running))) }
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .auto_date_header(false)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD_BYTES as u32)
        .serve_connection(TokioIo::new(Guard::new(stream)), service);
    let mut connection = pin!(connection);
    // An error here is the client's leaving or its breach of the protocol; hyper has answered.
    let _ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = ended(&mut ending) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        () = streams.rested() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! { ended = connection => ended, () = streams.lingered() => Ok(()) }
        }
    };
}

/// Whether the client said anything in time: hyper waits for its preface as long as it takes.
async fn speaks(stream: &mut BufReader<impl Duplex>, ending: &mut Ending) -> bool {
    tokio::select! {
        first = timeout(HEAD, stream.fill_buf()) => matches!(first, Ok(Ok([_, ..]))),
        () = ended(ending) => false,
    }
}

async fn answer(core: Arc<Core>, link: Arc<Link>, request: Request<Incoming>) -> Response<Download> {
    forward::intercepted(&core, &link, request).await.unwrap_or_else(|refusal| {
        core.policy.refused(Some(&link.key.authority), &refusal);
        refusal.response().map(Download::own)
    })
}
