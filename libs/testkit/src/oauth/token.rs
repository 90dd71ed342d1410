//! The token endpoint: every grant (RFC 6749 §3.2, §4.1.3, §4.4, §6; RFC 7523; RFC 8628 §3.4).

use std::time::Duration;

use super::client::{Params, Refusal, authenticate};
use super::config::{Refresh, TokenBody};
use super::grants::{Client, Issued};
use super::state::State;
use super::{answer, code, device};
use crate::jwt;
use crate::record::Recorded;
use crate::reply::Reply;

/// How the tokens came about, for those whose answers differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grant {
    Login,
    Refresh,
    Machine,
}

pub(super) fn token(state: &mut State, request: &Recorded) -> Reply {
    match grant(state, request) {
        Ok((kind, issued)) => answer::granted(&state.config, request, kind, &issued),
        Err(refusal) => answer::refused(&state.config, request, &refusal),
    }
}

fn grant(state: &mut State, request: &Recorded) -> Result<(Grant, Issued), Refusal> {
    for (name, value) in &state.config.token_headers {
        if request.header(name) != Some(value) {
            return Err(Refusal::new("invalid_request", format!("the header {name}: {value} is missing")));
        }
    }
    if state.config.device_json && request.json().get("device_code").is_some() {
        let params = Params::read(request, TokenBody::Json)?;
        return Ok((Grant::Login, device::poll(state, None, &params)?));
    }
    let params = Params::read(request, state.config.token_body)?;
    let kind = params.need("grant_type")?;
    // The assertion says who the client is (RFC 7523 §2.1).
    if kind == "urn:ietf:params:oauth:grant-type:jwt-bearer" {
        return Ok((Grant::Machine, assertion(state, &params)?));
    }
    let client = authenticate(state, request, &params)?;
    match kind {
        "authorization_code" => Ok((Grant::Login, code::redeem(state, &client, &params)?)),
        "urn:ietf:params:oauth:grant-type:device_code" => {
            Ok((Grant::Login, device::poll(state, Some(&client), &params)?))
        }
        "refresh_token" => Ok((Grant::Refresh, refresh(state, &client, &params)?)),
        "client_credentials" if client.secret.is_none() => {
            Err(Refusal::new("unauthorized_client", "a public client has no credentials"))
        }
        "client_credentials" => {
            let scopes = asked(state, &params);
            Ok((Grant::Machine, state.grant_access(scopes)))
        }
        _ => Err(Refusal::new("unsupported_grant_type", "unknown grant_type")),
    }
}

fn refresh(state: &mut State, client: &Client, params: &Params) -> Result<Issued, Refusal> {
    let token = params.need("refresh_token")?;
    let Some(known) = state.refresh.get(token).cloned() else {
        return Err(Refusal::new("invalid_grant", "the refresh token is unknown, or was revoked"));
    };
    if known.client_id != client.id {
        return Err(Refusal::new("invalid_grant", "the refresh token belongs to another client"));
    }
    let now = state.now();
    let grace = match state.config.refresh {
        Refresh::Rotating { grace } => Duration::from_secs(grace),
        Refresh::None | Refresh::Fixed => Duration::MAX,
    };
    if known.used_at.is_some_and(|at| now.saturating_sub(at) >= grace) {
        state.reuses += 1;
        if state.config.reuse_detection {
            state.revoke_family(known.family);
        }
        return Err(Refusal::new("invalid_grant", "the refresh token was used before"));
    }
    let asked = params.get("scope").map(|scope| scope.split(' ').map(str::to_owned).collect::<Vec<_>>());
    if asked.iter().flatten().any(|scope| !known.scopes.contains(scope)) {
        return Err(Refusal::new("invalid_scope", "more scopes than were granted"));
    }
    if let Some(kept) = state.refresh.get_mut(token) {
        // The grace begins with the first use.
        kept.used_at.get_or_insert(now);
    }
    state.refreshes += 1;
    Ok(state.grant(known.family, &client.id, asked.unwrap_or(known.scopes), true))
}

fn assertion(state: &mut State, params: &Params) -> Result<Issued, Refusal> {
    let claims = jwt::verify(params.need("assertion")?).map_err(|why| Refusal::new("invalid_grant", why))?;
    let audience = claims["aud"].as_str().unwrap_or_default();
    if audience != format!("{}/token", state.url) && audience != state.url {
        return Err(Refusal::new("invalid_grant", "the assertion is for another audience"));
    }
    if claims["iss"].as_str().is_none_or(str::is_empty) {
        return Err(Refusal::new("invalid_grant", "the assertion has no iss"));
    }
    let scopes = claims["scope"].as_str().map(|scope| scope.split(' ').map(str::to_owned).collect());
    let scopes = scopes.unwrap_or_else(|| asked(state, params));
    Ok(state.grant_access(scopes))
}

fn asked(state: &State, params: &Params) -> Vec<String> {
    let asked = params.get(&state.config.scope_param).unwrap_or_default();
    let asked = asked.split(state.config.scope_separator.as_str()).filter(|scope| !scope.is_empty());
    let asked = asked.map(str::to_owned).collect();
    state.config.scopes_granted.clone().unwrap_or(asked)
}
