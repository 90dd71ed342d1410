//! What the server remembers: clients, codes, tokens and their families, and the time.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};

use super::config::{Config, Refresh, Style};
use super::grants::{Access, Authorization, Client, Code, Device, Issued, RefreshToken};

pub(super) struct State {
    pub config: Config,
    pub url: String,
    /// How far its clock is ahead.
    pub offset: Duration,
    started: Instant,
    pub registered: HashMap<String, Client>,
    /// Authorization requests whose person has not decided yet, by the id in the page's form.
    pub pending: HashMap<String, Authorization>,
    pub codes: HashMap<String, Code>,
    pub devices: HashMap<String, Device>,
    access: HashMap<String, Access>,
    pub refresh: HashMap<String, RefreshToken>,
    families: u64,
    pub refreshes: usize,
    pub reuses: usize,
    pub secrets: Vec<String>,
    pub last_authorization: Option<BTreeMap<String, String>>,
}

impl State {
    pub fn new(config: Config) -> State {
        State {
            url: String::new(),
            offset: Duration::ZERO,
            started: Instant::now(),
            registered: HashMap::new(),
            pending: HashMap::new(),
            codes: HashMap::new(),
            devices: HashMap::new(),
            access: HashMap::new(),
            refresh: HashMap::new(),
            families: 0,
            refreshes: 0,
            reuses: 0,
            secrets: config.client_secret.iter().cloned().collect(),
            last_authorization: None,
            config,
        }
    }

    /// Time since the server began, on its own clock.
    pub fn now(&self) -> Duration {
        self.started.elapsed() + self.offset
    }

    /// A fresh random text that is remembered as a secret.
    pub fn secret(&mut self, prefix: &str) -> String {
        let text = format!("{prefix}{}", random());
        self.secrets.push(text.clone());
        text
    }

    pub fn client(&self, id: &str) -> Option<Client> {
        let config = &self.config;
        if !id.is_empty() && id == config.client_id {
            return Some(Client {
                id: id.to_owned(),
                secret: config.client_secret.clone(),
                redirect_uris: config.redirect_uris.clone(),
                auth: config.client_auth,
                expires_at: None,
            });
        }
        let alive = |client: &&Client| client.expires_at.is_none_or(|at| self.now() < at);
        self.registered.get(id).filter(alive).cloned()
    }

    pub fn is_valid(&self, token: &str) -> bool {
        self.access.get(token).is_some_and(|access| access.expires_at.is_none_or(|at| self.now() < at))
    }

    pub fn new_family(&mut self) -> u64 {
        self.families += 1;
        self.families
    }

    /// Tokens of one family. `renewed`: the answer to a refresh.
    pub fn grant(&mut self, family: u64, client_id: &str, scopes: Vec<String>, renewed: bool) -> Issued {
        let (access_prefix, refresh_prefix) = prefixes(self.config.style);
        let access_token = self.secret(access_prefix);
        let expires_in = self.config.access_ttl;
        let expires_at = expires_in.map(|seconds| self.now() + Duration::from_secs(seconds));
        self.access.insert(access_token.clone(), Access { family, expires_at });
        let refresh_token = match (self.config.refresh, renewed) {
            (Refresh::None, _) | (Refresh::Fixed, true) => None,
            (Refresh::Fixed, false) | (Refresh::Rotating { .. }, _) => Some(self.secret(refresh_prefix)),
        };
        if let Some(token) = &refresh_token {
            let kept = RefreshToken { family, client_id: client_id.to_owned(), scopes: scopes.clone(), used_at: None };
            self.refresh.insert(token.clone(), kept);
        }
        Issued { access_token, refresh_token, expires_in, scopes }
    }

    /// An access token alone, for grants that have nothing to refresh.
    pub fn grant_access(&mut self, scopes: Vec<String>) -> Issued {
        let kept = std::mem::replace(&mut self.config.refresh, Refresh::None);
        let family = self.new_family();
        let issued = self.grant(family, "", scopes, false);
        self.config.refresh = kept;
        issued
    }

    pub fn issue(&mut self) -> Issued {
        let (family, id) = (self.new_family(), self.config.client_id.clone());
        self.grant(family, &id, self.config.scopes.clone(), false)
    }

    pub fn revoke_family(&mut self, family: u64) {
        self.access.retain(|_, access| access.family != family);
        self.refresh.retain(|_, refresh| refresh.family != family);
    }

    /// Ends the family of a refresh token or one access token; unknown ones are no error (RFC 7009 §2.2).
    pub fn revoke(&mut self, token: &str) {
        match self.refresh.get(token).map(|refresh| refresh.family) {
            Some(family) => self.revoke_family(family),
            None => drop(self.access.remove(token)),
        }
    }

    pub fn revoke_all(&mut self) {
        self.access.clear();
        self.refresh.clear();
    }

    pub fn device_decide(&mut self, user_code: &str, allow: bool) -> bool {
        let now = self.now();
        let waiting = |device: &&mut Device| device.user_code == user_code && now < device.expires_at;
        match self.devices.values_mut().find(waiting) {
            Some(device) if device.allowed.is_none() => {
                device.allowed = Some(allow);
                true
            }
            _ => false,
        }
    }
}

/// 256 bits from the kernel, as URL-safe text.
pub(super) fn random() -> String {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).unwrap_or_else(|_| unreachable!("the kernel has random bytes"));
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn prefixes(style: Style) -> (&'static str, &'static str) {
    match style {
        Style::Plain => ("at_", "rt_"),
        Style::Notion => ("ntn_", "nrt_"),
        Style::Slack => ("xoxe.xoxp-1-", "xoxe-1-"),
        Style::GitHub => ("gho_", "ghr_"),
    }
}
