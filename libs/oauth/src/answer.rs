//! Judging one HTTP answer: a document, a rejection, or not what was expected.
//!
//! Pure. What it says of a body is never more than the provider's own error words.

use crate::error::PAGE;
use crate::sent::Sent;
use crate::{Error, MAX_ANSWER, RetryAfter};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, Response};
use serde_json::{Map, Value};
use std::time::Duration;
use zeroize::{Zeroize, Zeroizing};

/// A JSON object, or a form turned into one, wiped when dropped.
#[derive(Default)]
pub(crate) struct Document(pub(crate) Map<String, Value>);

/// The object of a good answer.
pub(crate) fn document(response: Response<Vec<u8>>, expected: &'static str, sent: &Sent) -> Result<Document, Error> {
    let answer = Answer::new(response);
    answer.refuse_failures(expected, sent)?;
    match answer.document {
        Some(document) if answer.is_success() => Ok(document),
        _ => Err(answer.unexpected(expected)),
    }
}

/// A good answer whose body, if any, does not matter.
pub(crate) fn done(response: Response<Vec<u8>>, sent: &Sent) -> Result<(), Error> {
    let answer = Answer::new(response);
    answer.refuse_failures("an empty answer", sent)?;
    if answer.is_success() { Ok(()) } else { Err(answer.unexpected("an empty answer")) }
}

struct Answer {
    status: u16,
    content_type: Option<String>,
    retry_after: Option<RetryAfter>,
    too_long: bool,
    looks_like_html: bool,
    document: Option<Document>,
}

impl Answer {
    fn new(response: Response<Vec<u8>>) -> Answer {
        let (head, body) = response.into_parts();
        let body = Zeroizing::new(body);
        let too_long = body.len() > MAX_ANSWER;
        let content_type = media_type(&head.headers);
        let document = if too_long { None } else { parse(&body, content_type.as_deref()) };
        Answer {
            status: head.status.as_u16(),
            retry_after: retry_after(&head.headers),
            too_long,
            looks_like_html: body.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'<'),
            content_type,
            document,
        }
    }

    fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    fn refuse_failures(&self, expected: &'static str, sent: &Sent) -> Result<(), Error> {
        if self.too_long || (300..400).contains(&self.status) {
            return Err(self.unexpected(expected));
        }
        let refusal = self.document.as_ref().and_then(|document| refusal(document, self.is_success()));
        match (self.status, refusal) {
            // RFC 8628 §3.5 words come with a 429 from some; they are no throttling.
            (429 | 503, refusal) if refusal.as_ref().is_none_or(|(word, _)| word != "slow_down") => {
                Err(Error::Throttled { status: self.status, retry_after: self.retry_after })
            }
            // A server that fails may have acted before it did.
            (500.., _) => Err(self.unexpected(expected)),
            (status, Some((error, description))) => Err(Error::Rejected {
                status,
                error: word(&error, sent),
                description: description.map(|text| sent.cut_from(text)),
            }),
            (_, None) => Ok(()),
        }
    }

    fn unexpected(&self, expected: &'static str) -> Error {
        let found = match self.status {
            _ if self.too_long => "more than 1 MiB",
            300..400 => "a redirect, which is not followed",
            500.. => "a failure of the server",
            _ if self.document.is_some() => "a document without it",
            _ if self.looks_like_html => PAGE,
            _ => "something else",
        };
        Error::Unexpected { status: self.status, content_type: self.content_type.clone(), expected, found }
    }
}

/// JSON, or a form where the media type says so or where it cannot be anything else.
fn parse(body: &[u8], content_type: Option<&str>) -> Option<Document> {
    if let Ok(Value::Object(object)) = serde_json::from_slice(body) {
        return Some(Document(object));
    }
    let text = std::str::from_utf8(body).ok()?;
    let pairs = || form_urlencoded::parse(text.trim().as_bytes());
    let form = match content_type {
        Some("application/x-www-form-urlencoded") => true,
        Some("text/plain") | None => pairs().any(|(name, _)| matches!(&*name, "access_token" | "error")),
        _ => false,
    };
    form.then(|| {
        Document(pairs().map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))).collect())
    })
}

/// The error and its description, in the shapes that providers use.
fn refusal(document: &Document, success: bool) -> Option<(String, Option<String>)> {
    let text = |key: &str| document.text(key);
    let description = || text("error_description").or_else(|| text("message")).or_else(|| text("error_message"));
    match document.0.get("error") {
        Some(Value::String(error)) if !error.is_empty() => return Some((error.clone(), description())),
        Some(Value::Object(error)) => {
            let inner = |key: &str| error.get(key).and_then(Value::as_str).map(str::to_owned);
            let word = inner("type").or_else(|| inner("status")).or_else(|| inner("code"));
            return Some((word.unwrap_or_default(), inner("message").or_else(description)));
        }
        _ => {}
    }
    if document.0.get("ok") == Some(&Value::Bool(false)) {
        return Some((String::new(), description()));
    }
    if success {
        return None;
    }
    let word = text("code").or_else(|| text("errorCode")).or_else(|| text("status"))?;
    Some((word, description()))
}

/// RFC 6749 §5.2: printable ASCII without quote and backslash.
fn word(error: &str, sent: &Sent) -> String {
    let error = sent.cut_from(error.to_owned());
    let allowed = |b: u8| matches!(b, 0x20..=0x7e) && b != b'"' && b != b'\\';
    if error.is_empty() || error.len() > 80 || !error.bytes().all(allowed) { "unnamed_error".to_owned() } else { error }
}

fn media_type(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let essence = text.split(';').next()?.trim().to_ascii_lowercase();
    let token = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'+' | b'-');
    (!essence.is_empty() && essence.len() <= 60 && essence.bytes().all(token)).then_some(essence)
}

fn retry_after(headers: &HeaderMap) -> Option<RetryAfter> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(RetryAfter::In(Duration::from_secs(seconds))),
        Err(_) => httpdate::parse_http_date(text).ok().map(RetryAfter::At),
    }
}

impl Document {
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        self.0.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(object) => object.values_mut().for_each(wipe),
        _ => {}
    }
}
