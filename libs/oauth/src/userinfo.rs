//! Asking an API whose account a token is for.

use crate::answer;
use crate::sent::Sent;
use crate::{Account, Endpoint, Error, Provider, Transport, revoke, token, wire};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// The account that `pointers` find in the answer of `endpoint`: a GET, or a POST of `post`.
pub fn account_at(
    transport: &dyn Transport,
    provider: &Provider,
    endpoint: &Endpoint,
    post: Option<&Value>,
    access_token: &SecretString,
    pointers: &Account,
) -> Result<Account, Error> {
    let method = if post.is_some() { Method::POST } else { Method::GET };
    let mut request = wire::empty(method, endpoint.url(), &provider.headers)?;
    request.headers_mut().insert(AUTHORIZATION, revoke::bearer(access_token)?);
    if let Some(body) = post {
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = body.to_string().into_bytes();
    }
    let sent = Sent(vec![zeroize::Zeroizing::new(access_token.expose_secret().to_owned())]);
    let document = answer::document(transport.send(request)?, "an account", &sent)?;
    Ok(token::account(&document, pointers))
}
