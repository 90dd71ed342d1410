//! Revocation: RFC 7009, and the ways of those who have their own.

use crate::answer;
use crate::wire::{self, Outgoing, Params};
use crate::{Client, Endpoint, Error, Provider, Reason, RevocationAuth, TokenAuth, Transport};
use http::{HeaderValue, Method};
use secrecy::{ExposeSecret, SecretString};

const IN_URL: &str = "{token}";

/// Revokes one token; `hint` is `refresh_token` or `access_token` (RFC 7009 §2.1).
///
/// A token that is dead already counts as revoked.
pub fn revoke(
    transport: &dyn Transport,
    provider: &Provider,
    client: Option<&Client>,
    token: &SecretString,
    hint: &str,
) -> Result<(), Error> {
    let settings = provider.revocation.as_ref().ok_or_else(|| Error::missing("revocation_url"))?;
    let encoded: String = form_urlencoded::byte_serialize(token.expose_secret().as_bytes()).collect();
    // In a path a plus sign is itself.
    let text = settings.url.replace(IN_URL, &encoded.replace('+', "%20"));
    let endpoint = Endpoint::parse(&text, settings.loopback_http)
        .map_err(|why| Error::Settings(format!("the definition's revocation_url is not usable: {why}")))?;
    let mut params = Params::new();
    if !settings.url.contains(IN_URL) && settings.auth != RevocationAuth::Bearer {
        params.push((settings.token_param.clone(), token.expose_secret().to_owned()));
        // RFC 7009 §2.1 is about POST. A provider with another method has an API of its own.
        if settings.method == Method::POST {
            params.push(("token_type_hint".to_owned(), hint.to_owned()));
        }
    }
    let authorization = match (settings.auth, client) {
        (RevocationAuth::Client, Some(client)) => wire::authenticate(&mut params, client, provider.token_auth),
        (RevocationAuth::Basic, Some(client)) => wire::authenticate(&mut params, client, TokenAuth::Basic),
        (RevocationAuth::Bearer, _) => Some(bearer(token)?),
        _ => None,
    };
    let outgoing =
        Outgoing { method: settings.method.clone(), url: endpoint.url(), params, body: settings.body, authorization };
    let (response, mut sent) = outgoing.send(transport, &provider.headers)?;
    sent.0.push(zeroize::Zeroizing::new(token.expose_secret().to_owned()));
    let gone = response.status().as_u16();
    match answer::done(response, &sent) {
        Err(error) if error.reason() == Some(Reason::InvalidGrant) => Ok(()),
        // The token is its own proof, or its own address: who does not know it has none.
        Err(_) if settings.auth == RevocationAuth::Bearer && gone == 401 => Ok(()),
        Err(_) if settings.method == Method::DELETE && gone == 404 => Ok(()),
        result => result,
    }
}

pub(crate) fn bearer(token: &SecretString) -> Result<HeaderValue, Error> {
    let mut header = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
        .map_err(|_| Error::Settings("the token has characters that no header can carry".to_owned()))?;
    header.set_sensitive(true);
    Ok(header)
}
