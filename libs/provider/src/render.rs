//! The slots of a request, with a secret in each place where the provider accepts it.

use crate::definition::Definition;
use crate::place::{Half, Place};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

/// One place with its whole value. A query value is not percent-encoded.
#[derive(Debug)]
pub struct Slot {
    pub place: Place,
    pub value: SecretString,
}

/// The value is empty, or has a character that cannot stand in one of its places (RFC 9110 §5.5, RFC 7617 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored credential is empty or has characters that no credential has")]
pub struct BadSecret;

/// Returns a slot for each place of the definition, in its order. `secret` is the access token or the API key.
pub fn render(definition: &Definition, secret: &SecretString) -> Result<Vec<Slot>, BadSecret> {
    let secret = secret.expose_secret();
    if secret.is_empty() || !secret.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(BadSecret);
    }
    let slots = definition.places.iter().map(|place| Ok(Slot { place: place.clone(), value: value(place, secret)? }));
    slots.collect()
}

fn value(place: &Place, secret: &str) -> Result<SecretString, BadSecret> {
    Ok(SecretString::from(match place {
        Place::Query { .. } | Place::Header { scheme: None, .. } => secret.to_owned(),
        Place::Header { scheme: Some(scheme), .. } => format!("{scheme} {secret}"),
        // The first colon ends the user's name.
        Place::Basic { half: Half::User, .. } if secret.contains(':') => return Err(BadSecret),
        Place::Basic { half: Half::User, other } => format!("Basic {}", STANDARD.encode(format!("{secret}:{other}"))),
        Place::Basic { half: Half::Password, other } => {
            format!("Basic {}", STANDARD.encode(format!("{other}:{secret}")))
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn rendered(places: Value, secret: &str) -> Result<Vec<(String, String)>, BadSecret> {
        let definition =
            json!({"name":"x","display_name":"X","auth_type":"api_key","flow":"api_key","api_key":{},"places":places});
        let definition: Definition = serde_json::from_value(definition).unwrap();
        let slots = render(&definition, &secret.into())?;
        Ok(slots.into_iter().map(|slot| (slot.place.name(), slot.value.expose_secret().to_owned())).collect())
    }

    #[test]
    fn a_credential_is_rendered_for_every_place_of_the_definition() {
        let places = json!([{"header":"X-Api-Key"}, {"header":"Authorization","scheme":"Token"}, {"query":"key"},
            {"basic":"user"}, {"basic":"password","user":"u"}]);
        let texts = [
            ("x-api-key", "k1"),
            ("authorization", "Token k1"),
            ("key", "k1"),
            ("authorization", "Basic azE6"),
            ("authorization", "Basic dTprMQ=="),
        ];
        assert_eq!(rendered(places, "k1").unwrap(), texts.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_definition_without_places_means_a_bearer_token() {
        let definition = json!({"name":"x","display_name":"X","auth_type":"oauth2","flow":"pkce"});
        let definition: Definition = serde_json::from_value(definition).unwrap();
        let slot = render(&definition, &"ntn_x".into()).unwrap().pop().unwrap();
        assert_eq!((slot.place, slot.value.expose_secret()), (Place::bearer(), "Bearer ntn_x"));
    }

    #[test]
    fn a_secret_that_would_break_out_of_its_place_is_refused() {
        for secret in ["", "a\r\nx-evil: 1", "a\nb", "a\0b", "a b", "a\tb", "ключ", "a\u{7f}"] {
            assert_eq!(rendered(json!([{"header":"X-Api-Key"}]), secret), Err(BadSecret), "{secret:?}");
        }
        assert_eq!(rendered(json!([{"basic":"user"}]), "a:b"), Err(BadSecret));
        assert!(rendered(json!([{"basic":"password"}]), "a:b").is_ok());
    }
}
