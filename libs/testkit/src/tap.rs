//! A stream that remembers what it read, so that an HTTP/1 head can be told as it was sent.
//!
//! hyper hands out header names in lower case and groups equal ones; a proxy that must change
//! nothing is judged by the bytes. It parses no more than it needs to find a head again.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::wait::lock;

/// hyper reads at most about 400 KiB ahead; twice that always holds the head in question.
const KEEP: usize = 1 << 20;

/// The bytes read of late on one connection, shared with the one who answers.
#[derive(Clone, Default)]
pub(crate) struct Tap(Arc<Mutex<Vec<u8>>>);

impl Tap {
    /// The head of the oldest request not yet taken that begins with this method and target:
    /// its request line and header lines, without the empty line.
    pub fn take_head(&self, method: &str, target: &str) -> Option<String> {
        let start = format!("{method} {target} HTTP/1.");
        let mut seen = lock(&self.0);
        let from = find(&seen, start.as_bytes())?;
        let length = find(&seen[from..], b"\r\n\r\n")?;
        let head = latin1(&seen[from..from + length]);
        seen.drain(..from + length);
        Some(head)
    }

    fn saw(&self, bytes: &[u8]) {
        let mut seen = lock(&self.0);
        seen.extend_from_slice(bytes);
        if seen.len() > 2 * KEEP {
            let surplus = seen.len() - KEEP;
            seen.drain(..surplus);
        }
    }
}

/// A stream with a [`Tap`] on its reading side.
pub(crate) struct Tapped<S> {
    pub stream: S,
    pub tap: Tap,
}

impl<S: AsyncRead + Unpin> AsyncRead for Tapped<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.tap.saw(&buf.filled()[before..]);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tapped<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Each byte as the character of that number: nothing is lost and nothing fails.
pub(crate) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
