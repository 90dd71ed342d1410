//! How the server behaves: what a provider may do differently.

use std::collections::BTreeMap;

use crate::ca::Ca;

/// Everything a test may choose. Start from one of the ready ones and change fields.
#[derive(Clone)]
pub struct Config {
    /// Serve https with a certificate of this CA.
    pub ca: Option<Ca>,
    pub style: Style,
    /// The one client it knows from the start; empty: none.
    pub client_id: String,
    /// None: a public client.
    pub client_secret: Option<String>,
    /// Compared as whole texts. Empty: any, but the token request must repeat it.
    pub redirect_uris: Vec<String>,
    pub client_auth: ClientAuth,
    pub token_body: TokenBody,
    /// Headers that every request to the token endpoint must have.
    pub token_headers: BTreeMap<String, String>,
    /// Parameters that every authorization request must have.
    pub authorization_params: BTreeMap<String, String>,
    pub pkce: Pkce,
    pub consent: Consent,
    /// Scopes of the definition.
    pub scopes: Vec<String>,
    pub scope_separator: String,
    pub scope_param: String,
    /// Grants these instead of what was asked for.
    pub scopes_granted: Option<Vec<String>>,
    /// Seconds that an access token lives; none: for ever, and no `expires_in`.
    pub access_ttl: Option<u64>,
    /// `"expires_in":"3600"`, as some do.
    pub expires_in_as_text: bool,
    pub refresh: Refresh,
    /// A refresh token that comes again after its grace ends the whole family (RFC 9700 §4.14.2).
    pub reuse_detection: bool,
    /// Sends `iss` with the code and announces it (RFC 9207).
    pub iss: bool,
    /// The audience that must be asked for (RFC 8707).
    pub resource: Option<String>,
    /// Seconds between polls (RFC 8628 §3.5).
    pub device_interval: u64,
    pub device_ttl: u64,
    /// The device token request is JSON with the device code alone.
    pub device_json: bool,
    /// Anyone may register a client (RFC 7591).
    pub registration: bool,
    /// Seconds until a registered client's secret runs out; none: never.
    pub registered_ttl: Option<u64>,
    /// The account that logs in: id and label.
    pub account: (String, String),
    /// The definition asks for the account at `/userinfo`, and so names this server among its targets.
    pub userinfo: bool,
    /// Where the definition sends the credential.
    pub api_url: Vec<String>,
    /// The definition's variable for the access token; empty: none.
    pub variable: String,
}

/// Whose manners it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// RFC 6749 as written.
    Plain,
    /// Workspace and bot in the token answer.
    Notion,
    /// 200 with `ok:false` for errors, the user's token under `authed_user`, revocation by bearer.
    Slack,
    /// Form-encoded answers unless JSON is asked for, errors with status 200.
    GitHub,
}

/// How a client must authenticate at the token endpoint (RFC 6749 §2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    Basic,
    Body,
    /// `client_id` in the body, and no secret.
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenBody {
    Form,
    Json,
}

/// S256 only (RFC 7636); `plain` is refused always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pkce {
    /// A request with a challenge is refused.
    Off,
    Optional,
    Required,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// Shows a page with the buttons Allow and Deny.
    Ask,
    /// Sends the browser back at once.
    Allow,
    Deny,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// No refresh tokens.
    None,
    /// One for ever; the answer to a refresh does not repeat it.
    Fixed,
    /// A new one each time; the old one is still taken for `grace` seconds.
    Rotating { grace: u64 },
}
