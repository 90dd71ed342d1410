//! The head of a message, of either HTTP version. It reads and writes none: HTTP/1 keeps its fields
//! as lines, HTTP/2 as hyper's map, and what is decided about a request is decided here for both.

use http::header::HeaderMap;
use http::{HeaderName, HeaderValue, Method, Uri};

/// A request without its body. It may hold a credential, so it cannot be printed.
#[derive(Clone)]
pub(crate) struct Head<F> {
    pub method: Method,
    pub uri: Uri,
    pub fields: F,
}

/// Header fields, however they are kept. Names are compared without case.
pub(crate) trait Fields {
    /// The values of one name, in their order.
    fn values<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = &'a [u8]>;

    /// Names and values.
    fn each(&self) -> impl Iterator<Item = (&[u8], &[u8])>;

    /// Keeps the fields of some names; their order stays.
    fn retain(&mut self, keep: impl Fn(&[u8]) -> bool);

    /// Returns pieces of text that contain all values, and perhaps more.
    fn texts(&self) -> impl Iterator<Item = &[u8]>;

    /// Replaces each value for which `change` returns another one.
    fn rewrite(&mut self, change: impl Fn(&[u8]) -> Option<Vec<u8>>);

    fn append(&mut self, name: &HeaderName, value: HeaderValue);

    /// Puts `value` where `name` has one that `replaced` picks; whether there was any.
    fn replace(&mut self, name: &HeaderName, value: &HeaderValue, replaced: impl Fn(&[u8]) -> bool) -> bool;

    fn contains(&self, name: &HeaderName) -> bool {
        self.values(name).next().is_some()
    }

    /// Makes `value` the value of `name`.
    fn set(&mut self, name: &HeaderName, value: HeaderValue) {
        if !self.replace(name, &value, |_| true) {
            self.append(name, value);
        }
    }
}

impl Fields for HeaderMap {
    fn values<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = &'a [u8]> {
        self.get_all(name).into_iter().map(HeaderValue::as_bytes)
    }

    fn each(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.iter().map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes()))
    }

    /// Rebuilt, and only where something goes: removing in place would change the order of the rest.
    fn retain(&mut self, keep: impl Fn(&[u8]) -> bool) {
        if self.keys().all(|name| keep(name.as_str().as_bytes())) {
            return;
        }
        let all = std::mem::replace(self, HeaderMap::with_capacity(self.keys_len()));
        let mut current = None;
        for (name, value) in all {
            // A repetition comes without its name.
            current = name.or(current);
            if let Some(name) = current.as_ref().filter(|name| keep(name.as_str().as_bytes())) {
                HeaderMap::append(self, name, value);
            }
        }
    }

    fn texts(&self) -> impl Iterator<Item = &[u8]> {
        self.values().map(HeaderValue::as_bytes)
    }

    fn rewrite(&mut self, change: impl Fn(&[u8]) -> Option<Vec<u8>>) {
        for value in self.values_mut() {
            if let Some(other) = change(value.as_bytes()) {
                // An empty value is better than the one that must not stay.
                *value = HeaderValue::from_bytes(&other).unwrap_or(HeaderValue::from_static(""));
            }
        }
    }

    fn append(&mut self, name: &HeaderName, value: HeaderValue) {
        HeaderMap::append(self, name, value);
    }

    fn replace(&mut self, name: &HeaderName, value: &HeaderValue, replaced: impl Fn(&[u8]) -> bool) -> bool {
        let http::header::Entry::Occupied(mut present) = self.entry(name) else { return false };
        let mut any = false;
        for own in present.iter_mut().filter(|own| replaced(own.as_bytes())) {
            *own = value.clone();
            any = true;
        }
        any
    }
}
