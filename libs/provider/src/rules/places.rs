//! Every place that a definition names: endpoints, targets, and calls that carry the credential.

use super::Checked;
use super::details::headers;
use crate::definition::Definition;
use crate::endpoint;
use crate::error::Fault;
use crate::path;
use crate::place::Place;
use crate::target::Target;
use host::Authority;

pub(super) fn endpoints(definition: &Definition) -> Checked {
    let Some(oauth) = &definition.oauth else { return Ok(()) };
    let loopback_http = definition.allow_loopback_http;
    for (field, url) in [
        ("oauth.authorization_url", &oauth.authorization_url),
        ("oauth.token_url", &oauth.token_url),
        ("oauth.device_authorization_url", &oauth.device_authorization_url),
        ("oauth.registration_endpoint", &oauth.registration_endpoint),
        ("oauth.issuer", &oauth.issuer),
        ("oauth.resource", &oauth.resource),
    ] {
        url.as_deref().map(|url| url_at(field, url, loopback_http)).transpose()?;
    }
    let Some(url) = &oauth.revocation_url else { return Ok(()) };
    let deletes = oauth.revocation.as_ref().is_some_and(|revocation| revocation.method == "DELETE");
    let in_path = |template: &str| match url.split_once(template) {
        None => true,
        Some((before, after)) => {
            before.matches('/').count() >= 3 && !before.contains(['?', '#']) && !after.contains(template)
        }
    };
    if !in_path("{token}") || !in_path("{client_id}") || (url.contains("{token}") && !deletes) {
        let message = "may have {client_id} once in its path, and {token} when the method is DELETE";
        return Err(Fault::new("oauth.revocation_url", message));
    }
    let filled = url.replace("{token}", "token").replace("{client_id}", "client");
    url_at("oauth.revocation_url", &filled, loopback_http)
}

pub(super) fn url_at(field: &str, text: &str, loopback_http: bool) -> Checked {
    endpoint::parse(text, loopback_http).map(|_| ()).map_err(|fault| Fault::new(field, fault))
}

pub(super) fn targets(definition: &Definition, bundled: bool) -> Result<Vec<Target>, Fault> {
    for (index, entry) in definition.api_url.iter().enumerate() {
        let field = format!("api_url[{index}]");
        let target: Target = entry.parse().map_err(|error| Fault::new(&field, format!("{entry:?} {error}")))?;
        if target.path.as_deref().is_some_and(|path| !path::is_canonical(path)) {
            return Err(Fault::new(field, format!("{entry:?} has a path that two programs may read differently")));
        }
        let name = target.host.name();
        if bundled && (name.ip().is_some() || name.is_loopback()) {
            return Err(Fault::new(field, "is an address, which only a user's own definition may name"));
        }
    }
    definition.targets().map_err(|error| Fault::new("api_url", error.to_string()))
}

/// Calls that carry the credential go to the definition's own targets.
pub(super) fn calls(definition: &Definition, targets: &[Target]) -> Checked {
    let userinfo = definition.oauth.as_ref().and_then(|oauth| oauth.userinfo.as_ref()).map(|userinfo| &userinfo.url);
    let check = definition.check.as_ref().map(|check| &check.url);
    for (field, url) in [("oauth.userinfo.url", userinfo), ("check.url", check)] {
        let Some(url) = url else { continue };
        let url = endpoint::parse(url, definition.allow_loopback_http).map_err(|fault| Fault::new(field, fault))?;
        let host = url.host_str().unwrap_or_default().parse().map_err(|_| Fault::new(field, "has no host"))?;
        let authority = Authority::new(host, url.port_or_known_default().unwrap_or_default());
        let own = |target: &Target| target.port == authority.port && target.host.matches(&authority.host);
        if !targets.iter().any(own) {
            return Err(Fault::new(field, format!("goes to {}, which api_url does not name", authority.host)));
        }
    }
    let Some(check) = &definition.check else { return Ok(()) };
    if !matches!(check.method.as_str(), "GET" | "HEAD" | "POST") {
        return Err(Fault::new("check.method", "is none of GET, HEAD, POST"));
    }
    if check.body.as_ref().is_some_and(|body| !body.pointer.is_empty() && !body.pointer.starts_with('/')) {
        return Err(Fault::new("check.body.pointer", "is no JSON pointer: it begins with '/'"));
    }
    if !(100..=599).contains(&check.expect) {
        return Err(Fault::new("check.expect", "is no HTTP status"));
    }
    let credential: Vec<String> = definition.places.iter().filter_map(Place::header).collect();
    headers("check.headers", &check.headers, &credential)
}
