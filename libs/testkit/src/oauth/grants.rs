//! What is granted to whom: clients, requests, codes and tokens, as plain records.
//!
//! Times are on the server's clock, counted from its start.

use std::time::Duration;

use super::config::ClientAuth;

/// Tokens as a client would have got them.
#[derive(Debug, Clone)]
pub struct Issued {
    pub access_token: String,
    pub refresh_token: Option<String>,
    /// Seconds.
    pub expires_in: Option<u64>,
    pub scopes: Vec<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Client {
    pub id: String,
    pub secret: Option<String>,
    pub redirect_uris: Vec<String>,
    pub auth: ClientAuth,
    /// On the server's clock.
    pub expires_at: Option<Duration>,
}

#[derive(Debug, Clone)]
pub(super) struct Authorization {
    pub client_id: String,
    pub redirect_uri: String,
    pub state: Option<String>,
    pub challenge: Option<String>,
    pub scopes: Vec<String>,
}

pub(super) struct Code {
    pub authorization: Authorization,
    pub made_at: Duration,
    /// The family it was turned into.
    pub family: Option<u64>,
}

pub(super) struct Device {
    pub user_code: String,
    pub client_id: String,
    pub scopes: Vec<String>,
    pub expires_at: Duration,
    pub interval: Duration,
    pub polled_at: Option<Duration>,
    pub allowed: Option<bool>,
}

pub(super) struct Access {
    pub family: u64,
    pub expires_at: Option<Duration>,
}

#[derive(Clone)]
pub(super) struct RefreshToken {
    pub family: u64,
    pub client_id: String,
    pub scopes: Vec<String>,
    pub used_at: Option<Duration>,
}
