//! Doors to the inner parsers, for the targets in `fuzz/`. Nothing else uses them.

use crate::placeholder::Placeholders;
use crate::tls::Http;
use crate::{Injection, head, slots, target};
use host::Authority;
use http::request::Parts;

/// The bytes of the head that begins here, if it is whole and would be taken.
pub fn accepted_head(bytes: &[u8]) -> Option<usize> {
    let end = head::end(bytes, 0).ok()??;
    head::framing(&bytes[..end]).ok().map(|_| end)
}

/// For whom a plain absolute-form request is; its target is in origin-form then.
pub fn plain_target(parts: &mut Parts) -> Option<Authority> {
    target::plain(parts).ok()
}

/// Whether a request inside an intercepted connection is for that authority.
pub fn is_for(parts: &mut Parts, authority: &Authority) -> bool {
    target::intercepted(parts, authority, Http::One).is_ok()
}

/// Whether the credential was put into the head; `None` where that is refused.
pub fn filled(parts: &mut Parts, injection: &Injection, placeholders: &[String]) -> Option<bool> {
    slots::fill(parts, injection, &Placeholders::new(placeholders)).ok()
}
