//! Flags and piped values that a login has no use for: refused, and never passed over in silence.

use crate::args::Args;
use crate::fields::Given;
use proto::ops::flow::Client;
use proto::record::Connection;
use proto::{ConnectionName, Error, Result};
use provider::{BadBaseUrl, Definition};

/// Of the provider: who asks for scopes must not get a key that knows none.
pub fn refuse_unfit(args: &Args, definition: &Definition, flow: &str) -> Result<()> {
    let scopes = ("--scopes", args.scopes.is_some());
    let client = [("--client-id", args.client_id.is_some()), ("--stdin", args.stdin)];
    let (unfit, why) = match &definition.oauth {
        None => (given([scopes, client[0]]), "takes an API key: {} is for OAuth"),
        Some(_) if flow == "dcr_pkce" => (given(client), "registers its client by itself: {} is of no use"),
        Some(_) => return Ok(()),
    };
    let Definition { name, display_name, .. } = definition;
    match unfit.first() {
        Some(flag) => Err(Error::invalid(format!("{display_name} {}", why.replace("{}", flag)))
            .hint(format!("authsome login {name}, without {flag}"))),
        None => Ok(()),
    }
}

pub fn unfit_base_url(error: BadBaseUrl) -> Error {
    let message = error.to_string();
    Error::invalid(message).hint(match error {
        BadBaseUrl::Unused(provider) => format!("authsome login {provider}, without --base-url"),
        BadBaseUrl::Missing(_) | BadBaseUrl::Fault(_) => "--base-url https://HOST".to_owned(),
    })
}

/// Of a connection that stays as it is. Its own base URL says which one is meant, and changes nothing.
pub fn refuse_changes(
    args: &Args,
    definition: &Definition,
    name: &ConnectionName,
    connection: &Connection,
) -> Result<()> {
    let other_base = args.base_url.is_some() && definition.base_url != connection.base_url;
    let changes = given([
        ("--stdin", args.stdin),
        ("--client-id …", args.client_id.is_some()),
        ("--scopes …", args.scopes.is_some()),
        ("--flow …", args.flow.is_some()),
        ("--base-url …", other_base),
    ]);
    let Some(first) = changes.first().and_then(|flag| flag.split(' ').next()) else { return Ok(()) };
    let Definition { name: provider, display_name, .. } = definition;
    Err(Error::invalid(format!("already connected to {display_name} ({name}), and {first} is for a new login"))
        .hint(format!("authsome login {provider} --force {}", changes.join(" "))))
}

/// Of the flow: it asked for nothing that stdin could have answered, and uses this client.
pub fn refuse_idle_stdin(name: &str, piped: &Given, client: Option<&Client>) -> Result<()> {
    let hint = match client {
        Some(client) if piped.is_of(client) => return Ok(()),
        Some(client) if !client.record.registered => format!("authsome login {name} --reset-client --stdin"),
        _ => format!("authsome login {name}, without --stdin"),
    };
    let used = if client.is_some() { ", and the stored OAuth client is another" } else { "" };
    Err(Error::invalid(format!("nothing asked for what stdin holds{used}")).hint(hint))
}

fn given<const N: usize>(flags: [(&'static str, bool); N]) -> Vec<&'static str> {
    flags.into_iter().filter(|(_, is_given)| *is_given).map(|(flag, _)| flag).collect()
}
