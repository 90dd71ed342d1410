//! What a definition adds to requests, and what it names: nothing that could rewrite a message,
//! replace the credential or steer another program.

use super::Checked;
use crate::definition::{Definition, OAuth};
use crate::error::Fault;
use crate::naming::{Naming, naming};
use std::collections::BTreeMap;

pub(super) fn oauth_details(definition: &Definition) -> Checked {
    let Some(oauth) = &definition.oauth else { return Ok(()) };
    headers("oauth.token_headers", &oauth.token_headers, &[])?;
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
        name.as_deref().map(|name| env_name(&format!("oauth.{field}"), name, &definition.name)).transpose()?;
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
        ("oauth.account.person", account.and_then(|account| account.person.as_ref())),
        ("oauth.userinfo.person", userinfo.and_then(|account| account.person.as_ref())),
        ("oauth.userinfo.id", userinfo.and_then(|account| account.id.as_ref())),
        ("oauth.userinfo.label", userinfo.and_then(|account| account.label.as_ref())),
    ] {
        if pointer.is_some_and(|pointer| !pointer.starts_with('/')) {
            return Err(Fault::new(field, "is no JSON pointer: it begins with '/'"));
        }
    }
    Ok(())
}

pub(super) fn env_name(field: &str, name: &str, provider: &str) -> Checked {
    match naming(name, provider) {
        Naming::Never => Err(Fault::new(field, "is no name for a variable, or one that steers other programs")),
        Naming::Usual | Naming::Odd => Ok(()),
    }
}

/// RFC 9110 §5.1, §5.5; never the credential's own header, nor one that frames a message.
pub(super) fn headers(field: &str, headers: &BTreeMap<String, String>, credential: &[String]) -> Checked {
    for (name, value) in headers {
        let field = format!("{field}.{name}");
        if !is_token(name) || !value.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
            return Err(Fault::new(field, "is no header, or has a control character"));
        }
        let taken = credential.iter().map(String::as_str).chain(["authorization", "content-type", "cookie"]);
        if taken.into_iter().any(|taken| name.eq_ignore_ascii_case(taken)) || is_framing(name) {
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
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

pub(super) fn is_visible(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic())
}

/// Headers that say where a message ends or who it is for.
pub(super) fn is_framing(name: &str) -> bool {
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
