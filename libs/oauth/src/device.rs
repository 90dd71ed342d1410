//! Device authorization (RFC 8628): the start, and one poll at a time. Waiting is the caller's.

use crate::document::Document;
use crate::exchange::Exchange;
use crate::grant::{NONE, auth_type};
use crate::token::Place;
use crate::{Body, Error, Grants, Reason, RetryAfter, Token, TokenAuth, wire};
use oauth2::basic::BasicClient;
use oauth2::{ClientId, ClientSecret, DeviceAuthorizationUrl, StandardDeviceAuthorizationResponse};
use secrecy::ExposeSecret;
use std::cell::RefCell;
use std::time::Duration;

/// The longest a device code is believed to live, in seconds.
const LONGEST: u64 = 24 * 3600;

/// A device code that waits for its person (RFC 8628 §3.2).
pub struct Started {
    pub user_code: String,
    /// http(s).
    pub verification_uri: String,
    pub verification_uri_complete: Option<String>,
    /// Seconds.
    pub expires_in: u64,
    /// Seconds between two polls, at the least.
    pub interval: u64,
    details: StandardDeviceAuthorizationResponse,
}

/// What one poll brought.
#[derive(Debug)]
pub enum Poll {
    Pending,
    /// The interval grows: by 5 s (RFC 8628 §3.5), or by what the provider said.
    SlowDown(Option<RetryAfter>),
    Done(Token),
}

impl Grants<'_> {
    /// Asks for a device code and a user code.
    pub fn device_start(&self, scopes: &[String]) -> Result<Started, Error> {
        let endpoint =
            self.provider.device_authorization.as_ref().ok_or_else(|| Error::missing("device_authorization_url"))?;
        let mut client = BasicClient::new(ClientId::new(self.client.id.clone()))
            .set_device_authorization_url(DeviceAuthorizationUrl::from_url(endpoint.url().clone()))
            .set_auth_type(auth_type(self.provider.token_auth));
        if let (TokenAuth::Body | TokenAuth::Basic, Some(secret)) = (self.provider.token_auth, &self.client.secret) {
            client = client.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()));
        }
        let mut request = client.exchange_device_code();
        if let Some((name, value)) = wire::scope_param(self.provider, scopes) {
            request = request.add_extra_param(name, value);
        }
        if let Some(resource) = &self.provider.resource {
            request = request.add_extra_param("resource", resource.as_str());
        }
        let exchange = Exchange {
            transport: self.transport,
            provider: self.provider,
            client: self.client,
            endpoint,
            body: Body::Form,
            extra: &NONE,
            only: None,
            expected: "a device code",
            standard: &standard,
            outcome: RefCell::new(None),
        };
        let parsed: Result<StandardDeviceAuthorizationResponse, _> = request.request(&exchange);
        let (details, _) = exchange.finish(parsed)?;
        Ok(Started {
            user_code: details.user_code().secret().clone(),
            verification_uri: details.verification_uri().to_string(),
            verification_uri_complete: details.verification_uri_complete().map(|uri| uri.secret().clone()),
            expires_in: details.expires_in().as_secs(),
            interval: details.interval().as_secs(),
            details,
        })
    }

    /// Asks once whether the person has agreed (RFC 8628 §3.4).
    pub fn device_poll(&self, started: &Started) -> Result<Poll, Error> {
        let client = self.token_client()?;
        // The crate's clock stands still: it ends after one poll whatever comes.
        let request = client.exchange_device_access_token(&started.details).set_time_fn(Default::default);
        let (body, only) = match self.provider.bare_device_poll {
            true => (Body::Json, Some("device_code")),
            false => (self.provider.token_body, None),
        };
        let outcome =
            self.token_with(Place::Path, body, only, |exchange| request.request(exchange, |_: Duration| (), None).ok());
        match outcome {
            Ok(token) => Ok(Poll::Done(token)),
            Err(Error::Throttled { retry_after, .. }) => Ok(Poll::SlowDown(retry_after)),
            Err(error) => match error.reason() {
                Some(Reason::AuthorizationPending) => Ok(Poll::Pending),
                Some(Reason::SlowDown) => Ok(Poll::SlowDown(None)),
                _ => Err(error),
            },
        }
    }
}

/// RFC 8628 §3.2, with what some leave out or write as text.
fn standard(document: &Document) -> Result<Document, &'static str> {
    let mut standard = Document::default();
    let device_code = document.name("device_code").ok_or("a document without device_code")?;
    standard.0.insert("device_code".into(), device_code.into());
    let user_code = document.name("user_code").ok_or("a document without user_code")?;
    standard.0.insert("user_code".into(), user_code.into());
    let uri = document.text("verification_uri").or_else(|| document.text("verification_url"));
    let uri = uri.ok_or("a document without verification_uri")?;
    let uri = web_address(&uri).ok_or("a verification_uri that is no web address")?;
    standard.0.insert("verification_uri".into(), uri.into());
    if let Some(uri) = document.text("verification_uri_complete").as_deref().and_then(web_address) {
        standard.0.insert("verification_uri_complete".into(), uri.into());
    }
    let number = |key: &str| document.number(key).map(|number| number as u64);
    let expires_in = number("expires_in").filter(|n| *n > 0).unwrap_or(900).min(LONGEST);
    standard.0.insert("expires_in".into(), expires_in.into());
    standard.0.insert("interval".into(), number("interval").unwrap_or(5).clamp(1, LONGEST).into());
    Ok(standard)
}

/// Only what a browser may be sent to.
fn web_address(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    matches!(url.scheme(), "https" | "http").then(|| url.to_string())
}
