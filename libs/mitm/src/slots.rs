//! Puts a credential into its slots of a request head, and nothing else into anything.

use crate::message::{Fields, Head};
use crate::placeholder::{Placeholders, basic_pair, unescape};
use crate::{Half, Injection, Place, Refusal, Slot};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::uri::PathAndQuery;
use http::{HeaderValue, StatusCode, Uri};
use secrecy::{ExposeSecret, SecretString};

/// Puts the credential where the client has the placeholder, or else into the usual slots if they are
/// free. It returns whether any slot was filled. A credential of the client's own stays as it is, in any
/// of the places.
pub(crate) fn fill<F: Fields>(
    head: &mut Head<F>,
    injection: &Injection,
    known: &Placeholders,
) -> Result<bool, Refusal> {
    let Injection { slots, alternatives, .. } = injection;
    let taken = alternatives.iter().any(|slot| is_taken(head, &slot.place));
    let mut filled = false;
    // A value with the slot's own scheme comes first, then a value with any other.
    for spelling in [Spelling::OfThePlace, Spelling::Any] {
        for slot in slots.iter().chain(alternatives) {
            filled |= replace(head, slot, known, spelling)?;
        }
    }
    for slot in slots {
        if !taken && !is_taken(head, &slot.place) {
            add(head, slot)?;
            filled = true;
        }
    }
    Ok(filled)
}

/// The values in a header that a slot replaces.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// Values with the scheme of the slot's own value.
    OfThePlace,
    Any,
}

fn is_taken<F: Fields>(head: &Head<F>, place: &Place) -> bool {
    match place {
        Place::Header(name) => head.fields.contains(name),
        Place::Basic(_) => head.fields.contains(&AUTHORIZATION),
        Place::Query(name) => has_parameter(&head.uri, name),
    }
}

/// Replaces the placeholder if it stands in the slot's place.
fn replace<F: Fields>(
    head: &mut Head<F>,
    slot: &Slot,
    known: &Placeholders,
    spelling: Spelling,
) -> Result<bool, Refusal> {
    let value = usable(&slot.value)?;
    let header = match (&slot.place, spelling) {
        (Place::Query(name), Spelling::OfThePlace) => return replace_in_query(&mut head.uri, name, value, known),
        (Place::Query(_), Spelling::Any) => return Ok(false),
        (Place::Basic(half), Spelling::OfThePlace) => return replace_half(&mut head.fields, *half, value, known),
        (Place::Basic(_), Spelling::Any) => &AUTHORIZATION,
        (Place::Header(name), _) => name,
    };
    let picked = |own: &[u8]| {
        known.in_value(own) && (spelling == Spelling::Any || scheme(own).eq_ignore_ascii_case(scheme(value.as_bytes())))
    };
    Ok(head.fields.replace(header, &sensitive(value)?, picked))
}

fn add<F: Fields>(head: &mut Head<F>, slot: &Slot) -> Result<(), Refusal> {
    let value = usable(&slot.value)?;
    match &slot.place {
        Place::Header(name) => head.fields.append(name, sensitive(value)?),
        Place::Basic(_) => head.fields.append(&AUTHORIZATION, sensitive(value)?),
        Place::Query(name) => {
            let pieces = pieces(&head.uri).map(str::to_owned).chain([pair(name, value)]).collect();
            set_query(&mut head.uri, pieces)?;
        }
    }
    Ok(())
}

/// Puts the credential into a client's own Basic pair, whose other half stays (RFC 7617 §2).
fn replace_half<F: Fields>(fields: &mut F, half: Half, value: &str, known: &Placeholders) -> Result<bool, Refusal> {
    let whole = basic_pair(value.as_bytes()).ok_or_else(unusable)?;
    let (user, password) = halves(&whole);
    let picked = |own: &[u8]| -> Option<Vec<u8>> {
        let pair = basic_pair(own)?;
        let (own_user, own_password) = halves(&pair);
        match half {
            Half::User => known.in_text(own_user).then(|| [user, b":", own_password].concat()),
            Half::Password => known.in_text(own_password).then(|| [own_user, b":", password].concat()),
        }
    };
    let Some(pair) = fields.values(&AUTHORIZATION).find_map(picked) else { return Ok(false) };
    let value = sensitive(&format!("Basic {}", STANDARD.encode(pair)))?;
    Ok(fields.replace(&AUTHORIZATION, &value, |own| picked(own).is_some()))
}

fn halves(pair: &[u8]) -> (&[u8], &[u8]) {
    let colon = pair.iter().position(|b| *b == b':').unwrap_or(pair.len());
    (&pair[..colon], pair.get(colon + 1..).unwrap_or_default())
}

/// Returns the word before the first space, or nothing if there is no space.
fn scheme(value: &[u8]) -> &[u8] {
    value.iter().position(|b| *b == b' ').map_or(b"", |space| &value[..space])
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

/// Returns a header value that Debug does not print and that does not enter HPACK's table.
fn sensitive(value: &str) -> Result<HeaderValue, Refusal> {
    let mut value = HeaderValue::from_str(value).map_err(|_| unusable())?;
    value.set_sensitive(true);
    Ok(value)
}

/// Replaces a query parameter. The other parameters stay byte for byte.
fn replace_in_query(uri: &mut Uri, name: &str, value: &str, known: &Placeholders) -> Result<bool, Refusal> {
    let held = |piece: &str| is_named(piece, name) && known.in_escaped(piece.as_bytes());
    if !pieces(uri).any(held) {
        return Ok(false);
    }
    let filled = |piece: &str| if held(piece) { pair(name, value) } else { piece.to_owned() };
    let filled = pieces(uri).map(filled).collect();
    set_query(uri, filled)?;
    Ok(true)
}

fn set_query(uri: &mut Uri, pieces: Vec<String>) -> Result<(), Refusal> {
    let target = format!("{}?{}", uri.path(), pieces.join("&"));
    let mut whole = uri.clone().into_parts();
    whole.path_and_query = Some(PathAndQuery::try_from(target).map_err(|_| unusable())?);
    *uri = Uri::from_parts(whole).map_err(|_| unusable())?;
    Ok(())
}

fn pair(name: &str, value: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish()
}

fn pieces(uri: &Uri) -> impl Iterator<Item = &str> {
    uri.query().into_iter().flat_map(|query| query.split('&'))
}

fn is_named(piece: &str, name: &str) -> bool {
    parameter(piece) == name.as_bytes()
}

/// Returns whether the query has a parameter of that decoded name.
pub(crate) fn has_parameter(uri: &Uri, name: &str) -> bool {
    pieces(uri).any(|piece| is_named(piece, name))
}

fn parameter(piece: &str) -> Vec<u8> {
    let name = piece.split_once('=').map_or(piece, |(name, _)| name);
    unescape(name.replace('+', " ").as_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, HeaderName, Method};

    const HELD: &str = "authsome-proxy-managed";

    fn head(target: &str, headers: &[(&'static str, &str)]) -> Head<HeaderMap> {
        let fields = headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        Head { method: Method::GET, uri: target.parse().unwrap(), fields: fields.collect() }
    }

    fn filled(head: Head<HeaderMap>, place: Place, value: &str) -> Result<(Head<HeaderMap>, bool), Refusal> {
        filled_in(head, vec![(place, value)])
    }

    /// The first of the places is the usual one.
    fn filled_in(mut head: Head<HeaderMap>, places: Vec<(Place, &str)>) -> Result<(Head<HeaderMap>, bool), Refusal> {
        let slot = |(place, value): (Place, &str)| Slot { place, value: value.to_owned().into() };
        let mut slots: Vec<Slot> = places.into_iter().map(slot).collect();
        let alternatives = slots.split_off(1);
        let redaction = std::sync::Arc::new(crate::Redaction::new(&slots, HELD));
        let (lease, response_headers) = (String::new(), Vec::new());
        let injection = Injection { lease, slots, alternatives, redaction, response_headers };
        let filled = fill(&mut head, &injection, &Placeholders::new(&[HELD.to_owned()]))?;
        Ok((head, filled))
    }

    /// `x-api-key`, `Authorization: Bearer`, `?key=` and the password of Basic.
    fn four_places() -> Vec<(Place, &'static str)> {
        let key = Place::Header(HeaderName::from_static("x-api-key"));
        // Basic u:real
        let basic = "Basic dTpyZWFs";
        vec![
            (key, "real"),
            (authorization(), "Bearer real"),
            (Place::Query("key".into()), "real"),
            (Place::Basic(Half::Password), basic),
        ]
    }

    #[test]
    fn a_client_chooses_the_place_by_where_it_puts_the_placeholder() {
        for (target, own, expected, then) in [
            ("/", None, "/", Some(("x-api-key", "real"))),
            ("/", Some(("x-api-key", HELD)), "/", Some(("x-api-key", "real"))),
            (
                "/",
                Some(("authorization", "bearer authsome-proxy-managed")),
                "/",
                Some(("authorization", "Bearer real")),
            ),
            ("/?key=authsome-proxy-managed", None, "/?key=real", None),
            // me:authsome-proxy-managed, then me:real
            (
                "/",
                Some(("authorization", "Basic bWU6YXV0aHNvbWUtcHJveHktbWFuYWdlZA==")),
                "/",
                Some(("authorization", "Basic bWU6cmVhbA==")),
            ),
            ("/", Some(("authorization", "token authsome-proxy-managed")), "/", Some(("authorization", "Bearer real"))),
        ] {
            let own: Vec<_> = own.into_iter().collect();
            let (after, used) = filled_in(head(target, &own), four_places()).unwrap();
            let fields: Vec<_> =
                after.fields.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
            assert_eq!((after.uri.to_string().as_str(), used), (expected, true), "{target} {own:?}");
            assert_eq!(fields, then.into_iter().collect::<Vec<_>>(), "{target} {own:?}");
        }
    }

    #[test]
    fn a_credential_of_ones_own_in_any_of_the_places_keeps_ours_away() {
        for (target, own) in [
            ("/", Some(("x-api-key", "own"))),
            ("/", Some(("authorization", "Bearer own"))),
            ("/", Some(("authorization", "Basic b3duOm93bg=="))),
            ("/?key=own", None),
        ] {
            let own: Vec<_> = own.into_iter().collect();
            let before = head(target, &own);
            let (after, used) = filled_in(before.clone(), four_places()).unwrap();
            assert_eq!((after.fields, after.uri, used), (before.fields, before.uri, false), "{target} {own:?}");
        }
    }

    #[test]
    fn the_placeholder_in_two_places_is_replaced_in_both() {
        let own = [("x-api-key", HELD), ("authorization", "Bearer authsome-proxy-managed")];
        let (after, _) = filled_in(head("/", &own), four_places()).unwrap();
        assert_eq!(
            (&after.fields["x-api-key"], &after.fields["authorization"]),
            (&"real".parse().unwrap(), &"Bearer real".parse().unwrap())
        );
    }

    #[test]
    fn of_a_basic_pair_only_the_half_with_the_placeholder_is_replaced() {
        // Basic real:
        let user = || (Place::Basic(Half::User), "Basic cmVhbDo=");
        for (own, then) in [
            // authsome-proxy-managed:, with a password x, without a colon
            ("Basic YXV0aHNvbWUtcHJveHktbWFuYWdlZDo=", "Basic cmVhbDo="),
            ("Basic YXV0aHNvbWUtcHJveHktbWFuYWdlZDp4", "Basic cmVhbDp4"),
            ("Basic YXV0aHNvbWUtcHJveHktbWFuYWdlZA==", "Basic cmVhbDo="),
        ] {
            let (after, _) = filled_in(head("/", &[("authorization", own)]), vec![user()]).unwrap();
            assert_eq!(after.fields["authorization"], then, "{own}");
        }
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
