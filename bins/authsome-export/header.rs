//! A credential as the header that a request needs, for a client that reads headers from a file.

use proto::ops::credential::TokenGiven;
use proto::{Code, Error, Result};
use provider::Definition;
use secrecy::{ExposeSecret, SecretString};

/// Returns one line, `Authorization: Bearer …` or the first header that the definition names.
///
/// # Errors
/// `invalid` when the provider takes its credential in no header; `denied` when it cannot stand in one.
pub fn header(definition: &Definition, given: &TokenGiven) -> Result<String> {
    let name = &definition.name;
    let secret = ["access_token", "api_key"].into_iter().find_map(|field| given.secret.get(field));
    let secret = SecretString::from(secret.unwrap_or_default());
    let slots = provider::render(definition, &secret).map_err(|error| {
        Error::new(Code::Denied, format!("cannot make a header for {name}: {error}"))
            .hint(format!("authsome login {name} --force"))
    })?;
    let first = slots.iter().find_map(|slot| Some((slot.place.header()?, &slot.value)));
    let (header, value) = first.ok_or_else(|| {
        Error::invalid(format!("{name} takes its credential in no header"))
            .hint(format!("authsome export {name} --format env"))
    })?;
    Ok(format!("{}: {}\n", capitalised(&header), value.expose_secret()))
}

/// Returns the name of a header as people write it: `X-Api-Key` for `x-api-key`. Both mean the same (RFC 9110 §5.1).
fn capitalised(name: &str) -> String {
    let mut after = '-';
    let capital = |c: char| {
        let shown = if after == '-' { c.to_ascii_uppercase() } else { c };
        after = c;
        shown
    };
    name.chars().map(capital).collect()
}
