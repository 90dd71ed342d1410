//! An intercepting HTTPS proxy that carries everything as it came, but for one credential.
//!
//! It knows no tokens, providers or routes: a [`Policy`] says which hosts to open up and what to put
//! on a request. It keeps no file, reads no environment, follows no redirect and changes nothing
//! beyond the slots it is given. Hosts that the policy does not claim are tunnelled untouched.
//!
//! The life of a request: `server` accepts, `client` asks the policy about the host, `intercept` opens
//! the TLS connection with a leaf of the `ca` and the HTTP version that the upstream speaks. `http1` or
//! `http2` then carries requests and responses; what happens to a head is the same for both: `target`
//! sees to it that CONNECT, TLS name and `Host` agree, `request` asks the policy, `slots` puts the
//! credential in. It leaves over a connection of `upstream`, which `dial` opened.
//!
//! ```no_run
//! use mitm::{Action, Answer, Dialer, Injection, Permitted, Place, Policy, Proxy, Redaction, Refusal};
//! use mitm::{Report, RequestHead, Scheme, SessionCa, Settings, Slot, Verdict};
//! use host::Authority;
//! use std::sync::Arc;
//!
//! struct OneHost;
//!
//! impl Policy for OneHost {
//!     fn connect<'a>(&'a self, to: &'a Authority, _scheme: Scheme) -> Answer<'a, Verdict> {
//!         let ours = to.to_string() == "api.example.com:443";
//!         Box::pin(async move {
//!             match ours {
//!                 true => Verdict::Intercept { private: false },
//!                 false => Verdict::Tunnel { private: false, tls_only: false },
//!             }
//!         })
//!     }
//!
//!     fn request<'a>(&'a self, head: &'a RequestHead<'a>) -> Answer<'a, Result<Action, Refusal>> {
//!         Box::pin(async move {
//!             if head.path.starts_with("/oauth/") {
//!                 return Ok(Action::Forward);
//!             }
//!             let slots = vec![Slot {
//!                 place: Place::Header(http::header::AUTHORIZATION),
//!                 value: "Bearer secret".to_owned().into(),
//!             }];
//!             Ok(Action::Set(Injection {
//!                 lease: "example/default@1".to_owned(),
//!                 redaction: Arc::new(Redaction::new(&slots, "authsome-proxy-managed")),
//!                 slots,
//!                 alternatives: Vec::new(),
//!                 response_headers: Vec::new(),
//!             }))
//!         })
//!     }
//!
//!     fn report<'a>(&'a self, _report: &'a Report<'a>) -> Answer<'a, bool> {
//!         Box::pin(async { false }) // true: the credential was renewed, try once more
//!     }
//! }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let ca = Arc::new(SessionCa::new(vec![Permitted::Host("api.example.com".parse()?)])?);
//! let trusted_by_clients = ca.pem().to_owned();
//! let proxy = Proxy::new(Arc::new(OneHost), ca, Settings {
//!     password: "of this session".to_owned().into(), // http://authsome:PASSWORD@127.0.0.1:PORT
//!     placeholders: vec!["authsome-proxy-managed".to_owned()],
//!     is_foreign: |_own, _peer| false, // of another user of this machine
//!     roots: rustls::RootCertStore::empty(), // the system's, and --upstream-ca
//!     dialer: Dialer::default(),
//! })?;
//! let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
//! let stop = async { /* ready when the session ends */ };
//! proxy.serve(listener, stop).await;
//! # Ok(()) }
//! ```
#![forbid(unsafe_code)]

mod ahead;
mod bypass;
mod ca;
mod client;
mod clock;
mod core;
mod dial;
mod fields;
#[doc(hidden)]
pub mod fuzzing;
mod hello;
mod hold;
mod http1;
mod http2;
mod intercept;
pub mod limits;
mod message;
mod password;
mod placeholder;
mod policy;
mod redaction;
mod refusal;
mod request;
mod server;
mod slots;
mod strangers;
mod stream;
mod target;
mod tls;
mod upstream;
mod upstream_error;
mod upstream_proxy;

pub use bypass::{BadBypass, Bypass};
pub use ca::{CaError, Permitted, SessionCa};
pub use dial::{DialError, Dialer, Resolve, SystemResolver};
pub use password::USER;
pub use policy::{
    Action, Answer, Answered, Brought, Half, Injection, Place, Policy, Repeated, Report, RequestHead, Scheme, Single,
    Slot, Verdict,
};
pub use redaction::Redaction;
pub use refusal::{ERROR_HEADER, Refusal};
pub use server::{Proxy, Settings};
pub use tls::provider;
pub use upstream_proxy::{ProxyScheme, UpstreamProxy};
