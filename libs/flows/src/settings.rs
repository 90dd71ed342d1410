//! A definition as `libs/oauth` wants it: addresses parsed, headers checked.

use crate::task::Task;
use ::http::{HeaderMap, HeaderName, HeaderValue, Method};
use oauth::{Account, Body, Endpoint, Provider, Revocation, TokenAuth};
use proto::Result;
use provider::definition::{self as schema, AccountPointers, DeviceTokenRequest, OAuth};
use std::collections::BTreeMap;

/// The provider's settings; `token_auth` as the client was made with, if that is known.
pub(crate) fn provider(task: &Task, token_auth: Option<&str>) -> Result<Provider> {
    let oauth = task.oauth()?;
    let endpoint = |field: &str, text: &Option<String>| text.as_deref().map(|t| endpoint(task, field, t)).transpose();
    Ok(Provider {
        authorization: endpoint("authorization_url", &oauth.authorization_url)?,
        token: endpoint("token_url", &oauth.token_url)?,
        device_authorization: endpoint("device_authorization_url", &oauth.device_authorization_url)?,
        revocation: revocation(task, oauth)?,
        issuer: oauth.issuer.clone(),
        iss_required: false,
        resource: oauth.resource.clone(),
        scope_separator: oauth.scope_separator.clone(),
        scope_param: oauth.scope_param.clone(),
        pkce: oauth.pkce,
        token_auth: token_auth.and_then(auth_named).unwrap_or(auth_of(oauth.token_auth)),
        token_body: body(oauth.token_body),
        authorization_params: oauth.authorization_params.clone(),
        token_params: oauth.token_params.clone(),
        headers: headers(task, &oauth.token_headers)?,
        token_path: oauth.token_path.clone(),
        account: oauth.account.as_ref().map(pointers).unwrap_or_default(),
        bare_device_poll: oauth.device_token_request == DeviceTokenRequest::Json,
    })
}

/// https, or http on loopback where the definition says so.
pub(crate) fn endpoint(task: &Task, field: &str, text: &str) -> Result<Endpoint> {
    Endpoint::parse(text, task.definition.allow_loopback_http)
        .map_err(|why| task.broken(format_args!("{field}: {why}")))
}

/// Headers of a definition; a bad one is named, never shown.
pub(crate) fn headers(task: &Task, named: &BTreeMap<String, String>) -> Result<HeaderMap> {
    let parsed = named.iter().map(|(name, value)| {
        let header = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str()));
        match header {
            (Ok(name), Ok(value)) => Ok((name, value)),
            _ => Err(task.broken(format_args!("{:?} is no header", proto::redact::shown(name)))),
        }
    });
    parsed.collect()
}

pub(crate) fn pointers(pointers: &AccountPointers) -> Account {
    Account { id: pointers.id.clone(), label: pointers.label.clone(), person: pointers.person.clone() }
}

/// The word for a client's way to authenticate, as records have it.
pub(crate) fn auth_name(auth: TokenAuth) -> &'static str {
    match auth {
        TokenAuth::Body => "body",
        TokenAuth::Basic => "basic",
        TokenAuth::None => "none",
    }
}

pub(crate) fn auth_of(auth: schema::TokenAuth) -> TokenAuth {
    match auth {
        schema::TokenAuth::Body => TokenAuth::Body,
        schema::TokenAuth::Basic => TokenAuth::Basic,
        schema::TokenAuth::None => TokenAuth::None,
    }
}

pub(crate) fn auth_named(name: &str) -> Option<TokenAuth> {
    [TokenAuth::Body, TokenAuth::Basic, TokenAuth::None].into_iter().find(|auth| auth_name(*auth) == name)
}

fn body(body: schema::TokenBody) -> Body {
    match body {
        schema::TokenBody::Form => Body::Form,
        schema::TokenBody::Json => Body::Json,
    }
}

fn revocation(task: &Task, oauth: &OAuth) -> Result<Option<Revocation>> {
    let Some(url) = oauth.revocation_url.clone() else { return Ok(None) };
    let plain = Revocation {
        url,
        loopback_http: task.definition.allow_loopback_http,
        method: Method::POST,
        auth: oauth::RevocationAuth::Client,
        body: Body::Form,
        token_param: "token".to_owned(),
    };
    let Some(own) = &oauth.revocation else { return Ok(Some(plain)) };
    let method = Method::try_from(own.method.to_ascii_uppercase().as_str());
    Ok(Some(Revocation {
        method: method.map_err(|_| task.broken("the method of its revocation is none of HTTP's"))?,
        auth: match own.auth {
            schema::RevocationAuth::Client => oauth::RevocationAuth::Client,
            schema::RevocationAuth::Basic => oauth::RevocationAuth::Basic,
            schema::RevocationAuth::Bearer => oauth::RevocationAuth::Bearer,
            schema::RevocationAuth::None => oauth::RevocationAuth::None,
        },
        body: body(own.body),
        token_param: own.token_param.clone(),
        ..plain
    }))
}
