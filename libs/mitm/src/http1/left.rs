//! What of a body is still to come. It moves no bytes, and looks for the end alone.

use crate::http1::chunks::Chunks;
use crate::http1::head::{Fault, Framing};

pub(crate) enum Left {
    Nothing,
    Length(u64),
    Chunked(Chunks),
    Trailers,
    UntilClose,
}

impl Left {
    pub fn of_request(framing: Framing) -> Left {
        Left::new(framing, Chunks::strict)
    }

    pub fn of_response(framing: Framing) -> Left {
        Left::new(framing, Chunks::lenient)
    }

    fn new(framing: Framing, chunks: fn() -> Chunks) -> Left {
        match framing {
            Framing::Empty | Framing::Length(0) => Left::Nothing,
            Framing::Length(length) => Left::Length(length),
            Framing::Chunked => Left::Chunked(chunks()),
            Framing::UntilClose => Left::UntilClose,
        }
    }

    /// How many of the bytes are the body's; they count as read from then on.
    pub fn take(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        match self {
            Left::Nothing | Left::Trailers => Ok(0),
            Left::Length(left) => {
                let some = (*left).min(bytes.len() as u64);
                *left -= some;
                if *left == 0 {
                    *self = Left::Nothing;
                }
                Ok(some as usize)
            }
            Left::Chunked(chunks) => chunks.advance(bytes),
            Left::UntilClose => Ok(bytes.len()),
        }
    }
}
