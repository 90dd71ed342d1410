//! The device flow (RFC 8628), with the page that a person opens on another machine.

use std::time::Duration;

use serde_json::json;

use super::answer;
use super::client::{Params, Refusal, authenticate};
use super::config::TokenBody;
use super::grants::{Client, Device, Issued};
use super::state::{State, random};
use crate::record::Recorded;
use crate::reply::{Reply, escape};

pub(super) fn authorization(state: &mut State, request: &Recorded) -> Reply {
    let params = match Params::read(request, TokenBody::Form) {
        Ok(params) => params,
        Err(refusal) => return answer::refused(&state.config, request, &refusal),
    };
    // RFC 8628 §3.1: public clients send their id; confidential ones authenticate as at the token endpoint, if at all.
    let client = match params.get("client_id").and_then(|id| state.client(id)) {
        Some(client) => Ok(client),
        None => authenticate(state, request, &params),
    };
    let client = match client {
        Ok(client) => client,
        Err(refusal) => return answer::refused(&state.config, request, &refusal),
    };
    let device_code = state.secret("dc_");
    let user_code = user_code();
    let asked = params.get(&state.config.scope_param).unwrap_or_default().split(state.config.scope_separator.as_str());
    let device = Device {
        user_code: user_code.clone(),
        client_id: client.id,
        scopes: asked.filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
        expires_at: state.now() + Duration::from_secs(state.config.device_ttl),
        interval: Duration::from_secs(state.config.device_interval),
        polled_at: None,
        allowed: None,
    };
    let told = json!({
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": format!("{}/device", state.url),
        "verification_uri_complete": format!("{}/device?user_code={user_code}", state.url),
        "expires_in": state.config.device_ttl,
        "interval": state.config.device_interval,
    });
    state.devices.insert(device_code, device);
    answer::encoded(&state.config, request, 200, &told)
}

/// One poll. `client` is none where the device code alone is sent.
pub(super) fn poll(state: &mut State, client: Option<&Client>, params: &Params) -> Result<Issued, Refusal> {
    let code = params.need("device_code")?;
    let now = state.now();
    let Some(device) = state.devices.get_mut(code) else {
        return Err(Refusal::new("invalid_grant", "the device code is unknown"));
    };
    if client.is_some_and(|client| client.id != device.client_id) {
        return Err(Refusal::new("invalid_grant", "the device code belongs to another client"));
    }
    if now >= device.expires_at {
        return Err(Refusal::new("expired_token", "the device code has run out"));
    }
    // A tenth less: a client's clock and ours need not tick alike.
    let soonest = device.interval.mul_f32(0.9);
    if device.polled_at.replace(now).is_some_and(|at| now.saturating_sub(at) < soonest) {
        device.interval += Duration::from_secs(5);
        return Err(Refusal::new("slow_down", "polled too soon"));
    }
    match device.allowed {
        None => Err(Refusal::new("authorization_pending", "nobody has decided yet")),
        Some(false) => Err(Refusal::new("access_denied", "the person said no")),
        Some(true) => {
            let (id, scopes) = (device.client_id.clone(), device.scopes.clone());
            state.devices.remove(code);
            let family = state.new_family();
            let scopes = state.config.scopes_granted.clone().unwrap_or(scopes);
            Ok(state.grant(family, &id, scopes, false))
        }
    }
}

pub(super) fn page(request: &Recorded) -> Reply {
    let code = escape(&request.query("user_code").unwrap_or_default());
    Reply::html(
        200,
        format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Enter the code</title></head>\
             <body><main><h1>Enter the code</h1><form method=\"post\" action=\"/device\">\
             <label>Code <input name=\"user_code\" value=\"{code}\"></label>\
             <button name=\"decision\" value=\"allow\">Allow</button>\
             <button name=\"decision\" value=\"deny\">Deny</button></form></main></body></html>"
        ),
    )
}

pub(super) fn decide(state: &mut State, request: &Recorded) -> Reply {
    let form = request.form();
    let code = form.get("user_code").map(String::as_str).unwrap_or_default();
    if !state.device_decide(code, form.get("decision").is_some_and(|decision| decision == "allow")) {
        return Reply::html(400, "<!doctype html><title>Unknown code</title><h1>Unknown code</h1>".to_owned());
    }
    Reply::html(200, "<!doctype html><title>Done</title><h1>Done, you may close this window</h1>".to_owned())
}

/// Letters that are hard to mistake for one another (RFC 8628 §6.1).
fn user_code() -> String {
    const LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";
    let letter = |byte: u8| char::from(LETTERS[usize::from(byte) % LETTERS.len()]);
    let letters: String = random().bytes().take(8).map(letter).collect();
    format!("{}-{}", &letters[..4], &letters[4..])
}
