//! Erases one connection and mends the default.

use crate::args::Args;
use cli::{Connections, Context, Status, catalog, prompt};
use helper::vault::Vault;
use proto::ops::vault::Expect;
use proto::{ProviderName, Result};
use serde_json::json;

pub fn run(args: Args, context: &Context) -> Result<Status> {
    context.refuse_inside_session("logout")?;
    let vault = context.vault()?;
    let (provider, known) = connections(context, &vault, &args.provider)?;
    let row = known.choose_to_end(args.connection.as_ref())?;
    let was_default = known.default.as_ref() == row.key.connection_name();
    let name = row.key.connection_name().cloned().unwrap_or_default();
    if !args.yes {
        let command = format!("authsome logout {provider}{} --yes", row.key.flags());
        prompt::confirm(&format!("Forget the connection {name} of {provider}?"), &command)?;
    }
    // Unconditionally: a renewal that is under way finds it gone, and ends what it got.
    vault.erase(&row.key, Expect::Anything)?;
    context.output.note(&format!("Forgot the connection {name} of {provider}."));
    context.repair_default(&vault, &provider)?;
    if context.output.is_json() {
        context.output.document(&json!({"provider": provider, "connection": name, "was_default": was_default}));
    }
    Ok(0)
}

/// Returns a provider's connections. A definition that is broken or gone is an error only when the vault has none
/// under `name`: forgetting needs no definition.
fn connections(context: &Context, vault: &Vault, name: &str) -> Result<(ProviderName, Connections)> {
    let defined = context.provider(name).and_then(|entry| catalog::name_of(&entry.definition));
    let provider = match (&defined, name.parse::<ProviderName>()) {
        (Ok(provider), _) => provider.clone(),
        (Err(_), Ok(provider)) => provider,
        (Err(error), Err(_)) => return Err(error.clone()),
    };
    let known = context.connections(vault, &provider)?;
    match defined {
        Err(error) if known.rows.is_empty() => Err(error),
        _ => Ok((provider, known)),
    }
}
