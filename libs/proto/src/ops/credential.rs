//! Role `credential`: for this request, what goes where.

use crate::{ConnectionName, Key, Object, ProfileName, ProviderName, Secrets};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Comes first. A named connection that is missing is `not-found`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Open {
    pub profile: ProfileName,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub choose: BTreeMap<ProviderName, ConnectionName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Vec<ProviderName>>,
    /// What a request's `X-Authsome-Connection` may choose.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub grant: BTreeMap<ProviderName, Grant>,
    /// For the proxy alone; it passes `open` on without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<super::proxy::Settings>,
}

/// Named connections, or `"*"`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Grant {
    Named(Vec<ConnectionName>),
    All(Star),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Star {
    #[serde(rename = "*")]
    Star,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct RoutesWanted {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_changed: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routes {
    pub rev: String,
    pub routes: Vec<Route>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    pub provider: ProviderName,
    /// `null` when more than one is possible.
    pub connection: Option<ConnectionName>,
    /// The names to choose from, when `connection` is null.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<ConnectionName>,
    pub targets: Vec<Target>,
    /// The provider's own auth endpoints: nothing is set there, a placeholder there is refused.
    #[serde(default)]
    pub except: Vec<Target>,
    /// Places that a connection was confirmed for and that the definition no longer names. Their connections are
    /// opened, nothing is set there, and a placeholder is refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<Target>,
    /// Variables for the child; their values are placeholders. None when no connection can be used.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The places where a credential may stand. A request with a credential of its own in one of them is left
    /// alone. Empty when the source does not tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Spot>,
    /// The user's own definition says that its hosts may be private addresses.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private_network: bool,
}

/// `host` is exact, or `*.suffix` by label; `path` a prefix by segment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Target {
    pub host: String,
    pub port: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Resolve {
    pub request: Request,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<ConnectionName>,
}

/// `path` is without the query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub method: String,
    pub scheme: String,
    pub host: String,
    pub port: u16,
    pub path: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Resolved {
    /// Names the key and 16 hex of the access token's SHA-256; needs no memory.
    pub lease: String,
    pub provider: ProviderName,
    pub connection: ConnectionName,
    /// The slots to fill when the request has no credential of its own.
    pub set: Vec<Set>,
    /// Further slots of the same credential. If the request has the placeholder in one of them, that one is
    /// filled in place of `set`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Set>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// How long it serves, in milliseconds.
    #[serde(default = "fresh_ms")]
    pub fresh_ms: u64,
    pub secret: Secrets,
}

/// A place of a request: the header or the query parameter of that name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Spot {
    #[serde(rename = "in")]
    pub place: Place,
    pub name: String,
}

/// One credential slot: the value is `secret[from]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Set {
    #[serde(rename = "in")]
    pub place: Place,
    pub name: String,
    pub from: String,
    /// The half of a Basic pair that is the credential (RFC 7617). The other half of the request's own pair stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half: Option<Half>,
}

/// One half of a pair of HTTP Basic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Half {
    User,
    Password,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    Header,
    Query,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    pub lease: String,
    pub status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub www_authenticate: Option<String>,
    #[serde(default)]
    pub replayable: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reported {
    pub retry: bool,
}

/// For `export` and `get --show-secret`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Token {
    pub provider: ProviderName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<ConnectionName>,
}

/// Never a refresh token or a client secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TokenGiven {
    pub key: Key,
    pub record: Object,
    /// Variable to field of `secret`.
    pub env: BTreeMap<String, String>,
    /// `access_token` or `api_key`.
    pub secret: Secrets,
}

fn fresh_ms() -> u64 {
    1000
}
