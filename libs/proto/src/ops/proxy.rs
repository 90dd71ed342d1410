//! Role `proxy`: carry the session's traffic.

use super::credential::Route;
use crate::Secrets;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What `open` carries for the proxy itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    #[serde(default)]
    pub mode: Mode,
    /// Hosts that are let through in [`Mode::Strict`], each `HOST:PORT`, or `HOST` for port 443.
    #[serde(default)]
    pub allow: Vec<String>,
    /// `HOST:PORT` to a loopback address; routing, TLS name and certificate keep HOST.
    #[serde(default)]
    pub connect_to: BTreeMap<String, String>,
    /// A PEM file, trusted for upstream connections besides the system's roots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_ca: Option<String>,
    /// Private and loopback addresses may be dialled.
    #[serde(default)]
    pub allow_private: bool,
    /// Address to listen on; an ephemeral loopback port when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
    /// Leave out the response header that names the connection used.
    #[serde(default)]
    pub no_connection_header: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Inject where connected, pass the rest.
    #[default]
    Connected,
    /// 403 for what has no rule.
    Strict,
}

/// Answer to `open`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Opened {
    /// `127.0.0.1:PORT`.
    pub address: String,
    /// The session's CA certificate, PEM.
    pub ca: String,
    /// The routes' variables only.
    pub env: BTreeMap<String, String>,
    /// The routes as the credential source gave them. They tell the host which connections are in the session. A proxy
    /// may leave them out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
    /// `password`, of the user `authsome`.
    pub secret: Secrets,
}

/// Answer to `status`: what was done since `open`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Hosts asked for and carried untouched.
    pub tunnelled: u64,
    /// Hosts asked for and opened.
    pub intercepted: u64,
    /// Requests that left with a credential and were answered.
    pub injected: u64,
    /// By the code of the refusal.
    pub refused: BTreeMap<String, u64>,
}
