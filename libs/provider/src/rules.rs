//! What a well-typed definition must also be before anything trusts it.

use crate::definition::{AuthType, Definition, Exported, OAuth};
use crate::endpoint;
use crate::error::Fault;
use crate::target::{HostPattern, Target};
use crate::variables::is_safe_variable;
use host::Authority;
use std::collections::BTreeMap;

type Checked = Result<(), Fault>;

/// Stands in for `{base_url}` where a definition has no default.
const SOME_BASE_URL: &str = "https://base-url.example.com";

/// The flows of our own; any other name is a helper's, which knows itself what it needs.
const OAUTH_FLOWS: &[&str] = &["pkce", "device_code", "dcr_pkce", "client_credentials", "jwt_bearer"];

/// Refuses what is wrong, and returns what is only odd.
pub(crate) fn check(definition: &Definition, bundled: bool) -> Result<Vec<Fault>, Fault> {
    if definition.schema_version != 1 {
        return Err(Fault::new("schema_version", "is not 1, the only one there is"));
    }
    names(definition)?;
    flow(definition)?;
    if bundled && (definition.private_network || definition.allow_loopback_http) {
        return Err(Fault::new("", "opens private networks, which only a user's own definition may"));
    }
    let base = definition.base_url.as_deref().unwrap_or(SOME_BASE_URL);
    let applied = definition
        .with_base_url(definition.is_templated().then_some(base))
        .map_err(|error| Fault::new("base_url", error.to_string()))?;
    pages(&applied)?;
    endpoints(&applied)?;
    let targets = targets(&applied, bundled)?;
    calls(&applied, &targets)?;
    oauth_details(&applied)?;
    api_key_details(&applied)?;
    variables(&applied)?;
    Ok(oddities(&applied, &targets))
}

fn names(definition: &Definition) -> Checked {
    let is_name = |text: &str| {
        text.len() <= 64
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    };
    let rule = "is not a name: a letter or digit, then up to 63 of letters, digits, '.', '_' and '-'";
    if !is_name(&definition.name) {
        return Err(Fault::new("name", rule));
    }
    if let Some(index) = definition.aliases.iter().position(|alias| !is_name(alias)) {
        return Err(Fault::new(format!("aliases[{index}]"), rule));
    }
    if definition.display_name.trim().is_empty() {
        return Err(Fault::new("display_name", "is empty"));
    }
    let is_flow = definition.flow.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && definition.flow.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'));
    if !is_flow {
        return Err(Fault::new("flow", "is not a flow's name: lower-case letters, digits, '_' and '-'"));
    }
    Ok(())
}

/// The flow fits the kind of credential, and the section and endpoints that it needs are there.
fn flow(definition: &Definition) -> Checked {
    let flow = definition.flow.as_str();
    match definition.auth_type {
        AuthType::ApiKey if OAUTH_FLOWS.contains(&flow) => {
            return Err(Fault::new("flow", format!("is {flow:?}, which gives no API key")));
        }
        AuthType::OAuth2 if flow == "api_key" => {
            return Err(Fault::new("flow", "is \"api_key\", which gives no OAuth token"));
        }
        AuthType::ApiKey if definition.api_key.is_none() => return Err(Fault::new("api_key", "is missing")),
        _ => {}
    }
    if !OAUTH_FLOWS.contains(&flow) {
        return Ok(());
    }
    let Some(oauth) = &definition.oauth else { return Err(Fault::new("oauth", "is missing")) };
    let needs = |field: &str, value: &Option<String>| match value {
        Some(_) => Ok(()),
        None => Err(Fault::new(format!("oauth.{field}"), format!("is missing, and the flow {flow:?} needs it"))),
    };
    match flow {
        "pkce" => needs("authorization_url", &oauth.authorization_url)?,
        "device_code" => needs("device_authorization_url", &oauth.device_authorization_url)?,
        _ => {}
    }
    if flow != "dcr_pkce" {
        return needs("token_url", &oauth.token_url);
    }
    let start = [&oauth.issuer, &oauth.resource, &oauth.registration_endpoint, &oauth.authorization_url];
    if start.into_iter().all(Option::is_none) && definition.api_url.is_empty() {
        return Err(Fault::new("oauth", "names nothing to discover the endpoints from: issuer or resource"));
    }
    Ok(())
}

/// Pages that a person is sent to.
fn pages(definition: &Definition) -> Checked {
    for (field, url) in [("dashboard_url", &definition.dashboard_url), ("docs_url", &definition.docs_url)] {
        // A page may well have a fragment.
        let page = url.as_deref().map(|url| url.split('#').next().unwrap_or(url));
        page.map(|page| url_at(field, page, false)).transpose()?;
    }
    Ok(())
}

fn endpoints(definition: &Definition) -> Checked {
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
    let in_path = url.split_once("{token}").is_some_and(|(before, after)| {
        before.matches('/').count() >= 3 && !before.contains(['?', '#']) && !after.contains("{token}")
    });
    if deletes != in_path || (!in_path && url.contains("{token}")) {
        return Err(Fault::new(
            "oauth.revocation_url",
            "needs {token} once in its path when the method is DELETE, else never",
        ));
    }
    url_at("oauth.revocation_url", &url.replace("{token}", "token"), loopback_http)
}

fn url_at(field: &str, text: &str, loopback_http: bool) -> Checked {
    endpoint::parse(text, loopback_http).map(|_| ()).map_err(|fault| Fault::new(field, fault))
}

fn targets(definition: &Definition, bundled: bool) -> Result<Vec<Target>, Fault> {
    for (index, entry) in definition.api_url.iter().enumerate() {
        let field = format!("api_url[{index}]");
        let target: Target = entry.parse().map_err(|error| Fault::new(&field, format!("{entry:?} {error}")))?;
        let name = target.host.name();
        if bundled && (name.ip().is_some() || name.is_loopback()) {
            return Err(Fault::new(field, "is an address, which only a user's own definition may name"));
        }
    }
    definition.targets().map_err(|error| Fault::new("api_url", error.to_string()))
}

/// Calls that carry the credential go to the definition's own targets.
fn calls(definition: &Definition, targets: &[Target]) -> Checked {
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
    if !(100..=599).contains(&check.expect) {
        return Err(Fault::new("check.expect", "is no HTTP status"));
    }
    let credential = definition.api_key.as_ref().map_or("authorization", |key| key.header_name.as_str());
    headers("check.headers", &check.headers, credential)
}

fn oauth_details(definition: &Definition) -> Checked {
    let Some(oauth) = &definition.oauth else { return Ok(()) };
    headers("oauth.token_headers", &oauth.token_headers, "authorization")?;
    parameters(
        "oauth.authorization_params",
        &oauth.authorization_params,
        &[
            "client_id",
            "client_secret",
            "code_challenge",
            "code_challenge_method",
            "redirect_uri",
            "response_type",
            "state",
        ],
    )?;
    parameters(
        "oauth.token_params",
        &oauth.token_params,
        &["client_id", "client_secret", "code", "code_verifier", "grant_type", "redirect_uri", "refresh_token"],
    )?;
    if let Some(index) = oauth.scopes.iter().position(|scope| scope.is_empty() || !is_visible(scope)) {
        return Err(Fault::new(format!("oauth.scopes[{index}]"), "is no scope"));
    }
    if !matches!(oauth.scope_separator.as_str(), " " | "," | "+") {
        return Err(Fault::new("oauth.scope_separator", "is none of \" \", \",\", \"+\""));
    }
    if oauth.scope_param.is_empty() || !is_visible(&oauth.scope_param) {
        return Err(Fault::new("oauth.scope_param", "is no parameter's name"));
    }
    pointers(oauth)?;
    for (field, name) in [("client_id_env", &oauth.client_id_env), ("client_secret_env", &oauth.client_secret_env)] {
        env_name(&format!("oauth.{field}"), name)?;
    }
    let Some(revocation) = &oauth.revocation else { return Ok(()) };
    if !matches!(revocation.method.as_str(), "POST" | "DELETE") {
        return Err(Fault::new("oauth.revocation.method", "is neither POST nor DELETE"));
    }
    if revocation.tokens.iter().any(|token| !matches!(token.as_str(), "access_token" | "refresh_token")) {
        return Err(Fault::new("oauth.revocation.tokens", "has another token than access_token and refresh_token"));
    }
    Ok(())
}

/// RFC 6901 §3.
fn pointers(oauth: &OAuth) -> Checked {
    let account = oauth.account.as_ref();
    let userinfo = oauth.userinfo.as_ref().map(|userinfo| &userinfo.account);
    for (field, pointer) in [
        ("oauth.token_path", oauth.token_path.as_ref()),
        ("oauth.account.id", account.and_then(|account| account.id.as_ref())),
        ("oauth.account.label", account.and_then(|account| account.label.as_ref())),
        ("oauth.userinfo.id", userinfo.and_then(|account| account.id.as_ref())),
        ("oauth.userinfo.label", userinfo.and_then(|account| account.label.as_ref())),
    ] {
        if pointer.is_some_and(|pointer| !pointer.starts_with('/')) {
            return Err(Fault::new(field, "is no JSON pointer: it begins with '/'"));
        }
    }
    Ok(())
}

fn api_key_details(definition: &Definition) -> Checked {
    let Some(key) = &definition.api_key else { return Ok(()) };
    if !is_token(&key.header_name) || is_framing(&key.header_name) {
        return Err(Fault::new("api_key.header_name", "is no header that may carry a key"));
    }
    if key.header_prefix.as_deref().is_some_and(|prefix| !is_visible(prefix)) {
        return Err(Fault::new("api_key.header_prefix", "has a space or a control character"));
    }
    if key.query_param.as_deref().is_some_and(|name| !is_token(name)) {
        return Err(Fault::new("api_key.query_param", "is no parameter's name"));
    }
    if key.key_pattern.as_deref().is_some_and(|pattern| regex_syntax::parse(pattern).is_err()) {
        return Err(Fault::new("api_key.key_pattern", "is not a regular expression"));
    }
    env_name("api_key.env_var", &key.env_var)
}

fn variables(definition: &Definition) -> Checked {
    let other = match definition.auth_type {
        AuthType::OAuth2 => Exported::ApiKey,
        AuthType::ApiKey => Exported::AccessToken,
    };
    for (name, holds) in &definition.export.env {
        let field = format!("export.env.{name}");
        env_name(&field, &Some(name.clone()))?;
        if *holds == other {
            return Err(Fault::new(field, format!("holds {}, which this provider has not", other.as_str())));
        }
    }
    Ok(())
}

fn env_name(field: &str, name: &Option<String>) -> Checked {
    match name {
        Some(name) if !is_safe_variable(name) => {
            Err(Fault::new(field, "is no name for a variable, or one that steers other programs"))
        }
        _ => Ok(()),
    }
}

/// RFC 9110 §5.1, §5.5; never the credential's own header, nor one that frames a message.
fn headers(field: &str, headers: &BTreeMap<String, String>, credential: &str) -> Checked {
    for (name, value) in headers {
        let field = format!("{field}.{name}");
        if !is_token(name) || !value.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
            return Err(Fault::new(field, "is no header, or has a control character"));
        }
        let taken =
            [credential, "authorization", "content-type", "cookie"].iter().any(|h| name.eq_ignore_ascii_case(h));
        if taken || is_framing(name) {
            return Err(Fault::new(field, "may not be set by a definition"));
        }
    }
    Ok(())
}

fn parameters(field: &str, parameters: &BTreeMap<String, String>, taken: &[&str]) -> Checked {
    for (name, value) in parameters {
        let field = format!("{field}.{name}");
        if name.is_empty() || !is_visible(name) || value.chars().any(char::is_control) {
            return Err(Fault::new(field, "is no parameter, or has a control character"));
        }
        if taken.contains(&name.as_str()) {
            return Err(Fault::new(field, "is set by the flow itself"));
        }
    }
    Ok(())
}

/// RFC 9110 §5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

fn is_visible(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic())
}

/// Headers that say where a message ends or who it is for.
fn is_framing(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("proxy-")
        || matches!(
            name.as_str(),
            "connection"
                | "content-length"
                | "expect"
                | "host"
                | "keep-alive"
                | "te"
                | "trailer"
                | "transfer-encoding"
                | "upgrade"
        )
}

fn oddities(definition: &Definition, targets: &[Target]) -> Vec<Fault> {
    let mut odd = Vec::new();
    if definition.api_url.is_empty() {
        odd.push(Fault::new("api_url", "names no host, so the proxy will set this credential nowhere"));
    } else if targets.is_empty() {
        let message = "names loopback hosts only; they count with \"private_network\": true";
        odd.push(Fault::new("api_url", message));
    }
    let user_content = |name: &str| {
        ["githubusercontent.com", "googleusercontent.com"]
            .iter()
            .any(|host| name == *host || name.ends_with(&format!(".{host}")))
    };
    for (index, target) in targets.iter().enumerate() {
        if matches!(&target.host, HostPattern::Suffix(suffix) if suffix.domain().is_some_and(user_content)) {
            odd.push(Fault::new(format!("api_url[{index}]"), "covers hosts that serve what anyone uploaded"));
        }
    }
    odd
}
