//! What a definition leaves open and the provider tells: RFC 9728 from the resource to its
//! authorization server, RFC 8414 from there to the endpoints. It sends nothing secret.

use crate::settings;
use crate::task::Task;
use oauth::metadata::{self, Server};
use oauth::{Endpoint, Error as Failure, Provider, Revocation, RevocationAuth};
use proto::{Object, Result};
use serde_json::{Value, json};

/// The field that keeps what was found: in a connection's record for its renewals, in a client's
/// for whoever would show its secret to other endpoints.
pub(crate) const FIELD: &str = "discovered";

/// A provider's settings made whole.
pub(crate) struct Found {
    pub(crate) provider: Provider,
    pub(crate) registration: Option<Endpoint>,
    /// Ways to authenticate that the server takes; empty when it was not asked.
    pub(crate) auth_methods: Vec<String>,
    /// What records keep of it; none when nothing was asked.
    pub(crate) kept: Option<Value>,
}

/// The definition's own endpoints, and the rest by asking, if there is a rest.
pub(crate) fn complete(task: &Task, mut provider: Provider) -> Result<std::result::Result<Found, Failure>> {
    let oauth = task.oauth()?;
    let own = oauth.registration_endpoint.as_deref();
    let registration = own.map(|text| settings::endpoint(task, "registration_endpoint", text)).transpose()?;
    if provider.authorization.is_some() && provider.token.is_some() && registration.is_some() {
        return Ok(Ok(Found { provider, registration, auth_methods: Vec::new(), kept: None }));
    }
    let server = match ask(task, &mut provider) {
        Ok(server) => server,
        Err(failure) => return Ok(Err(failure)),
    };
    let registration = registration.or_else(|| server.registration.clone());
    let auth_methods = server.token_auth_methods.clone();
    fill(task, &mut provider, server);
    let kept = Some(kept(&provider, &registration));
    Ok(Ok(Found { provider, registration, auth_methods, kept }))
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
pub(crate) fn restore(task: &Task, record: &Object, provider: &mut Provider) -> std::result::Result<(), Failure> {
    if provider.token.is_some() {
        return Ok(());
    }
    let loopback_http = task.definition.allow_loopback_http;
    let text = |key: &str| record.get(FIELD)?.get(key)?.as_str();
    let Some(token_url) = text("token_url") else {
        let server = ask(task, provider)?;
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

fn ask(task: &Task, provider: &mut Provider) -> std::result::Result<Server, Failure> {
    let (transport, loopback_http) = (task.tools.transport, task.definition.allow_loopback_http);
    let issuer = match &provider.issuer {
        Some(issuer) => issuer.clone(),
        None => issuer_of_resource(task, provider)?,
    };
    metadata::server(transport, &provider.headers, &issuer, loopback_http)
}

/// The issuer that the resource names, else its own origin, as servers before RFC 9728 have it.
fn issuer_of_resource(task: &Task, provider: &mut Provider) -> std::result::Result<String, Failure> {
    let Some(url) = resource_url(task, provider) else {
        return Err(Failure::Settings("it names neither endpoints, issuer, resource nor api_url".to_owned()));
    };
    let loopback_http = task.definition.allow_loopback_http;
    match metadata::resource(task.tools.transport, &provider.headers, &url, loopback_http) {
        Ok(resource) => {
            let named = resource.authorization_servers.into_iter().next();
            provider.resource.get_or_insert(resource.resource);
            named.ok_or_else(|| Failure::Settings("its resource names no authorization server".to_owned()))
        }
        Err(failure) if failure.is_missing() => Ok(origin(&url)),
        Err(failure) => Err(failure),
    }
}

fn resource_url(task: &Task, provider: &Provider) -> Option<String> {
    let own = provider.resource.clone();
    let authorization = || provider.authorization.as_ref().map(|endpoint| origin(endpoint.as_str()));
    let api = || {
        let first = task.definition.api_url.first()?;
        Some(if first.contains("://") { first.clone() } else { format!("https://{first}") })
    };
    own.or_else(api).or_else(authorization)
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
