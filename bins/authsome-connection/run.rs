//! List, default, rename, and what a directory says.

use crate::args::{Action, Args};
use cli::standing::Judge;
use cli::{Context, Status, catalog, connections, table};
use helper::vault::Vault;
use proto::ops::vault::Expect;
use proto::record::DefaultConnection;
use proto::{Code, ConnectionName, Error, Key, ProviderName, Result, Secrets, codec};
use serde_json::json;
use std::path::Path;

pub fn run(args: Args, context: &Context) -> Result<Status> {
    match args.action {
        Action::List { provider } => list(context, &provider),
        Action::SetDefault { provider, connection } => set_default(context, &named(context, &provider)?, &connection),
        Action::Trust { directory } => trust(context, &directory),
        Action::Rename { provider, from, to } => rename(context, &named(context, &provider)?, &from, &to),
    }
}

fn named(context: &Context, provider: &str) -> Result<ProviderName> {
    catalog::name_of(&context.provider(provider)?.definition)
}

fn list(context: &Context, provider: &str) -> Result<Status> {
    let definition = context.provider(provider)?.definition;
    let provider = catalog::name_of(&definition)?;
    let known = context.connections(&*context.vault()?, &provider)?;
    known.warn_about_damaged(&context.output);
    let (now, mut judge) = (proto::time::now(), Judge::new(Ok(definition)));
    let mut rows = vec![["CONNECTION", "STATUS", "ACCOUNT"].map(str::to_owned).to_vec()];
    let mut documents = Vec::new();
    for row in &known.rows {
        let record = connections::shown(row);
        let name = connections::name(&row.key);
        let default = known.choose(None).is_ok_and(|chosen| chosen.key == row.key);
        let mark = if default && known.rows.len() > 1 { " (default)" } else { "" };
        let label = record.account.label.as_deref().map(proto::redact::shown).unwrap_or_else(|| "-".to_owned());
        let state = judge.standing(&row.key, &record, now).state;
        rows.push(vec![format!("{name}{mark}"), state.to_owned(), label]);
        documents.push(json!({"name": name, "default": default, "status": state, "account": record.account, "expires_at": record.expires_at}));
    }
    if context.output.is_json() {
        context.output.pretty(&json!({"provider": provider, "connections": documents}));
    } else {
        context.output.text(&table::columns(&rows));
    }
    Ok(0)
}

fn set_default(context: &Context, provider: &ProviderName, name: &ConnectionName) -> Result<Status> {
    context.refuse_inside_session("connection set-default")?;
    let vault = context.vault()?;
    context.connections(&vault, provider)?.choose(Some(name))?;
    point(&vault, context, provider, name)?;
    context.output.note(&format!("{provider} now means its connection {name}."));
    if let Some(here) = context.choices().get(provider).filter(|here| *here != name) {
        context.output.note(&format!("In this directory .authsome.json says {here}, which goes before the default."));
    }
    if context.output.is_json() {
        context.output.document(&json!({"provider": provider, "default": name}));
    }
    Ok(0)
}

/// What a checkout says counts once a person has looked at it.
fn trust(context: &Context, directory: &Path) -> Result<Status> {
    context.refuse_inside_session("trusting a directory")?;
    let (path, choices) = context.trust(directory)?;
    let shown = path.display();
    context.output.note(&format!("{shown} counts from now on, as it is."));
    for (provider, connection) in &choices {
        context.output.note(&format!("{provider} means its connection {connection} there."));
    }
    if context.output.is_json() {
        context.output.document(&json!({"path": shown.to_string(), "choices": choices}));
    }
    Ok(0)
}

fn point(vault: &Vault, context: &Context, provider: &ProviderName, name: &ConnectionName) -> Result<()> {
    let record = codec::to_object(&DefaultConnection { connection: name.clone() });
    vault.put(&Key::default_of(&context.profile, provider), Expect::Anything, record, Secrets::new()).map(drop)
}

/// The copy is durable before the original goes; a renewal under way holds the lock that this waits for.
fn rename(context: &Context, provider: &ProviderName, from: &ConnectionName, to: &ConnectionName) -> Result<Status> {
    context.refuse_inside_session("connection rename")?;
    let vault = context.vault()?;
    let known = context.connections(&vault, provider)?;
    known.choose(Some(from))?;
    if from == to {
        return renamed(context, provider, from, to);
    }
    let (old, new) =
        (Key::connection(&context.profile, provider, from), Key::connection(&context.profile, provider, to));
    let _lock = context.lock(&vault, &old)?;
    let missing = || {
        Error::new(Code::NotFound, format!("{provider} has no connection {:?}", from.as_str()))
            .hint(format!("authsome connection list {provider}{}", context.profile.flag()))
    };
    let entry = vault.get(&old)?.ok_or_else(missing)?;
    vault.put(&new, Expect::Missing, entry.record, entry.secret).map_err(|error| taken(error, &new, to))?;
    if known.default.as_ref() == Some(from) {
        point(&vault, context, provider, to)?;
    }
    vault.erase(&old, Expect::Rev(entry.rev))?;
    renamed(context, provider, from, to)
}

fn renamed(context: &Context, provider: &ProviderName, from: &ConnectionName, to: &ConnectionName) -> Result<Status> {
    context.output.note(&format!("{provider}'s connection {from} is now {to}."));
    if context.output.is_json() {
        context.output.document(&json!({"provider": provider, "name": to, "was": from}));
    }
    Ok(0)
}

fn taken(error: Error, new: &Key, to: &ConnectionName) -> Error {
    let provider = &new.provider;
    if error.code != Code::Conflict {
        return error;
    }
    Error::invalid(format!("{provider} already has a connection {to}"))
        .hint(format!("authsome logout {provider} --connection {to}{}", new.profile_flag()))
}
