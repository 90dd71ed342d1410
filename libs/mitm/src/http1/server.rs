//! A client's HTTP/1 connection: one request after the other, until one of them ends it.

use crate::clock::Clock;
use crate::core::{Core, Link};
use crate::http1::body::Transfer;
use crate::http1::exchange::{self, Ended};
use crate::http1::head::{self, Fault, Request};
use crate::http1::refused;
use crate::http1::wire::Wire;
use crate::limits::{FIRST_BYTE, HEAD, HEAD_BYTES, IDLE, LINGER};
use crate::strangers::Stranger;
use crate::stream::{Io, relay};
use crate::upstream::Key;
use crate::{Refusal, client::Ending, client::ended};
use bytes::Buf;
use http::Method;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::time::timeout;

/// A client's connection, and whether the proxy is about to end.
pub(crate) struct Client {
    pub wire: Wire,
    ending: Ending,
    ended: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// The client's place among the strangers, until it has shown the password.
    pub stranger: Option<Stranger>,
    /// A request was read from it.
    used: bool,
    /// The last one was a HEAD, whose answer has no body.
    asked_head: bool,
}

impl Client {
    pub fn new(io: Io, ending: Ending) -> Client {
        let mut told = ending.clone();
        let ended = Box::pin(async move { ended(&mut told).await });
        let (stranger, used, asked_head) = (None, false, false);
        Client { wire: Wire::client(io, Clock::new(HEAD)), ending, ended, stranger, used, asked_head }
    }

    /// The next request. `None` when there is none, or none that can be read; the client has been told.
    pub async fn next(&mut self, core: &Core, key: Option<&Key>) -> Option<Request> {
        self.wire.rest();
        let patience = match (&self.stranger, self.used) {
            (Some(_), _) => FIRST_BYTE,
            (None, true) => IDLE,
            (None, false) => HEAD,
        };
        self.wire.clock.iter_mut().for_each(|clock| clock.start(patience));
        self.used = true;
        let (ended, stranger) = (&mut self.ended, &mut self.stranger);
        let mut seen = 0;
        let read = poll_fn(|cx| match poll_request(&mut self.wire, &mut seen, cx) {
            // A request that is under way is served; the connection at rest ends.
            Poll::Pending if ended.as_mut().poll(cx).is_ready() => Poll::Ready(Ok(None)),
            Poll::Pending if stranger.as_mut().is_some_and(|stranger| stranger.poll_told(cx).is_ready()) => {
                Poll::Ready(Ok(None))
            }
            read => read,
        });
        match read.await {
            Ok(Some(request)) => {
                self.asked_head = request.head.method == Method::HEAD;
                Some(request)
            }
            Ok(None) => {
                // A client that is still there is told that this is the end, and no break (RFC 8446 §6.1).
                let _in_time = timeout(LINGER, self.wire.shutdown()).await;
                None
            }
            Err(fault) => {
                let refusal = refused::fault(fault);
                core.policy.refused(key.map(|key| &key.authority), &refusal);
                refused::close(&mut self.wire, &refusal).await;
                None
            }
        }
    }

    /// Whether the connection ends with this request.
    pub fn is_last(&self, request: &Request) -> bool {
        request.last || *self.ending.borrow()
    }

    /// Says no; the connection, if another request may follow.
    pub async fn refuse(
        mut self,
        core: &Core,
        key: Option<&Key>,
        refusal: &Refusal,
        unread: Transfer,
        last: bool,
    ) -> Option<Client> {
        core.policy.refused(key.map(|key| &key.authority), refusal);
        if refused::answer(&mut self.wire, refusal, unread, last, self.asked_head).await {
            return Some(self);
        }
        refused::linger(&mut self.wire).await;
        None
    }

    /// What follows a request: the connection, if another one may.
    pub async fn after(mut self, core: &Core, key: &Key, ended: Ended, last: bool) -> Option<Client> {
        match ended {
            Ended::Next => Some(self),
            Ended::Broken => None,
            Ended::Over => {
                refused::linger(&mut self.wire).await;
                None
            }
            Ended::Refused(refusal, unread) => self.refuse(core, Some(key), &refusal, *unread, last).await,
            Ended::Upgraded(upstream) => {
                relay(self.wire.into_io(), upstream.into_io()).await;
                None
            }
        }
    }
}

/// Serves an intercepted connection.
pub(crate) async fn serve(core: &Core, link: &Link, io: Io, ending: Ending) {
    let mut client = Client::new(io, ending);
    while let Some(mut request) = client.next(core, Some(&link.key)).await {
        let last = client.is_last(&request);
        let ended = exchange::intercepted(core, link, &mut client.wire, &mut request, last).await;
        match client.after(core, &link.key, ended, last).await {
            Some(going_on) => client = going_on,
            None => return,
        }
    }
}

/// A whole head; `None` at the end of the connection. `seen` bytes were looked at before.
fn poll_request(wire: &mut Wire, seen: &mut usize, cx: &mut Context<'_>) -> Poll<Result<Option<Request>, Fault>> {
    loop {
        if let Some(request) = take(wire, seen)? {
            return Poll::Ready(Ok(Some(request)));
        }
        let resting = wire.input.is_empty();
        match wire.poll_fill(cx) {
            // From its first byte on, a head has so long.
            Poll::Ready(Ok(1..)) if resting => wire.clock.iter_mut().for_each(|clock| clock.start(HEAD)),
            Poll::Ready(Ok(1..)) => {}
            // It left, between two requests or in the middle of a head: there is nobody to tell.
            Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Ok(None)),
            Poll::Pending => {
                ready!(wire.poll_clock(cx));
                return Poll::Ready(if resting { Ok(None) } else { Err(Fault::Slow) });
            }
        }
    }
}

fn take(wire: &mut Wire, seen: &mut usize) -> Result<Option<Request>, Fault> {
    // RFC 9112 §2.2: an empty line before the request line is ignored.
    while *seen == 0 && wire.input.starts_with(b"\r\n") {
        wire.input.advance(2);
    }
    match head::end(&wire.input, *seen)? {
        Some(end) if end <= HEAD_BYTES => {
            let request = head::request(&wire.input[..end])?;
            wire.input.advance(end);
            Ok(Some(request))
        }
        None if wire.input.len() < HEAD_BYTES => {
            *seen = wire.input.len();
            Ok(None)
        }
        _ => Err(Fault::TooLarge),
    }
}
