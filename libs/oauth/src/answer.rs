//! Judging one HTTP answer: a document, a rejection, or not what was expected.
//!
//! Pure. What it says of a body is never more than the provider's own error words.

use crate::document::Document;
use crate::error::PAGE;
use crate::read::{self, Content};
use crate::sent::Sent;
use crate::{Error, RetryAfter};
use http::header::RETRY_AFTER;
use http::{HeaderMap, Response};
use serde_json::Value;
use std::time::Duration;

/// The object of a good answer.
pub(crate) fn document(response: Response<Vec<u8>>, expected: &'static str, sent: &Sent) -> Result<Document, Error> {
    let answer = Answer::new(response);
    answer.refuse_failures(expected, sent)?;
    match answer.content {
        Content::Document(document) if answer.is_success => Ok(document),
        // The missing part may have held the token.
        Content::Unfinished(why) if answer.is_success => Err(Error::Lost(why.into())),
        _ => Err(answer.unexpected(expected)),
    }
}

/// A good answer whose body, if any, does not matter.
pub(crate) fn done(response: Response<Vec<u8>>, sent: &Sent) -> Result<(), Error> {
    let answer = Answer::new(response);
    answer.refuse_failures("an empty answer", sent)?;
    if answer.is_success { Ok(()) } else { Err(answer.unexpected("an empty answer")) }
}

struct Answer {
    status: u16,
    is_success: bool,
    content_type: Option<String>,
    retry_after: Option<RetryAfter>,
    content: Content,
}

impl Answer {
    fn new(response: Response<Vec<u8>>) -> Answer {
        Answer {
            status: response.status().as_u16(),
            is_success: response.status().is_success(),
            content_type: read::media_type(response.headers()),
            retry_after: retry_after(response.headers()),
            content: read::content(response),
        }
    }

    fn refuse_failures(&self, expected: &'static str, sent: &Sent) -> Result<(), Error> {
        if matches!(self.content, Content::TooLong) || (300..400).contains(&self.status) {
            return Err(self.unexpected(expected));
        }
        let refusal = match &self.content {
            Content::Document(document) => refusal(document, self.is_success),
            _ => None,
        };
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
        let found = match (&self.content, self.status) {
            (Content::TooLong, _) => "more than 1 MiB",
            (_, 300..400) => "a redirect, which is not followed",
            (_, 500..) => "a failure of the server",
            (Content::Document(_), _) => "a document without it",
            (Content::Page, _) => PAGE,
            (Content::Nothing, _) => "nothing",
            (Content::Unfinished(_), _) => "the beginning of an answer",
            (Content::NoObject | Content::Other, _) => "something else",
        };
        Error::Unexpected { status: self.status, content_type: self.content_type.clone(), expected, found }
    }
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

fn retry_after(headers: &HeaderMap) -> Option<RetryAfter> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(RetryAfter::In(Duration::from_secs(seconds))),
        Err(_) => httpdate::parse_http_date(text).ok().map(RetryAfter::At),
    }
}
