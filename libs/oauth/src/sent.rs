//! What was sent in secret, and how it is found again in a provider's own words.
//!
//! A server that quotes a request quotes it as it came: form-encoded, percent-encoded, escaped for
//! JSON or HTML. So a secret is looked for character by character, each in any spelling.

use zeroize::Zeroizing;

/// What was sent and may not come back in an error text.
#[derive(Default)]
pub(crate) struct Sent(pub(crate) Vec<Zeroizing<String>>);

impl Sent {
    /// The text with everything that was sent in secret replaced; of two that begin alike, the longer.
    pub(crate) fn cut_from(&self, text: String) -> String {
        let mut cut = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(first) = rest.chars().next() {
            let spelled = self.0.iter().filter_map(|secret| spelled(rest, secret)).max();
            match spelled {
                Some(_) => cut.push_str("[secret]"),
                None => cut.push(first),
            }
            rest = &rest[spelled.unwrap_or(first.len_utf8())..];
        }
        cut
    }
}

/// How many bytes of `text`, from its start, are the secret in some spelling.
fn spelled(text: &str, secret: &str) -> Option<usize> {
    // A percent sign may be itself or the start of an escape: all ways to read it are followed.
    let mut ends = vec![0];
    for c in secret.chars() {
        ends = ends.iter().flat_map(|end| lengths(&text[*end..], c).into_iter().map(move |n| end + n)).collect();
        ends.sort_unstable();
        ends.dedup();
        if ends.is_empty() {
            return None;
        }
    }
    ends.pop().filter(|end| *end > 0)
}

/// The lengths of all spellings of `c` at the start of `text`.
fn lengths(text: &str, c: char) -> Vec<usize> {
    let itself = text.starts_with(c).then(|| c.len_utf8());
    if !text.starts_with(['%', '+', '\\', '&']) {
        return itself.into_iter().collect();
    }
    let begins = |spelling: &String| text.get(..spelling.len()).is_some_and(|t| t.eq_ignore_ascii_case(spelling));
    itself.into_iter().chain(escapes(c).iter().filter(|e| begins(e)).map(String::len)).collect()
}

/// A character as forms, URLs, JSON and HTML write it, hex digits in lower case.
fn escapes(c: char) -> Vec<String> {
    let (mut bytes, mut units, number) = ([0; 4], [0; 2], u32::from(c));
    let percent = c.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02x}")).collect();
    let unicode = c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect();
    let mut all =
        vec![percent, unicode, format!("&#{number};"), format!("&#x{number:x};"), format!("&#x{number:02x};")];
    let own: &[&str] = match c {
        ' ' => &["+"],
        '"' => &["\\\"", "&quot;"],
        '\\' => &["\\\\"],
        '/' => &["\\/"],
        '&' => &["&amp;"],
        '<' => &["&lt;"],
        '>' => &["&gt;"],
        '\'' => &["&apos;"],
        _ => &[],
    };
    all.extend(own.iter().map(ToString::to_string));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(secrets: &[&str], text: &str) -> String {
        Sent(secrets.iter().map(|s| Zeroizing::new(s.to_string())).collect()).cut_from(text.to_owned())
    }

    #[test]
    fn a_secret_is_cut_in_whatever_spelling_a_server_quotes_it() {
        let secret = r#"ab/c d+e%=="\é"#;
        for quoted in [
            secret,
            "ab%2Fc+d%2Be%25%3D%3D%22%5C%C3%A9",
            "ab%2fc%20d%2be%25%3d%3d%22%5c%c3%a9",
            r#"ab\/c d+e%==\"\\\u00e9"#,
            r#"ab/c d\u002Be%==\"\\é"#,
            "ab&#x2F;c d&#43;e%&#x3D;&#61;&quot;\\é",
        ] {
            assert_eq!(cut(&[secret], &format!("bad: t={quoted}&x=1")), "bad: t=[secret]&x=1", "{quoted}");
        }
        assert_eq!(cut(&["a%25b"], "a%25b a%2525b"), "[secret] [secret]");
        assert_eq!(cut(&["x"], "+%\\&é%2"), "+%\\&é%2");
    }

    #[test]
    fn of_two_secrets_that_begin_alike_nothing_of_the_longer_stays() {
        assert_eq!(cut(&["abcd", "abcd/efgh"], "abcd%2Fefgh, abcd"), "[secret], [secret]");
    }

    proptest! {
        #[test]
        fn what_a_form_says_of_a_secret_is_cut_wherever_it_stands(
            secret in "[ -~éя]{4,20}", before in "[a-z%+&]{0,6}", after in "\\PC{0,9}",
        ) {
            let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            for quoted in [&secret, &form, &form.replace('+', "%20")] {
                let text = cut(&[&secret], &format!("{before}\n{quoted}\n{after}"));
                prop_assert!(text.contains("\n[secret]\n"), "{}", text);
            }
        }
    }
}
