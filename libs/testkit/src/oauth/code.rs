//! Turning a code into tokens, once (RFC 6749 §4.1.3, RFC 7636 §4.6).

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest;

use super::client::{Params, Refusal};
use super::grants::{Authorization, Client, Issued};
use super::state::State;

/// RFC 6749 §4.1.2 recommends ten minutes at most; here a client has one.
const LIFETIME: Duration = Duration::from_secs(60);

pub(super) fn redeem(state: &mut State, client: &Client, params: &Params) -> Result<Issued, Refusal> {
    let text = params.need("code")?;
    let now = state.now();
    let Some(code) = state.codes.get(text) else {
        return Err(Refusal::new("invalid_grant", "the code is unknown"));
    };
    if let Some(family) = code.family {
        // RFC 6749 §4.1.2: a code seen twice was stolen; what it brought ends.
        state.revoke_family(family);
        return Err(Refusal::new("invalid_grant", "the code was used before"));
    }
    if now.saturating_sub(code.made_at) >= LIFETIME {
        return Err(Refusal::new("invalid_grant", "the code has run out"));
    }
    let authorization = code.authorization.clone();
    check(state, client, params, &authorization)?;
    let family = state.new_family();
    if let Some(code) = state.codes.get_mut(text) {
        code.family = Some(family);
    }
    Ok(state.grant(family, &client.id, authorization.scopes, false))
}

fn check(state: &State, client: &Client, params: &Params, authorization: &Authorization) -> Result<(), Refusal> {
    if authorization.client_id != client.id {
        return Err(Refusal::new("invalid_grant", "the code belongs to another client"));
    }
    if params.get("redirect_uri") != Some(authorization.redirect_uri.as_str()) {
        return Err(Refusal::new("invalid_grant", "redirect_uri is not that of the authorization request"));
    }
    if state.config.resource.is_some() && params.get("resource") != state.config.resource.as_deref() {
        return Err(Refusal::new("invalid_target", "resource is missing or another"));
    }
    match (&authorization.challenge, params.get("code_verifier")) {
        (None, None) => Ok(()),
        // RFC 9700 §2.1.1: or an attacker could strip the challenge.
        (None, Some(_)) => Err(Refusal::new("invalid_grant", "code_verifier without a code_challenge")),
        (Some(_), None) => Err(Refusal::new("invalid_grant", "code_verifier is missing")),
        (Some(challenge), Some(verifier)) if *challenge == s256(verifier) => Ok(()),
        (Some(_), Some(_)) => Err(Refusal::new("invalid_grant", "code_verifier does not match")),
    }
}

fn s256(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}
