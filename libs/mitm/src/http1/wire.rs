//! A connection that speaks HTTP/1: the bytes that were read ahead, and how long silence is borne.

use crate::clock::Clock;
use crate::stream::Io;
use bytes::{Buf, BytesMut};
use std::io;
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

/// Bytes read at once: a TLS record.
const PIECE: usize = 16 * 1024;

pub(crate) struct Wire {
    io: Io,
    /// Read, and not yet used.
    pub input: BytesMut,
    /// Of the client's side: its deadlines.
    pub clock: Option<Clock>,
}

impl Wire {
    /// Towards an upstream, which may be silent for as long as it wants.
    pub fn upstream(io: Io) -> Wire {
        Wire { io, input: BytesMut::new(), clock: None }
    }

    /// Towards a client.
    pub fn client(io: Io, clock: Clock) -> Wire {
        Wire { io, input: BytesMut::new(), clock: Some(clock) }
    }

    /// Reads more into `input`; 0 at the end.
    pub fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut room = [MaybeUninit::uninit(); PIECE];
        let mut read = ReadBuf::uninit(&mut room);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut read))?;
        self.input.extend_from_slice(read.filled());
        Poll::Ready(Ok(read.filled().len()))
    }

    /// The same in the middle of a body, without a copy, and at the price of a buffer that waits with
    /// it. A client may stall only for so long.
    pub fn poll_fill_body(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.input.reserve(PIECE);
        let (io, input) = (&mut self.io, &mut self.input);
        let mut read = |cx: &mut Context<'_>| pin!(io.read_buf(input)).poll(cx);
        match &mut self.clock {
            Some(clock) => clock.poll_io(cx, read),
            None => read(cx),
        }
    }

    /// Ready when the client's time is over.
    pub fn poll_clock(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.clock.as_mut().map_or(Poll::Pending, |clock| clock.poll(cx))
    }

    pub fn poll_write_input(&mut self, cx: &mut Context<'_>, from: &mut Wire, bytes: usize) -> Poll<io::Result<usize>> {
        let written = ready!(self.poll_write_some(cx, &from.input[..bytes]))?;
        from.input.advance(written);
        Poll::Ready(Ok(written))
    }

    pub fn poll_write_some(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match ready!(Pin::new(&mut self.io).poll_write(cx, bytes))? {
            0 => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            written => Poll::Ready(Ok(written)),
        }
    }

    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.io.write_all(bytes).await?;
        self.io.flush().await
    }

    pub async fn flush(&mut self) -> io::Result<()> {
        self.io.flush().await
    }

    pub async fn shutdown(&mut self) -> io::Result<()> {
        self.io.shutdown().await
    }

    /// Whether an upstream's connection is open and at rest. Nobody is woken if that changes.
    pub fn is_resting(&mut self) -> bool {
        self.input.is_empty() && self.poll_fill(&mut Context::from_waker(Waker::noop())).is_pending()
    }

    /// Lets go of the memory of an empty buffer, before a wait that may be long.
    pub fn rest(&mut self) {
        if self.input.is_empty() {
            self.input = BytesMut::new();
        }
    }

    /// The stream, for what is not HTTP/1; what was read ahead comes first.
    pub fn into_io(self) -> Io {
        if self.input.is_empty() { self.io } else { Box::new(self) }
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.input.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, out);
        }
        let some = self.input.len().min(out.remaining());
        out.put_slice(&self.input.split_to(some));
        self.rest();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
