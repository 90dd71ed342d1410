//! The schema of a definition, in its canonical form.
//!
//! `authsome inspect` prints exactly this, and it loads again. Older spellings are turned into
//! this form before they reach it (see `legacy`); nothing else in the project knows them.

use crate::place::Place;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One provider: how to log in, where the credential may go, which variables name it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// Always 1.
    #[serde(default = "one")]
    pub schema_version: u32,
    pub name: String,
    pub display_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Other names it is found by (`notion-mcp`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// `app`, `llm` or `mcp`: for grouping only.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    pub auth_type: AuthType,
    /// The default flow: a built-in one, or any other, served by `authsome-flow-<name>`.
    pub flow: String,
    /// Where a person registers an OAuth app or makes a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dashboard_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docs_url: Option<String>,
    /// Replaces `{base_url}` everywhere; `login --base-url` overrides it for a connection.
    #[serde(default)]
    pub base_url: Option<String>,
    /// The addresses of the APIs of instances. The first one that fits the base URL replaces `{api_base_url}`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<Instance>,
    /// Where the credential may go: `host`, `host:port`, `host/path`, `*.suffix`, `https://…`.
    #[serde(default)]
    pub api_url: Vec<String>,
    /// The places of a request where the credential may stand. A request chooses one by where it has the
    /// placeholder; without a placeholder it is the first. The list is never empty.
    #[serde(default = "bearer")]
    pub places: Vec<Place>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth: Option<OAuth>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<ApiKey>,
    #[serde(default, skip_serializing_if = "Export::is_empty")]
    pub export: Export,
    /// A cheap request that tells whether the credential is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Check>,
    /// Its hosts may be private addresses. Only in a user's own definition.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private_network: bool,
    /// Its OAuth endpoints may be plain http on loopback. Only in a user's own definition.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_loopback_http: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthType {
    #[serde(rename = "oauth2")]
    OAuth2,
    ApiKey,
}

/// The instances of a provider whose base URLs fit a pattern, and the address of their API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// The pattern: `https://HOST`, `https://*.SUFFIX`, or `https://*` for any base URL.
    pub base_url: String,
    /// The address of the API. It may have `{base_url}`, and `{host}` for the base URL's host and port.
    pub api_base_url: String,
}

/// OAuth 2.0 endpoints and what a provider does differently from RFC 6749.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OAuth {
    #[serde(default)]
    pub authorization_url: Option<String>,
    /// May be absent for `dcr_pkce`, where it is discovered (RFC 8414).
    #[serde(default)]
    pub token_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_authorization_url: Option<String>,
    /// RFC 7591.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration_endpoint: Option<String>,
    /// RFC 8414 §2; also what an `iss` must equal (RFC 9207).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// RFC 8707.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    #[serde(default)]
    pub scopes: Vec<String>,
    #[serde(default = "space", skip_serializing_if = "is_space")]
    pub scope_separator: String,
    /// The parameter that carries the scopes (Slack's user tokens: `user_scope`).
    #[serde(default = "scope", skip_serializing_if = "is_scope")]
    pub scope_param: String,
    /// S256 (RFC 7636), or off.
    #[serde(default = "yes")]
    pub pkce: bool,
    /// How the client authenticates at the token endpoint (RFC 6749 §2.3.1).
    #[serde(default)]
    pub token_auth: TokenAuth,
    #[serde(default)]
    pub token_body: TokenBody,
    /// Extra parameters of the authorization request.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub authorization_params: BTreeMap<String, String>,
    /// Extra parameters of the token request.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub token_params: BTreeMap<String, String>,
    /// Extra headers of every request to the provider's OAuth endpoints.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub token_headers: BTreeMap<String, String>,
    /// JSON pointer to the object with the token (Slack's user tokens: `/authed_user`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_path: Option<String>,
    /// Where the token answer tells whose account it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountPointers>,
    /// Asked when the token answer does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userinfo: Option<Userinfo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation: Option<Revocation>,
    /// A refresh answer brings a new refresh token and ends the old one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_rotates: Option<bool>,
    /// Seconds during which a used refresh token is still taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_grace: Option<u32>,
    /// Whether a used refresh token that comes again ends the person's other grants, too. After a lost answer, such
    /// a provider gets the token again only within `refresh_grace`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refresh_reuse_ends_other_grants: bool,
    /// A refresh token is expected; its absence at login is worth a warning.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expects_refresh_token: bool,
    /// `oauth2_form` (RFC 8628 §3.4), or `json` with the device code alone.
    #[serde(default, skip_serializing_if = "DeviceTokenRequest::is_form")]
    pub device_token_request: DeviceTokenRequest,
    /// Variables that may hold the OAuth client at login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id_env: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_env: Option<String>,
    #[serde(default)]
    pub supports_device_code: bool,
    #[serde(default)]
    pub supports_dcr: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenAuth {
    /// `client_id` and `client_secret` in the body.
    #[default]
    Body,
    Basic,
    /// A public client: `client_id` in the body.
    None,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenBody {
    #[default]
    Form,
    Json,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceTokenRequest {
    #[default]
    #[serde(rename = "oauth2_form")]
    Form,
    Json,
}

impl DeviceTokenRequest {
    fn is_form(&self) -> bool {
        *self == DeviceTokenRequest::Form
    }
}

/// JSON pointers (RFC 6901).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountPointers {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The pointer to the person, for labels that several people share (a workspace). It is shown behind the label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Userinfo {
    pub url: String,
    /// For those that want POST (GraphQL): sent as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<serde_json::Value>,
    #[serde(flatten)]
    pub account: AccountPointers,
}

/// How a token is revoked, where it differs from RFC 7009.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// The method: `POST`, or `DELETE`, which may have `{token}` in `revocation_url` in place of a body.
    #[serde(default = "post")]
    pub method: String,
    #[serde(default)]
    pub auth: RevocationAuth,
    #[serde(default)]
    pub body: TokenBody,
    /// The parameter that carries the token.
    #[serde(default = "token")]
    pub token_param: String,
    /// Which tokens to send: `refresh_token`, `access_token`; in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RevocationAuth {
    /// As at the token endpoint.
    #[default]
    Client,
    /// HTTP Basic with the client's ID and secret, whatever the token endpoint takes (GitHub).
    Basic,
    /// The access token as bearer (Slack).
    Bearer,
    None,
}

/// The shape of an API key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Must match the whole key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_pattern: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_pattern_hint: Option<String>,
}

/// Variables for programs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    /// The exported values, each with the names of its variables. All of them are set for programs; at
    /// login the first one that is set answers the form.
    pub env: BTreeMap<Exported, Vec<String>>,
}

impl Export {
    fn is_empty(&self) -> bool {
        self.env.is_empty()
    }
}

/// What a variable holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exported {
    AccessToken,
    ApiKey,
    BaseUrl,
    ApiUrl,
    /// Named so that a definition can say it; never exported, never a placeholder.
    RefreshToken,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    #[serde(default = "get")]
    pub method: String,
    pub url: String,
    /// The status that means good.
    #[serde(default = "ok")]
    pub expect: u16,
    /// Headers without which the provider answers nothing useful (a version).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// A test of the body, for an API that refuses with the same status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<BodyCheck>,
}

/// A value in the JSON of a good answer (Slack: `true` at `/ok`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyCheck {
    /// The JSON pointer to the value (RFC 6901).
    pub pointer: String,
    pub equals: serde_json::Value,
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

fn ok() -> u16 {
    200
}

fn get() -> String {
    "GET".to_owned()
}

fn post() -> String {
    "POST".to_owned()
}

fn token() -> String {
    "token".to_owned()
}

fn space() -> String {
    " ".to_owned()
}

fn is_space(text: &str) -> bool {
    text == " "
}

fn scope() -> String {
    "scope".to_owned()
}

fn is_scope(text: &str) -> bool {
    text == "scope"
}

fn bearer() -> Vec<Place> {
    vec![Place::bearer()]
}
