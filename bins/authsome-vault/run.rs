//! The commands: names in, what the configured vault answers out.

use crate::args::{Args, Erase, Get, List, Op, Put};
use cli::helpers::VaultProcess;
use cli::{Context, Status};
use proto::ops::vault::{Expect, Row};
use proto::record::Connection;
use proto::{Code, Error, Key, Object, Result, Secrets};
use serde_json::{Value, json};
use std::io::{BufRead, Read};
use zeroize::Zeroizing;

pub fn run(args: Args, context: &Context) -> Result<Status> {
    match args.op {
        Op::Get(get) => print_records(get, context),
        Op::List(list) => print_all(list, context),
        Op::Put(put) => write(put, context),
        Op::Erase(erase) => remove(erase, context),
    }
}

fn print_records(get: Get, context: &Context) -> Result<Status> {
    context.refuse_inside_session("authsome-vault get")?;
    let vault = context.vault()?;
    let mut status = 0;
    let mut answer = |name: &str, several: bool| {
        match row(&vault, context, name).and_then(Row::readable) {
            Ok(row) => context.output.document(&document(row)),
            Err(error) if several && error.code != Code::Unavailable => {
                status = if status == 0 { error.code.exit_status() } else { status };
                context.output.document(&json!({"name": name, "err": error}));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    };
    if get.batch {
        for line in std::io::stdin().lock().lines() {
            let line = line.map_err(|error| {
                Error::unavailable(format!("reading names from stdin: {error}"))
                    .hint("echo PROVIDER/CONNECTION | authsome-vault get --batch")
            })?;
            answer(line.trim(), true)?;
        }
    } else {
        let several = get.names.len() > 1;
        get.names.iter().try_for_each(|name| answer(name, several))?;
    }
    Ok(status)
}

fn print_all(list: List, context: &Context) -> Result<Status> {
    let prefix = prefix(context, &list.name.unwrap_or_default());
    for row in context.vault()?.list(&prefix)? {
        context.output.document(&document(row));
    }
    Ok(0)
}

fn write(put: Put, context: &Context) -> Result<Status> {
    context.refuse_inside_session("authsome-vault put")?;
    let key = key(context, &put.key)?;
    let expect = if put.if_missing { Expect::Missing } else { expect(put.when.if_rev) };
    let (record, secret) = entry_from_stdin()?;
    context.home.make()?;
    let rev = context.vault()?.put(&key, expect, record, secret)?;
    context.output.document(&json!({"key": key, "rev": rev}));
    Ok(0)
}

fn remove(erase: Erase, context: &Context) -> Result<Status> {
    context.refuse_inside_session("authsome-vault erase")?;
    context.vault()?.erase(&key(context, &erase.key)?, expect(erase.when.if_rev))?;
    Ok(0)
}

/// The record that a name means, by `list`: no secret is opened for it.
fn row(vault: &VaultProcess, context: &Context, name: &str) -> Result<Row> {
    let (provider, connection) = match name.split_once('/') {
        None => (name, None),
        Some((_, rest)) if rest.contains(['/', '@']) => return row_at(vault, &key(context, name)?),
        Some((provider, connection)) => (provider, Some(connection.parse()?)),
    };
    let connections = context.connections(vault, &provider.parse()?)?;
    if !connections.rows.is_empty() {
        return connections.choose(connection.as_ref()).cloned();
    }
    // Nothing under that name: an alias, not connected, or no provider at all.
    let provider = cli::catalog::name_of(&context.provider(provider)?.definition)?;
    context.connections(vault, &provider)?.choose(connection.as_ref()).cloned()
}

fn row_at(vault: &VaultProcess, key: &Key) -> Result<Row> {
    vault.record(key)?.ok_or_else(|| {
        Error::new(Code::NotFound, format!("the vault has no {key}")).hint(format!(
            "authsome login {}{}",
            key.provider,
            key.flags()
        ))
    })
}

/// A whole key, or `provider/name` of this profile.
fn key(context: &Context, name: &str) -> Result<Key> {
    match name.split('/').count() {
        2 => format!("{}/{name}", context.profile).parse(),
        3 => name.parse(),
        _ => Err(Error::invalid(format!("{:?} is no key", proto::redact::shown(name)))
            .hint("a key is PROVIDER/CONNECTION or PROFILE/PROVIDER/CONNECTION")),
    }
}

/// What a name begins in the vault; parts that end in `/` stand for themselves.
fn prefix(context: &Context, name: &str) -> String {
    let profile = &context.profile;
    match name.matches('/').count() {
        _ if name.ends_with('/') => name.to_owned(),
        0 if name.is_empty() => format!("{profile}/"),
        0 => format!("{profile}/{name}/"),
        1 => format!("{profile}/{name}"),
        _ => name.to_owned(),
    }
}

/// `{key, rev, …record}` with the status of this moment.
fn document(row: Row) -> Value {
    let mut document = row.record;
    if let Ok(connection) = proto::codec::from_object::<Connection>("a connection", document.clone()) {
        document.insert("status".into(), connection.state(proto::time::now()).into());
    }
    document.insert("key".into(), json!(row.key));
    document.insert("rev".into(), json!(row.rev));
    if let Some(error) = row.err {
        document.insert("err".into(), json!(error));
    }
    Value::Object(document)
}

fn expect(if_rev: Option<String>) -> Expect {
    if_rev.map_or(Expect::Anything, Expect::Rev)
}

/// `{"record":{…},"secret":{…}}`; another field is refused, since it would be lost silently.
fn entry_from_stdin() -> Result<(Object, Secrets)> {
    let reading = |what: &str| {
        Error::invalid(format!("reading the entry from stdin: {what}"))
            .hint("echo '{\"record\":{…},\"secret\":{…}}' | authsome-vault put PROVIDER/CONNECTION")
    };
    let mut text = Zeroizing::new(Vec::with_capacity(proto::MAX_LINE + 1));
    let read = std::io::stdin().lock().take(proto::MAX_LINE as u64 + 1).read_to_end(&mut text);
    read.map_err(|error| reading(&error.to_string()))?;
    if text.len() > proto::MAX_LINE {
        return Err(reading("it is longer than a line of the protocol may be"));
    }
    // serde_json tells a place in the text, never the text, when it is no JSON.
    let text = Zeroizing::new(text::read(&text).map_err(|why| reading(&why.to_string()))?.into_owned());
    let mut entry: Object = serde_json::from_str(&text).map_err(|_| reading("it is no JSON object"))?;
    let secret = Secrets::take_from(&mut entry)?;
    let Some(Value::Object(record)) = entry.remove("record") else {
        return Err(reading("it has no object \"record\""));
    };
    match entry.keys().next() {
        None => Ok((record, secret)),
        Some(other) => {
            Err(reading(&format!("beside \"record\" and \"secret\" it has {:?}", proto::redact::shown(other))))
        }
    }
}
