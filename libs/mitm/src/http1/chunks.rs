//! Where the chunks of a body end (RFC 9112 §7.1), read strictly, so that everyone after us finds the
//! same end; those of a response a little less so. The bytes themselves are passed on as they are;
//! trailers follow, and are not read here.

use crate::http1::head::Fault;
use crate::limits::HEAD_BYTES;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunks {
    at: At,
    /// Bytes of chunk lines since the last data.
    overhead: usize,
    /// Of a response.
    lenient: bool,
}

/// `Padding`: blanks that some servers put behind a size, and browsers pass over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Size { value: u64, digits: u8 },
    Padding { value: u64 },
    Extension { value: u64 },
    SizeLf { value: u64 },
    Data { left: u64 },
    DataCr,
    DataLf,
    End,
}

impl Chunks {
    /// Of a request.
    pub fn strict() -> Chunks {
        Chunks { at: At::Size { value: 0, digits: 0 }, overhead: 0, lenient: false }
    }

    /// Of a response. What comes before a fault is good, and the fault is told the next time.
    pub fn lenient() -> Chunks {
        Chunks { lenient: true, ..Chunks::strict() }
    }

    /// After the line of the last chunk.
    pub fn ended(&self) -> bool {
        self.at == At::End
    }

    /// How many of `bytes` belong to the body.
    pub fn advance(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        self.advance_with(bytes, |_data| {})
    }

    /// The same, and `each` gets the data without its framing.
    pub fn advance_with(&mut self, bytes: &[u8], mut each: impl FnMut(&[u8])) -> Result<usize, Fault> {
        let mut used = 0;
        while used < bytes.len() && !self.ended() {
            let is_data = matches!(self.at, At::Data { .. });
            let some = match self.step(&bytes[used..]) {
                Err(_) if self.lenient && used > 0 => break,
                stepped => stepped?,
            };
            if is_data {
                each(&bytes[used..used + some]);
            }
            used += some;
        }
        Ok(used)
    }

    fn step(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        if let At::Data { left } = self.at {
            let some = left.min(bytes.len() as u64);
            self.at = if some == left { At::DataCr } else { At::Data { left: left - some } };
            self.overhead = 0;
            return Ok(some as usize);
        }
        self.overhead += 1;
        if self.overhead > HEAD_BYTES {
            return Err(Fault::TooLarge);
        }
        self.at = self.byte(bytes)?;
        Ok(1)
    }

    fn byte(&mut self, bytes: &[u8]) -> Result<At, Fault> {
        Ok(match (self.at, bytes[0]) {
            (At::Size { value, digits }, b) if b.is_ascii_hexdigit() && digits < 15 => {
                At::Size { value: value << 4 | u64::from(hex(b)), digits: digits + 1 }
            }
            (At::Size { value, digits: 1.. } | At::Padding { value }, b'\r') => At::SizeLf { value },
            (At::Size { value, digits: 1.. } | At::Padding { value }, b';') => At::Extension { value },
            (At::Size { value, digits: 1.. } | At::Padding { value }, b' ' | b'\t') if self.lenient => {
                At::Padding { value }
            }
            (At::Extension { value }, b'\r') => At::SizeLf { value },
            (At::Extension { value }, b) if b >= b' ' && b != 0x7f => At::Extension { value },
            (At::SizeLf { value: 0 }, b'\n') => At::End,
            (At::SizeLf { value }, b'\n') => At::Data { left: value },
            (At::DataCr, b'\r') => At::DataLf,
            (At::DataLf, b'\n') => At::Size { value: 0, digits: 0 },
            _ => return Err(Fault::Chunk),
        })
    }
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that belong to the body, and whether it ended there.
    fn read(text: &[u8]) -> Result<(usize, bool), Fault> {
        let mut chunks = Chunks::strict();
        let used = chunks.advance(text)?;
        Ok((used, chunks.ended()))
    }

    #[test]
    fn the_body_ends_after_its_last_chunk() {
        for body in ["0\r\n", "5\r\nhello\r\n0\r\n", "00A;x=\"y\"\r\n0123456789\r\n0;z\r\n"] {
            let followed = format!("{body}X: y\r\n\r\nGET /next HTTP/1.1\r\n");
            assert_eq!(read(followed.as_bytes()), Ok((body.len(), true)), "{body:?}");
            for cut in 0..body.len() {
                assert_eq!(read(&body.as_bytes()[..cut]), Ok((cut, false)), "{body:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn data_is_told_from_its_framing() {
        let mut data = Vec::new();
        let mut chunks = Chunks::strict();
        for piece in [&b"3;x\r\nab"[..], b"c\r\n2\r", b"\nde\r\n0\r\nX: y\r\n\r\nrest"] {
            chunks.advance_with(piece, |some| data.extend_from_slice(some)).unwrap();
        }
        assert!(chunks.ended() && data == b"abcde");
    }

    #[test]
    fn chunks_that_two_parsers_read_differently_are_refused() {
        for body in [
            "\r\n",
            "g\r\n",
            "-1\r\n",
            "0x5\r\nhello\r\n",
            "5\nhello\r\n",
            "5 \r\nhello\r\n",
            "5\r\nhello\n0\r\n\r\n",
            "5\r\nhelloX",
            "5;x\ny\r\nhello",
            "1000000000000000\r\n",
            "0\n\r\n",
        ] {
            assert!(read(body.as_bytes()).is_err(), "{body:?}");
        }
    }

    #[test]
    fn a_response_may_pad_its_sizes_and_is_good_up_to_its_fault() {
        for (body, good) in [
            ("5  \r\nhello\r\n0 \t\r\n", None),
            ("5 ;x\r\nhello\r\n0\r\n", None),
            ("5 5\r\nhello", Some(2)),
            (" 5\r\nhello", Some(0)),
            ("5\r\nhello\r\nx", Some(10)),
            ("5\r\nhello\n0\r\n", Some(8)),
        ] {
            let mut chunks = Chunks::lenient();
            let whole = chunks.advance(body.as_bytes());
            match good {
                None => assert!(whole == Ok(body.len()) && chunks.ended(), "{body:?}"),
                Some(0) => assert_eq!(whole, Err(Fault::Chunk), "{body:?}"),
                Some(good) => {
                    assert_eq!(whole, Ok(good), "{body:?}");
                    assert_eq!(chunks.advance(&body.as_bytes()[good..]), Err(Fault::Chunk), "{body:?}");
                }
            }
        }
    }
}
