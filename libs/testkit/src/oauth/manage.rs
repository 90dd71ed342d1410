//! Revocation (RFC 7009 and its odd relatives), registration (RFC 7591), and whose token it is.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::answer;
use super::client::{Params, Refusal, authenticate};
use super::config::{ClientAuth, Style};
use super::grants::Client;
use super::state::{State, random};
use crate::record::Recorded;
use crate::reply::Reply;

pub(super) fn revoke(state: &mut State, request: &Recorded) -> Reply {
    if state.config.style == Style::Slack {
        return revoke_bearer(state, request);
    }
    match revoked(state, request) {
        Ok(()) => Reply::json(200, &json!({})),
        Err(refusal) => answer::refused(&state.config, request, &refusal),
    }
}

/// `DELETE /revoke/TOKEN`.
pub(super) fn revoke_by_path(state: &mut State, path: &str) -> Reply {
    state.revoke(path.trim_start_matches("/revoke/"));
    Reply::empty(204)
}

fn revoked(state: &mut State, request: &Recorded) -> Result<(), Refusal> {
    let params = Params::read(request, state.config.token_body)?;
    authenticate(state, request, &params)?;
    let token = params.need("token")?;
    state.revoke(token);
    Ok(())
}

fn revoke_bearer(state: &mut State, request: &Recorded) -> Reply {
    let token = bearer(request).unwrap_or_default();
    if !state.is_valid(token) {
        return Reply::json(200, &json!({ "ok": false, "error": "invalid_auth" }));
    }
    state.revoke(token);
    Reply::json(200, &json!({ "ok": true, "revoked": true }))
}

pub(super) fn register(state: &mut State, request: &Recorded) -> Reply {
    if !state.config.registration {
        return Reply::json(403, &json!({ "error": "access_denied", "error_description": "registration is closed" }));
    }
    let asked = request.json();
    let refused = |error: &str, why: &str| Reply::json(400, &json!({ "error": error, "error_description": why }));
    let uris: Vec<String> = asked["redirect_uris"].as_array().into_iter().flatten().filter_map(text).collect();
    if uris.is_empty() {
        return refused("invalid_redirect_uri", "redirect_uris is missing");
    }
    let method = asked["token_endpoint_auth_method"].as_str().unwrap_or("client_secret_basic");
    let auth = match method {
        "none" => ClientAuth::None,
        "client_secret_basic" => ClientAuth::Basic,
        "client_secret_post" => ClientAuth::Body,
        _ => return refused("invalid_client_metadata", "unknown token_endpoint_auth_method"),
    };
    let secret = (auth != ClientAuth::None).then(|| state.secret("cs_"));
    let id = format!("registered-{}", &random()[..12]);
    let ttl = state.config.registered_ttl;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + state.offset;
    let mut told = asked.clone();
    told["client_id"] = json!(id);
    told["client_id_issued_at"] = json!(now.as_secs());
    told["token_endpoint_auth_method"] = json!(method);
    if let Some(secret) = &secret {
        told["client_secret"] = json!(secret);
        told["client_secret_expires_at"] = json!(ttl.map_or(0, |ttl| now.as_secs() + ttl));
    }
    let expires_at = ttl.map(|ttl| state.now() + Duration::from_secs(ttl));
    state.registered.insert(id.clone(), Client { id, secret, redirect_uris: uris, auth, expires_at });
    Reply::json(201, &told).with("cache-control", "no-store")
}

pub(super) fn userinfo(state: &State, request: &Recorded) -> Reply {
    if !bearer(request).is_some_and(|token| state.is_valid(token)) {
        let reply = Reply::json(401, &json!({ "error": "invalid_token" }));
        return reply.with("www-authenticate", "Bearer error=\"invalid_token\"");
    }
    let (id, label) = &state.config.account;
    Reply::json(200, &json!({ "sub": id, "email": label }))
}

fn bearer(request: &Recorded) -> Option<&str> {
    let (scheme, token) = request.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
