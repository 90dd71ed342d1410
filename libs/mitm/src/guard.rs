//! Stands between a client's bytes and hyper's HTTP/1 server: hands over one judged request at a
//! time, and knows where it ends. It also keeps the clock on clients that are slow or silent.
//!
//! It changes nothing in a request. A head that it refuses never reaches hyper; a stand-in does, so
//! that the answer is written by hyper as well, and nothing is read after it.

use crate::chunks::Chunks;
use crate::clock::Clock;
use crate::head::{self, Fault, Framing};
use crate::limits::{HEAD, HEAD_BYTES, IDLE};
use crate::turn::Turn;
use bytes::{Buf, BytesMut};
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pub(crate) struct Guard<S> {
    io: S,
    turn: Turn,
    buffer: BytesMut,
    state: State,
    clock: Clock,
}

enum State {
    /// Before the end of a head, of which `seen` bytes were looked at.
    Head {
        seen: usize,
    },
    /// `left` judged bytes wait in the buffer.
    Deliver {
        left: usize,
        then: Body,
    },
    Body(Body),
    /// The request is in, its response under way; no other follows the `last`.
    Answering {
        last: bool,
    },
    /// Nothing more is read.
    Ended,
}

#[derive(Clone, Copy)]
enum Body {
    Length(u64),
    Chunked(Chunks),
    Over,
    /// No request follows.
    Refused,
}

const STAND_IN: &[u8] = b"GET / HTTP/1.1\r\nhost: refused\r\nconnection: close\r\n\r\n";

impl<S> Guard<S> {
    pub fn new(io: S, turn: Turn) -> Guard<S> {
        Guard { io, turn, buffer: BytesMut::new(), state: State::Head { seen: 0 }, clock: Clock::new(HEAD) }
    }

    fn refuse(&mut self, fault: Fault) {
        self.turn.refuse(fault);
        self.buffer.clear();
        self.buffer.extend_from_slice(STAND_IN);
        self.state = State::Deliver { left: STAND_IN.len(), then: Body::Refused };
    }

    /// Looks for a whole head in the buffer; `false` when more bytes are needed.
    fn find_head(&mut self, seen: usize) -> bool {
        // RFC 9112 §2.2: an empty line before the request line is ignored.
        while seen == 0 && self.buffer.starts_with(b"\r\n") {
            self.buffer.advance(2);
        }
        let found = head::end(&self.buffer, seen).and_then(|end| match end {
            Some(end) if end <= HEAD_BYTES => Ok(Some((end, head::framing(&self.buffer[..end])?))),
            None if self.buffer.len() < HEAD_BYTES => Ok(None),
            _ => Err(Fault::TooLarge),
        });
        match found {
            Err(fault) => self.refuse(fault),
            Ok(Some((end, framing))) => {
                self.turn.begin();
                self.state = State::Deliver { left: end, then: Body::after(framing) };
            }
            Ok(None) => {
                self.state = State::Head { seen: self.buffer.len() };
                return false;
            }
        }
        true
    }
}

impl Body {
    fn after(framing: Framing) -> Body {
        match framing {
            Framing::Empty | Framing::Length(0) => Body::Over,
            Framing::Length(length) => Body::Length(length),
            Framing::Chunked => Body::Chunked(Chunks::new()),
        }
    }
}

impl<S: AsyncRead + Unpin> Guard<S> {
    /// Reads into the buffer; 0 at the end.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut room = [MaybeUninit::uninit(); 8 * 1024];
        let mut read = ReadBuf::uninit(&mut room);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut read))?;
        self.buffer.extend_from_slice(read.filled());
        Poll::Ready(Ok(read.filled().len()))
    }

    fn poll_head(&mut self, cx: &mut Context<'_>, seen: usize) -> Poll<io::Result<()>> {
        if self.buffer.len() > seen && self.find_head(seen) {
            return Poll::Ready(Ok(()));
        }
        match self.poll_fill(cx) {
            Poll::Ready(Ok(0)) => self.state = State::Ended,
            Poll::Ready(Ok(_)) if seen == 0 => self.clock.start(HEAD),
            Poll::Ready(Ok(_)) => {}
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => match (ready!(self.clock.poll(cx)), self.buffer.is_empty()) {
                ((), true) => self.state = State::Ended,
                ((), false) => self.refuse(Fault::Slow),
            },
        }
        Poll::Ready(Ok(()))
    }

    /// While the response is under way, only the client's leaving is of interest; what it sends
    /// ahead stays in the buffer, up to a bound.
    fn poll_answering(&mut self, cx: &mut Context<'_>, last: bool) -> Poll<io::Result<()>> {
        if !last && self.turn.ended(cx) {
            self.clock.start(IDLE);
            self.state = State::Head { seen: 0 };
            return Poll::Ready(Ok(()));
        }
        while self.buffer.len() < HEAD_BYTES {
            if ready!(self.poll_fill(cx))? > 0 {
                continue;
            }
            if self.buffer.is_empty() {
                self.state = State::Ended;
                return Poll::Ready(Ok(()));
            }
            // It said more before it closed its side, so it may still be there to listen.
            break;
        }
        Poll::Pending
    }

    fn poll_body(&mut self, cx: &mut Context<'_>, body: Body, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match body {
            Body::Over => self.state = State::Answering { last: false },
            Body::Refused => self.state = State::Answering { last: true },
            Body::Length(left) if self.buffer.is_empty() => {
                let read = ready!(self.poll_direct(cx, left, out))?;
                if read == 0 {
                    self.state = State::Ended;
                }
            }
            Body::Length(left) => {
                let some = left.min(self.buffer.len() as u64);
                self.state = State::Deliver { left: some as usize, then: Body::length(left - some) };
            }
            Body::Chunked(chunks) => ready!(self.poll_chunks(cx, chunks))?,
        }
        Poll::Ready(Ok(()))
    }

    /// The bulk of an upload goes without a copy here.
    fn poll_direct(&mut self, cx: &mut Context<'_>, left: u64, out: &mut ReadBuf<'_>) -> Poll<io::Result<u64>> {
        let before = out.filled().len();
        if left >= out.remaining() as u64 {
            ready!(self.clock.poll_io(cx, |cx| Pin::new(&mut self.io).poll_read(cx, out)))?;
        } else {
            let mut exact = ReadBuf::new(out.initialize_unfilled_to(left as usize));
            ready!(self.clock.poll_io(cx, |cx| Pin::new(&mut self.io).poll_read(cx, &mut exact)))?;
            let read = exact.filled().len();
            out.advance(read);
        }
        let read = (out.filled().len() - before) as u64;
        self.state = State::Body(Body::length(left - read));
        Poll::Ready(Ok(read))
    }

    fn poll_chunks(&mut self, cx: &mut Context<'_>, mut chunks: Chunks) -> Poll<io::Result<()>> {
        if self.buffer.is_empty() {
            let read = self.poll_fill(cx);
            if ready!(self.clock.poll_io(cx, |_| read))? == 0 {
                self.state = State::Ended;
                return Poll::Ready(Ok(()));
            }
        }
        let used = chunks.advance(&self.buffer).map_err(|fault| io::Error::new(io::ErrorKind::InvalidData, fault))?;
        let then = if chunks.ended() { Body::Over } else { Body::Chunked(chunks) };
        self.state = State::Deliver { left: used, then };
        Poll::Ready(Ok(()))
    }
}

impl Body {
    fn length(left: u64) -> Body {
        if left == 0 { Body::Over } else { Body::Length(left) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = out.filled().len();
        while out.filled().len() == before && out.remaining() > 0 {
            if this.turn.released() {
                return this.poll_released(cx, out);
            }
            match this.state {
                State::Head { seen } => ready!(this.poll_head(cx, seen))?,
                State::Deliver { left, then } => {
                    let some = left.min(out.remaining());
                    out.put_slice(&this.buffer[..some]);
                    this.buffer.advance(some);
                    this.state = match left - some {
                        0 => State::Body(then),
                        left => State::Deliver { left, then },
                    };
                }
                State::Body(body) => ready!(this.poll_body(cx, body, out))?,
                State::Answering { last } => ready!(this.poll_answering(cx, last))?,
                State::Ended => return Poll::Ready(Ok(())),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> Guard<S> {
    /// After CONNECT or an upgrade the bytes are no requests any more.
    fn poll_released(&mut self, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.buffer.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, out);
        }
        let some = self.buffer.len().min(out.remaining());
        out.put_slice(&self.buffer[..some]);
        self.buffer.advance(some);
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
