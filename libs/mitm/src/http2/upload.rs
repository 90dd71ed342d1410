//! The body of a request on its way to the upstream: streamed as the client sends it, and kept (up to
//! a bound) for another try.

use crate::clock::Clock;
use crate::limits::{IDLE, REPLAY_BYTES};
use crate::placeholder::Placeholders;
use crate::{Refusal, fields};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

type Polled = Poll<Option<Result<Frame<Bytes>, BoxError>>>;

/// What one try sends; `None` is no body.
pub(crate) struct Upload(Option<Reader>);

struct Reader {
    store: Arc<Mutex<Store>>,
    at: usize,
    number: usize,
    size: SizeHint,
}

/// A body that can be sent from its beginning again, as long as it stays within [`REPLAY_BYTES`].
pub(crate) struct Kept(Option<Arc<Mutex<Store>>>);

struct Store {
    body: Incoming,
    /// Of a body that said its length: it may stall for [`IDLE`]. One that did not may be half of a
    /// conversation (gRPC), which rests as long as both sides want it to.
    clock: Option<Clock>,
    /// What its trailers may not hold.
    placeholders: Arc<Placeholders>,
    /// Why no try can succeed, and it is the client's doing.
    fault: Option<Refusal>,
    /// What was read so far; emptied for good when it grew past the bound.
    read: Vec<Piece>,
    bytes: usize,
    whole: bool,
    ended: bool,
    /// The reader that may go on; an earlier one belongs to a try that was given up.
    current: usize,
}

#[derive(Clone)]
enum Piece {
    Data(Bytes),
    Trailers(HeaderMap),
}

impl Kept {
    pub fn new(body: Incoming, placeholders: Arc<Placeholders>) -> Kept {
        if body.is_end_stream() {
            return Kept(None);
        }
        let clock = body.size_hint().exact().map(|_| Clock::new(IDLE));
        let (read, bytes, whole, ended, current) = (Vec::new(), 0, true, false, 0);
        let store = Store { body, clock, placeholders, fault: None, read, bytes, whole, ended, current };
        Kept(Some(Arc::new(Mutex::new(store))))
    }

    pub fn replayable(&self) -> bool {
        self.0.as_ref().is_none_or(|store| lock(store).whole)
    }

    /// The body from its beginning, if that is still there; readers given before get an error from
    /// now on.
    pub fn read(&self) -> Option<Upload> {
        let Some(shared) = &self.0 else { return Some(Upload(None)) };
        let mut store = lock(shared);
        if !store.whole {
            return None;
        }
        store.current += 1;
        let kept = store.bytes as u64;
        let size = match store.body.size_hint().exact() {
            Some(rest) => SizeHint::with_exact(kept + rest),
            None => SizeHint::default(),
        };
        Some(Upload(Some(Reader { store: shared.clone(), at: 0, number: store.current, size })))
    }

    /// What to tell a client whose body cannot be sent.
    pub fn fault(&self) -> Option<Refusal> {
        self.0.as_ref().and_then(|store| lock(store).fault.clone())
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        self.0.as_mut().map_or(Poll::Ready(None), |reader| reader.poll_frame(cx))
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Reader::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or(SizeHint::with_exact(0), |reader| reader.size)
    }
}

impl Reader {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Polled {
        let mut store = lock(&self.store);
        if store.current != self.number {
            return Poll::Ready(Some(Err("the request is being sent again".into())));
        }
        if let Some(piece) = store.read.get(self.at) {
            let frame = piece.clone().into_frame();
            self.at += 1;
            return Poll::Ready(Some(Ok(frame)));
        }
        let frame = ready!(store.poll_body(cx)?);
        match &frame {
            Some(frame) => store.keep(frame),
            None => store.ended = true,
        }
        self.at = store.read.len();
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        let store = lock(&self.store);
        self.at == store.read.len() && (store.ended || store.body.is_end_stream())
    }
}

impl Store {
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Polled {
        let mut poll = |cx: &mut Context<'_>| Pin::new(&mut self.body).poll_frame(cx);
        let polled = match &mut self.clock {
            None => ready!(poll(cx)),
            Some(clock) => match ready!(clock.poll_io(cx, |cx| poll(cx).map(Ok))) {
                Ok(polled) => polled,
                Err(_) => {
                    let refusal = Refusal::malformed("the request body did not arrive in time");
                    return self.failed(Refusal { status: StatusCode::REQUEST_TIMEOUT, ..refusal });
                }
            },
        };
        let Some(mut frame) = polled.transpose()? else { return Poll::Ready(None) };
        // Trailers are fields like those of a head, and are held to the same rules.
        if let Some(trailers) = frame.trailers_mut() {
            fields::strip_trailers(trailers);
            if self.placeholders.in_fields(trailers).is_some() {
                let message = "a trailer holds a placeholder that has no credential there";
                return self.failed(Refusal::placeholder(message));
            }
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn failed(&mut self, refusal: Refusal) -> Polled {
        let message = refusal.message.clone();
        self.fault = Some(refusal);
        Poll::Ready(Some(Err(message.into())))
    }

    fn keep(&mut self, frame: &Frame<Bytes>) {
        let piece = match (frame.data_ref(), frame.trailers_ref()) {
            (Some(data), _) => Piece::Data(data.clone()),
            (None, Some(trailers)) => Piece::Trailers(trailers.clone()),
            (None, None) => return,
        };
        if let Piece::Data(data) = &piece {
            self.bytes += data.len();
            self.whole &= self.bytes <= REPLAY_BYTES;
        }
        match self.whole {
            true => self.read.push(piece),
            false => self.read = Vec::new(),
        }
    }
}

impl Piece {
    fn into_frame(self) -> Frame<Bytes> {
        match self {
            Piece::Data(data) => Frame::data(data),
            Piece::Trailers(trailers) => Frame::trailers(trailers),
        }
    }
}

fn lock(store: &Mutex<Store>) -> MutexGuard<'_, Store> {
    store.lock().unwrap_or_else(PoisonError::into_inner)
}
