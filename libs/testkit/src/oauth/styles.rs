//! Ready mixtures: the manners of providers that people use.

use std::collections::BTreeMap;

use super::config::{ClientAuth, Config, Consent, Pkce, Refresh, Style, TokenBody};

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
