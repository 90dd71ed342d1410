//! The body of a request on its way to the upstream: streamed as the client sends it, perhaps kept
//! (up to a bound) for a second try.

use crate::fields;
use crate::limits::REPLAY_BYTES;
use crate::placeholder::Placeholders;
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

pub(crate) struct Upload {
    source: Source,
    /// What its trailers may not hold.
    placeholders: Arc<Placeholders>,
}

enum Source {
    Empty,
    Stream(Incoming),
    Kept(Reader),
}

impl Upload {
    pub fn stream(body: Incoming, placeholders: Arc<Placeholders>) -> Upload {
        let source = if body.is_end_stream() { Source::Empty } else { Source::Stream(body) };
        Upload { source, placeholders }
    }

    /// Trailers are fields like those of a head, and are held to the same rules.
    fn judged(&self, mut frame: Frame<Bytes>) -> Result<Frame<Bytes>, BoxError> {
        let Some(trailers) = frame.trailers_mut() else { return Ok(frame) };
        fields::strip_trailers(trailers);
        match self.placeholders.in_fields(trailers) {
            None => Ok(frame),
            Some(_) => Err("a trailer holds a placeholder that has no credential there".into()),
        }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = match &mut self.source {
            Source::Empty => None,
            Source::Stream(body) => ready!(Pin::new(body).poll_frame(cx)).map(|frame| frame.map_err(BoxError::from)),
            Source::Kept(reader) => ready!(reader.poll_frame(cx)),
        };
        Poll::Ready(frame.map(|frame| self.judged(frame?)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Empty => true,
            Source::Stream(body) => body.is_end_stream(),
            Source::Kept(reader) => reader.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Empty => SizeHint::with_exact(0),
            Source::Stream(body) => body.size_hint(),
            Source::Kept(reader) => reader.size,
        }
    }
}

/// A body that can be sent from its beginning again, as long as it stays within [`REPLAY_BYTES`].
pub(crate) struct Kept {
    store: Option<Arc<Mutex<Store>>>,
    placeholders: Arc<Placeholders>,
}

struct Store {
    body: Incoming,
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

struct Reader {
    store: Arc<Mutex<Store>>,
    at: usize,
    number: usize,
    size: SizeHint,
}

impl Kept {
    pub fn new(body: Incoming, placeholders: Arc<Placeholders>) -> Kept {
        if body.is_end_stream() {
            return Kept { store: None, placeholders };
        }
        let store = Store { body, read: Vec::new(), bytes: 0, whole: true, ended: false, current: 0 };
        Kept { store: Some(Arc::new(Mutex::new(store))), placeholders }
    }

    pub fn replayable(&self) -> bool {
        self.store.as_ref().is_none_or(|store| lock(store).whole)
    }

    /// The body from its beginning; readers given before get an error from now on.
    pub fn read(&self) -> Upload {
        let placeholders = self.placeholders.clone();
        let Some(shared) = &self.store else { return Upload { source: Source::Empty, placeholders } };
        let mut store = lock(shared);
        store.current += 1;
        let kept = store.bytes as u64;
        let size = match store.body.size_hint().exact() {
            Some(rest) => SizeHint::with_exact(kept + rest),
            None => SizeHint::default(),
        };
        let reader = Reader { store: shared.clone(), at: 0, number: store.current, size };
        Upload { source: Source::Kept(reader), placeholders }
    }
}

impl Reader {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut store = lock(&self.store);
        if store.current != self.number {
            return Poll::Ready(Some(Err("the request is being sent again".into())));
        }
        if let Some(piece) = store.read.get(self.at) {
            let frame = piece.clone().into_frame();
            self.at += 1;
            return Poll::Ready(Some(Ok(frame)));
        }
        let frame = ready!(Pin::new(&mut store.body).poll_frame(cx)?);
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
