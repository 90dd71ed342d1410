//! Dynamic client registration (RFC 7591).

use crate::answer;
use crate::sent::Sent;
use crate::{Client, Endpoint, Error, TokenAuth, Transport, metadata};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

/// A registered client (RFC 7591 §3.2.1).
#[derive(Debug)]
pub struct Registered {
    pub client: Client,
    /// The server's choice, whatever was asked for.
    pub token_auth: TokenAuth,
    /// Unix seconds at which the secret ends.
    pub expires_at: Option<i64>,
}

/// Registers a native client with one redirect URI; `token_auth` is a wish.
pub fn register(
    transport: &dyn Transport,
    headers: &http::HeaderMap,
    endpoint: &Endpoint,
    redirect_uri: &str,
    token_auth: TokenAuth,
    scopes: &[String],
) -> Result<Registered, Error> {
    let mut body = json!({
        "client_name": "authsome",
        "application_type": "native",
        "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": method_name(token_auth),
    });
    if !scopes.is_empty() {
        body["scope"] = Value::String(scopes.join(" "));
    }
    let response = metadata::post_json(transport, headers, endpoint, &body)?;
    let document = answer::document(response, "a client_id", &Sent::default())?;
    let missing = || Error::unexpected(201, "a client_id", "a document without it");
    let id = document.name("client_id").ok_or_else(missing)?;
    let secret = document.name("client_secret").map(secrecy::SecretString::from);
    let token_auth = match document.text("token_endpoint_auth_method").as_deref().and_then(method_of) {
        _ if secret.as_ref().is_none_or(|secret| secret.expose_secret().is_empty()) => TokenAuth::None,
        Some(chosen) => chosen,
        // RFC 7591 §2: the default when the server does not say.
        None if token_auth == TokenAuth::None => TokenAuth::Basic,
        None => token_auth,
    };
    let expires_at = document.number("client_secret_expires_at").map(|at| at as i64).filter(|at| *at > 0);
    Ok(Registered { client: Client { id, secret }, token_auth, expires_at })
}

/// The registered name of a method (RFC 7591 §2).
pub fn method_name(auth: TokenAuth) -> &'static str {
    match auth {
        TokenAuth::Basic => "client_secret_basic",
        TokenAuth::Body => "client_secret_post",
        TokenAuth::None => "none",
    }
}

fn method_of(name: &str) -> Option<TokenAuth> {
    [TokenAuth::Basic, TokenAuth::Body, TokenAuth::None].into_iter().find(|auth| method_name(*auth) == name)
}
