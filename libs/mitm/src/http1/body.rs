//! One message on its way from one connection to another: its head, then its body as it comes, no
//! faster than the other side takes it. Of a body only its end is looked for.

use crate::clock::Clock;
use crate::http1::head::{self, Fault, Framing};
use crate::http1::left::Left;
use crate::http1::wire::Wire;
use crate::limits::{IDLE, REPLAY_BYTES};
use crate::placeholder::Placeholders;
use crate::{Redaction, fields};
use bytes::{Buf, BytesMut};
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

pub(crate) struct Transfer {
    /// Goes out before anything else.
    out: BytesMut,
    /// Bytes at the front of the source that are the body's, and go out as they are.
    ready: usize,
    left: Left,
    form: Form,
    /// The body from its beginning, for a second try, while it is small enough.
    kept: Option<BytesMut>,
    /// The source failed.
    broken: bool,
    /// Of a request: how long its sink may take nothing of it. A client reads as slowly as it likes.
    patience: Option<Clock>,
    /// Of a response: what came before a fault goes out before the fault is told.
    lenient: bool,
    /// Bytes that were written.
    pub moved: u64,
    /// The head goes out, the body waits.
    pub held: bool,
    /// What the trailers of a request may not hold.
    pub placeholders: Option<Arc<Placeholders>>,
    /// The redaction of a response's trailers.
    pub redaction: Option<Arc<Redaction>>,
}

/// How a body is delimited on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    AsItCame,
    /// A body that ends with its connection gets chunks, which tell its end from a break.
    InChunks,
    /// Chunks are taken away, for a client of HTTP/1.0.
    Bare,
}

/// Which connection failed.
#[derive(Debug)]
pub(crate) enum Broken {
    Source,
    /// The source said what no body may hold.
    Malformed(Fault),
    Sink,
    /// The sink took nothing for too long.
    Stuck,
}

/// Bytes of a read that likely has another right behind it, and of one write: four TLS records.
const MANY: usize = 4 * 1024;
const AT_ONCE: usize = 64 * 1024;

/// A body's beginning is sent together with its head, if it is not longer.
const TOGETHER: usize = 16 * 1024;

impl Transfer {
    /// A request, which gets its head by [`Transfer::again`].
    pub fn upload(framing: Framing) -> Transfer {
        let patience = (framing != Framing::Empty).then(|| Clock::new(IDLE));
        let upload = Transfer::new(BytesMut::new(), Left::of_request(framing), Form::AsItCame);
        Transfer { patience, ..upload }
    }

    pub fn download(head: BytesMut, framing: Framing, form: Form) -> Transfer {
        Transfer { lenient: true, ..Transfer::new(head, Left::of_response(framing), form) }
    }

    fn new(out: BytesMut, left: Left, form: Form) -> Transfer {
        let (kept, patience, placeholders, redaction) = (None, None, None, None);
        let (ready, moved, broken, lenient, held) = (0, 0, false, false, false);
        Transfer { out, ready, left, form, kept, broken, patience, lenient, moved, held, placeholders, redaction }
    }

    /// Keeps the body for [`Transfer::again`], up to [`REPLAY_BYTES`].
    pub fn keep(&mut self) {
        let short = !matches!(self.left, Left::Length(length) if length > REPLAY_BYTES as u64);
        self.kept = short.then(BytesMut::new);
    }

    /// All that went out is at hand.
    pub fn is_kept(&self) -> bool {
        self.kept.is_some()
    }

    /// From the beginning, with another head; what was kept of the body goes out with it.
    pub fn again(&mut self, source: &mut Wire, mut head: BytesMut) {
        head.extend_from_slice(self.kept.as_deref().unwrap_or_default());
        self.out = head;
        self.patience.iter_mut().for_each(|clock| clock.start(IDLE));
        // These were kept, too.
        source.input.advance(std::mem::take(&mut self.ready));
    }

    /// The whole body was read; perhaps it is not written yet.
    pub fn is_read(&self) -> bool {
        matches!(self.left, Left::Nothing)
    }

    /// What is left of it is of no interest any more.
    pub fn forget(&mut self) {
        (self.kept, self.held) = (None, false);
        self.out.clear();
    }

    /// Its rest can be read in no time.
    pub fn is_small(&self) -> bool {
        match self.left {
            Left::Nothing => true,
            Left::Length(length) => length <= REPLAY_BYTES as u64,
            Left::Chunked(_) | Left::Trailers | Left::UntilClose => false,
        }
    }

    /// Ready when all of it is out.
    pub fn poll(&mut self, cx: &mut Context<'_>, source: &mut Wire, sink: &mut Wire) -> Poll<Result<(), Broken>> {
        loop {
            if !self.held
                && let Err(fault) = self.gather(source)
                && (self.out.is_empty() || !self.lenient)
            {
                return Poll::Ready(Err(Broken::Malformed(fault)));
            }
            if !self.out.is_empty() {
                let written = sink.poll_write_some(cx, &self.out);
                let written = ready!(self.poll_taken(cx, written))?;
                self.out.advance(written);
                self.moved += written as u64;
            } else if self.ready > 0 {
                let written = sink.poll_write_input(cx, source, self.ready);
                let written = ready!(self.poll_taken(cx, written))?;
                self.ready -= written;
                self.moved += written as u64;
            } else if self.is_read() {
                let flushed = sink.poll_flush(cx);
                return self.poll_taken(cx, flushed);
            } else if self.held {
                ready!(sink.poll_flush(cx)).map_err(|_| Broken::Sink)?;
                return Poll::Pending;
            } else {
                ready!(self.poll_source(cx, source, sink))?;
            }
        }
    }

    /// What the sink made of it.
    fn poll_taken<T>(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<Result<T, Broken>> {
        let Some(patience) = &mut self.patience else { return polled.map_err(|_| Broken::Sink) };
        patience.poll_io(cx, |_| polled).map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => Broken::Stuck,
            _ => Broken::Sink,
        })
    }

    /// Reads on, as much as is there: few large writes cost less than many. What was written must not
    /// wait in a buffer meanwhile.
    fn poll_source(&mut self, cx: &mut Context<'_>, source: &mut Wire, sink: &mut Wire) -> Poll<Result<(), Broken>> {
        let start = source.input.len();
        while !self.broken {
            let polled = source.poll_fill_body(cx);
            let got = source.input.len() - start;
            match polled {
                Poll::Ready(Ok(0)) if got == 0 => return Poll::Ready(self.end()),
                Poll::Ready(Ok(some)) if some < MANY || got >= AT_ONCE => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(_)) => {}
                // What came before goes out first.
                Poll::Ready(Err(_)) => {
                    self.broken = true;
                    return Poll::Ready(if got > 0 { Ok(()) } else { Err(Broken::Source) });
                }
                Poll::Pending if got > 0 => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    if let Poll::Ready(flushed) = sink.poll_flush(cx) {
                        flushed.map_err(|_| Broken::Sink)?;
                    }
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(Err(Broken::Source))
    }

    /// The source has no more.
    fn end(&mut self) -> Result<(), Broken> {
        if !matches!(self.left, Left::UntilClose) {
            return Err(Broken::Source);
        }
        self.left = Left::Nothing;
        if self.form == Form::InChunks {
            self.out.extend_from_slice(b"0\r\n\r\n");
        }
        Ok(())
    }

    /// Takes what is the body's out of what was read.
    fn gather(&mut self, source: &mut Wire) -> Result<(), Fault> {
        if self.ready > 0 || source.input.is_empty() {
            return Ok(());
        }
        match (self.form, &mut self.left) {
            (Form::InChunks, Left::UntilClose) => {
                self.out.extend_from_slice(format!("{:x}\r\n", source.input.len()).as_bytes());
                self.out.extend_from_slice(&source.input);
                self.out.extend_from_slice(b"\r\n");
                source.input.clear();
                return Ok(());
            }
            (Form::Bare, Left::Chunked(chunks)) => {
                let used = chunks.advance_with(&source.input, |data| self.out.extend_from_slice(data))?;
                source.input.advance(used);
            }
            (_, Left::Trailers) => return self.trailers(source),
            (_, left) => {
                let some = left.take(&source.input)?;
                self.pass(source, some);
            }
        }
        if matches!(&self.left, Left::Chunked(chunks) if chunks.ended()) {
            self.left = Left::Trailers;
            if self.ready == 0 {
                return self.gather(source);
            }
        }
        Ok(())
    }

    /// Trailers are fields like those of a head, and are held to the same rules.
    fn trailers(&mut self, source: &mut Wire) -> Result<(), Fault> {
        let Some((mut trailers, used)) = head::trailers(&source.input)? else { return Ok(()) };
        fields::strip_trailers(&mut trailers);
        if self.placeholders.as_ref().is_some_and(|known| known.in_fields(&trailers).is_some()) {
            return Err(Fault::Placeholder);
        }
        self.redaction.iter().for_each(|redaction| redaction.apply(&mut trailers));
        source.input.advance(used);
        self.left = Left::Nothing;
        if self.form == Form::Bare {
            return Ok(());
        }
        let from = self.out.len();
        trailers.write(&mut self.out);
        self.out.extend_from_slice(b"\r\n");
        let written = self.out.split_off(from);
        self.remember(&written);
        self.out.unsplit(written);
        Ok(())
    }

    fn remember(&mut self, bytes: &[u8]) {
        let Some(kept) = &mut self.kept else { return };
        match kept.len() + bytes.len() <= REPLAY_BYTES {
            true => kept.extend_from_slice(bytes),
            false => self.kept = None,
        }
    }

    fn pass(&mut self, source: &mut Wire, some: usize) {
        let bytes = &source.input[..some];
        self.remember(bytes);
        if self.out.is_empty() || some > TOGETHER {
            self.ready = some;
            return;
        }
        self.out.extend_from_slice(bytes);
        source.input.advance(some);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http1::chunks::Chunks;
    use proptest::prelude::*;
    use std::future::poll_fn;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::sleep;

    /// What comes out at the other end when `pieces` come in, through pipes that hold `room` bytes.
    async fn carried(pieces: Vec<Vec<u8>>, room: usize, framing: Framing, form: Form) -> (Vec<u8>, bool) {
        let (mut writer, source) = duplex(room);
        let (sink, mut reader) = duplex(room);
        let (mut source, mut sink) = (Wire::upstream(Box::new(source)), Wire::upstream(Box::new(sink)));
        let mut transfer = Transfer::download(BytesMut::from("head "), framing, form);
        let send = async move {
            for piece in pieces {
                writer.write_all(&piece).await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        let carry = async move { poll_fn(|cx| transfer.poll(cx, &mut source, &mut sink)).await.is_ok() };
        let mut out = Vec::new();
        let (_, whole, _) = tokio::join!(send, carry, reader.read_to_end(&mut out));
        (out, whole)
    }

    fn run(pieces: Vec<Vec<u8>>, room: usize, framing: Framing, form: Form) -> (Vec<u8>, bool) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(carried(pieces, room, framing, form))
    }

    fn in_chunks(pieces: &[Vec<u8>]) -> Vec<u8> {
        let chunks = pieces.iter().filter(|piece| !piece.is_empty());
        let mut out: Vec<u8> =
            chunks.flat_map(|piece| [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat()).collect();
        out.extend(b"0\r\nX: y\r\n\r\n");
        out
    }

    /// Cuts bytes into pieces of about `size`.
    fn cut(bytes: &[u8], size: usize) -> Vec<Vec<u8>> {
        bytes.chunks(size).map(<[u8]>::to_vec).collect()
    }

    #[test]
    fn a_response_goes_out_up_to_its_fault() {
        let (good, bad) = (b"5  \r\nhello\r\n", b"x\r\n");
        let body = vec![[&good[..], bad].concat()];
        let (out, whole) = run(body.clone(), 1000, Framing::Chunked, Form::AsItCame);
        assert!(!whole && out == [b"head ", &good[..]].concat(), "{out:?}");
        assert_eq!(run(body, 1000, Framing::Chunked, Form::Bare), (b"head hello".to_vec(), false));
        let trailers = b"0\r\nX: y\r\n folded\r\n\r\n".to_vec();
        assert_eq!(run(vec![trailers], 1000, Framing::Chunked, Form::AsItCame), (b"head 0\r\n".to_vec(), false));
    }

    /// An upload into a pipe of ten bytes, which is emptied after each `pause`: how it ended, and what arrived.
    async fn stuffed(length: usize, pause: Duration) -> (Result<(), Broken>, usize) {
        let (mut writer, source) = duplex(length);
        let (sink, mut reader) = duplex(10);
        writer.write_all(&vec![b'x'; length]).await.unwrap();
        let (mut source, mut sink) = (Wire::upstream(Box::new(source)), Wire::upstream(Box::new(sink)));
        let mut upload = Transfer::upload(Framing::Length(length as u64));
        let read = tokio::spawn(async move {
            let (mut all, mut some) = (0, [0; 10]);
            loop {
                sleep(pause).await;
                match reader.read(&mut some).await.unwrap() {
                    0 => return all,
                    read => all += read,
                }
            }
        });
        let sent = poll_fn(|cx| upload.poll(cx, &mut source, &mut sink)).await;
        drop(sink);
        (sent, read.await.unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn an_upload_may_be_slow_and_not_stuck() {
        assert!(matches!(stuffed(100, IDLE * 2 / 3).await, (Ok(()), 100)));
        assert!(matches!(stuffed(100, IDLE * 3 / 2).await, (Err(Broken::Stuck), 10)));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_body_arrives_whole_however_it_was_cut(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..5000), 0..12),
            room in 1_usize..40_000,
            size in 1_usize..9000,
        ) {
            let body = pieces.concat();
            let expected = [b"head ", &body[..]].concat();
            let framing = Framing::Length(body.len() as u64);
            prop_assert_eq!(run(pieces.clone(), room, framing, Form::AsItCame), (expected.clone(), true));
            prop_assert_eq!(run(pieces.clone(), room, Framing::UntilClose, Form::AsItCame), (expected.clone(), true));
            let chunked = in_chunks(&pieces);
            let same = [b"head ", &chunked[..]].concat();
            prop_assert_eq!(run(cut(&chunked, size), room, Framing::Chunked, Form::AsItCame), (same, true));
            prop_assert_eq!(run(cut(&chunked, size), room, Framing::Chunked, Form::Bare), (expected, true));
            let (out, whole) = run(pieces, room, Framing::UntilClose, Form::InChunks);
            let mut data = Vec::new();
            let mut chunks = Chunks::strict();
            let used = chunks.advance_with(&out[5..], |some| data.extend_from_slice(some)).unwrap();
            prop_assert!(whole && chunks.ended() && out[5 + used..] == *b"\r\n" && data == body);
        }

        #[test]
        fn a_body_that_breaks_off_is_not_taken_for_whole(body in prop::collection::vec(any::<u8>(), 0..500), cut in 1_u64..9) {
            let (out, whole) = run(vec![body.clone()], 64, Framing::Length(body.len() as u64 + cut), Form::AsItCame);
            prop_assert!(!whole && out == [b"head ", &body[..]].concat());
            let chunked = in_chunks(&[body]);
            let some = chunked[..chunked.len() - cut as usize].to_vec();
            prop_assert!(!run(vec![some], 64, Framing::Chunked, Form::Bare).1);
        }
    }
}
