//! Doors to the inner parsers, for the targets in `fuzz/`. Nothing else uses them.

use crate::http1::head;
use crate::message::Head;
use crate::placeholder::Placeholders;
use crate::tls::Http;
use crate::{Injection, slots, target};
use host::Authority;
use http::HeaderMap;
use http::request::Parts;

/// The bytes of the head that begins here, if it is whole and would be taken.
pub fn accepted_head(bytes: &[u8]) -> Option<usize> {
    let end = head::end(bytes, 0).ok()??;
    head::request(&bytes[..end]).ok().map(|_| end)
}

/// For whom a plain absolute-form request is; its target is in origin-form then.
pub fn plain_target(parts: &mut Parts) -> Option<Authority> {
    with_head(parts, |head| target::plain(head).ok())
}

/// Whether a request inside an intercepted connection is for that authority.
pub fn is_for(parts: &mut Parts, authority: &Authority) -> bool {
    with_head(parts, |head| target::intercepted(head, authority, Http::One).is_ok())
}

/// Whether the credential was put into the head; `None` where that is refused.
pub fn filled(parts: &mut Parts, injection: &Injection, placeholders: &[String]) -> Option<bool> {
    with_head(parts, |head| slots::fill(head, injection, &Placeholders::new(placeholders)).ok())
}

fn with_head<T>(parts: &mut Parts, change: impl FnOnce(&mut Head<HeaderMap>) -> T) -> T {
    let mut head = Head { method: parts.method.clone(), uri: parts.uri.clone(), fields: parts.headers.clone() };
    let done = change(&mut head);
    (parts.uri, parts.headers) = (head.uri, head.fields);
    done
}
