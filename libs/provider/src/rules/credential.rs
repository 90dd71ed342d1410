//! The rules about a definition's credential: its places in a request, its shape, and the variables that
//! hold it.

use super::Checked;
use super::details::{env_name, is_framing, is_token, is_visible};
use crate::definition::{AuthType, Definition, Exported};
use crate::error::Fault;
use crate::place::{Half, Place};

/// The most places of a credential. No API accepts one in more.
const MOST: usize = 8;

pub(super) fn places(definition: &Definition) -> Checked {
    let places = &definition.places;
    if places.is_empty() || places.len() > MOST {
        return Err(Fault::new("places", format!("names {} places; it takes 1 to {MOST}", places.len())));
    }
    for (index, place) in places.iter().enumerate() {
        let field = format!("places[{index}]");
        let wrong = match place {
            Place::Header { name, .. } if !is_token(name) || is_framing(name) => {
                Some("is no header that may carry a credential")
            }
            Place::Header { scheme: Some(scheme), .. } if !is_visible(scheme) => {
                Some("has a scheme with a space or a control character")
            }
            Place::Query { name } if !is_token(name) => Some("is no parameter's name"),
            // RFC 7617 §2: the first colon ends the user's name.
            Place::Basic { half, other } if !is_visible(other) || (*half == Half::Password && other.contains(':')) => {
                Some("has another half with a space, a control character, or a colon in the user")
            }
            _ if places[..index].contains(place) => Some("stands there twice"),
            _ => None,
        };
        if let Some(wrong) = wrong {
            return Err(Fault::new(field, wrong));
        }
    }
    Ok(())
}

pub(super) fn key(definition: &Definition) -> Checked {
    let pattern = definition.api_key.as_ref().and_then(|key| key.key_pattern.as_deref());
    match pattern.is_some_and(|pattern| regex_lite::Regex::new(pattern).is_err()) {
        true => Err(Fault::new("api_key.key_pattern", "is not a regular expression")),
        false => Ok(()),
    }
}

pub(super) fn variables(definition: &Definition) -> Checked {
    let other = match definition.auth_type {
        AuthType::OAuth2 => Exported::ApiKey,
        AuthType::ApiKey => Exported::AccessToken,
    };
    for (holds, names) in &definition.export.env {
        let field = format!("export.env.{}", holds.as_str());
        for (index, name) in names.iter().enumerate() {
            env_name(&format!("{field}[{index}]"), name, &definition.name)?;
        }
        if *holds == other && !names.is_empty() {
            return Err(Fault::new(
                format!("{field}[0]"),
                format!("holds {}, which this provider has not", other.as_str()),
            ));
        }
    }
    Ok(())
}
