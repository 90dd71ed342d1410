//! Connection by connection: lock, tell the provider, erase.

use crate::args::Args;
use crate::request::request;
use cli::helpers::Warnings;
use cli::{Connections, Context, Status, catalog, prompt};
use helper::vault::Vault;
use proto::ops::flow::Refresh;
use proto::ops::vault::Expect;
use proto::{Code, ConnectionName, Error, Key, ProviderName, Result, codec};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Two tokens at a slow provider.
const ANSWER: Duration = Duration::from_secs(60);

pub fn run(args: Args, context: &Context) -> Result<Status> {
    context.refuse_inside_session("revoke")?;
    let defined = context.provider(&args.provider).and_then(|entry| catalog::name_of(&entry.definition));
    let provider = defined.map_err(|error| undefined(context, &args.provider, error))?;
    let vault = context.vault()?;
    let known = context.connections(&vault, &provider)?;
    let keys = meant(&known, &args)?;
    if !args.yes {
        agree(context, &provider, &keys, args.connection.as_ref())?;
    }
    let mut ended = Vec::new();
    let mut failed = None;
    for key in &keys {
        match end(context, &vault, key) {
            Ok(revoked) => ended.push(json!({"connection": key.slot.to_string(), "revoked": revoked})),
            Err(error) => {
                // The others are ended all the same; each failure is told, the last one with the status.
                if let Some(earlier) = failed.replace(error) {
                    context.output.error(&earlier);
                }
            }
        }
    }
    context.repair_default(&vault, &provider)?;
    report(context, &provider, ended);
    failed.map_or(Ok(0), Err)
}

/// Adds to the error of a definition that is broken or gone how to forget the provider's connections without it.
fn undefined(context: &Context, name: &str, error: Error) -> Error {
    let Ok(provider) = name.parse::<ProviderName>() else { return error };
    let known = context.vault().and_then(|vault| context.connections(&vault, &provider));
    if !known.is_ok_and(|known| !known.rows.is_empty()) {
        return error;
    }
    let logout = format!("authsome logout {provider}{} forgets it untold", context.profile.flag());
    let hint = error.hint.iter().cloned().chain([logout]).collect::<Vec<_>>().join("; ");
    error.hint(hint)
}

fn meant(known: &Connections, args: &Args) -> Result<Vec<Key>> {
    if args.connection.is_some() || known.rows.is_empty() {
        return Ok(vec![known.choose_to_end(args.connection.as_ref())?.key.clone()]);
    }
    Ok(known.rows.iter().map(|row| row.key.clone()).collect())
}

fn agree(context: &Context, provider: &ProviderName, keys: &[Key], named: Option<&ConnectionName>) -> Result<()> {
    let names: Vec<String> = keys.iter().map(|key| key.slot.to_string()).collect();
    let connection = named.map(|name| format!(" --connection {name}")).unwrap_or_default();
    let command = format!("authsome revoke {provider}{connection}{} --yes", context.profile.flag());
    prompt::confirm(&format!("Withdraw and forget {} of {provider}?", names.join(", ")), &command)
}

/// True when the provider was told, false when it cannot be. Nothing is erased before.
fn end(context: &Context, vault: &Vault, key: &Key) -> Result<bool> {
    let _lock = context.lock(vault, key)?;
    let missing = || {
        Error::new(Code::NotFound, format!("{} has no connection {:?}", key.provider, key.slot.to_string()))
            .hint(format!("authsome list --connected{}", key.profile_flag()))
    };
    let entry = vault.get(key)?.ok_or_else(missing)?;
    let revoked = match revoke(context, &request(context, key, &entry)?) {
        Ok(()) => true,
        Err(error) if error.code == Code::Unsupported => {
            context.output.warning(&format!("{}; it is only forgotten here", error.message));
            false
        }
        Err(error) => return Err(kept(key, error)),
    };
    match vault.erase(key, Expect::Rev(entry.rev)) {
        // Gone already: a logout does not wait for the lock either.
        Err(error) if error.code == Code::Conflict && vault.record(key)?.is_none() => {}
        result => result.map_err(|error| renewed(key, error))?,
    }
    let how = if revoked { "Withdrew and forgot" } else { "Forgot" };
    context.output.note(&format!("{how} the connection {} of {}.", key.slot, key.provider));
    Ok(revoked)
}

fn revoke(context: &Context, request: &Refresh) -> Result<()> {
    let child = context.flow(&request.flow)?;
    let deadline = Some(Instant::now() + ANSWER);
    child.link().call_until("revoke", codec::to_object(request), &mut Warnings(context), deadline)??;
    Ok(())
}

/// A login does not wait for the lock: what it stored meanwhile is a new grant.
fn renewed(key: &Key, error: Error) -> Error {
    let (provider, slot) = (&key.provider, &key.slot);
    if error.code != Code::Conflict {
        let message = format!("the connection {slot} of {provider} is withdrawn, but not forgotten: {}", error.message);
        let hint = format!("authsome logout {provider} --connection {slot}{}", key.profile_flag());
        return Error { message, ..error }.hint(hint);
    }
    let text = format!("{} was connected anew as {} meanwhile; its old tokens are withdrawn", key.provider, key.slot);
    Error::new(Code::Conflict, text).hint(format!(
        "authsome revoke {} --connection {}{}",
        key.provider,
        key.slot,
        key.profile_flag()
    ))
}

/// What the provider was not told of may still be used by whoever has it.
fn kept(key: &Key, error: Error) -> Error {
    let (provider, slot) = (&key.provider, &key.slot);
    let message = format!("the connection {slot} of {provider} is kept: {}", error.message);
    let profile = key.profile_flag();
    let hint = format!("try again; authsome logout {provider} --connection {slot}{profile} forgets it untold");
    Error { message, ..error }.hint(hint)
}

fn report(context: &Context, provider: &ProviderName, ended: Vec<Value>) {
    if context.output.is_json() {
        context.output.document(&json!({"provider": provider, "connections": ended}));
    }
}
