//! The way back: a response to its client, and both connections to their next use.

use crate::Scheme;
use crate::fields;
use crate::http1::body::{Broken, Form, Transfer};
use crate::http1::exchange::{Answer, Ended, Exchange, Uploading};
use crate::http1::head::{Framing, Version};
use crate::http1::refused;
use crate::http1::response::Response;
use crate::http1::wire::Wire;
use crate::limits::{IDLE, LINGER};
use crate::message::Fields;
use crate::tls::Http;
use bytes::BytesMut;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::timeout;

impl Exchange<'_> {
    /// Hands a response to the client, and both connections to their next use.
    pub(super) async fn deliver(mut self, answer: Answer, more: &[(HeaderName, HeaderValue)]) -> Ended {
        let Answer { mut upstream, mut response } = answer;
        let upgraded = response.status == StatusCode::SWITCHING_PROTOCOLS.as_u16();
        self.strip(&mut response);
        more.iter().for_each(|(name, value)| response.fields.append(name, value.clone()));
        if upgraded {
            return match self.client.send(&self.rendered(&response)).await {
                Ok(()) => Ended::Upgraded(upstream),
                Err(_) => Ended::Broken,
            };
        }
        // The rest of the request is not going to be read.
        self.last |= self.upload.held || self.uploading.is_cut_off();
        let form = self.form(&mut response);
        if self.last {
            response.fields.set(&header::CONNECTION, HeaderValue::from_static("close"));
        }
        let mut download = Transfer::download(self.rendered(&response), response.framing, form);
        download.redaction = self.redaction.take();
        match poll_fn(|cx| self.poll_delivery(cx, &mut download, &mut upstream)).await {
            Ok(()) => {}
            Err(Broken::Source | Broken::Malformed(_)) => {
                // What came before the break is the client's; no end is made up.
                let _in_time = timeout(LINGER, self.client.flush()).await;
                return Ended::Broken;
            }
            Err(Broken::Sink | Broken::Stuck) => return Ended::Broken,
        }
        self.settle(upstream, response.persistent).await
    }

    fn poll_delivery(
        &mut self,
        cx: &mut Context<'_>,
        download: &mut Transfer,
        upstream: &mut Wire,
    ) -> Poll<Result<(), Broken>> {
        if let Err(fault) = self.poll_upload(cx, upstream) {
            // Too late to be told, but not to be known.
            if let Some(fault) = fault {
                self.core.policy.refused(Some(&self.link.key.authority), &refused::fault(fault));
            }
            return Poll::Ready(Err(Broken::Sink));
        }
        let polled = download.poll(cx, upstream, self.client);
        if polled.is_pending() && self.has_client_left(cx, self.uploading.is_cut_off()) {
            return Poll::Ready(Err(Broken::Sink));
        }
        polled
    }

    /// After a whole response.
    async fn settle(mut self, mut upstream: Wire, persistent: bool) -> Ended {
        if self.uploading == Uploading::Running && !self.upload.held {
            self.finish_upload(&mut upstream, if persistent { IDLE } else { LINGER }).await;
        }
        let sent = self.uploading == Uploading::Done;
        if sent && persistent && upstream.input.is_empty() && !self.has_unexpected_body() {
            upstream.rest();
            self.core.upstreams.put(&self.link.key, upstream);
        }
        if sent && !self.last { Ended::Next } else { Ended::Over }
    }

    /// Returns whether the request has a body that its method does not expect. Some upstreams ignore such a body (RFC
    /// 9110 §9.3.1, §9.3.5) and then read it as the head of the next request.
    fn has_unexpected_body(&self) -> bool {
        let expects_none =
            [Method::GET, Method::HEAD, Method::DELETE, Method::OPTIONS, Method::TRACE].contains(&self.method);
        self.framing != Framing::Empty && expects_none
    }

    /// The rest of a request that was answered early, for as long as something of it moves.
    async fn finish_upload(&mut self, upstream: &mut Wire, patience: Duration) {
        loop {
            let before = self.upload.moved;
            let rest = poll_fn(|cx| self.poll_rest(cx, upstream));
            if timeout(patience, rest).await.is_ok() || self.upload.moved == before {
                return;
            }
        }
    }

    fn poll_rest(&mut self, cx: &mut Context<'_>, upstream: &mut Wire) -> Poll<()> {
        if self.poll_upload(cx, upstream).is_err() || self.uploading != Uploading::Running {
            return Poll::Ready(());
        }
        // An upstream that closes takes no more; what it says unasked makes its connection useless.
        match upstream.input.is_empty() && matches!(upstream.poll_fill(cx), Poll::Ready(Ok(0) | Err(_))) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }

    /// How the body goes on to the client, with the fields that say so.
    fn form(&mut self, response: &mut Response) -> Form {
        match (response.framing, self.version) {
            // Without TLS, only chunks let a client tell the end of a body from a broken connection.
            (Framing::UntilClose, Version::Http11)
                if self.link.key.scheme == Scheme::Http && !response.fields.contains(&header::TRANSFER_ENCODING) =>
            {
                response.fields.append(&header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
                Form::InChunks
            }
            // The body and its end go on as they came, with or without TLS's close_notify.
            (Framing::UntilClose, _) => {
                self.last = true;
                Form::AsItCame
            }
            (Framing::Chunked, Version::Http10) => {
                response.fields.retain(|name| !name.eq_ignore_ascii_case(b"transfer-encoding"));
                Form::Bare
            }
            _ => Form::AsItCame,
        }
    }

    pub(super) fn strip(&self, response: &mut Response) {
        let upgraded = response.status == StatusCode::SWITCHING_PROTOCOLS.as_u16();
        fields::strip_response(&mut response.fields, upgraded, Http::One, self.link.key.scheme == Scheme::Https);
        let Some(redaction) = &self.redaction else { return };
        redaction.apply(&mut response.fields);
        if let Some(reason) = redaction.redacted(&response.reason) {
            response.reason = reason;
        }
    }

    pub(super) fn rendered(&self, response: &Response) -> BytesMut {
        let mut out = BytesMut::with_capacity(response.fields.len() + response.reason.len() + 64);
        let version = match self.version {
            Version::Http11 => "HTTP/1.1",
            Version::Http10 => "HTTP/1.0",
        };
        out.extend_from_slice(format!("{version} {} ", response.status).as_bytes());
        out.extend_from_slice(&response.reason);
        out.extend_from_slice(b"\r\n");
        response.fields.write(&mut out);
        out.extend_from_slice(b"\r\n");
        out
    }
}
