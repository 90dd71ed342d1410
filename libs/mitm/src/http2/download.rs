//! The body of a response on its way to the client: streamed as the upstream sends it.

use crate::http2::rest::Running;
use crate::http2::upload::BoxError;
use crate::{Redaction, fields};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

pub(crate) struct Download {
    source: Source,
    /// How the upstream broke off, before hyper is told.
    broken: Option<BoxError>,
    /// The redaction of its trailers.
    redaction: Option<Arc<Redaction>>,
    /// The client's connection does not rest meanwhile.
    running: Option<Running>,
}

enum Source {
    Own(Option<Bytes>),
    Upstream(Incoming),
}

impl Download {
    pub fn own(bytes: Bytes) -> Download {
        Download::of(Source::Own(Some(bytes).filter(|bytes| !bytes.is_empty())))
    }

    pub fn upstream(body: Incoming) -> Download {
        Download::of(Source::Upstream(body))
    }

    fn of(source: Source) -> Download {
        Download { source, broken: None, redaction: None, running: None }
    }

    pub fn redact(&mut self, redaction: Arc<Redaction>) {
        self.redaction = Some(redaction);
    }

    pub fn holding(mut self, running: Running) -> Download {
        self.running = Some(running);
        self
    }

    /// hyper drops what it has not written yet when it hears of an error. What came before the
    /// break is the client's, so the error waits until hyper has had time to write.
    fn poll_broken(&mut self, cx: &mut Context<'_>, error: BoxError) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.broken = Some(error);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Body for Download {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(error) = self.broken.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let body = match &mut self.source {
            Source::Own(bytes) => return Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Source::Upstream(body) => body,
        };
        match ready!(Pin::new(body).poll_frame(cx)).transpose() {
            Ok(mut frame) => {
                if let Some(trailers) = frame.as_mut().and_then(Frame::trailers_mut) {
                    fields::strip_trailers(trailers);
                    self.redaction.iter().for_each(|redaction| redaction.apply(trailers));
                }
                Poll::Ready(frame.map(Ok))
            }
            Err(error) => self.poll_broken(cx, error.into()),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Own(bytes) => bytes.is_none(),
            Source::Upstream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Own(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Source::Upstream(body) => body.size_hint(),
        }
    }
}
