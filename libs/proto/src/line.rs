//! One line of helper protocol v1, in either direction.
//!
//! Unknown fields are ignored, here and everywhere: an older side talks to a newer one.

use crate::{Error, Object, redact};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::Zeroizing;

/// A helper's first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The role it serves.
    pub hello: String,
    /// Versions it speaks.
    pub versions: Vec<u32>,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub release: String,
    #[serde(default)]
    pub ops: Vec<String>,
    #[serde(default)]
    pub features: Vec<String>,
    /// A flow helper's flows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flows: Vec<String>,
}

impl Hello {
    pub fn new(role: &str, name: &str, ops: &[&str]) -> Hello {
        Hello {
            hello: role.to_owned(),
            versions: crate::VERSIONS.to_vec(),
            name: name.to_owned(),
            release: env!("CARGO_PKG_VERSION").to_owned(),
            ops: ops.iter().map(|op| (*op).to_owned()).collect(),
            features: Vec::new(),
            flows: Vec::new(),
        }
    }

    pub fn has(&self, feature: &str) -> bool {
        self.features.iter().any(|f| f == feature)
    }
}

/// What a host says.
#[derive(Debug, Clone, PartialEq)]
pub enum FromHost {
    Request { id: u64, op: String, body: Object },
    Answer { id: u64, n: u64, result: Result<Object, Error> },
    Cancel { id: u64 },
}

/// What a helper says.
#[derive(Debug, Clone, PartialEq)]
pub enum FromHelper {
    Hello(Hello),
    Reply { id: u64, result: Result<Object, Error> },
    Ask { id: u64, n: u64, kind: String, body: Object },
    Note { id: u64, text: String },
}

/// Why a line is not protocol. It never holds the line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} ({line})")]
pub struct Malformed {
    what: String,
    line: String,
}

impl Malformed {
    fn new(what: impl Into<String>, line: &[u8]) -> Malformed {
        Malformed { what: what.into(), line: redact::described(line) }
    }
}

impl FromHost {
    pub fn parse(line: &[u8]) -> Result<FromHost, Malformed> {
        let bad = |what: &str| Malformed::new(what, line);
        let mut object = object(line)?;
        version(&object, line)?;
        let id = number(&object, "id").ok_or_else(|| bad("no \"id\""))?;
        if object.get("cancel") == Some(&Value::Bool(true)) {
            return Ok(FromHost::Cancel { id });
        }
        if let Some(Value::Object(mut answer)) = object.remove("answer") {
            let n = number(&answer, "n").ok_or_else(|| bad("an answer without \"n\""))?;
            answer.remove("n");
            return Ok(FromHost::Answer { id, n, result: answer_result(answer, line)? });
        }
        match object.remove("op") {
            Some(Value::String(op)) => {
                object.remove("v");
                object.remove("id");
                Ok(FromHost::Request { id, op, body: object })
            }
            _ => Err(bad("neither \"op\", \"answer\" nor \"cancel\"")),
        }
    }

    /// The line, newline included, in a buffer that is wiped.
    pub fn to_line(&self) -> Zeroizing<Vec<u8>> {
        const V: u32 = 1;
        match self {
            FromHost::Request { id, op, body } => encoded(&RequestLine { v: V, id: *id, op, body }),
            FromHost::Answer { id, n, result } => {
                let answer = AnswerBody { n: *n, err: result.as_ref().err(), body: result.as_ref().ok() };
                encoded(&AnswerLine { v: V, id: *id, answer })
            }
            FromHost::Cancel { id } => encoded(&json!({"v": V, "id": id, "cancel": true})),
        }
    }
}

impl FromHelper {
    pub fn parse(line: &[u8]) -> Result<FromHelper, Malformed> {
        let bad = |what: &str| Malformed::new(what, line);
        let mut object = object(line)?;
        if object.contains_key("hello") {
            let hello = serde_json::from_value(Value::Object(object));
            return hello.map(FromHelper::Hello).map_err(|_| bad("a hello of the wrong shape"));
        }
        version(&object, line)?;
        let id = number(&object, "id").ok_or_else(|| bad("no \"id\""))?;
        if let Some(ok) = object.remove("ok") {
            let Value::Object(body) = ok else { return Err(bad("an \"ok\" that is no object")) };
            return Ok(FromHelper::Reply { id, result: Ok(body) });
        }
        if let Some(error) = object.remove("err") {
            let mut error = serde_json::from_value(error).map_err(|_| bad("an \"err\" of the wrong shape"))?;
            redact::told(&mut error);
            return Ok(FromHelper::Reply { id, result: Err(error) });
        }
        if let Some(Value::Object(mut ask)) = object.remove("ask") {
            let n = number(&ask, "n").ok_or_else(|| bad("an ask without \"n\""))?;
            ask.remove("n");
            let Some(Value::String(kind)) = ask.remove("kind") else { return Err(bad("an ask without \"kind\"")) };
            return Ok(FromHelper::Ask { id, n, kind, body: ask });
        }
        match object.get("note").and_then(|note| note.get("text")).and_then(Value::as_str) {
            Some(text) => Ok(FromHelper::Note { id, text: redact::shown(text) }),
            None => Err(bad("neither \"ok\", \"err\", \"ask\" nor \"note\"")),
        }
    }

    /// The line, newline included, in a buffer that is wiped.
    pub fn to_line(&self) -> Zeroizing<Vec<u8>> {
        const V: u32 = 1;
        match self {
            FromHelper::Hello(hello) => encoded(hello),
            FromHelper::Reply { id, result } => {
                encoded(&ReplyLine { v: V, id: *id, ok: result.as_ref().ok(), err: result.as_ref().err() })
            }
            FromHelper::Ask { id, n, kind, body } => {
                encoded(&AskLine { v: V, id: *id, ask: AskBody { n: *n, kind, body } })
            }
            FromHelper::Note { id, text } => encoded(&json!({"v": V, "id": id, "note": {"text": text}})),
        }
    }
}

/// The line of a [`FromHelper::Reply`] whose body is the text of an object already, on one line.
pub fn reply_of_text(id: u64, ok: &str) -> Vec<u8> {
    format!("{{\"v\":1,\"id\":{id},\"ok\":{ok}}}\n").into_bytes()
}

/// The request and the body of a line that is just such a reply; `None` of any other, spelt as it may be.
/// The body is what stands there and may be anything.
pub fn text_of_reply(line: &[u8]) -> Option<(u64, &str)> {
    let rest = std::str::from_utf8(line).ok()?.strip_prefix("{\"v\":1,\"id\":")?;
    let (id, rest) = rest.split_once(",\"ok\":")?;
    let body = rest.strip_suffix('}').filter(|body| body.starts_with('{'))?;
    let canonical = id.bytes().all(|b| b.is_ascii_digit()) && !(id.len() > 1 && id.starts_with('0'));
    Some((id.parse().ok().filter(|_| canonical)?, body))
}

/// The line as `AUTHSOME_TRACE=1` may print it: parsed, redacted, printed again.
pub fn traced(line: &[u8]) -> String {
    match serde_json::from_slice::<Value>(line) {
        Ok(mut value) => {
            let text = redact::without_secrets(&value).to_string();
            crate::secrets::wipe(&mut value);
            text
        }
        Err(_) => format!("not JSON ({})", redact::described(line)),
    }
}

// The lines as they are written: by reference, since a listing is large and a copied secret must be wiped.

#[derive(Serialize)]
struct RequestLine<'a> {
    v: u32,
    id: u64,
    op: &'a str,
    #[serde(flatten)]
    body: &'a Object,
}

#[derive(Serialize)]
struct AnswerLine<'a> {
    v: u32,
    id: u64,
    answer: AnswerBody<'a>,
}

#[derive(Serialize)]
struct AnswerBody<'a> {
    n: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    err: Option<&'a Error>,
    #[serde(flatten)]
    body: Option<&'a Object>,
}

#[derive(Serialize)]
struct ReplyLine<'a> {
    v: u32,
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ok: Option<&'a Object>,
    #[serde(skip_serializing_if = "Option::is_none")]
    err: Option<&'a Error>,
}

#[derive(Serialize)]
struct AskLine<'a> {
    v: u32,
    id: u64,
    ask: AskBody<'a>,
}

#[derive(Serialize)]
struct AskBody<'a> {
    n: u64,
    kind: &'a str,
    #[serde(flatten)]
    body: &'a Object,
}

fn encoded(line: &impl Serialize) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(512));
    crate::codec::write_json(&mut bytes, line);
    bytes.push(b'\n');
    bytes
}

fn object(line: &[u8]) -> Result<Object, Malformed> {
    match serde_json::from_slice(line) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Malformed::new("a line that is no JSON object", line)),
        Err(_) => Err(Malformed::new("a line that is not JSON", line)),
    }
}

fn version(object: &Object, line: &[u8]) -> Result<(), Malformed> {
    match number(object, "v") {
        Some(v) if crate::VERSIONS.iter().any(|known| u64::from(*known) == v) => Ok(()),
        Some(v) => Err(Malformed::new(format!("version {v}, not one of {:?}", crate::VERSIONS), line)),
        None => Err(Malformed::new("no \"v\"", line)),
    }
}

fn number(object: &Object, key: &str) -> Option<u64> {
    object.get(key).and_then(Value::as_u64)
}

fn answer_result(mut answer: Object, line: &[u8]) -> Result<Result<Object, Error>, Malformed> {
    match answer.remove("err") {
        None => Ok(Ok(answer)),
        Some(error) => match error_from_answer(error) {
            Some(error) => Ok(Err(error)),
            None => Err(Malformed::new("an answer's \"err\" of the wrong shape", line)),
        },
    }
}

/// An answer's error may leave out the message: `{"code":"declined","use":"device"}`.
fn error_from_answer(error: Value) -> Option<Error> {
    let Value::Object(mut error) = error else { return None };
    error.entry("message").or_insert_with(|| Value::from("refused"));
    serde_json::from_value(Value::Object(error)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn body(text: &str) -> Object {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn both_directions_survive_the_wire() {
        let error = Error::new(crate::Code::Denied, "no").hint("try again");
        for line in [
            FromHost::Request { id: 1, op: "get".into(), body: body(r#"{"key":"a/b/c","secret":{"x":"y"}}"#) },
            FromHost::Answer { id: 1, n: 2, result: Ok(body(r#"{"iss":"https://x","secret":{"code":"c"}}"#)) },
            FromHost::Answer { id: 1, n: 2, result: Err(error.clone()) },
            FromHost::Cancel { id: 7 },
        ] {
            assert_eq!(FromHost::parse(&line.to_line()).unwrap(), line);
        }
        for line in [
            FromHelper::Hello(Hello::new("vault", "authsome-vault", &["get"])),
            FromHelper::Reply { id: 1, result: Ok(body("{}")) },
            FromHelper::Reply { id: 1, result: Err(error) },
            FromHelper::Ask { id: 1, n: 1, kind: "form".into(), body: body(r#"{"title":"t"}"#) },
            FromHelper::Note { id: 1, text: "waiting".into() },
        ] {
            assert_eq!(FromHelper::parse(&line.to_line()).unwrap(), line);
        }
    }

    #[test]
    fn a_reply_may_be_text_on_both_sides() {
        let line = reply_of_text(7, r#"{"records":[]}"#);
        let parsed = FromHelper::Reply { id: 7, result: Ok(body(r#"{"records":[]}"#)) };
        assert_eq!(FromHelper::parse(&line).unwrap(), parsed);
        let line = parsed.to_line();
        assert_eq!(text_of_reply(line.strip_suffix(b"\n").unwrap()), Some((7, r#"{"records":[]}"#)));
        for other in [
            r#"{"v":2,"id":7,"ok":{}}"#,
            r#"{"v":1,"id":07,"ok":{}}"#,
            r#"{"v":1,"id":-7,"ok":{}}"#,
            r#"{"v":1,"id":7,"ok":[]}"#,
            r#"{"v":1, "id":7,"ok":{}}"#,
            r#"{"v":1,"id":7,"err":{"code":"denied","message":"m"}}"#,
        ] {
            assert_eq!(text_of_reply(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn unknown_fields_are_ignored() {
        let line = br#"{"v":1,"id":3,"ok":{},"grease":[1]}"#;
        assert_eq!(FromHelper::parse(line).unwrap(), FromHelper::Reply { id: 3, result: Ok(Object::new()) });
        let line = br#"{"hello":"vault","versions":[1,99],"grease":{}}"#;
        assert!(matches!(FromHelper::parse(line).unwrap(), FromHelper::Hello(hello) if hello.versions == [1, 99]));
    }

    #[test]
    fn an_error_of_a_helper_reaches_no_terminal_with_its_escapes() {
        let error = Error::new(crate::Code::Denied, "no\u{1b}[2J").hint("x\u{202e}\n").choices(["a\rb".to_owned()]);
        let line = FromHelper::Reply { id: 1, result: Err(error) }.to_line();
        let FromHelper::Reply { result: Err(told), .. } = FromHelper::parse(&line).unwrap() else { unreachable!() };
        assert_eq!((told.message.as_str(), told.hint.as_deref()), ("no\u{fffd}[2J", Some("x\u{fffd}\u{fffd}")));
        assert_eq!(told.choices, ["a\u{fffd}b"]);
        let long = Error::internal("x".repeat(900_000));
        let line = FromHelper::Reply { id: 1, result: Err(long) }.to_line();
        let FromHelper::Reply { result: Err(told), .. } = FromHelper::parse(&line).unwrap() else { unreachable!() };
        assert_eq!(told.message.len(), 2000);
    }

    #[test]
    fn an_error_about_a_line_never_holds_the_line() {
        for line in [&b"hunter2"[..], br#"{"v":1,"id":1,"hunter2":1}"#, br#"{"v":9,"id":1,"ok":{"k":"hunter2"}}"#] {
            let text = FromHelper::parse(line).unwrap_err().to_string();
            assert!(!text.contains("hunter2"), "{text}");
            assert!(FromHost::parse(line).is_err());
        }
    }

    proptest! {
        #[test]
        fn no_line_panics(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = FromHost::parse(&line);
            let _ = FromHelper::parse(&line);
            let _ = traced(&line);
        }

        #[test]
        fn a_trace_never_shows_what_lies_under_secret(secret in "[a-zA-Z0-9]{8,24}", op in "[a-z]{1,6}") {
            let request = FromHost::Request {
                id: 1, op, body: body(&format!(r#"{{"client":{{"secret":{{"client_secret":"{secret}"}}}},"secret":{{"t":"{secret}"}}}}"#)),
            };
            prop_assert!(!traced(&request.to_line()).contains(&secret));
        }
    }
}
