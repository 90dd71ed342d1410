//! Installation tokens of a GitHub App: a signed assertion as bearer, an answer of its own form.

use crate::answer;
use crate::wire::{Outgoing, Params};
use crate::{Account, Body, Endpoint, Error, Provider, Token, Transport, revoke, token};
use http::Method;
use secrecy::SecretString;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const EXPECTED: &str = "an installation token";

/// The token of the installation at `endpoint`; `now` in Unix seconds.
///
/// Its permissions are told as scopes (`contents:read`). It has no refresh token.
pub fn installation_token(
    transport: &dyn Transport,
    provider: &Provider,
    endpoint: &Endpoint,
    assertion: &SecretString,
    now: i64,
) -> Result<Token, Error> {
    let outgoing = Outgoing {
        method: Method::POST,
        url: endpoint.url(),
        params: Params::new(),
        body: Body::Json,
        authorization: Some(revoke::bearer(assertion)?),
    };
    let (response, sent) = outgoing.send(transport, &provider.headers)?;
    let status = response.status().as_u16();
    let document = answer::document(response, EXPECTED, &sent)?;
    let missing = Error::unexpected(status, EXPECTED, "a document without token");
    let end = document.text("expires_at").and_then(|text| OffsetDateTime::parse(&text, &Rfc3339).ok());
    let permissions = document.0.get("permissions").and_then(Value::as_object);
    Ok(Token {
        access_token: token::secret(&document.0, "token").ok_or(missing)?.into(),
        refresh_token: None,
        expires_in: end.and_then(|end| u64::try_from(end.unix_timestamp() - now).ok()),
        scopes: permissions
            .map(|all| all.iter().filter_map(|(name, level)| Some(format!("{name}:{}", level.as_str()?))).collect()),
        account: Account::default(),
    })
}
