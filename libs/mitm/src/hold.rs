//! A client's connection during its TLS handshake: what the proxy says is held until it waits for the
//! client, and what it says last until it has more to say.
//!
//! A handshake of TLS 1.3 ends with a session ticket, which a client wants some time. Sent by itself it
//! costs a system call and wakes the client, just when the first request has come; so it leaves with
//! the response to that. A client that waits for the end of a handshake, as in TLS 1.2, is not kept
//! waiting: whoever knows of it flushes.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Writes go out when a read has to wait; once the handshake is over, with the next one or a flush.
pub(crate) struct Hold<T: AsyncWrite + Unpin> {
    io: T,
    held: Vec<u8>,
    handshake: bool,
}

impl<T: AsyncWrite + Unpin> Hold<T> {
    pub fn new(io: T) -> Hold<T> {
        Hold { io, held: Vec::new(), handshake: true }
    }

    /// From here on, a write takes what is held along and goes out at once.
    pub fn handshake_is_over(&mut self) {
        self.handshake = false;
    }

    fn poll_send_held(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.held.is_empty() {
            let sent = ready!(Pin::new(&mut self.io).poll_write(cx, &self.held))?;
            self.sent(sent)?;
        }
        Poll::Ready(Ok(()))
    }

    /// How many of these bytes are no longer held, and went further.
    fn sent(&mut self, count: usize) -> io::Result<usize> {
        if count == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        let held = count.min(self.held.len());
        self.held.drain(..held);
        if self.held.is_empty() {
            self.held = Vec::new();
        }
        Ok(count - held)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for Hold<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let hold = self.get_mut();
        let read = Pin::new(&mut hold.io).poll_read(cx, out);
        if hold.handshake
            && read.is_pending()
            && let Poll::Ready(Err(error)) = hold.poll_send_held(cx)
        {
            return Poll::Ready(Err(error));
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Hold<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let hold = self.get_mut();
        if hold.handshake {
            let before = hold.held.len();
            slices.iter().for_each(|slice| hold.held.extend_from_slice(slice));
            return Poll::Ready(Ok(hold.held.len() - before));
        }
        while !hold.held.is_empty() {
            let mut all = vec![IoSlice::new(&hold.held)];
            all.extend_from_slice(slices);
            let sent = ready!(Pin::new(&mut hold.io).poll_write_vectored(cx, &all))?;
            if let further @ 1.. = hold.sent(sent)? {
                return Poll::Ready(Ok(further));
            }
        }
        Pin::new(&mut hold.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.handshake || self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let hold = self.get_mut();
        if hold.handshake {
            return Poll::Ready(Ok(()));
        }
        ready!(hold.poll_send_held(cx))?;
        Pin::new(&mut hold.io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let hold = self.get_mut();
        ready!(hold.poll_send_held(cx))?;
        Pin::new(&mut hold.io).poll_shutdown(cx)
    }
}

/// A handshake that fails ends with an alert, and with the connection's being dropped.
impl<T: AsyncWrite + Unpin> Drop for Hold<T> {
    fn drop(&mut self) {
        let _as_far_as_it_takes_it = self.poll_send_held(&mut Context::from_waker(Waker::noop()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    fn pair() -> (Hold<DuplexStream>, DuplexStream) {
        let (own, other) = duplex(16);
        (Hold::new(own), other)
    }

    /// What has arrived and was not read yet.
    async fn arrived(other: &mut DuplexStream) -> String {
        let mut bytes = [0; 64];
        let mut read = ReadBuf::new(&mut bytes);
        poll_fn(|cx| {
            _ = Pin::new(&mut *other).poll_read(cx, &mut read);
            Poll::Ready(())
        })
        .await;
        String::from_utf8(read.filled().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_handshake_speaks_when_it_has_to_wait() {
        let (mut own, mut other) = pair();
        own.write_all(b"hello").await.unwrap();
        own.flush().await.unwrap();
        assert_eq!(arrived(&mut other).await, "");
        let mut answer = [0; 2];
        let (read, _) = tokio::join!(own.read_exact(&mut answer), async {
            let mut heard = [0; 5];
            other.read_exact(&mut heard).await.unwrap();
            other.write_all(&heard[..2]).await.unwrap();
        });
        assert_eq!((read.unwrap(), &answer), (2, b"he"));
    }

    #[tokio::test]
    async fn its_last_words_leave_with_the_response_and_not_before() {
        let (mut own, mut other) = pair();
        own.write_all(b"ticket ").await.unwrap();
        own.handshake_is_over();
        let waiting =
            poll_fn(|cx| Poll::Ready(Pin::new(&mut own).poll_read(cx, &mut ReadBuf::new(&mut [0])).is_pending()));
        assert!(waiting.await);
        assert_eq!(arrived(&mut other).await, "");
        own.write_all(b"response").await.unwrap();
        assert_eq!(arrived(&mut other).await, "ticket response");
        own.write_all(b" and more").await.unwrap();
        assert_eq!(arrived(&mut other).await, " and more");
    }

    #[tokio::test]
    async fn all_of_it_arrives_in_order_however_little_is_taken_at_once() {
        let (mut own, mut other) = pair();
        own.write_all(&[b'a'; 40]).await.unwrap();
        own.handshake_is_over();
        let mut all = Vec::new();
        let (written, read) = tokio::join!(
            async {
                own.write_all(&[b'b'; 40]).await?;
                own.shutdown().await
            },
            other.read_to_end(&mut all)
        );
        written.unwrap();
        read.unwrap();
        assert_eq!(all, [[b'a'; 40], [b'b'; 40]].concat());
    }

    #[tokio::test]
    async fn a_flush_and_an_end_leave_nothing_behind() {
        let (mut own, mut other) = pair();
        own.write_all(b"finished").await.unwrap();
        own.handshake_is_over();
        own.flush().await.unwrap();
        assert_eq!(arrived(&mut other).await, "finished");

        let (mut own, mut other) = pair();
        own.write_all(b"alert").await.unwrap();
        drop(own);
        assert_eq!(arrived(&mut other).await, "alert");
    }
}
