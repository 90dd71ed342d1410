//! A provider definition for this server, in the canonical form that `authsome inspect` prints.

use serde_json::{Value, json};

use super::config::{ClientAuth, Config, Pkce, Refresh, Style, TokenBody};
use super::state::State;

pub(super) fn definition(state: &State, name: &str) -> Value {
    let (config, url) = (&state.config, &state.url);
    let mut definition = json!({
        "schema_version": 1,
        "name": name,
        "display_name": name,
        "type": "app",
        "auth_type": "oauth2",
        "flow": if config.registration { "dcr_pkce" } else { "pkce" },
        "base_url": null,
        "api_url": config.api_url,
        "oauth": oauth(config, url),
        "allow_loopback_http": config.ca.is_none(),
        "private_network": config.ca.is_some(),
    });
    if config.userinfo {
        // The access token goes there too, so it must be named among its targets.
        let here = url.split_once("://").map_or(url.as_str(), |(_, authority)| authority);
        definition["api_url"] = json!([&config.api_url[..], &[here.to_owned()]].concat());
    }
    if !config.variable.is_empty() {
        definition["export"] = json!({ "env": { &config.variable: "access_token" } });
    }
    definition
}

fn oauth(config: &Config, url: &str) -> Value {
    let mut oauth = json!({
        "authorization_url": format!("{url}/authorize"),
        "token_url": format!("{url}/token"),
        "revocation_url": format!("{url}/revoke"),
        "device_authorization_url": format!("{url}/device_authorization"),
        "scopes": config.scopes,
        "scope_separator": config.scope_separator,
        "scope_param": config.scope_param,
        "pkce": config.pkce != Pkce::Off,
        "token_auth": match config.client_auth {
            ClientAuth::Basic => "basic",
            ClientAuth::Body => "body",
            ClientAuth::None => "none",
        },
        "token_body": if config.token_body == TokenBody::Json { "json" } else { "form" },
        "authorization_params": config.authorization_params,
        "token_headers": config.token_headers,
        "refresh_rotates": matches!(config.refresh, Refresh::Rotating { .. }),
        "expects_refresh_token": config.refresh != Refresh::None,
        "device_token_request": if config.device_json { "json" } else { "oauth2_form" },
        "supports_device_code": true,
        "supports_dcr": config.registration,
    });
    if let Refresh::Rotating { grace: grace @ 1.. } = config.refresh {
        oauth["refresh_grace"] = json!(grace);
    }
    if config.registration {
        oauth["registration_endpoint"] = json!(format!("{url}/register"));
    }
    if config.iss {
        oauth["issuer"] = json!(url);
    }
    if let Some(resource) = &config.resource {
        oauth["resource"] = json!(resource);
    }
    if config.userinfo {
        oauth["userinfo"] = json!({ "url": format!("{url}/userinfo"), "id": "/sub", "label": "/email" });
    }
    manners(config.style, &mut oauth);
    oauth
}

/// What RFC 6749 does not foresee.
fn manners(style: Style, oauth: &mut Value) {
    match style {
        Style::Notion => {
            oauth["account"] = json!({ "id": "/workspace_id", "label": "/workspace_name" });
            oauth["revocation"] = json!({ "method": "POST", "auth": "client", "body": "json" });
        }
        Style::Slack => {
            oauth["account"] = json!({ "id": "/authed_user/id", "label": "/team/name" });
            oauth["token_path"] = json!("/authed_user");
            oauth["revocation"] = json!({ "method": "POST", "auth": "bearer", "tokens": ["access_token"] });
        }
        Style::Plain | Style::GitHub => {}
    }
}
