//! Puts a credential into its slots of a request head, and nothing else into anything.

use crate::message::{Fields, Head};
use crate::placeholder::{Placeholders, unescape};
use crate::{Injection, Place, Refusal};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, StatusCode, Uri};
use secrecy::{ExposeSecret, SecretString};

/// Whether any slot was filled. A slot that holds the client's own credential stays as it is.
pub(crate) fn fill<F: Fields>(
    head: &mut Head<F>,
    injection: &Injection,
    known: &Placeholders,
) -> Result<bool, Refusal> {
    let mut filled = false;
    for slot in &injection.slots {
        let value = usable(&slot.value)?;
        filled |= match &slot.place {
            Place::Header(name) => fill_header(&mut head.fields, name, value, known)?,
            Place::Query(name) => fill_query(&mut head.uri, name, value, known)?,
        };
    }
    Ok(filled)
}

/// A value that ends its line would add lines of its own to the request.
fn usable(value: &SecretString) -> Result<&str, Refusal> {
    let value = value.expose_secret();
    match !value.is_empty() && !value.bytes().any(|b| b.is_ascii_control()) {
        true => Ok(value),
        false => Err(unusable()),
    }
}

fn unusable() -> Refusal {
    Refusal::new(
        StatusCode::FORBIDDEN,
        "credential-malformed",
        "the stored credential is empty or has control characters",
    )
    .fix("log in again and enter the credential without line breaks")
}

fn fill_header<F: Fields>(
    fields: &mut F,
    name: &HeaderName,
    value: &str,
    known: &Placeholders,
) -> Result<bool, Refusal> {
    let mut value = HeaderValue::from_str(value).map_err(|_| unusable())?;
    // Neither printed by Debug nor put into HPACK's table.
    value.set_sensitive(true);
    if fields.contains(name) {
        return Ok(fields.replace(name, &value, |own| known.in_value(own)));
    }
    fields.append(name, value);
    Ok(true)
}

/// The other parameters stay byte for byte.
fn fill_query(uri: &mut Uri, name: &str, value: &str, known: &Placeholders) -> Result<bool, Refusal> {
    let pair = || -> String { form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish() };
    let own: Vec<&str> = uri.query().map(|query| query.split('&').collect()).unwrap_or_default();
    let is_named = |piece: &str| parameter(piece) == name.as_bytes();
    let pieces: Vec<String> = match own.iter().any(|piece| is_named(piece)) {
        false => own.iter().map(|piece| (*piece).to_owned()).chain([pair()]).collect(),
        true if !own.iter().any(|piece| is_named(piece) && known.in_escaped(piece)) => return Ok(false),
        true => own
            .iter()
            .map(|piece| if is_named(piece) && known.in_escaped(piece) { pair() } else { (*piece).to_owned() })
            .collect(),
    };
    let target = format!("{}?{}", uri.path(), pieces.join("&"));
    let mut whole = uri.clone().into_parts();
    whole.path_and_query = Some(PathAndQuery::try_from(target).map_err(|_| unusable())?);
    *uri = Uri::from_parts(whole).map_err(|_| unusable())?;
    Ok(true)
}

fn parameter(piece: &str) -> Vec<u8> {
    let name = piece.split_once('=').map_or(piece, |(name, _)| name);
    unescape(&name.replace('+', " ")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Slot;
    use http::{HeaderMap, Method};

    const HELD: &str = "authsome-proxy-managed";

    fn head(target: &str, headers: &[(&'static str, &str)]) -> Head<HeaderMap> {
        let fields = headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        Head { method: Method::GET, uri: target.parse().unwrap(), fields: fields.collect() }
    }

    fn filled(mut head: Head<HeaderMap>, place: Place, value: &str) -> Result<(Head<HeaderMap>, bool), Refusal> {
        let slot = Slot { place, value: value.to_owned().into() };
        let injection = Injection { lease: String::new(), slots: vec![slot], response_headers: Vec::new() };
        let filled = fill(&mut head, &injection, &Placeholders::new(&[HELD.to_owned()]))?;
        Ok((head, filled))
    }

    fn authorization() -> Place {
        Place::Header(http::header::AUTHORIZATION)
    }

    #[test]
    fn the_credential_fills_an_absent_header_or_replaces_the_placeholder() {
        for own in [None, Some("Bearer authsome-proxy-managed"), Some("Basic YXV0aHNvbWUtcHJveHktbWFuYWdlZDo=")] {
            let own: Vec<_> = own.map(|own| ("authorization", own)).into_iter().collect();
            let (after, used) = filled(head("/", &own), authorization(), "Bearer real").unwrap();
            assert_eq!(after.fields["authorization"], "Bearer real");
            assert!(used && after.fields["authorization"].is_sensitive());
        }
    }

    #[test]
    fn a_credential_that_the_client_brought_stays() {
        let (after, used) =
            filled(head("/", &[("authorization", "Bearer own")]), authorization(), "Bearer real").unwrap();
        assert_eq!(after.fields["authorization"], "Bearer own");
        assert!(!used);
        let (after, used) = filled(head("/?key=own", &[]), Place::Query("key".into()), "real").unwrap();
        assert_eq!((after.uri.to_string().as_str(), used), ("/?key=own", false));
    }

    #[test]
    fn a_query_keeps_every_other_byte() {
        for (target, expected) in [
            ("/x", "/x?key=r%26l"),
            ("/x?a=%2f&&b", "/x?a=%2f&&b&key=r%26l"),
            ("/x?key=authsome-proxy-managed&a=+", "/x?key=r%26l&a=+"),
            ("/x?a&k%65y=authsome%2Dproxy-managed", "/x?a&key=r%26l"),
            ("https://api.test/x?keys=1", "https://api.test/x?keys=1&key=r%26l"),
        ] {
            let (after, used) = filled(head(target, &[]), Place::Query("key".into()), "r&l").unwrap();
            assert_eq!((after.uri.to_string().as_str(), used), (expected, true));
        }
    }

    #[test]
    fn a_credential_with_line_breaks_is_refused() {
        for value in ["a\r\nX-Evil: 1", "a\nb", "a\0b", "a\rb", ""] {
            for place in [authorization(), Place::Query("key".into())] {
                assert_eq!(
                    filled(head("/", &[]), place, value).err().unwrap().code,
                    "credential-malformed",
                    "{value:?}"
                );
            }
        }
    }
}
