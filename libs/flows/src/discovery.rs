//! What a definition leaves open and the provider tells: RFC 9728 from the resource to its
//! authorization server, RFC 8414 from there to the endpoints. It sends nothing secret.

use crate::budget::Brief;
use crate::settings;
use crate::task::Task;
use oauth::metadata::{self, Resource, Server};
use oauth::{Challenge, Endpoint, Error as Failure, Provider, Revocation, RevocationAuth};
use proto::{Object, Result};
use serde_json::{Value, json};

/// The field that keeps what was found: in a connection's record for its renewals, in a client's
/// for whoever would show its secret to other endpoints.
pub(crate) const FIELD: &str = "discovered";

/// The scope that asks for a refresh token (OpenID Connect Core §11).
const OFFLINE: &str = "offline_access";

/// A provider's settings made whole.
pub(crate) struct Found {
    pub(crate) provider: Provider,
    pub(crate) registration: Option<Endpoint>,
    /// Ways to authenticate that the server takes; empty when it was not asked.
    pub(crate) auth_methods: Vec<String>,
    /// The scopes to ask for: those that were given, or else those that the resource names.
    pub(crate) scopes: Vec<String>,
    /// What records keep of it; none when nothing was asked.
    pub(crate) kept: Option<Value>,
}

type Asked<T> = std::result::Result<T, Failure>;

/// Completes the definition's endpoints by discovery, if any are missing. `scopes` are the scopes to ask for; when
/// there are none, discovery looks for them as well.
pub(crate) fn complete(task: &Task, mut provider: Provider, scopes: &[String]) -> Result<Asked<Found>> {
    let oauth = task.oauth()?;
    let own = oauth.registration_endpoint.as_deref();
    let registration = own.map(|text| settings::endpoint(task, "registration_endpoint", text)).transpose()?;
    if provider.authorization.is_some() && provider.token.is_some() && registration.is_some() {
        let scopes = scopes.to_vec();
        return Ok(Ok(Found { provider, registration, auth_methods: Vec::new(), scopes, kept: None }));
    }
    let resource = match scopes {
        [] => resource_with_scopes(task, &provider),
        _ => Told::default(),
    };
    let server = match ask(task, &mut provider, resource.document) {
        Ok(server) => server,
        Err(failure) => return Ok(Err(failure)),
    };
    let registration = registration.or_else(|| server.registration.clone());
    let auth_methods = server.token_auth_methods.clone();
    let mut wanted = if scopes.is_empty() { resource.scopes } else { scopes.to_vec() };
    if scopes.is_empty() && !wanted.is_empty() && server.scopes.iter().any(|scope| scope == OFFLINE) {
        ask_offline(&mut provider, &mut wanted);
    }
    let issuer = server.issuer.clone();
    fill(task, &mut provider, server);
    if provider.authorization.is_none() {
        let why = format!("the metadata of {issuer} has no usable authorization_endpoint");
        return Ok(Err(Failure::Settings(why)));
    }
    let kept = Some(kept(&provider, &registration));
    Ok(Ok(Found { provider, registration, auth_methods, scopes: wanted, kept }))
}

/// Adds the scope that asks for a refresh token. A server may require the person's consent for it, so the login asks
/// for consent as well (OpenID Connect Core §11).
fn ask_offline(provider: &mut Provider, scopes: &mut Vec<String>) {
    if !scopes.iter().any(|scope| scope == OFFLINE) {
        scopes.push(OFFLINE.to_owned());
    }
    provider.authorization_params.entry("prompt".to_owned()).or_insert_with(|| "consent".to_owned());
}

/// All endpoints of the login: renewals go where it went, and no API credential goes to any of them.
fn kept(provider: &Provider, registration: &Option<Endpoint>) -> Value {
    let text = |endpoint: &Option<Endpoint>| endpoint.as_ref().map(Endpoint::to_string);
    json!({
        "authorization_url": text(&provider.authorization),
        "token_url": text(&provider.token),
        "device_authorization_url": text(&provider.device_authorization),
        "revocation_url": provider.revocation.as_ref().map(|revocation| &revocation.url),
        "registration_endpoint": text(registration),
        "resource": provider.resource,
    })
}

/// Fills in from the record what the login had found; asks again when the record has none.
pub(crate) fn restore(task: &Task, record: &Object, provider: &mut Provider) -> Asked<()> {
    if provider.token.is_some() {
        return Ok(());
    }
    let loopback_http = task.definition.allow_loopback_http;
    let text = |key: &str| record.get(FIELD)?.get(key)?.as_str();
    let Some(token_url) = text("token_url") else {
        let server = ask(task, provider, None)?;
        fill(task, provider, server);
        return Ok(());
    };
    let token = Endpoint::parse(token_url, loopback_http);
    provider.token = Some(token.map_err(|why| Failure::Settings(format!("its discovered token_url: {why}")))?);
    provider.resource = provider.resource.take().or_else(|| text("resource").map(str::to_owned));
    if let (None, Some(url)) = (&provider.revocation, text("revocation_url")) {
        provider.revocation = Some(standard_revocation(url, loopback_http));
    }
    Ok(())
}

/// The answers of the resource, from which the authorization server is found.
#[derive(Default)]
struct Told {
    document: Option<Resource>,
    scopes: Vec<String>,
}

/// Asks the resource and selects the scopes as MCP's authorization does: those of the challenge, else all that the
/// resource's metadata lists, else none. Without an answer the login goes on, since the endpoints may be known
/// otherwise.
fn resource_with_scopes(task: &Task, provider: &Provider) -> Told {
    let asked = provider.resource.clone().or_else(|| provider.issuer.is_none().then(|| api_url(task)).flatten());
    let Some(url) = asked else { return Told::default() };
    let challenge = challenge(task, provider, &url);
    let document = resource(task, provider, &url, &challenge).ok();
    let supported = document.as_ref().map(|document| document.scopes.clone()).unwrap_or_default();
    Told { document, scopes: if challenge.scopes.is_empty() { supported } else { challenge.scopes } }
}

/// Returns the resource's challenge to a request without a token. It is empty when the resource cannot be asked.
fn challenge(task: &Task, provider: &Provider, url: &str) -> Challenge {
    let loopback_http = task.definition.allow_loopback_http;
    let brief = Brief(task.tools.transport);
    oauth::challenge(&brief, &provider.headers, url, loopback_http).unwrap_or_default()
}

fn resource(task: &Task, provider: &Provider, url: &str, challenge: &Challenge) -> Asked<Resource> {
    let named = challenge.resource_metadata.as_deref();
    let loopback_http = task.definition.allow_loopback_http;
    metadata::resource(task.tools.transport, &provider.headers, url, named, loopback_http)
}

/// Asks for the server's metadata. `document` is the metadata of the resource, if it was found already.
fn ask(task: &Task, provider: &mut Provider, document: Option<Resource>) -> Asked<Server> {
    let server = |issuer: &str, headers: &::http::HeaderMap| {
        metadata::server(task.tools.transport, headers, issuer, task.definition.allow_loopback_http)
    };
    if let Some(issuer) = provider.issuer.clone() {
        return server(&issuer, &provider.headers);
    }
    let Some(url) = resource_url(task, provider) else {
        return Err(Failure::Settings("it names neither endpoints, issuer, resource nor api_url".to_owned()));
    };
    match document.map_or_else(|| named_or_challenged(task, provider, &url), Ok) {
        Ok(resource) => {
            let issuer = resource.authorization_servers.into_iter().next().unwrap_or_else(|| origin(&url));
            provider.resource.get_or_insert(resource.resource);
            server(&issuer, &provider.headers)
        }
        // Servers older than RFC 9728 have their metadata at the resource's own origin.
        Err(Failure::NowhereFound { mut tried, .. }) => match server(&origin(&url), &provider.headers) {
            Err(Failure::NowhereFound { expected, tried: more }) => {
                tried.extend(more);
                Err(Failure::NowhereFound { expected, tried })
            }
            result => result,
        },
        Err(failure) => Err(failure),
    }
}

/// Returns the resource's metadata from its well-known places, or else from the address in its challenge (RFC 9728
/// §5.1).
fn named_or_challenged(task: &Task, provider: &Provider, url: &str) -> Asked<Resource> {
    let failure = match resource(task, provider, url, &Challenge::default()) {
        Err(failure @ Failure::NowhereFound { .. }) => failure,
        result => return result,
    };
    let challenge = challenge(task, provider, url);
    match challenge.resource_metadata {
        Some(_) => resource(task, provider, url, &challenge),
        None => Err(failure),
    }
}

fn resource_url(task: &Task, provider: &Provider) -> Option<String> {
    let authorization = || provider.authorization.as_ref().map(|endpoint| origin(endpoint.as_str()));
    provider.resource.clone().or_else(|| api_url(task)).or_else(authorization)
}

fn api_url(task: &Task) -> Option<String> {
    let first = task.definition.api_url.first()?;
    Some(if first.contains("://") { first.clone() } else { format!("https://{first}") })
}

fn origin(url: &str) -> String {
    url::Url::parse(url).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
}

/// The definition's own word stands; discovery fills what it leaves open.
fn fill(task: &Task, provider: &mut Provider, server: Server) {
    provider.authorization = provider.authorization.take().or(server.authorization);
    provider.token = provider.token.take().or(Some(server.token));
    provider.device_authorization = provider.device_authorization.take().or(server.device_authorization);
    provider.issuer = Some(server.issuer);
    provider.iss_required = server.sends_iss;
    if let (None, Some(endpoint)) = (&provider.revocation, server.revocation) {
        provider.revocation = Some(standard_revocation(endpoint.as_str(), task.definition.allow_loopback_http));
    }
}

fn standard_revocation(url: &str, loopback_http: bool) -> Revocation {
    Revocation {
        url: url.to_owned(),
        loopback_http,
        method: ::http::Method::POST,
        auth: RevocationAuth::Client,
        body: oauth::Body::Form,
        token_param: "token".to_owned(),
    }
}
