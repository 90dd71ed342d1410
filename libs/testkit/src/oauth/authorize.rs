//! The authorization endpoint and the page where a person decides (RFC 6749 §3.1, §4.1).

use std::collections::BTreeMap;

use super::config::{Consent, Pkce};
use super::grants::{Authorization, Code};
use super::state::{State, random};
use crate::record::Recorded;
use crate::reply::{Reply, escape};

pub(super) fn authorize(state: &mut State, request: &Recorded) -> Reply {
    let params = match params(request) {
        Ok(params) => params,
        Err(name) => return refused_here(&format!("the parameter {name} is there twice")),
    };
    // What cannot be trusted to lead back to the client is told to the person (RFC 6749 §4.1.2.1).
    let Some(client) = params.get("client_id").and_then(|id| state.client(id)) else {
        return refused_here("unknown client_id");
    };
    let Some(redirect_uri) = params.get("redirect_uri") else {
        return refused_here("no redirect_uri");
    };
    if !client.redirect_uris.is_empty() && !client.redirect_uris.contains(redirect_uri) {
        return refused_here("this redirect_uri is not registered");
    }
    let scopes = scopes(state, &params);
    let authorization = Authorization {
        client_id: client.id,
        redirect_uri: redirect_uri.clone(),
        state: params.get("state").cloned(),
        challenge: params.get("code_challenge").cloned(),
        scopes,
    };
    if let Err((error, description)) = check(state, &params) {
        return back(state, &authorization, &[("error", error), ("error_description", description)]);
    }
    state.last_authorization = Some(params);
    match state.config.consent {
        Consent::Ask => ask(state, authorization),
        Consent::Allow => decide(state, authorization, true),
        Consent::Deny => decide(state, authorization, false),
    }
}

/// The form of the page comes back.
pub(super) fn consent(state: &mut State, request: &Recorded) -> Reply {
    let form = request.form();
    let Some(authorization) = form.get("request").and_then(|id| state.pending.remove(id)) else {
        return refused_here("this page was used already");
    };
    decide(state, authorization, form.get("decision").is_some_and(|decision| decision == "allow"))
}

fn params(request: &Recorded) -> Result<BTreeMap<String, String>, String> {
    let query = request.target.split_once('?').map_or("", |(_, query)| query);
    let mut params = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()).into_owned() {
        if params.insert(name.clone(), value).is_some() {
            return Err(name);
        }
    }
    Ok(params)
}

fn check(state: &State, params: &BTreeMap<String, String>) -> Result<(), (&'static str, &'static str)> {
    let get = |name: &str| params.get(name).map(String::as_str);
    if get("response_type") != Some("code") {
        return Err(("unsupported_response_type", "response_type must be code"));
    }
    if state.config.authorization_params.iter().any(|(name, value)| get(name) != Some(value)) {
        return Err(("invalid_request", "a parameter that this server requires is missing"));
    }
    if state.config.resource.is_some() && get("resource") != state.config.resource.as_deref() {
        return Err(("invalid_target", "resource is missing or another"));
    }
    match (state.config.pkce, get("code_challenge"), get("code_challenge_method")) {
        (Pkce::Off, Some(_), _) => Err(("invalid_request", "code_challenge is not known here")),
        (Pkce::Required, None, _) => Err(("invalid_request", "code_challenge required")),
        (_, None, _) => Ok(()),
        (_, Some(challenge), Some("S256")) if challenge.len() == 43 => Ok(()),
        (_, Some(_), _) => Err(("invalid_request", "code_challenge must be S256")),
    }
}

fn scopes(state: &State, params: &BTreeMap<String, String>) -> Vec<String> {
    let asked = params.get(&state.config.scope_param).map(String::as_str).unwrap_or_default();
    let asked = asked.split(state.config.scope_separator.as_str()).filter(|scope| !scope.is_empty());
    let asked = asked.map(str::to_owned).collect();
    state.config.scopes_granted.clone().unwrap_or(asked)
}

fn ask(state: &mut State, authorization: Authorization) -> Reply {
    let id = random();
    let scopes: String = authorization.scopes.iter().map(|scope| format!("<li>{}</li>", escape(scope))).collect();
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Allow access?</title></head>\
         <body><main><h1>Allow access?</h1><p>{client} wants to act as {account}:</p><ul>{scopes}</ul>\
         <form method=\"post\" action=\"/consent\"><input type=\"hidden\" name=\"request\" value=\"{id}\">\
         <button name=\"decision\" value=\"allow\">Allow</button>\
         <button name=\"decision\" value=\"deny\">Deny</button></form></main></body></html>",
        client = escape(&authorization.client_id),
        account = escape(&state.config.account.1),
    );
    state.pending.insert(id, authorization);
    Reply::html(200, page)
}

fn decide(state: &mut State, authorization: Authorization, allow: bool) -> Reply {
    if !allow {
        let denied = [("error", "access_denied"), ("error_description", "the person said no")];
        return back(state, &authorization, &denied);
    }
    let code = state.secret("code_");
    let reply = back(state, &authorization, &[("code", &code)]);
    let made_at = state.now();
    state.codes.insert(code, Code { authorization, made_at, family: None });
    reply
}

/// Sends the browser to the client.
fn back(state: &State, authorization: &Authorization, params: &[(&str, &str)]) -> Reply {
    let Ok(mut url) = url::Url::parse(&authorization.redirect_uri) else {
        return refused_here("the redirect_uri is no URL");
    };
    {
        let mut query = url.query_pairs_mut();
        query.extend_pairs(params);
        query.extend_pairs(authorization.state.iter().map(|state| ("state", state)));
        query.extend_pairs(state.config.iss.then_some(("iss", &state.url)));
    }
    Reply::redirect(302, url.as_str())
}

fn refused_here(why: &str) -> Reply {
    Reply::html(400, format!("<!doctype html><title>Refused</title><h1>Refused</h1><p>{}</p>", escape(why)))
}
