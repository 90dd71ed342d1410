//! Lines from a pipe, never longer than the protocol allows, in buffers that are wiped.

use std::io::{self, BufRead, BufReader, Read};
use zeroize::Zeroizing;

/// Why there is no further line.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("a line longer than {} bytes", proto::MAX_LINE)]
    TooLong,
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// A reader of lines.
pub struct Lines<R> {
    reader: BufReader<R>,
    /// What has come of the next line.
    begun: Zeroizing<Vec<u8>>,
}

/// What one read brought.
pub(crate) enum Step {
    Line(Zeroizing<Vec<u8>>),
    /// The line is not whole yet.
    More,
    End,
}

impl<R: Read> Lines<R> {
    pub fn new(reader: R) -> Lines<R> {
        // As much as a pipe holds.
        Lines { reader: BufReader::with_capacity(64 * 1024, reader), begun: Zeroizing::default() }
    }

    /// The next line without its end; `None` at EOF. A last line without newline counts.
    pub fn next_line(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, ReadError> {
        loop {
            match self.step()? {
                Step::Line(line) => return Ok(Some(line)),
                Step::More => {}
                Step::End => return Ok(None),
            }
        }
    }

    /// The same by single reads, for those who must not wait longer than they want to.
    pub(crate) fn step(&mut self) -> Result<Step, ReadError> {
        let chunk = match self.reader.fill_buf() {
            Ok(chunk) => chunk,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(Step::More),
            Err(error) => return Err(error.into()),
        };
        if chunk.is_empty() {
            let last = std::mem::take(&mut self.begun);
            return Ok(if last.is_empty() { Step::End } else { Step::Line(last) });
        }
        let end = chunk.iter().position(|b| *b == b'\n');
        let taken = end.unwrap_or(chunk.len());
        if self.begun.len() + taken >= proto::MAX_LINE {
            return Err(ReadError::TooLong);
        }
        append(&mut self.begun, &chunk[..taken]);
        self.reader.consume(taken + usize::from(end.is_some()));
        Ok(if end.is_some() { Step::Line(std::mem::take(&mut self.begun)) } else { Step::More })
    }

    /// A step that needs no read.
    pub(crate) fn is_buffered(&self) -> bool {
        !self.reader.buffer().is_empty()
    }

    pub(crate) fn source(&self) -> &R {
        self.reader.get_ref()
    }
}

/// Grows by hand, so that a reallocation leaves no unwiped copy.
fn append(line: &mut Zeroizing<Vec<u8>>, chunk: &[u8]) {
    let needed = line.len() + chunk.len();
    if needed > line.capacity() {
        let mut larger = Zeroizing::new(Vec::with_capacity(needed.next_power_of_two()));
        larger.extend_from_slice(line);
        *line = larger;
    }
    line.extend_from_slice(chunk);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_line_ends_the_reading_and_not_the_memory() {
        let mut lines = Lines::new(io::repeat(b'x'));
        assert!(matches!(lines.next_line(), Err(ReadError::TooLong)));
    }

    #[test]
    fn lines_come_one_by_one_and_the_last_needs_no_newline() {
        let mut lines = Lines::new(&b"a\n\nb"[..]);
        let texts: Vec<Vec<u8>> = std::iter::from_fn(|| lines.next_line().unwrap().map(|line| line.to_vec())).collect();
        assert_eq!(texts, [&b"a"[..], b"", b"b"]);
    }
}
