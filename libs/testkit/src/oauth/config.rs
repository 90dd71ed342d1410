//! How the server behaves: what a provider may do differently, and ready mixtures of it.

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
    /// The definition asks for the account at `/userinfo`.
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

impl Default for Config {
    fn default() -> Config {
        Config::plain()
    }
}

impl Config {
    /// Client `client` with secret `client-secret-plain` in the body, PKCE required, tokens for an
    /// hour, rotating refresh tokens with reuse detection, consent given at once.
    pub fn plain() -> Config {
        Config {
            ca: None,
            style: Style::Plain,
            client_id: "client".to_owned(),
            client_secret: Some("client-secret-plain".to_owned()),
            redirect_uris: Vec::new(),
            client_auth: ClientAuth::Body,
            token_body: TokenBody::Form,
            token_headers: BTreeMap::new(),
            authorization_params: BTreeMap::new(),
            pkce: Pkce::Required,
            consent: Consent::Allow,
            scopes: vec!["read".to_owned(), "write".to_owned()],
            scope_separator: " ".to_owned(),
            scope_param: "scope".to_owned(),
            scopes_granted: None,
            access_ttl: Some(3600),
            expires_in_as_text: false,
            refresh: Refresh::Rotating { grace: 0 },
            reuse_detection: true,
            iss: false,
            resource: None,
            device_interval: 1,
            device_ttl: 600,
            device_json: false,
            registration: false,
            registered_ttl: None,
            account: ("account-1".to_owned(), "ada@example.test".to_owned()),
            userinfo: false,
            api_url: vec!["api.demo.test".to_owned()],
            variable: "DEMO_ACCESS_TOKEN".to_owned(),
        }
    }

    /// Basic with a JSON body, `Notion-Version`, `owner=user`, no PKCE, no `expires_in`, no scopes.
    pub fn notion() -> Config {
        Config {
            style: Style::Notion,
            client_secret: Some("client-secret-notion".to_owned()),
            client_auth: ClientAuth::Basic,
            token_body: TokenBody::Json,
            token_headers: map(&[("Notion-Version", "2022-06-28")]),
            authorization_params: map(&[("owner", "user")]),
            pkce: Pkce::Off,
            scopes: Vec::new(),
            access_ttl: None,
            account: ("workspace-1".to_owned(), "Ada's workspace".to_owned()),
            api_url: vec!["api.notion.test".to_owned()],
            variable: "NOTION_ACCESS_TOKEN".to_owned(),
            ..Config::plain()
        }
    }

    /// User tokens: `user_scope` joined by commas, the token under `authed_user`, no PKCE.
    pub fn slack() -> Config {
        Config {
            style: Style::Slack,
            client_secret: Some("client-secret-slack".to_owned()),
            pkce: Pkce::Off,
            scopes: vec!["channels:read".to_owned(), "chat:write".to_owned()],
            scope_separator: ",".to_owned(),
            scope_param: "user_scope".to_owned(),
            access_ttl: Some(43_200),
            account: ("U0ADA".to_owned(), "Ada's team".to_owned()),
            api_url: vec!["api.slack.test".to_owned()],
            variable: "SLACK_ACCESS_TOKEN".to_owned(),
            ..Config::plain()
        }
    }

    /// An OAuth app: a token for ever, no refresh token, scopes joined by commas in the answer.
    pub fn github() -> Config {
        Config {
            style: Style::GitHub,
            client_secret: Some("client-secret-github".to_owned()),
            pkce: Pkce::Optional,
            scopes: vec!["repo".to_owned(), "read:org".to_owned()],
            access_ttl: None,
            refresh: Refresh::None,
            account: ("1".to_owned(), "ada".to_owned()),
            userinfo: true,
            api_url: vec!["api.github.test".to_owned()],
            variable: "GH_TOKEN".to_owned(),
            ..Config::plain()
        }
    }

    /// No client known: it registers itself, is public, and asks for a resource.
    pub fn mcp() -> Config {
        Config {
            client_id: String::new(),
            client_secret: None,
            client_auth: ClientAuth::None,
            registration: true,
            iss: true,
            resource: Some("https://mcp.demo.test/mcp".to_owned()),
            api_url: vec!["mcp.demo.test".to_owned()],
            ..Config::plain()
        }
    }
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
