//! What the proxy asks: may this host be reached, what goes on this request, is a 401 worth a
//! second try. Tokens, routes and providers are the answering side's; this side only carries.

use crate::message::Fields;
use crate::{Redaction, Refusal};
use host::Authority;
use http::{HeaderName, HeaderValue, Method};
use secrecy::SecretString;
use std::pin::Pin;
use std::sync::Arc;

/// A boxed answer, so that a policy can be a trait object.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The one who decides. One policy serves all connections of a session, concurrently.
pub trait Policy: Send + Sync + 'static {
    /// What to do with a host, asked at each CONNECT ([`Scheme::Https`]) and at each plain
    /// absolute-form request ([`Scheme::Http`], where nothing is ever set).
    fn connect<'a>(&'a self, to: &'a Authority, scheme: Scheme) -> Answer<'a, Verdict>;

    /// What to put on a request of an intercepted host. `Err` answers the client in its place.
    fn request<'a>(&'a self, head: &'a RequestHead<'a>) -> Answer<'a, Result<Action, Refusal>>;

    /// The upstream answered 401 to a credential set under a lease. `true` asks
    /// [`Policy::request`] again and sends the request once more, if it is replayable; any other
    /// outcome delivers the 401.
    fn report<'a>(&'a self, report: &'a Report<'a>) -> Answer<'a, bool>;

    /// A request or CONNECT was refused, by the policy or by the proxy itself; for an audit log.
    fn refused(&self, _to: Option<&Authority>, _refusal: &Refusal) {}

    /// The head of the response to a request on which a slot was filled; for an audit log.
    fn answered(&self, _answered: &Answered<'_>) {}
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    Http,
    Https,
}

/// `private` allows loopback, private, CGNAT and unique-local addresses; link-local and metadata
/// addresses are never dialled.
#[derive(Debug)]
pub enum Verdict {
    /// Carry the bytes untouched (for plain http: the request, without anything set). With `tls_only` a tunnel's
    /// first bytes must be TLS that names the host of the CONNECT.
    Tunnel {
        private: bool,
        tls_only: bool,
    },
    /// Open the TLS connection and ask [`Policy::request`] for each request (for plain http: the
    /// same as `Tunnel`).
    Intercept {
        private: bool,
    },
    Refuse(Refusal),
}

/// A request as the policy sees it.
pub struct RequestHead<'a> {
    pub method: &'a Method,
    /// The authority of the CONNECT, which is also the TLS name and the `Host`.
    pub authority: &'a Authority,
    /// Without the query; `*` for `OPTIONS *`.
    pub path: &'a str,
    /// The client's own, `X-Authsome-*` among them.
    pub fields: &'a dyn Single,
    /// Answers about what the client put into its request.
    pub brought: &'a dyn Brought,
}

/// A client's own request, asked for a credential of its own or a placeholder.
pub trait Brought: Sync {
    /// Returns whether the request has the header, whatever the case of `name`.
    fn has_header(&self, name: &str) -> bool;

    /// Returns whether the query has the parameter, `name` being its decoded name.
    fn has_parameter(&self, name: &str) -> bool;

    /// Returns whether a placeholder stands anywhere in the head.
    fn has_placeholder(&self) -> bool;
}

/// Header fields that have one value or none.
pub trait Single: Sync {
    /// # Errors
    /// When the name is repeated.
    fn single<'a>(&'a self, name: &'a HeaderName) -> Result<Option<&'a [u8]>, Repeated>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a header is given twice")]
pub struct Repeated;

impl<F: Fields + Sync> Single for F {
    fn single<'a>(&'a self, name: &'a HeaderName) -> Result<Option<&'a [u8]>, Repeated> {
        let mut values = self.values(name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Repeated),
            (only, None) => Ok(only),
        }
    }
}

#[derive(Debug)]
pub enum Action {
    Forward,
    Set(Injection),
}

/// The credential of one request.
#[derive(Debug)]
pub struct Injection {
    /// Given back in [`Report`].
    pub lease: String,
    /// The slots to fill when the request has no credential of its own.
    pub slots: Vec<Slot>,
    /// Further slots of the same credential. If the request has the placeholder in one of them, that one is filled in
    /// place of `slots`.
    pub alternatives: Vec<Slot>,
    /// The redaction of the response's head and trailers, used when a slot was filled. It is made from the same slots,
    /// once as long as they stay the same.
    pub redaction: Arc<Redaction>,
    /// Added to the response, when a slot was really filled: which connection was used.
    pub response_headers: Vec<(HeaderName, HeaderValue)>,
}

/// One place and its whole value, as `Bearer …`.
///
/// Where the client put a placeholder into that place, the value replaces it; where the place is
/// empty, the value fills it; what else the client put there is its own credential and stays.
#[derive(Debug)]
pub struct Slot {
    pub place: Place,
    pub value: SecretString,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Header(HeaderName),
    /// A query parameter, by its decoded name.
    Query(String),
    /// One half of the pair in `Authorization: Basic …` (RFC 7617). The slot's value has both halves. In a
    /// client's own pair only the half with the placeholder is replaced.
    Basic(Half),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    User,
    Password,
}

/// A request that left with a credential, and what came of it.
#[derive(Debug)]
pub struct Answered<'a> {
    /// Of the credential that the response belongs to: after a second try, of the second.
    pub lease: &'a str,
    pub authority: &'a Authority,
    pub method: &'a Method,
    /// Without the query.
    pub path: &'a str,
    pub status: u16,
}

/// An upstream's 401 to a request on which a slot was filled.
#[derive(Debug)]
pub struct Report<'a> {
    pub lease: &'a str,
    pub authority: &'a Authority,
    pub status: u16,
    pub www_authenticate: Option<&'a str>,
    /// The request can be sent once more: it had no body, or one that was kept.
    pub replayable: bool,
}
