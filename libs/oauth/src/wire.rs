//! Requests put together: parameters into a body, extra headers, client authentication.

use crate::sent::Sent;
use crate::{Body, Client, Error, Provider, TokenAuth, Transport};
use base64::prelude::{BASE64_STANDARD, Engine};
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

/// Parameters in order; values may be secret.
pub(crate) type Params = Vec<(String, String)>;

/// Parameters whose values may be shown.
const PUBLIC: &[&str] = &["grant_type", "client_id", "redirect_uri", "scope", "resource", "token_type_hint"];

pub(crate) struct Outgoing<'a> {
    pub(crate) method: Method,
    pub(crate) url: &'a Url,
    pub(crate) params: Params,
    pub(crate) body: Body,
    pub(crate) authorization: Option<HeaderValue>,
}

impl Outgoing<'_> {
    /// Sends it; beside the answer, what may not be shown of it.
    pub(crate) fn send(self, transport: &dyn Transport, extra: &HeaderMap) -> Result<(Response<Vec<u8>>, Sent), Error> {
        let sent = self.secrets();
        let mut request = empty(self.method, self.url, extra)?;
        let headers = request.headers_mut();
        if let Some(authorization) = self.authorization {
            headers.insert(AUTHORIZATION, authorization);
        }
        if !self.params.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type(self.body)));
            *request.body_mut() = encoded(self.params, self.body);
        }
        Ok((transport.send(request)?, sent))
    }

    fn secrets(&self) -> Sent {
        let params = self.params.iter().filter(|(name, _)| !PUBLIC.contains(&name.as_str())).map(|(_, value)| value);
        let header = self.authorization.iter().filter_map(|value| value.to_str().ok());
        let mut secrets: Vec<_> = params.cloned().map(Zeroizing::new).collect();
        for text in header {
            let credential = text.split_once(' ').map_or(text, |(_, credential)| credential);
            secrets.push(Zeroizing::new(credential.to_owned()));
            secrets.extend(basic_password(credential));
        }
        // Cutting out a letter would leave nothing readable, and guards nothing.
        secrets.retain(|text| text.len() >= 4);
        Sent(secrets)
    }
}

/// A request without a body that wants JSON; `extra` are the definition's headers.
pub(crate) fn empty(method: Method, url: &Url, extra: &HeaderMap) -> Result<Request<Vec<u8>>, Error> {
    let mut request = Request::new(Vec::new());
    *request.method_mut() = method;
    *request.uri_mut() =
        url.as_str().parse().map_err(|_| Error::Settings("an endpoint is no HTTP address".to_owned()))?;
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
    request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    for (name, value) in extra.iter().filter(|(name, _)| may_be_set(name)) {
        request.headers_mut().insert(name.clone(), value.clone());
    }
    Ok(request)
}

/// Puts the client into the request, as the provider wants it.
pub(crate) fn authenticate(params: &mut Params, client: &Client, auth: TokenAuth) -> Option<HeaderValue> {
    match (auth, &client.secret) {
        (TokenAuth::Basic, Some(secret)) => return Some(basic(client, secret)),
        (TokenAuth::Body, Some(secret)) => {
            params.push(("client_id".to_owned(), client.id.clone()));
            params.push(("client_secret".to_owned(), secret.expose_secret().to_owned()));
        }
        _ => params.push(("client_id".to_owned(), client.id.clone())),
    }
    None
}

/// Returns the client's credentials as HTTP Basic (RFC 6749 §2.3.1).
pub(crate) fn basic(client: &Client, secret: &SecretString) -> HeaderValue {
    let secret = form_encoded(secret.expose_secret());
    let pair = Zeroizing::new(format!("{}:{}", form_encoded(&client.id).as_str(), secret.as_str()));
    let text = Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(pair.as_bytes())));
    let mut header = HeaderValue::from_str(&text).unwrap_or_else(|_| unreachable!("base64 is a header value"));
    header.set_sensitive(true);
    header
}

/// Adds those parameters of the definition whose names are still free.
pub(crate) fn add_extra<'a>(params: &mut Params, extra: impl IntoIterator<Item = (&'a String, &'a String)>) {
    for (name, value) in extra {
        if !params.iter().any(|(taken, _)| taken == name) {
            params.push((name.clone(), value.clone()));
        }
    }
}

/// Asked scopes as the one parameter the provider wants, if there are any.
pub(crate) fn scope_param(provider: &Provider, scopes: &[String]) -> Option<(String, String)> {
    (!scopes.is_empty()).then(|| (provider.scope_param.clone(), scopes.join(&provider.scope_separator)))
}

fn may_be_set(name: &HeaderName) -> bool {
    ![ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, CONTENT_LENGTH, HOST].contains(name)
}

fn media_type(body: Body) -> &'static str {
    match body {
        Body::Form => "application/x-www-form-urlencoded",
        Body::Json => "application/json",
    }
}

fn encoded(params: Params, body: Body) -> Vec<u8> {
    match body {
        Body::Form => form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish().into_bytes(),
        Body::Json => {
            let object: Value = params.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
            object.to_string().into_bytes()
        }
    }
}

/// RFC 6749 §2.3.1: id and secret are form-encoded before they are joined.
///
/// A tilde is not escaped. It is unreserved (RFC 3986 §2.3), so it means the same, and a server that does not decode
/// should get as few escapes as possible.
fn form_encoded(text: &str) -> Zeroizing<String> {
    let encoded = Zeroizing::new(form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>());
    Zeroizing::new(encoded.replace("%7E", "~"))
}

/// The secret inside a Basic credential, as it was before it was encoded.
fn basic_password(credential: &str) -> Option<Zeroizing<String>> {
    let pair = Zeroizing::new(BASE64_STANDARD.decode(credential).ok()?);
    let (_, secret) = std::str::from_utf8(&pair).ok()?.split_once(':')?;
    let (decoded, _) = form_urlencoded::parse(secret.as_bytes()).next()?;
    Some(Zeroizing::new(decoded.into_owned()))
}
