//! What a server says of itself: RFC 8414 (and OpenID Connect Discovery, which came before it),
//! and RFC 9728 for the resource that names its servers.

use crate::answer::{self, Document};
use crate::sent::Sent;
use crate::{Endpoint, Error, Transport, wire};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Response};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

/// An authorization server's metadata, checked (RFC 8414 §2, §3.3).
#[derive(Debug, Clone)]
pub struct Server {
    pub issuer: String,
    pub authorization: Option<Endpoint>,
    pub token: Endpoint,
    pub registration: Option<Endpoint>,
    pub revocation: Option<Endpoint>,
    pub device_authorization: Option<Endpoint>,
    /// Names as in RFC 7591 §2; `client_secret_basic` when it does not say.
    pub token_auth_methods: Vec<String>,
    /// RFC 9207 §3.
    pub sends_iss: bool,
}

/// A protected resource's metadata (RFC 9728 §2), checked.
#[derive(Debug, Clone)]
pub struct Resource {
    pub resource: String,
    pub authorization_servers: Vec<String>,
    pub scopes: Vec<String>,
}

/// The metadata of `issuer`; `loopback_http` allows endpoints on this machine to be http.
///
/// The well-known path goes before the issuer's own (RFC 8414 §3.1), then OpenID Connect's
/// places are tried. The first document found counts, right or wrong.
pub fn server(
    transport: &dyn Transport,
    headers: &HeaderMap,
    issuer: &str,
    loopback_http: bool,
) -> Result<Server, Error> {
    let base = endpoint(issuer, "the issuer", loopback_http)?;
    let places = [
        inserted(&base, "oauth-authorization-server"),
        inserted(&base, "openid-configuration"),
        appended(&base, "openid-configuration"),
    ];
    let document = first_found(transport, headers, &places, "authorization server metadata")?;
    let raw: RawServer = typed(&document, "authorization server metadata")?;
    raw.checked(issuer, loopback_http)
}

/// The metadata of the resource at `url` (RFC 9728 §3.1), or of its whole origin.
pub fn resource(
    transport: &dyn Transport,
    headers: &HeaderMap,
    url: &str,
    loopback_http: bool,
) -> Result<Resource, Error> {
    const EXPECTED: &str = "protected resource metadata";
    let base = endpoint(url, "the resource", loopback_http)?;
    let mut origin = base.clone();
    origin.set_path("");
    origin.set_query(None);
    let places = [inserted(&base, "oauth-protected-resource"), inserted(&origin, "oauth-protected-resource")];
    let document = first_found(transport, headers, &places, EXPECTED)?;
    let raw: RawResource = typed(&document, EXPECTED)?;
    // RFC 9728 §3.3: a document about something else would send the token there.
    if !same_resource(&raw.resource, &base) && !same_resource(&raw.resource, &origin) {
        return Err(unexpected(EXPECTED, "a document about another resource"));
    }
    Ok(Resource {
        resource: raw.resource,
        authorization_servers: raw.authorization_servers,
        scopes: raw.scopes_supported,
    })
}

#[derive(Deserialize)]
struct RawServer {
    issuer: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    registration_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

#[derive(Deserialize)]
struct RawResource {
    resource: String,
    #[serde(default)]
    authorization_servers: Vec<String>,
    #[serde(default)]
    scopes_supported: Vec<String>,
}

impl RawServer {
    fn checked(self, issuer: &str, loopback_http: bool) -> Result<Server, Error> {
        const EXPECTED: &str = "metadata of this very issuer";
        // RFC 8414 §3.3: else one server could speak for another.
        if self.issuer != issuer {
            return Err(unexpected(EXPECTED, "another issuer"));
        }
        if self.code_challenge_methods_supported.is_some_and(|methods| !methods.iter().any(|m| m == "S256")) {
            return Err(unexpected("the code challenge method S256", "a server without it"));
        }
        let optional = |text: Option<String>| match text {
            Some(text) => Endpoint::parse(&text, loopback_http)
                .map(Some)
                .map_err(|_| unexpected("https endpoints in the metadata", "another address")),
            None => Ok(None),
        };
        Ok(Server {
            issuer: self.issuer,
            authorization: optional(self.authorization_endpoint)?,
            token: optional(self.token_endpoint)?
                .ok_or_else(|| unexpected("a token_endpoint", "metadata without it"))?,
            registration: optional(self.registration_endpoint)?,
            revocation: optional(self.revocation_endpoint)?,
            device_authorization: optional(self.device_authorization_endpoint)?,
            token_auth_methods: self
                .token_endpoint_auth_methods_supported
                .unwrap_or_else(|| vec!["client_secret_basic".to_owned()]),
            sends_iss: self.authorization_response_iss_parameter_supported,
        })
    }
}

/// Posts a JSON document.
pub(crate) fn post_json(
    transport: &dyn Transport,
    headers: &HeaderMap,
    endpoint: &Endpoint,
    body: &Value,
) -> Result<Response<Vec<u8>>, Error> {
    let mut request = wire::empty(Method::POST, endpoint.url(), headers)?;
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *request.body_mut() = body.to_string().into_bytes();
    Ok(transport.send(request)?)
}

/// The first place that has a document; a 4xx means to look on, and so does a page for people: many
/// sites answer every path with one.
fn first_found(
    transport: &dyn Transport,
    headers: &HeaderMap,
    places: &[Url],
    expected: &'static str,
) -> Result<Document, Error> {
    let mut last = Error::missing("issuer");
    for place in places {
        let response = transport.send(wire::empty(Method::GET, place, headers)?)?;
        match answer::document(response, expected, &Sent::default()) {
            Ok(document) => return Ok(document),
            Err(error) if error.is_missing() => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

fn typed<T: serde::de::DeserializeOwned>(document: &Document, expected: &'static str) -> Result<T, Error> {
    serde_json::from_value(Value::Object(document.0.clone())).map_err(|_| unexpected(expected, "other fields"))
}

/// `/.well-known/<name>` before the path (RFC 8414 §3.1).
fn inserted(base: &Url, name: &str) -> Url {
    let path = base.path().trim_end_matches('/').to_owned();
    let mut url = base.clone();
    url.set_path(&format!("/.well-known/{name}{path}"));
    url
}

/// After the path (OpenID Connect Discovery §4).
fn appended(base: &Url, name: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/.well-known/{name}", base.path().trim_end_matches('/')));
    url
}

fn same_resource(text: &str, url: &Url) -> bool {
    Url::parse(text).is_ok_and(|named| {
        named.origin() == url.origin()
            && named.path().trim_end_matches('/') == url.path().trim_end_matches('/')
            && named.query() == url.query()
    })
}

fn endpoint(text: &str, what: &str, loopback_http: bool) -> Result<Url, Error> {
    Endpoint::parse(text, loopback_http)
        .map(|endpoint| endpoint.url().clone())
        .map_err(|why| Error::Settings(format!("{what} cannot be asked: {why}")))
}

fn unexpected(expected: &'static str, found: &'static str) -> Error {
    Error::Unexpected { status: 200, content_type: None, expected, found }
}
