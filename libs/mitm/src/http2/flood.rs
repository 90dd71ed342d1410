//! A bound on HTTP/2 frames that cost work and ask for nothing: WINDOW_UPDATE, PING, SETTINGS, PRIORITY, empty DATA,
//! and frames of unknown type. The library that reads the frames bounds the other floods.

use crate::limits::{FRAMES_AT_ONCE, FRAMES_PER_SECOND};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// The length of a frame's header (RFC 9113 §4.1), and of the preface before the first frame (§3.4).
const HEAD: usize = 9;
const PREFACE: usize = 24;

/// The bytes sent to a client that allow it one more such frame, since a client acknowledges data with them.
const BYTES_PER_FRAME: u64 = 32;

/// The connection of a client. It ends when too many such frames come.
pub(super) struct Guard<T> {
    io: T,
    head: [u8; HEAD],
    /// The number of bytes of `head` that were read.
    known: usize,
    /// The number of bytes to skip before the next header.
    skip: usize,
    /// The number of such frames that may still come.
    left: u64,
    sent: u64,
    since: Instant,
}

impl<T> Guard<T> {
    /// Returns a guard for a connection whose preface was not read yet.
    pub fn new(io: T) -> Guard<T> {
        let (head, left, since) = ([0; HEAD], FRAMES_AT_ONCE, Instant::now());
        Guard { io, head, known: 0, skip: PREFACE, left, sent: 0, since }
    }

    /// Returns whether the frames that begin in `bytes` are within the bound.
    fn admits(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            let passed = self.skip.min(bytes.len());
            (self.skip, bytes) = (self.skip - passed, &bytes[passed..]);
            let taken = (HEAD - self.known).min(bytes.len());
            self.head[self.known..self.known + taken].copy_from_slice(&bytes[..taken]);
            (self.known, bytes) = (self.known + taken, &bytes[taken..]);
            if self.known == HEAD {
                self.known = 0;
                self.skip = length(&self.head);
                if is_idle_work(&self.head) && !self.spend() {
                    return false;
                }
            }
        }
        true
    }

    fn spend(&mut self) -> bool {
        if self.left == 0 {
            let earned = self.since.elapsed().as_secs_f64() * FRAMES_PER_SECOND as f64;
            self.left = (earned as u64 + self.sent / BYTES_PER_FRAME).min(FRAMES_AT_ONCE);
            (self.sent, self.since) = (0, Instant::now());
        }
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => return false,
        }
        true
    }
}

fn length(head: &[u8; HEAD]) -> usize {
    u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize
}

/// Returns whether a frame counts: every frame but nonempty DATA, HEADERS, RST_STREAM, GOAWAY and CONTINUATION.
fn is_idle_work(head: &[u8; HEAD]) -> bool {
    match head[3] {
        0 => length(head) == 0 && head[4] & 1 == 0,
        1 | 3 | 7 | 9 => false,
        _ => true,
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Guard<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let guard = self.get_mut();
        let before = out.filled().len();
        ready!(Pin::new(&mut guard.io).poll_read(cx, out))?;
        match guard.admits(&out.filled()[before..]) {
            true => Poll::Ready(Ok(())),
            false => Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "too many frames without a request"))),
        }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Guard<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let guard = self.get_mut();
        let written = ready!(Pin::new(&mut guard.io).poll_write(cx, bytes))?;
        guard.sent += written as u64;
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let guard = self.get_mut();
        let written = ready!(Pin::new(&mut guard.io).poll_write_vectored(cx, slices))?;
        guard.sent += written as u64;
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::advance;

    fn frame(kind: u8, length: u8) -> Vec<u8> {
        let mut frame = vec![0, 0, length, kind, 0, 0, 0, 0, 0];
        frame.resize(HEAD + usize::from(length), 7);
        frame
    }

    fn guard() -> Guard<()> {
        let mut guard = Guard::new(());
        assert!(guard.admits(&[b'P'; PREFACE]));
        guard
    }

    /// Returns how many times in a row `bytes` are admitted, `most` at most.
    fn admitted(guard: &mut Guard<()>, bytes: &[u8], most: u64) -> u64 {
        (0..most).take_while(|_| guard.admits(bytes)).count() as u64
    }

    #[tokio::test(start_paused = true)]
    async fn frames_that_ask_for_nothing_are_bounded_and_others_are_not() {
        for kind in [2, 4, 6, 8, 0xfa] {
            assert_eq!(admitted(&mut guard(), &frame(kind, 4), 100_000), FRAMES_AT_ONCE, "{kind}");
        }
        assert_eq!(admitted(&mut guard(), &frame(0, 0), 100_000), FRAMES_AT_ONCE);
        for kind in [0, 1, 3, 9] {
            assert_eq!(admitted(&mut guard(), &frame(kind, 4), 10_000), 10_000, "{kind}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_gets_data_or_takes_its_time_may_go_on() {
        let mut guard = guard();
        let update = frame(8, 4);
        for _ in 0..100 {
            assert_eq!(admitted(&mut guard, &update, 1000), 1000);
            guard.sent += 1000 * BYTES_PER_FRAME;
        }
        for _ in 0..100 {
            assert_eq!(admitted(&mut guard, &update, FRAMES_PER_SECOND), FRAMES_PER_SECOND);
            advance(Duration::from_secs(1)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn frames_are_told_apart_wherever_the_reads_were_cut() {
        let bytes: Vec<u8> = (0..FRAMES_AT_ONCE + 1).flat_map(|_| [frame(1, 5), frame(8, 4)].concat()).collect();
        for piece in [1, 2, 7, 9, 13, 4000] {
            let mut guard = guard();
            let refused = bytes.chunks(piece).position(|piece| !guard.admits(piece));
            // The read that ends the last frame's header is the one that fails.
            assert_eq!(refused.map(|at| at + 1), Some((bytes.len() - 4).div_ceil(piece)), "{piece}");
        }
    }
}
