//! The body of an `ok` before it is taken apart: a listing of thousands goes straight into its types.

use proto::{Object, line, redact};
use serde::de::DeserializeOwned;
use std::ops::Range;
use zeroize::Zeroizing;

/// An object's text, a part of the line that it came in; JSON, since it was looked through.
pub(crate) struct Text {
    line: Zeroizing<Vec<u8>>,
    part: Range<usize>,
}

/// A line that is an `ok`.
pub(crate) struct Reply {
    pub id: u64,
    pub body: Text,
    /// The name of a secret that lies outside of `secret`.
    pub misplaced: Option<&'static str>,
}

impl Text {
    /// A line of another kind or spelling is given back.
    pub fn of_reply(line: Zeroizing<Vec<u8>>) -> Result<Reply, Zeroizing<Vec<u8>>> {
        let found = line::text_of_reply(&line).and_then(|(id, body)| {
            let misplaced = redact::misplaced_secret_in(body).ok()?;
            // It ends before the line's last brace.
            let end = line.len() - 1;
            Some((id, end - body.len()..end, misplaced))
        });
        match found {
            Some((id, part, misplaced)) => Ok(Reply { id, body: Text { line, part }, misplaced }),
            None => Err(line),
        }
    }

    pub fn of(object: &Object) -> Text {
        let line = serde_json::to_vec(object).unwrap_or_else(|_| unreachable!("objects have text keys"));
        Text { part: 0..line.len(), line: Zeroizing::new(line) }
    }

    pub fn object(&self) -> Object {
        serde_json::from_slice(self.bytes()).unwrap_or_else(|_| unreachable!("it was looked through, and is an object"))
    }

    /// As the type that is wanted; `what` names it in the error, which never holds a value.
    pub fn parsed<T: DeserializeOwned>(&self, what: impl Fn() -> String) -> proto::Result<T> {
        serde_json::from_slice(self.bytes()).or_else(|_| proto::codec::from_object(&what(), self.object()))
    }

    fn bytes(&self) -> &[u8] {
        &self.line[self.part.clone()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reply(line: &str) -> Option<Reply> {
        Text::of_reply(Zeroizing::new(line.as_bytes().to_vec())).ok()
    }

    #[test]
    fn what_is_no_json_is_given_back_and_never_taken_apart() {
        let deep = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
        for body in [
            "{\"a\":1e999}",
            "{\"a\":\"\\ud800\"}",
            "{},\"ok\":{}",
            "{\"a\":01}",
            "{",
            &deep,
            "{\"secret\":{\"a\":\"\\ud800\"}}",
            "{\"secret\":1e999}",
        ] {
            assert!(reply(&format!("{{\"v\":1,\"id\":1,\"ok\":{body}}}")).is_none(), "{body}");
        }
    }

    proptest! {
        #[test]
        fn a_body_is_the_same_by_its_text_as_by_the_line(body in "\\{(\"[a-z]{0,3}\":(\"[ -~]{0,4}\"|[0-9.e-]{1,4}|\\{\\}|null|\\[\\]),?){0,3}\\}") {
            let line = format!("{{\"v\":1,\"id\":3,\"ok\":{body}}}");
            let slow = proto::FromHelper::parse(line.as_bytes()).ok();
            let fast = reply(&line).map(|Reply { id, body, .. }| proto::FromHelper::Reply { id, result: Ok(body.object()) });
            prop_assert_eq!(fast, slow);
        }
    }
}
