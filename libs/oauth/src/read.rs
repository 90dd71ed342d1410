//! The one reader of what providers send: bytes, text, then a document, for every request of this library.
//!
//! Content coding, charset, byte order mark, bounds, and the treatment of an unfinished answer are decided here and
//! nowhere else. `answer` judges what a document means.

use crate::coding;
use crate::document::Document;
use crate::{MAX_ANSWER, Unfinished};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response};
use serde::de::IgnoredAny;
use serde_json::Value;
use zeroize::Zeroizing;

/// The content of a body.
pub(crate) enum Content {
    Document(Document),
    /// HTML, for people.
    Page,
    /// The beginning of a document, and the reason why its end is missing.
    Unfinished(String),
    TooLong,
    /// No text at all.
    Nothing,
    /// JSON that is no object.
    NoObject,
    Other,
}

/// Reads the body of an answer to its end, whatever its status.
pub(crate) fn content(response: Response<Vec<u8>>) -> Content {
    let (head, body) = response.into_parts();
    let body = Zeroizing::new(body);
    if body.len() > MAX_ANSWER {
        return Content::TooLong;
    }
    let undone = coding::undo(&head.headers, body);
    if undone.bytes.len() > MAX_ANSWER {
        return Content::TooLong;
    }
    let text = Zeroizing::new(text::guess(&undone.bytes, charset(&head.headers).as_deref()).into_owned());
    // No JSON object is the beginning of another one. So a whole object lacks nothing, even if more was to follow.
    if let Some(document) = Document::json(&text) {
        return Content::Document(document);
    }
    let cut = head.extensions.get::<Unfinished>().map(|unfinished| unfinished.0.clone());
    if let Some(why) = cut.or(undone.unfinished.then(|| "the answer was cut off".to_owned())) {
        return Content::Unfinished(why);
    }
    let declared = media_type(&head.headers).as_deref() == Some("application/x-www-form-urlencoded");
    match Document::form(&text, declared) {
        _ if text.trim().is_empty() => Content::Nothing,
        _ if text.trim_start_matches([' ', '\t', '\r', '\n', '\u{feff}']).starts_with('<') => Content::Page,
        Some(document) => Content::Document(document),
        None if serde_json::from_str::<IgnoredAny>(&text).is_ok() => Content::NoObject,
        None => Content::Other,
    }
}

/// Returns the value that a JSON pointer (RFC 6901) finds in an answer, null when there is none; `None` when the
/// answer cannot be read.
pub fn value_at(response: Response<Vec<u8>>, pointer: &str) -> Option<Value> {
    match content(response) {
        Content::Document(document) => Some(document.at(pointer).cloned().unwrap_or_default()),
        Content::NoObject => Some(Value::Null),
        _ => None,
    }
}

/// Returns the media type without its parameters, if it is one that can be shown.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let essence = text.split(';').next()?.trim().to_ascii_lowercase();
    let token = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'+' | b'-');
    (!essence.is_empty() && essence.len() <= 60 && essence.bytes().all(token)).then_some(essence)
}

fn charset(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let mut parameters = text.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let (_, charset) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    Some(charset.trim().trim_matches(['"', '\'']).to_owned())
}
