//! The definition's file, and what nobody could use without it.

use crate::args::Args;
use cli::files::cannot;
use cli::{Context, Status, prompt};
use helper::vault::Vault;
use proto::ops::vault::Expect;
use proto::{Error, Key, ProviderName, Result, Slot};
use provider::Catalog;
use serde_json::json;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

pub fn run(args: Args, context: &Context) -> Result<Status> {
    context.refuse_inside_session("remove")?;
    let provider: ProviderName = args.provider.parse()?;
    let file = own_file(context, &provider)?;
    let bundled = Catalog::bundled(provider.as_str()).is_some();
    let vault = context.vault()?;
    let orphans = if bundled { Vec::new() } else { stored(&vault, &provider)? };
    if !args.yes {
        agree(&provider, bundled, &orphans)?;
    }
    // First: when this fails the definition is still there to use or to revoke with.
    for key in &orphans {
        forget(context, &vault, key)?;
    }
    fs::remove_file(&file).map_err(|error| cannot("remove", &file, &error))?;
    context.output.note(&format!("Removed {}.", file.display()));
    if bundled {
        context.output.note(&format!("{provider} is again as it came with authsome."));
    }
    if context.output.is_json() {
        context.output.document(&json!({"provider": provider, "bundled": bundled, "forgotten": orphans}));
    }
    Ok(0)
}

/// The file, also when it cannot be read as a definition: that is when it should go.
fn own_file(context: &Context, provider: &ProviderName) -> Result<PathBuf> {
    let file = context.home.providers().join(format!("{provider}.json"));
    match fs::symlink_metadata(&file) {
        Ok(_) => return Ok(file),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(cannot("read", &file, &error)),
    }
    let name = context.provider(provider.as_str())?.definition.name;
    if name != provider.as_str() {
        return Err(
            Error::invalid(format!("{provider} is another name of {name}")).hint(format!("authsome remove {name}"))
        );
    }
    Err(Error::invalid(format!("{provider} came with authsome; there is no definition of your own to remove"))
        .hint(format!("authsome revoke {provider} ends its connections")))
}

/// What lies in the vault for the provider, in every profile: the definition is for all of them.
fn stored(vault: &Vault, provider: &ProviderName) -> Result<Vec<Key>> {
    let rows = vault.list("")?;
    Ok(rows.into_iter().map(|row| row.key).filter(|key| key.provider == *provider).collect())
}

/// Asks whether to remove the definition, together with the connections and the client that need it.
fn agree(provider: &ProviderName, bundled: bool, orphans: &[Key]) -> Result<()> {
    let held: Vec<String> = orphans.iter().filter_map(described).collect();
    let question = match (bundled, held.as_slice()) {
        (true, _) => format!("Remove your own definition of {provider}?"),
        (false, []) => format!("Remove the provider {provider}?"),
        (false, held) => format!("Remove the provider {provider} and forget {}?", held.join(", ")),
    };
    let command = format!("authsome remove {provider} --yes");
    match orphans.iter().find(|key| key.connection_name().is_some()) {
        // Without its definition nobody could revoke them at the provider.
        Some(connected) => {
            let revoke = format!("authsome revoke {provider}{}", connected.profile_flag());
            prompt::confirm(&question, &format!("{command}; {revoke} before it tells the provider"))
        }
        None => prompt::confirm(&question, &command),
    }
}

fn described(key: &Key) -> Option<String> {
    let profile = if key.profile == Default::default() { String::new() } else { format!(" (profile {})", key.profile) };
    match &key.slot {
        Slot::Connection(name) => Some(format!("the connection {name}{profile}")),
        Slot::Client => Some(format!("the OAuth client{profile}")),
        Slot::Default => None,
    }
}

fn forget(context: &Context, vault: &Vault, key: &Key) -> Result<()> {
    let _lock = context.lock(vault, key)?;
    vault.erase(key, Expect::Anything)?;
    if let Some(what) = described(key) {
        context.output.note(&format!("Forgot {what}."));
    }
    Ok(())
}
