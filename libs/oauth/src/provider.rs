//! What one provider does differently: endpoints and quirks, as data.

use crate::Endpoint;
use http::{HeaderMap, Method};
use secrecy::SecretString;
use std::collections::BTreeMap;

/// Endpoints of one authorization server and how it departs from RFC 6749.
#[derive(Debug, Clone)]
pub struct Provider {
    pub authorization: Option<Endpoint>,
    pub token: Option<Endpoint>,
    pub device_authorization: Option<Endpoint>,
    pub revocation: Option<Revocation>,
    /// The issuer that an `iss` must equal (RFC 9207), but for the slash of an empty path.
    pub issuer: Option<String>,
    /// The server announced that it always sends `iss` (RFC 9207 §3).
    pub iss_required: bool,
    /// RFC 8707.
    pub resource: Option<String>,
    pub scope_separator: String,
    /// The parameter that carries the scopes.
    pub scope_param: String,
    /// S256 (RFC 7636), or off.
    pub pkce: bool,
    pub token_auth: TokenAuth,
    pub token_body: Body,
    /// Extra parameters; a standard one of the same name wins.
    pub authorization_params: BTreeMap<String, String>,
    pub token_params: BTreeMap<String, String>,
    /// Extra headers of every request; those that authenticate or frame one cannot be set.
    pub headers: HeaderMap,
    /// JSON pointer to the object with the token.
    pub token_path: Option<String>,
    pub account: Account,
    /// The device code is polled for with JSON and nothing but the code.
    pub bare_device_poll: bool,
}

impl Default for Provider {
    fn default() -> Self {
        Provider {
            authorization: None,
            token: None,
            device_authorization: None,
            revocation: None,
            issuer: None,
            iss_required: false,
            resource: None,
            scope_separator: " ".to_owned(),
            scope_param: "scope".to_owned(),
            pkce: true,
            token_auth: TokenAuth::Body,
            token_body: Body::Form,
            authorization_params: BTreeMap::new(),
            token_params: BTreeMap::new(),
            headers: HeaderMap::new(),
            token_path: None,
            account: Account::default(),
            bare_device_poll: false,
        }
    }
}

/// The OAuth client (RFC 6749 §2).
#[derive(Debug, Clone)]
pub struct Client {
    pub id: String,
    /// None for a public client.
    pub secret: Option<SecretString>,
}

/// How a client authenticates (RFC 6749 §2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenAuth {
    Body,
    /// HTTP Basic, id and secret form-encoded first.
    Basic,
    /// The id alone, in the body.
    None,
}

/// How parameters are put into a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    Form,
    Json,
}

/// Whose account: as JSON pointers into an answer (RFC 6901), or as what was found there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    pub id: Option<String>,
    pub label: Option<String>,
    /// The person, where several people share what the label names. Only pointers have it.
    pub person: Option<String>,
}

/// How a token is revoked (RFC 7009, or the provider's own way).
#[derive(Debug, Clone)]
pub struct Revocation {
    /// `{token}` in it is replaced, percent-encoded; then the body holds no token.
    pub url: String,
    /// `url` may be http on loopback.
    pub loopback_http: bool,
    pub method: Method,
    pub auth: RevocationAuth,
    pub body: Body,
    /// The parameter that carries the token.
    pub token_param: String,
}

/// How a revocation is authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationAuth {
    /// As at the token endpoint.
    Client,
    /// HTTP Basic with the client's ID and secret, whatever the token endpoint takes.
    Basic,
    /// The token itself, as bearer.
    Bearer,
    None,
}
