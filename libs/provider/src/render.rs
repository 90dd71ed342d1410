//! A secret value, placed where the provider wants it in a request.

use crate::definition::{AuthType, Definition};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Header,
    Query,
}

/// One credential slot. Header names are in lower case; a query value is not percent-encoded.
#[derive(Debug)]
pub struct Slot {
    pub place: Place,
    pub name: String,
    pub value: SecretString,
}

/// The value is empty, or has a character that does not belong into a header (RFC 9110 §5.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored credential is empty or has characters that no credential has")]
pub struct BadSecret;

/// `secret` is the access token or the API key (RFC 6750 §2.1).
pub fn render(definition: &Definition, secret: &SecretString) -> Result<Vec<Slot>, BadSecret> {
    let secret = secret.expose_secret();
    if secret.is_empty() || !secret.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(BadSecret);
    }
    let slot = |place, name: &str, value: String| vec![Slot { place, name: name.to_owned(), value: value.into() }];
    let key = match (definition.auth_type, &definition.api_key) {
        (AuthType::ApiKey, Some(key)) => key,
        _ => return Ok(slot(Place::Header, "authorization", format!("Bearer {secret}"))),
    };
    if let Some(parameter) = &key.query_param {
        return Ok(slot(Place::Query, parameter, secret.to_owned()));
    }
    let value = if key.basic { STANDARD.encode(format!("{secret}:")) } else { secret.to_owned() };
    let value = match key.header_prefix.as_deref() {
        None | Some("") => value,
        Some(prefix) => format!("{prefix} {value}"),
    };
    Ok(slot(Place::Header, &key.header_name.to_ascii_lowercase(), value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn rendered(api_key: Value, secret: &str) -> Result<(Place, String, String), BadSecret> {
        let definition =
            json!({"name":"x","display_name":"X","auth_type":"api_key","flow":"api_key","api_key":api_key});
        let definition: Definition = serde_json::from_value(definition).unwrap();
        let slot = render(&definition, &secret.into())?.pop().unwrap();
        Ok((slot.place, slot.name, slot.value.expose_secret().to_owned()))
    }

    fn header(name: &str, value: &str) -> Result<(Place, String, String), BadSecret> {
        Ok((Place::Header, name.to_owned(), value.to_owned()))
    }

    #[test]
    fn an_api_key_goes_where_the_definition_says() {
        assert_eq!(rendered(json!({}), "k1"), header("authorization", "Bearer k1"));
        assert_eq!(rendered(json!({"header_name":"X-Api-Key","header_prefix":null}), "k1"), header("x-api-key", "k1"));
        assert_eq!(rendered(json!({"header_prefix":""}), "k1"), header("authorization", "k1"));
        assert_eq!(rendered(json!({"header_prefix":"Token"}), "k1"), header("authorization", "Token k1"));
        assert_eq!(
            rendered(json!({"header_prefix":"Basic","basic":true}), "k1"),
            header("authorization", "Basic azE6")
        );
        assert_eq!(rendered(json!({"query_param":"key"}), "k1"), Ok((Place::Query, "key".into(), "k1".into())));
    }

    #[test]
    fn an_access_token_is_a_bearer_token() {
        let definition = json!({"name":"x","display_name":"X","auth_type":"oauth2","flow":"pkce"});
        let definition: Definition = serde_json::from_value(definition).unwrap();
        let slot = render(&definition, &"ntn_x".into()).unwrap().pop().unwrap();
        assert_eq!((slot.name.as_str(), slot.value.expose_secret()), ("authorization", "Bearer ntn_x"));
    }

    #[test]
    fn a_secret_that_would_break_out_of_its_header_is_refused() {
        for secret in ["", "a\r\nx-evil: 1", "a\nb", "a\0b", "a b", "a\tb", "ключ", "a\u{7f}"] {
            assert_eq!(rendered(json!({}), secret), Err(BadSecret), "{secret:?}");
        }
    }
}
