//! What a server says of itself: RFC 8414 (and OpenID Connect Discovery, which came before it),
//! and RFC 9728 for the resource that names its servers.
//!
//! A document is read field by field. An optional field that is null, empty, of another type or no https address counts
//! as absent. A place without usable metadata leads on to the next place.

use crate::answer;
use crate::challenge::scopes;
use crate::document::Document;
use crate::sent::Sent;
use crate::{Endpoint, Error, Transport, Tried, wire};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Response};
use serde_json::Value;
use url::Url;

const SERVER: &str = "authorization server metadata";
const RESOURCE: &str = "protected resource metadata";

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
    /// The `scopes_supported`; empty when the document has none.
    pub scopes: Vec<String>,
    /// RFC 9207 §3.
    pub sends_iss: bool,
}

/// A protected resource's metadata (RFC 9728 §2), checked.
#[derive(Debug, Clone)]
pub struct Resource {
    pub resource: String,
    /// The issuers of the authorization servers, in the resource's order.
    pub authorization_servers: Vec<String>,
    /// The `scopes_supported`; empty when the document has none.
    pub scopes: Vec<String>,
}

/// The metadata of `issuer`; `loopback_http` allows endpoints on this machine to be http.
///
/// The well-known path goes before the issuer's own (RFC 8414 §3.1), then OpenID Connect's
/// places are tried. A document of another issuer ends the search.
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
    first_usable(transport, headers, SERVER, places, |document| server_of(document, issuer, loopback_http))
}

/// Finds the metadata of the resource at `url`: at the address `named` by a challenge (RFC 9728 §5.1), at the
/// resource's well-known place (§3.1), or at that of its origin. A document about another resource ends the search.
pub fn resource(
    transport: &dyn Transport,
    headers: &HeaderMap,
    url: &str,
    named: Option<&str>,
    loopback_http: bool,
) -> Result<Resource, Error> {
    let base = endpoint(url, "the resource", loopback_http)?;
    let mut origin = base.clone();
    origin.set_path("");
    origin.set_query(None);
    let named = named.and_then(|named| Endpoint::parse(named, loopback_http).ok()).map(|named| named.url().clone());
    let well_known = [inserted(&base, "oauth-protected-resource"), inserted(&origin, "oauth-protected-resource")];
    first_usable(transport, headers, RESOURCE, named.into_iter().chain(well_known), |document| {
        resource_of(document, &base, &origin)
    })
}

/// The judgement on the document at one place.
enum Judged<T> {
    Usable(T),
    /// The document is of no use, for the reason given. The next place is tried.
    Useless(&'static str),
    /// The document is about another server or resource. The search ends.
    Foreign(&'static str),
}

fn server_of(document: &Document, issuer: &str, loopback_http: bool) -> Judged<Server> {
    let Some(own) = document.text("issuer") else { return Judged::Useless("a document without issuer") };
    // RFC 8414 §3.3: otherwise one server could speak for another.
    if !host::same_identifier(&own, issuer) {
        return Judged::Foreign("the metadata of another issuer");
    }
    let methods = document.texts("code_challenge_methods_supported");
    if methods.is_some_and(|methods| !methods.iter().any(|method| method == "S256")) {
        return Judged::Useless("a server without the code challenge method S256");
    }
    let optional = |key: &str| Endpoint::parse(&document.text(key)?, loopback_http).ok();
    let Some(token) = optional("token_endpoint") else {
        return Judged::Useless("a document without a usable token_endpoint");
    };
    let methods = document.texts("token_endpoint_auth_methods_supported");
    Judged::Usable(Server {
        issuer: own,
        authorization: optional("authorization_endpoint"),
        token,
        registration: optional("registration_endpoint"),
        revocation: optional("revocation_endpoint"),
        device_authorization: optional("device_authorization_endpoint"),
        token_auth_methods: methods.unwrap_or_else(|| vec!["client_secret_basic".to_owned()]),
        scopes: supported_scopes(document),
        sends_iss: document.0.get("authorization_response_iss_parameter_supported") == Some(&Value::Bool(true)),
    })
}

fn resource_of(document: &Document, base: &Url, origin: &Url) -> Judged<Resource> {
    let Some(own) = document.text("resource") else { return Judged::Useless("a document without resource") };
    // RFC 9728 §3.3: a document about another resource would send the token there.
    if !same_resource(&own, base) && !same_resource(&own, origin) {
        return Judged::Foreign("the metadata of another resource");
    }
    let servers = document.texts("authorization_servers").unwrap_or_default();
    Judged::Usable(Resource {
        resource: own,
        authorization_servers: servers.into_iter().filter(|server| !server.is_empty()).collect(),
        scopes: supported_scopes(document),
    })
}

fn supported_scopes(document: &Document) -> Vec<String> {
    let named = document.texts("scopes_supported").unwrap_or_default();
    scopes(named.iter().flat_map(|text| text.split_whitespace()))
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

/// Returns the first usable document, or an error that tells how each place answered.
fn first_usable<T>(
    transport: &dyn Transport,
    headers: &HeaderMap,
    expected: &'static str,
    places: impl IntoIterator<Item = Url>,
    judge: impl Fn(&Document) -> Judged<T>,
) -> Result<T, Error> {
    let mut tried: Vec<Tried> = Vec::new();
    for place in places {
        if tried.iter().any(|tried| tried.place == place.as_str()) {
            continue;
        }
        let said = match ask(transport, headers, &place, expected).map(|document| judge(&document)) {
            Ok(Judged::Usable(found)) => return Ok(found),
            Ok(Judged::Useless(found)) => Error::unexpected(200, expected, found),
            Ok(Judged::Foreign(found)) => return Err(Error::unexpected(200, expected, found)),
            Err(error) => error,
        };
        // The other places are on the same host, which cannot be reached.
        let unreachable = matches!(said, Error::NotSent(_));
        if unreachable && tried.is_empty() {
            return Err(said);
        }
        tried.push(Tried { place: place.into(), said });
        if unreachable {
            break;
        }
    }
    Err(Error::NowhereFound { expected, tried })
}

fn ask(transport: &dyn Transport, headers: &HeaderMap, place: &Url, expected: &'static str) -> Result<Document, Error> {
    let response = transport.send(wire::empty(Method::GET, place, headers)?)?;
    answer::document(response, expected, &Sent::default())
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
