//! The response body on its way to the client: streamed as the upstream sends it. Reading it is
//! what drives its HTTP/1 connection, which returns to the pool at its end.

use crate::one::One;
use crate::turn::Answer;
use crate::upload::{BoxError, Done};
use crate::upstream::{Key, Upstreams};
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
    /// Tells the guard, when dropped, that the next request may be read.
    answer: Option<Answer>,
}

enum Source {
    Own(Option<Bytes>),
    Upstream { body: Incoming, lease: Option<Lease> },
}

/// An HTTP/1 connection as long as its response lasts.
pub(crate) struct Lease {
    pub one: One,
    pub key: Key,
    pub upload: Done,
    pub upstreams: Arc<Upstreams>,
}

impl Lease {
    /// After the end of the response.
    fn settle(mut self) {
        if self.upload.is_done() && self.one.is_usable() {
            self.upstreams.put(&self.key, self.one);
        }
    }
}

impl Download {
    pub fn own(bytes: Bytes) -> Download {
        Download { source: Source::Own(Some(bytes).filter(|bytes| !bytes.is_empty())), broken: None, answer: None }
    }

    pub fn shared(body: Incoming) -> Download {
        Download { source: Source::Upstream { body, lease: None }, broken: None, answer: None }
    }

    pub fn leased(body: Incoming, lease: Lease) -> Download {
        // The request may still be on its way while the response is not read for a while: that
        // must not stop it.
        let lease = match lease.upload.is_done() {
            true => Some(lease),
            false => {
                tokio::spawn(lease.one.finish());
                None
            }
        };
        let mut download = Download { source: Source::Upstream { body, lease }, broken: None, answer: None };
        download.settle_at_end();
        download
    }

    pub fn answering(mut self, answer: Option<Answer>) -> Download {
        self.answer = answer;
        self
    }

    fn settle_at_end(&mut self) {
        if let Source::Upstream { body, lease } = &mut self.source
            && body.is_end_stream()
            && let Some(lease) = lease.take()
        {
            lease.settle();
        }
    }
}

impl Download {
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
        let (body, lease) = match &mut self.source {
            Source::Own(bytes) => return Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Source::Upstream { body, lease } => (body, lease),
        };
        let polled = match lease {
            Some(lease) => lease.one.poll_with(cx, |cx| Pin::new(&mut *body).poll_frame(cx)),
            None => Pin::new(&mut *body).poll_frame(cx),
        };
        let frame = match ready!(polled).transpose() {
            Ok(frame) => frame,
            Err(error) => return self.poll_broken(cx, error.into()),
        };
        match (&frame, lease.take_if(|_| frame.is_none())) {
            (None, Some(lease)) => lease.settle(),
            _ => self.settle_at_end(),
        }
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Own(bytes) => bytes.is_none(),
            Source::Upstream { body, lease } => lease.is_none() && body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Own(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Source::Upstream { body, .. } => body.size_hint(),
        }
    }
}
