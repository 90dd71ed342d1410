//! The `oauth2` crate's HTTP client: it reshapes each request for the provider, and each answer
//! for the crate.
//!
//! The crate is only ever shown a good answer, or a made-up refusal that ends its work at once
//! (its device loop would otherwise poll on by itself). The true outcome is kept here.

use crate::answer;
use crate::document::Document;
use crate::wire::{self, Outgoing, Params};
use crate::{Body, Client, Endpoint, Error, Provider, Transport};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use oauth2::{HttpRequest, HttpResponse, SyncHttpClient};
use std::cell::RefCell;
use std::collections::BTreeMap;

pub(crate) struct Exchange<'a> {
    pub(crate) transport: &'a dyn Transport,
    pub(crate) provider: &'a Provider,
    pub(crate) client: &'a Client,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) body: Body,
    /// The definition's extra parameters for this endpoint.
    pub(crate) extra: &'a BTreeMap<String, String>,
    /// Nothing but this parameter is sent.
    pub(crate) only: Option<&'static str>,
    pub(crate) expected: &'static str,
    /// Converts a good answer to the standard's shape, or says what it is instead.
    pub(crate) standard: &'a dyn Fn(&Document) -> Result<Document, &'static str>,
    pub(crate) outcome: RefCell<Option<Result<Document, Error>>>,
}

/// Never made: failures travel in `outcome`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Never {}

impl SyncHttpClient for Exchange<'_> {
    type Error = Never;

    fn call(&self, request: HttpRequest) -> Result<HttpResponse, Never> {
        let outcome = self.send(request);
        let response = match &outcome {
            Ok((_, standard)) => good(standard),
            Err(_) => stop(),
        };
        *self.outcome.borrow_mut() = Some(outcome.map(|(whole, _)| whole));
        Ok(response)
    }
}

impl Exchange<'_> {
    /// What the crate made of the answer, and the whole answer as the provider gave it.
    pub(crate) fn finish<T, E>(self, parsed: Result<T, E>) -> Result<(T, Document), Error> {
        match (self.outcome.into_inner(), parsed) {
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(whole)), Ok(parsed)) => Ok((parsed, whole)),
            (Some(Ok(_)), Err(_)) => Err(Error::unexpected(200, self.expected, "other types")),
            (None, _) => Err(Error::Settings("the request cannot be built".to_owned())),
        }
    }

    fn send(&self, request: HttpRequest) -> Result<(Document, Document), Error> {
        let (head, body) = request.into_parts();
        let body = zeroize::Zeroizing::new(body);
        let mut params: Params = form_urlencoded::parse(&body).into_owned().collect();
        match self.only {
            Some(only) => params.retain(|(name, _)| name == only),
            None => wire::add_extra(&mut params, self.extra),
        }
        let outgoing = Outgoing {
            method: head.method,
            url: self.endpoint.url(),
            params,
            body: self.body,
            authorization: self.authorization(&head.headers),
        };
        let (response, sent) = outgoing.send(self.transport, &self.provider.headers)?;
        let status = response.status().as_u16();
        let whole = answer::document(response, self.expected, &sent)?;
        match (self.standard)(&whole) {
            Ok(standard) => Ok((whole, standard)),
            Err(found) => Err(Error::unexpected(status, self.expected, found)),
        }
    }

    /// Returns the `Authorization` header of a request that the crate authenticates by Basic, encoded as in all our
    /// requests.
    fn authorization(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let wanted = self.only.is_none() && headers.contains_key(AUTHORIZATION);
        self.client.secret.as_ref().filter(|_| wanted).map(|secret| wire::basic(self.client, secret))
    }
}

fn good(standard: &Document) -> HttpResponse {
    let body = serde_json::to_vec(&standard.0).unwrap_or_else(|_| unreachable!("an object encodes"));
    HttpResponse::new(body)
}

fn stop() -> HttpResponse {
    let mut response = HttpResponse::new(br#"{"error":"access_denied"}"#.to_vec());
    *response.status_mut() = http::StatusCode::BAD_REQUEST;
    response
}
