//! Header fields as HTTP/1 writes them: every line keeps its place, its spelling and its repetitions.

use crate::message::Fields;
use bytes::BytesMut;
use http::{HeaderName, HeaderValue};
use std::ops::Range;

/// Fields of one message, without the white space around their values (RFC 9110 §5.5).
#[derive(Clone, Default)]
pub(crate) struct Lines {
    /// Names and values of all lines, one after the other; also of those that were taken out.
    text: Vec<u8>,
    lines: Vec<Line>,
}

#[derive(Clone)]
struct Line {
    name: Range<usize>,
    value: Range<usize>,
}

impl Lines {
    /// Room for the fields of a head of so many bytes, and a few more.
    pub fn with_room(bytes: usize) -> Lines {
        Lines { text: Vec::with_capacity(bytes + 128), lines: Vec::with_capacity(24) }
    }

    pub fn push(&mut self, name: &[u8], value: &[u8]) {
        let name = self.keep(name);
        let value = self.keep(value);
        self.lines.push(Line { name, value });
    }

    /// As they stand in a head.
    pub fn write(&self, out: &mut BytesMut) {
        for (name, value) in self.each() {
            for part in [name, b": ", value, b"\r\n"] {
                out.extend_from_slice(part);
            }
        }
    }

    /// Of their written form.
    pub fn len(&self) -> usize {
        self.lines.iter().map(|line| line.name.len() + line.value.len() + 4).sum()
    }

    fn keep(&mut self, bytes: &[u8]) -> Range<usize> {
        let from = self.text.len();
        self.text.extend_from_slice(bytes);
        from..self.text.len()
    }
}

impl Fields for Lines {
    fn values<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = &'a [u8]> {
        self.each().filter(move |(own, _)| is(own, name)).map(|(_, value)| value)
    }

    fn each(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.lines.iter().map(|line| (&self.text[line.name.clone()], &self.text[line.value.clone()]))
    }

    fn retain(&mut self, keep: impl Fn(&[u8]) -> bool) {
        let text = &self.text;
        self.lines.retain(|line| keep(&text[line.name.clone()]));
    }

    fn texts(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(self.text.as_slice())
    }

    fn rewrite(&mut self, change: impl Fn(&[u8]) -> Option<Vec<u8>>) {
        for at in 0..self.lines.len() {
            if let Some(other) = change(&self.text[self.lines[at].value.clone()]) {
                self.lines[at].value = self.keep(&other);
            }
        }
    }

    fn append(&mut self, name: &HeaderName, value: HeaderValue) {
        self.push(name.as_str().as_bytes(), value.as_bytes());
    }

    fn replace(&mut self, name: &HeaderName, value: &HeaderValue, replaced: impl Fn(&[u8]) -> bool) -> bool {
        let text = &self.text;
        let picked = |line: &Line| is(&text[line.name.clone()], name) && replaced(&text[line.value.clone()]);
        let picked: Vec<usize> = (0..self.lines.len()).filter(|at| picked(&self.lines[*at])).collect();
        let Some(_) = picked.first() else { return false };
        let value = self.keep(value.as_bytes());
        picked.into_iter().for_each(|at| self.lines[at].value = value.clone());
        true
    }
}

fn is(own: &[u8], name: &HeaderName) -> bool {
    own.eq_ignore_ascii_case(name.as_str().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::{AUTHORIZATION, COOKIE};

    fn lines() -> Lines {
        let mut lines = Lines::default();
        for (name, value) in [("HOST", "a"), ("Cookie", "1"), ("x", ""), ("cookie", "2")] {
            lines.push(name.as_bytes(), value.as_bytes());
        }
        lines
    }

    fn written(lines: &Lines) -> String {
        let mut out = BytesMut::new();
        lines.write(&mut out);
        assert_eq!(out.len(), lines.len());
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn lines_are_written_as_they_came() {
        assert_eq!(written(&lines()), "HOST: a\r\nCookie: 1\r\nx: \r\ncookie: 2\r\n");
    }

    #[test]
    fn a_name_is_found_in_any_case_and_its_values_in_their_order() {
        assert_eq!(lines().values(&COOKIE).collect::<Vec<_>>(), [b"1", b"2"]);
        assert!(!lines().contains(&AUTHORIZATION));
    }

    #[test]
    fn a_value_is_replaced_in_its_place_and_a_new_one_comes_last() {
        let mut some = lines();
        assert!(some.replace(&COOKIE, &HeaderValue::from_static("new"), |own| own == b"1"));
        assert!(!some.replace(&AUTHORIZATION, &HeaderValue::from_static("new"), |_| true));
        some.set(&AUTHORIZATION, HeaderValue::from_static("real"));
        some.retain(|name| name != b"x");
        assert_eq!(written(&some), "HOST: a\r\nCookie: new\r\ncookie: 2\r\nauthorization: real\r\n");
    }
}
