//! The proxy's own answers on an HTTP/1 connection, and what becomes of a request that was not carried.

use crate::Refusal;
use crate::http1::body::Transfer;
use crate::http1::head::Fault;
use crate::http1::wire::Wire;
use crate::limits::LINGER;
use http::StatusCode;
use std::fmt::Write;
use std::future::poll_fn;
use tokio::time::timeout;

/// Answers a request, the rest of which is passed over; whether another one may follow.
pub(crate) async fn answer(client: &mut Wire, refusal: &Refusal, unread: Transfer, last: bool, bodiless: bool) -> bool {
    // A client that waits for leave sends its body, or does not: nobody can tell.
    let last = last || unread.held || !unread.is_small();
    client.send(&rendered(refusal, last, bodiless)).await.is_ok() && !last && pass_over(client, unread).await
}

/// Answers what could not be read as a request; the connection ends with it.
pub(crate) async fn close(client: &mut Wire, refusal: &Refusal) {
    if client.send(&rendered(refusal, true, false)).await.is_ok() {
        linger(client).await;
    }
}

pub(crate) fn fault(fault: Fault) -> Refusal {
    if fault == Fault::Placeholder {
        return Refusal::placeholder(fault.to_string());
    }
    let status = match fault {
        Fault::TooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        Fault::Slow => StatusCode::REQUEST_TIMEOUT,
        _ => StatusCode::BAD_REQUEST,
    };
    Refusal { status, ..Refusal::malformed(fault.to_string()) }
}

/// Closes our side and listens on for a moment: whoever closes with bytes unread resets the
/// connection, and its last words are lost (RFC 9112 §9.6).
pub(crate) async fn linger(client: &mut Wire) {
    let drained = async {
        client.shutdown().await?;
        loop {
            client.input.clear();
            if poll_fn(|cx| client.poll_fill(cx)).await? == 0 {
                return std::io::Result::Ok(());
            }
        }
    };
    let _in_time = timeout(LINGER, drained).await;
}

/// Reads the rest of a request; whether the next one begins after it.
async fn pass_over(client: &mut Wire, mut unread: Transfer) -> bool {
    unread.forget();
    let mut nowhere = Wire::upstream(Box::new(tokio::io::join(tokio::io::empty(), tokio::io::sink())));
    let passed = poll_fn(|cx| unread.poll(cx, client, &mut nowhere));
    matches!(timeout(LINGER, passed).await, Ok(Ok(())))
}

fn rendered(refusal: &Refusal, last: bool, bodiless: bool) -> Vec<u8> {
    let response = refusal.response();
    let reason = response.status().canonical_reason().unwrap_or_default();
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", response.status().as_u16());
    for (name, value) in response.headers() {
        // Our own values are ASCII.
        let _infallible = write!(head, "{name}: {}\r\n", value.to_str().unwrap_or_default());
    }
    let _infallible = write!(head, "content-length: {}\r\n", response.body().len());
    head.push_str(if last { "connection: close\r\n\r\n" } else { "\r\n" });
    let body: &[u8] = if bodiless { b"" } else { response.body() };
    [head.as_bytes(), body].concat()
}
