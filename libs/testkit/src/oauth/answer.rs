//! How each style says yes and no at the token endpoint.

use serde_json::{Value, json};

use super::client::Refusal;
use super::config::{Config, Style};
use super::grants::Issued;
use super::token::Grant;
use crate::record::Recorded;
use crate::reply::Reply;

pub(super) fn granted(config: &Config, request: &Recorded, kind: Grant, issued: &Issued) -> Reply {
    let token = token(config, issued);
    let body = match config.style {
        Style::Plain | Style::GitHub => token,
        Style::Notion => notion(config, token),
        Style::Slack => slack(config, kind, token),
    };
    encoded(config, request, 200, &body)
}

pub(super) fn refused(config: &Config, request: &Recorded, refusal: &Refusal) -> Reply {
    let renewing = request.param("grant_type").is_some_and(|kind| kind == "refresh_token");
    if config.style == Style::Slack {
        return encoded(config, request, 200, &json!({ "ok": false, "error": slack_error(refusal.error, renewing) }));
    }
    if config.style == Style::GitHub {
        let error = github_error(refusal.error, renewing);
        let body = json!({ "error": error, "error_description": refusal.description });
        return encoded(config, request, 200, &body);
    }
    let body = json!({ "error": refusal.error, "error_description": refusal.description });
    let reply = encoded(config, request, refusal.status, &body);
    // RFC 6749 §5.2: who used the header is told the scheme.
    match refusal.status == 401 && request.header("authorization").is_some() {
        true => reply.with("www-authenticate", "Basic realm=\"oauth\""),
        false => reply,
    }
}

/// JSON, but for GitHub, which sends a form to those who do not ask for JSON.
pub(super) fn encoded(config: &Config, request: &Recorded, status: u16, body: &Value) -> Reply {
    let wants_json = request.header("accept").is_some_and(|accept| accept.contains("json"));
    let reply = match config.style == Style::GitHub && !wants_json {
        true => Reply::new(status, "application/x-www-form-urlencoded; charset=utf-8", form(body)),
        false => Reply::json(status, body),
    };
    reply.with("cache-control", "no-store")
}

fn token(config: &Config, issued: &Issued) -> Value {
    let mut token = json!({ "access_token": issued.access_token, "token_type": "bearer" });
    if let Some(seconds) = issued.expires_in {
        token["expires_in"] = if config.expires_in_as_text { json!(seconds.to_string()) } else { json!(seconds) };
    }
    if let Some(refresh) = &issued.refresh_token {
        token["refresh_token"] = json!(refresh);
    }
    if !issued.scopes.is_empty() {
        let separator = if config.style == Style::GitHub { "," } else { config.scope_separator.as_str() };
        token["scope"] = json!(issued.scopes.join(separator));
    }
    token
}

fn notion(config: &Config, mut token: Value) -> Value {
    let (id, name) = &config.account;
    token["bot_id"] = json!("bot-1");
    token["workspace_id"] = json!(id);
    token["workspace_name"] = json!(name);
    token["workspace_icon"] = Value::Null;
    token["duplicated_template_id"] = Value::Null;
    token["owner"] = json!({ "type": "user", "user": { "object": "user", "id": "user-1", "name": "Ada" } });
    token
}

/// The user's token lies under `authed_user` after a login, at the top after a refresh.
fn slack(config: &Config, kind: Grant, mut token: Value) -> Value {
    let (id, team) = &config.account;
    token["token_type"] = json!("user");
    let mut answer = if kind == Grant::Login { json!({}) } else { token.clone() };
    answer["ok"] = json!(true);
    answer["app_id"] = json!("A0DEMO");
    answer["team"] = json!({ "id": "T0DEMO", "name": team });
    if kind == Grant::Login {
        token["id"] = json!(id);
        answer["authed_user"] = token;
    }
    answer
}

fn slack_error(error: &str, renewing: bool) -> &str {
    match error {
        "invalid_grant" if renewing => "invalid_refresh_token",
        "invalid_grant" => "invalid_code",
        "invalid_client" => "bad_client_secret",
        other => other,
    }
}

fn github_error(error: &str, renewing: bool) -> &str {
    match error {
        "invalid_grant" if renewing => "bad_refresh_token",
        "invalid_grant" => "bad_verification_code",
        "invalid_client" => "incorrect_client_credentials",
        other => other,
    }
}

fn form(body: &Value) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in body.as_object().into_iter().flatten() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        form.append_pair(name, &text);
    }
    form.finish()
}
