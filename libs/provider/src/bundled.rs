//! The definitions in `providers/`, embedded at build time.

include!(concat!(env!("OUT_DIR"), "/bundled.rs"));

/// The text of a bundled definition.
pub fn text(name: &str) -> Option<&'static str> {
    FILES.binary_search_by_key(&name, |(file, _)| file).ok().map(|index| FILES[index].1)
}

/// Their names, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}
