//! What a well-typed definition must also be before anything trusts it.

mod credential;
mod details;
mod places;

use crate::definition::{AuthType, Definition};
use crate::error::Fault;
use crate::target::{HostPattern, Target};

type Checked = Result<(), Fault>;

/// Stands in for `{base_url}` where a definition has no default.
const SOME_BASE_URL: &str = "https://base-url.example.com";

/// The most entries of `api_url`. Every session reads them all, has them in the certificate of its authority, and sends
/// them over the pipe in one line.
const MOST_PLACES: usize = 256;

/// The most characters of an entry.
const LONGEST_PLACE: usize = 1024;

/// The flows of our own that give an OAuth token; any other name is a helper's, which knows itself what it needs.
const OAUTH_FLOWS: &[&str] = &["pkce", "device_code", "dcr_pkce", "client_credentials", "jwt_bearer", "github_app"];

/// Refuses what is wrong, and returns what is only odd.
pub(crate) fn check(definition: &Definition, bundled: bool) -> Result<Vec<Fault>, Fault> {
    if definition.schema_version != 1 {
        return Err(Fault::new("schema_version", "is not 1, the only one there is"));
    }
    names(definition)?;
    flow(definition)?;
    size(definition)?;
    if bundled && (definition.private_network || definition.allow_loopback_http) {
        return Err(Fault::new("", "opens private networks, which only a user's own definition may"));
    }
    let base = definition.base_url.as_deref().unwrap_or(SOME_BASE_URL);
    let applied = definition
        .with_base_url(definition.is_templated().then_some(base))
        .map_err(|error| Fault::new("base_url", error.to_string()))?;
    instances(definition)?;
    pages(&applied)?;
    places::endpoints(&applied)?;
    let targets = places::targets(&applied, bundled)?;
    places::calls(&applied, &targets)?;
    details::oauth_details(&applied)?;
    credential::places(&applied)?;
    credential::key(&applied)?;
    credential::variables(&applied)?;
    Ok(oddities(&applied, &targets))
}

/// Of a provider, as in every key of a vault.
pub(crate) fn is_name(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

fn names(definition: &Definition) -> Checked {
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

/// Checks the size of a definition, because a huge one would stop every session.
fn size(definition: &Definition) -> Checked {
    let count = definition.api_url.len();
    if count > MOST_PLACES {
        let message = format!(
            "names {count} places, more than the {MOST_PLACES} that one definition may; *.suffix covers many hosts"
        );
        return Err(Fault::new("api_url", message));
    }
    match definition.api_url.iter().position(|entry| entry.len() > LONGEST_PLACE) {
        None => Ok(()),
        Some(index) => {
            Err(Fault::new(format!("api_url[{index}]"), format!("is longer than {LONGEST_PLACE} characters")))
        }
    }
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

/// Checks the base URL and API of each entry of `instances`, as far as that is possible without knowing the instance.
fn instances(definition: &Definition) -> Checked {
    for (index, instance) in definition.instances.iter().enumerate() {
        let some = |text: &str| text.replace("{base_url}", SOME_BASE_URL).replace("{host}", "base-url.example.com");
        let base = match instance.base_url.strip_prefix("https://*") {
            Some("") => SOME_BASE_URL.to_owned(),
            Some(suffix) if suffix.starts_with('.') => format!("https://any{suffix}"),
            _ => instance.base_url.clone(),
        };
        let loopback_http = definition.allow_loopback_http;
        places::url_at(&format!("instances[{index}].base_url"), &base, loopback_http)?;
        places::url_at(&format!("instances[{index}].api_base_url"), &some(&instance.api_base_url), loopback_http)?;
    }
    Ok(())
}

/// Pages that a person is sent to.
fn pages(definition: &Definition) -> Checked {
    for (field, url) in [("dashboard_url", &definition.dashboard_url), ("docs_url", &definition.docs_url)] {
        // A page may well have a fragment.
        let page = url.as_deref().map(|url| url.split('#').next().unwrap_or(url));
        page.map(|page| places::url_at(field, page, false)).transpose()?;
    }
    Ok(())
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
        if matches!(&target.host, HostPattern::Suffix(suffix) | HostPattern::Labelled(_, suffix) if suffix.domain().is_some_and(user_content))
        {
            odd.push(Fault::new(format!("api_url[{index}]"), "covers hosts that serve what anyone uploaded"));
        }
    }
    odd
}
