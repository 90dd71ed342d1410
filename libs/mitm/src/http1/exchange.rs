//! One request and its response. Both directions are carried by one task, so that an upload and a
//! download can run at once, and so that either side's leaving is noticed.

use crate::core::{Core, Link};
use crate::http1::body::{Broken, Transfer};
use crate::http1::head::{Fault, Framing, Request, Version};
use crate::http1::lines::Lines;
use crate::http1::refused;
use crate::http1::response::{self, Response};
use crate::http1::wire::Wire;
use crate::limits::{CONTINUE, HEAD_BYTES, IDLE};
use crate::message::{Fields, Head};
use crate::upstream_error::UpstreamError;
use crate::upstream_proxy::UpstreamProxy;
use crate::{Injection, Redaction, Refusal, fields, request};
use bytes::BytesMut;
use host::Authority;
use http::{Method, StatusCode, header};
use secrecy::ExposeSecret;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::time::{Sleep, sleep};

/// How a request ended for its client's connection.
pub(crate) enum Ended {
    /// Another request may follow.
    Next,
    /// All was said.
    Over,
    /// Not all was said that had to be.
    Broken,
    /// It is no HTTP any more: the other side of what it became.
    Upgraded(Wire),
    /// Nothing was said yet: this is to be said, and that of the request is still to be read.
    Refused(Refusal, Box<Transfer>),
}

pub(crate) struct Exchange<'a> {
    pub(super) core: &'a Core,
    pub(super) link: &'a Link,
    pub(super) client: &'a mut Wire,
    pub(super) method: Method,
    pub(super) framing: Framing,
    pub(super) version: Version,
    upgrade: bool,
    /// This connection ends after the response.
    pub(super) last: bool,
    pub(super) upload: Transfer,
    pub(super) uploading: Uploading,
    /// The redaction of the credential that was sent.
    pub(super) redaction: Option<Arc<Redaction>>,
    /// Runs out when the upstream said nothing about a body that waits for its leave.
    hold: Option<Pin<Box<Sleep>>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Uploading {
    Running,
    Done,
    /// The upstream takes no more of it.
    Stopped,
    /// The upstream took nothing of it for too long.
    Stuck,
}

impl Uploading {
    /// The upstream takes no more of it, and perhaps did not take all.
    pub fn is_cut_off(self) -> bool {
        matches!(self, Uploading::Stopped | Uploading::Stuck)
    }

    /// After another try has taken over what was still to come.
    fn unless_running(self) -> Uploading {
        if self == Uploading::Running { Uploading::Stopped } else { self }
    }
}

/// A response's head, and where its body comes from.
pub(super) struct Answer {
    pub upstream: Wire,
    pub response: Response,
}

enum Failed {
    /// The client left.
    Client,
    /// Its body is none.
    Malformed(Fault),
    /// `silent`: it ended before it said anything.
    Upstream { error: UpstreamError, silent: bool },
}

/// Carries a request of an intercepted connection.
pub(crate) async fn intercepted(
    core: &Core,
    link: &Link,
    client: &mut Wire,
    request: &mut Request,
    last: bool,
) -> Ended {
    match request::admit(core, link, &mut request.head).await {
        Ok(injection) => Exchange::new(core, link, client, request, last).run(&mut request.head, injection).await,
        Err(refusal) => Ended::Refused(refusal, Box::new(upload(core, request))),
    }
}

/// A request on its way.
pub(crate) fn upload(core: &Core, request: &Request) -> Transfer {
    let mut upload = Transfer::upload(request.framing);
    upload.placeholders = (request.framing == Framing::Chunked).then(|| core.placeholders.clone());
    upload.held = request.framing != Framing::Empty && fields::expects_continue(&request.head.fields);
    upload
}

/// Carries a plain request: nothing is set.
pub(crate) async fn untouched(core: &Core, link: &Link, client: &mut Wire, request: &mut Request, last: bool) -> Ended {
    Exchange::new(core, link, client, request, last).run(&mut request.head, None).await
}

impl<'a> Exchange<'a> {
    fn new(core: &'a Core, link: &'a Link, client: &'a mut Wire, request: &Request, last: bool) -> Exchange<'a> {
        let fields = &request.head.fields;
        let upload = upload(core, request);
        Exchange {
            core,
            link,
            client,
            method: request.head.method.clone(),
            framing: request.framing,
            version: request.version,
            upgrade: fields::asks_upgrade(fields),
            last,
            hold: upload.held.then(|| Box::pin(sleep(CONTINUE))),
            upload,
            uploading: Uploading::Running,
            redaction: None,
        }
    }

    async fn run(mut self, head: &mut Head<Lines>, injection: Option<Injection>) -> Ended {
        let own = injection.as_ref().map(|_| head.clone());
        let filled = match request::prepare(self.core, self.link, head, self.upgrade, injection.as_ref()) {
            Ok(filled) => filled,
            Err(refusal) => return Ended::Refused(refusal, Box::new(self.upload)),
        };
        if filled {
            self.upload.keep();
            self.redaction = injection.as_ref().map(|injection| injection.redaction.clone());
        }
        let first = match self.send(head).await {
            Ok(answer) => answer,
            Err(Failed::Client) => return Ended::Broken,
            Err(Failed::Malformed(fault)) => return Ended::Refused(refused::fault(fault), Box::new(self.upload)),
            Err(Failed::Upstream { error, .. }) => return Ended::Refused(error.refusal(), Box::new(self.upload)),
        };
        match (injection, own) {
            (Some(injection), Some(own)) if filled => self.repaired(first, injection, own).await,
            _ => self.deliver(first, &[]).await,
        }
    }

    /// The response to a request that left with a credential; after a 401 perhaps that of a second try.
    async fn repaired(mut self, first: Answer, injection: Injection, mut own: Head<Lines>) -> Ended {
        let path = own.uri.path().to_owned();
        let (mut answer, mut used) = (first, injection);
        if answer.response.status == StatusCode::UNAUTHORIZED.as_u16() {
            let challenge = answer.response.fields.values(&header::WWW_AUTHENTICATE).next();
            let kept = self.framing == Framing::Empty || self.upload.is_kept();
            if request::is_worth_a_second_try(self.core, self.link, &used.lease, challenge, kept).await {
                let first = self.uploading;
                match self.again(&mut own).await {
                    Ok((second, injection)) => (answer, used) = (second, injection),
                    // Whatever fails here leaves the first answer standing.
                    Err(None) => {}
                    Err(Some(Failed::Upstream { .. })) => self.uploading = first.unless_running(),
                    Err(Some(Failed::Client)) => return Ended::Broken,
                    Err(Some(Failed::Malformed(fault))) => {
                        return Ended::Refused(refused::fault(fault), Box::new(self.upload));
                    }
                }
            }
        }
        request::answered(self.core, self.link, &used.lease, &self.method, &path, answer.response.status);
        self.redaction = Some(used.redaction);
        self.deliver(answer, &used.response_headers).await
    }

    async fn again(&mut self, own: &mut Head<Lines>) -> Result<(Answer, Injection), Option<Failed>> {
        let Ok(Some(injection)) = request::ask(self.core, self.link, own).await else { return Err(None) };
        match request::prepare(self.core, self.link, own, self.upgrade, Some(&injection)) {
            Ok(true) => {
                self.redaction = Some(injection.redaction.clone());
                Ok((self.send(own).await.map_err(Some)?, injection))
            }
            _ => Err(None),
        }
    }

    /// Sends the request, on a connection that rested if there is one, and waits for the response.
    async fn send(&mut self, head: &Head<Lines>) -> Result<Answer, Failed> {
        let written = match self.core.upstreams.forward_proxy(&self.link.key) {
            None => written(head, "", None),
            Some(proxy) => written(head, &absolute(&self.link.key.authority), Some(proxy)),
        };
        loop {
            let resting = self.core.upstreams.idle(&self.link.key);
            let reused = resting.is_some();
            let mut upstream = match resting {
                Some(upstream) => upstream,
                None => self.core.upstreams.one(&self.link.key).await.map_err(|error| self.failed(error))?,
            };
            self.upload.again(self.client, written.clone());
            self.uploading = Uploading::Running;
            match self.answer(&mut upstream).await {
                Ok(response) => return Ok(Answer { upstream, response }),
                // An upstream may close a resting connection just when it is used again; what is
                // idempotent and has no body is then sent once more (RFC 9112 §9.3.1).
                Err(Failed::Upstream { silent: true, .. }) if reused && self.is_repeatable() => {}
                Err(failed) => return Err(failed),
            }
        }
    }

    fn is_repeatable(&self) -> bool {
        self.framing == Framing::Empty && self.method.is_idempotent()
    }

    /// The final head; informational ones go to the client (RFC 9110 §15.2).
    async fn answer(&mut self, upstream: &mut Wire) -> Result<Response, Failed> {
        let mut silent = true;
        loop {
            let mut response = match poll_fn(|cx| self.poll_answer(cx, upstream)).await {
                Err(Failed::Upstream { error, silent: true }) => {
                    let silent = silent && upstream.input.is_empty();
                    return Err(Failed::Upstream { error, silent });
                }
                other => other?,
            };
            if response.status == 407
                && let Some(proxy) = self.core.upstreams.forward_proxy(&self.link.key)
            {
                return Err(self.failed(proxy.wants_password().into()));
            }
            match response.status {
                101 if !self.upgrade => {
                    return Err(self.failed(UpstreamError::Unasked(self.link.key.authority.clone())));
                }
                101 | 200.. => return Ok(response),
                _ => silent = false,
            }
            if response.status == 100 {
                self.release();
            }
            self.strip(&mut response);
            if self.version == Version::Http11 {
                self.client.send(&self.rendered(&response)).await.map_err(|_| Failed::Client)?;
            }
        }
    }

    fn poll_answer(&mut self, cx: &mut Context<'_>, upstream: &mut Wire) -> Poll<Result<Response, Failed>> {
        match self.poll_upload(cx, upstream) {
            Ok(()) if self.uploading == Uploading::Stuck => return Poll::Ready(Err(self.stuck())),
            Ok(()) => {}
            Err(Some(fault)) => return Poll::Ready(Err(Failed::Malformed(fault))),
            Err(None) => return Poll::Ready(Err(Failed::Client)),
        }
        loop {
            match response::take(&mut upstream.input, &self.method) {
                Ok(None) => {}
                Ok(Some(response)) => return Poll::Ready(Ok(response)),
                Err(malformed) => return Poll::Ready(Err(self.broken(malformed))),
            }
            match upstream.poll_fill(cx) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(self.broken("it closed the connection"))),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(self.broken(error))),
                Poll::Pending if self.has_client_left(cx, false) => return Poll::Ready(Err(Failed::Client)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// An error is the client's, who left or broke the protocol; what the upstream does not take is its
    /// own affair.
    pub(super) fn poll_upload(&mut self, cx: &mut Context<'_>, upstream: &mut Wire) -> Result<(), Option<Fault>> {
        if self.uploading != Uploading::Running {
            return Ok(());
        }
        if self.hold.as_mut().is_some_and(|hold| hold.as_mut().poll(cx).is_ready()) {
            // Whether asked for or not, it goes out in the end.
            self.release();
        }
        match self.upload.poll(cx, self.client, upstream) {
            Poll::Pending => {}
            Poll::Ready(Ok(())) => self.uploading = Uploading::Done,
            Poll::Ready(Err(Broken::Sink)) => self.uploading = Uploading::Stopped,
            Poll::Ready(Err(Broken::Stuck)) => self.uploading = Uploading::Stuck,
            Poll::Ready(Err(Broken::Source)) => return Err(None),
            Poll::Ready(Err(Broken::Malformed(fault))) => return Err(Some(fault)),
        }
        Ok(())
    }

    fn release(&mut self) {
        (self.hold, self.upload.held) = (None, false);
    }

    /// While its answer is under way, a client's leaving is of interest; what it sends ahead stays in
    /// the buffer, up to a bound, or is passed over.
    ///
    /// The end of its side counts as leaving, over TLS with a `close_notify` and without: most clients
    /// that close for good look no different, until something is written to them.
    pub(super) fn has_client_left(&mut self, cx: &mut Context<'_>, passes_over: bool) -> bool {
        if self.uploading == Uploading::Running && !self.upload.held {
            return false;
        }
        while self.client.input.len() < HEAD_BYTES {
            match self.client.poll_fill(cx) {
                Poll::Pending => return false,
                Poll::Ready(Ok(0)) => break,
                Poll::Ready(Ok(_)) if passes_over => self.client.input.clear(),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(_)) => return true,
            }
        }
        // If it said more before it closed its side, it may still be there to listen.
        self.client.input.is_empty()
    }

    fn broken(&self, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Failed {
        let error = UpstreamError::Broken(self.link.key.authority.clone(), error.into());
        Failed::Upstream { error, silent: true }
    }

    fn stuck(&self) -> Failed {
        let error = format!("it took nothing of the request for {} s", IDLE.as_secs());
        self.failed(UpstreamError::Broken(self.link.key.authority.clone(), error.into()))
    }

    fn failed(&self, error: UpstreamError) -> Failed {
        Failed::Upstream { error, silent: false }
    }
}

/// Returns scheme and authority of a target in absolute form (RFC 9112 §3.2.2).
fn absolute(authority: &Authority) -> String {
    match authority.port {
        80 => format!("http://{}", authority.host),
        _ => format!("http://{authority}"),
    }
}

/// Returns the bytes of a head, with `origin` before its target and with the password of `proxy`.
fn written(head: &Head<Lines>, origin: &str, proxy: Option<&UpstreamProxy>) -> BytesMut {
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    // In absolute form, `*` is a target without a path (§3.2.4).
    let target = if target == "*" && !origin.is_empty() { "" } else { target };
    let mut out = BytesMut::with_capacity(head.fields.len() + origin.len() + target.len() + 64);
    for part in [head.method.as_str(), " ", origin, target, " HTTP/1.1\r\n"] {
        out.extend_from_slice(part.as_bytes());
    }
    head.fields.write(&mut out);
    if let Some(proxy) = proxy {
        out.extend_from_slice(proxy.authorization().expose_secret().as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out
}
