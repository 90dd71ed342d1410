//! What the server tells about itself (RFC 8414, RFC 9728).

use serde_json::{Value, json};

use super::config::{ClientAuth, Pkce};
use super::state::State;
use crate::reply::Reply;

pub(super) fn server(state: &State) -> Reply {
    let (config, url) = (&state.config, &state.url);
    let methods: &[&str] = match (config.registration, config.client_auth) {
        (true, _) => &["none", "client_secret_basic", "client_secret_post"],
        (false, ClientAuth::Basic) => &["client_secret_basic"],
        (false, ClientAuth::Body) => &["client_secret_post"],
        (false, ClientAuth::None) => &["none"],
    };
    let mut told = json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "revocation_endpoint": format!("{url}/revoke"),
        "device_authorization_endpoint": format!("{url}/device_authorization"),
        "scopes_supported": config.scopes,
        "response_types_supported": ["code"],
        "grant_types_supported": [
            "authorization_code", "refresh_token", "client_credentials",
            "urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:jwt-bearer",
        ],
        "token_endpoint_auth_methods_supported": methods,
        "authorization_response_iss_parameter_supported": config.iss,
    });
    if config.registration {
        told["registration_endpoint"] = json!(format!("{url}/register"));
    }
    if config.pkce != Pkce::Off {
        told["code_challenge_methods_supported"] = json!(["S256"]);
    }
    Reply::json(200, &told)
}

pub(super) fn resource(state: &State) -> Reply {
    let resource = state.config.resource.clone().map_or_else(|| json!(state.url), Value::from);
    Reply::json(
        200,
        &json!({
            "resource": resource,
            "authorization_servers": [state.url],
            "scopes_supported": state.config.scopes,
            "bearer_methods_supported": ["header"],
        }),
    )
}
