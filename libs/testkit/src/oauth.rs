//! A small OAuth 2.0 authorization server, strict in what it takes, and wrong on command.
//!
//! RFC 6749, 7009, 7523, 7591, 7636, 8414, 8628, 8707, 9207, 9728, as far as a client can tell. It
//! keeps everything in memory and shows it to the test. It is not for use by anyone but tests: it
//! authenticates no person.

mod answer;
mod authorize;
mod client;
mod code;
mod config;
mod definition;
mod device;
mod grants;
mod manage;
mod metadata;
mod route;
mod state;
mod styles;
mod token;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::fault::{Endpoint, Fault, Faults, Times};
use crate::record::{Log, Recorded};
use crate::serve::Server;
use crate::wait::lock;

pub use config::{ClientAuth, Config, Consent, Pkce, Refresh, Style, TokenBody};
pub use grants::Issued;
use state::State;

/// A running authorization server; gone when dropped.
///
/// ```
/// use testkit::{Browser, Config, Consent, OAuthServer};
///
/// let server = OAuthServer::start(Config { consent: Consent::Ask, ..Config::plain() })?;
/// let callback = "http://127.0.0.1:9/callback";
/// let url = format!(
///     "{}/authorize?response_type=code&client_id=client&state=s&redirect_uri={callback}\
///      &code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
///     server.url(),
/// );
/// // Nobody listens at the callback, so the browser is left with its address.
/// let page = Browser::new()?.open(&url)?.press("Allow")?;
/// assert!(page.url.starts_with(callback) && page.url.contains("state=s") && page.url.contains("code="));
/// assert_eq!(server.requests_to("/authorize").len(), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct OAuthServer {
    shared: Arc<Shared>,
    _server: Server,
}

struct Shared {
    state: Mutex<State>,
    faults: Mutex<Faults>,
    log: Log,
}

impl OAuthServer {
    /// Listens on 127.0.0.1; over https when the config has a CA.
    pub fn start(config: Config) -> io::Result<OAuthServer> {
        let tls =
            config.ca.as_ref().map(|ca| ca.server_config(&["127.0.0.1", "localhost"], &["http/1.1"])).transpose()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let shared =
            Arc::new(Shared { state: Mutex::new(State::new(config)), faults: Mutex::default(), log: Log::default() });
        let handler = {
            let shared = Arc::clone(&shared);
            move |request| route::answer(Arc::clone(&shared), request)
        };
        let server = Server::start(tls, handler)?;
        lock(&shared.state).url = format!("{scheme}://{}", server.addr);
        Ok(OAuthServer { shared, _server: server })
    }

    /// Its base, which is also its issuer: `http://127.0.0.1:PORT`, no slash at the end.
    pub fn url(&self) -> String {
        lock(&self.shared.state).url.clone()
    }

    /// A provider definition in the canonical form, pointing at this server.
    pub fn definition(&self, name: &str) -> serde_json::Value {
        definition::definition(&lock(&self.shared.state), name)
    }

    /// Changes how it behaves from the next request on.
    pub fn configure(&self, change: impl FnOnce(&mut Config)) {
        change(&mut lock(&self.shared.state).config);
    }

    /// Adds a fault to those waiting for that endpoint.
    pub fn fault(&self, endpoint: Endpoint, fault: Fault, times: Times) {
        lock(&self.shared.faults).add(endpoint, fault, times);
    }

    pub fn clear_faults(&self) {
        lock(&self.shared.faults).clear();
    }

    /// Moves its clock ahead, so that tokens run out without waiting.
    pub fn advance(&self, by: Duration) {
        lock(&self.shared.state).offset += by;
    }

    /// Whether that access token would be accepted now.
    pub fn is_valid(&self, access_token: &str) -> bool {
        lock(&self.shared.state).is_valid(access_token)
    }

    /// The same as a function that outlives this borrow, for [`crate::Api::accept_if`].
    pub fn validator(&self) -> impl Fn(&str) -> bool + Send + Sync + 'static {
        let shared = Arc::clone(&self.shared);
        move |access_token| lock(&shared.state).is_valid(access_token)
    }

    /// Refresh grants that were carried out, answered or not.
    pub fn refresh_count(&self) -> usize {
        lock(&self.shared.state).refreshes
    }

    /// Refresh tokens that came a second time, outside the grace.
    pub fn reuse_count(&self) -> usize {
        lock(&self.shared.state).reuses
    }

    /// Every request, oldest first.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.log.all()
    }

    /// The requests to one path, such as `/token`.
    pub fn requests_to(&self, path: &str) -> Vec<Recorded> {
        self.shared.log.to(path)
    }

    pub fn forget_requests(&self) {
        self.shared.log.clear();
    }

    /// Ends every access and refresh token.
    pub fn revoke_all(&self) {
        lock(&self.shared.state).revoke_all();
    }

    /// Forgets every registered client: they get `invalid_client` from now on.
    pub fn forget_clients(&self) {
        lock(&self.shared.state).registered.clear();
    }

    /// Tokens for the configured client, as if a login had just happened.
    pub fn issue(&self) -> Issued {
        lock(&self.shared.state).issue()
    }

    /// The person's decision on a device code; false if no such code is waiting.
    #[must_use = "false means that nobody waits for this code"]
    pub fn device_verify(&self, user_code: &str, allow: bool) -> bool {
        lock(&self.shared.state).device_decide(user_code, allow)
    }

    /// Every secret it ever gave out or knows: client secrets, codes, tokens. For [`crate::scan`].
    pub fn secrets(&self) -> Vec<String> {
        lock(&self.shared.state).secrets.clone()
    }

    /// Parameters of the last authorization request that was let in.
    pub fn last_authorization(&self) -> Option<BTreeMap<String, String>> {
        lock(&self.shared.state).last_authorization.clone()
    }
}
