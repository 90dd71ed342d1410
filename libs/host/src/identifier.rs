//! Identifiers that are URLs: issuers (RFC 8414 §2, RFC 9207) and resources (RFC 8707, RFC 9728).
//!
//! They are compared as texts. Only a final slash of an empty path is ignored, because servers and their own documents
//! differ in it.

/// Returns whether two identifiers are the same. An empty path equals `/` (RFC 3986 §6.2.3); everything else must be
/// the same text.
pub fn same_identifier(one: &str, other: &str) -> bool {
    parts(one) == parts(other)
}

/// Splits an identifier before its query. The first part loses the slash of an empty path.
fn parts(identifier: &str) -> (&str, &str) {
    let (place, query) = identifier.split_at(identifier.find(['?', '#']).unwrap_or(identifier.len()));
    let empty_path =
        |place: &&str| place.split_once("://").is_some_and(|(_, host)| !host.is_empty() && !host.contains('/'));
    (place.strip_suffix('/').filter(empty_path).unwrap_or(place), query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_path_and_a_slash_are_one() {
        for (one, other) in [
            ("https://as.test", "https://as.test/"),
            ("https://as.test:8443/", "https://as.test:8443"),
            ("https://as.test?a=b", "https://as.test/?a=b"),
            ("urn:x", "urn:x"),
        ] {
            assert!(same_identifier(one, other) && same_identifier(other, one), "{one} {other}");
        }
    }

    #[test]
    fn anything_else_is_another() {
        for (one, other) in [
            ("https://as.test/a", "https://as.test/a/"),
            ("https://as.test/", "https://as.test//"),
            ("https://as.test", "http://as.test"),
            ("https://as.test", "https://AS.test"),
            ("https://as.test", "https://as.test.evil.test/"),
            ("https://as.test/?a", "https://as.test/?b"),
            ("https://", "https:///"),
            ("/", ""),
        ] {
            assert!(!same_identifier(one, other), "{one} {other}");
        }
    }
}
