//! OAuth 2.0 as real providers speak it: requests built, answers judged, nothing kept.
//!
//! It opens no connection (a [`Transport`] does), reads no clock and no environment, knows no
//! vault, no terminal and no definition file. The standard grants are built by the `oauth2` crate,
//! whose types stay inside; what that crate does not know (registration, metadata, signed
//! assertions, answers bent by vendors) is done here. A provider's differences are data:
//! [`Provider`].
//!
//! Two rules hold for every request. A redirect is never followed. An error tells status, media
//! type and what was expected; of the body it tells the provider's own `error` and
//! `error_description`, with everything secret that was sent cut out, and nothing else.

#![forbid(unsafe_code)]

mod answer;
pub mod assertion;
pub mod authorize;
mod challenge;
mod coding;
pub mod device;
mod document;
mod endpoint;
mod error;
mod exchange;
mod grant;
mod installation;
pub mod metadata;
mod provider;
mod read;
mod reason;
pub mod register;
mod revoke;
mod sent;
mod token;
mod transport;
mod userinfo;
mod wire;

pub use authorize::{Authorization, check_issuer};
pub use challenge::{Challenge, challenge};
pub use endpoint::{BadEndpoint, Endpoint};
pub use error::{Error, RetryAfter, Tried};
pub use grant::Grants;
pub use installation::installation_token;
pub use provider::{Account, Body, Client, Provider, Revocation, RevocationAuth, TokenAuth};
pub use read::value_at;
pub use reason::Reason;
pub use revoke::revoke;
pub use token::Token;
pub use transport::{Cause, Transport, TransportError, Unfinished};
pub use userinfo::account_at;

/// The longest answer that is read, in bytes, as it comes and with its content coding undone. A [`Transport`] may
/// stop one byte after it.
pub const MAX_ANSWER: usize = 1024 * 1024;
