//! Definitions and the vault's listing, side by side.

use crate::args::Args;
use cli::standing::{Judge, Standing};
use cli::{Connections, Context, Status, connections, table};
use proto::ops::vault::Row;
use proto::record::Connection;
use proto::{Code, ConnectionName, Error, Key, ProviderName, Result};
use provider::Definition;
use provider::definition::AuthType;
use serde_json::{Value, json};

/// One provider with what is stored for it.
struct Listed {
    name: String,
    auth_type: &'static str,
    source: &'static str,
    /// Why its definition cannot be used.
    broken: Option<String>,
    stored: Connections,
    /// The state of each connection, in the order of `stored`.
    standings: Vec<Standing>,
    /// The name of the connections to show; `None` shows all.
    named: Option<ConnectionName>,
}

impl Listed {
    /// Returns the connections to show, with their states.
    fn rows(&self) -> impl Iterator<Item = (&Row, &Standing)> {
        let is_shown =
            |(row, _): &(&Row, &Standing)| self.named.is_none() || row.key.connection_name() == self.named.as_ref();
        self.stored.rows.iter().zip(&self.standings).filter(is_shown)
    }
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    context.home.make_if_usual();
    let mut listed = providers(context, args.connection.as_ref())?;
    if args.connected || args.connection.is_some() {
        listed.retain(|provider| provider.rows().next().is_some());
    }
    if let (Some(name), []) = (&args.connection, listed.as_slice()) {
        let list = format!("authsome list --connected{}", context.profile.flag());
        return Err(Error::new(Code::NotFound, format!("no provider has a connection {:?}", name.as_str())).hint(list));
    }
    if context.output.is_json() {
        let providers: Vec<Value> = listed.iter().map(as_json).collect();
        context.output.pretty(&json!({"schema_version": 1, "profile": context.profile, "providers": providers}));
    } else {
        context.output.text(&as_table(&listed));
    }
    Ok(0)
}

fn providers(context: &Context, named: Option<&ConnectionName>) -> Result<Vec<Listed>> {
    // It comes up while the definitions are read.
    let vault = context.start_vault();
    let definitions = context.catalog()?.list().map_err(cli::catalog::explained)?;
    let mut stored = context.all_connections(&*vault?.ready()?)?;
    stored.values().for_each(|connections| connections.warn_about_damaged(&context.output));
    let mut listed = Vec::new();
    for found in definitions {
        let source = found.source.as_str();
        let (auth_type, definition) = match found.result {
            Ok(entry) => {
                context.warn_about(&entry);
                (type_of(entry.definition.auth_type), Ok(entry.definition))
            }
            Err(error) => {
                context.output.warning(&error.to_string());
                ("-", Err(cli::catalog::explained(error)))
            }
        };
        let broken = definition.as_ref().err().map(|error| error.message.clone());
        let stored = found.name.parse().ok().and_then(|name: ProviderName| stored.remove(&name)).unwrap_or_default();
        let (standings, named) = (standings(context, &stored, definition), named.cloned());
        listed.push(Listed { name: found.name, auth_type, source, broken, stored, standings, named });
    }
    // A connection whose definition was removed is still somebody's credential.
    for (name, stored) in stored {
        let missing = Error::new(Code::NoProvider, "it has no definition")
            .hint(format!("put {name}.json into providers/ again, or end it: authsome-vault erase {name}/CONNECTION"));
        let (name, broken, named) = (name.to_string(), Some(missing.message.clone()), named.cloned());
        let standings = standings(context, &stored, Err(missing));
        listed.push(Listed { name, auth_type: "-", source: "missing", broken, stored, standings, named });
    }
    listed.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(listed)
}

/// Returns the state of each connection. It warns about a connection whose definition changed, because all its
/// requests are refused.
fn standings(context: &Context, stored: &Connections, definition: Result<Definition>) -> Vec<Standing> {
    let (now, mut judge) = (proto::time::now(), Judge::new(definition));
    let judged = stored.rows.iter().map(|row| {
        let standing = judge.standing(&row.key, &connections::shown(row), now);
        if let ("changed", Some(why), Some(hint)) = (standing.state, &standing.why, &standing.hint) {
            context.output.warning(&format!("{why} ({hint})"));
        }
        standing
    });
    judged.collect()
}

fn type_of(auth_type: AuthType) -> &'static str {
    match auth_type {
        AuthType::OAuth2 => "oauth2",
        AuthType::ApiKey => "api_key",
    }
}

fn state(listed: &Listed) -> &'static str {
    match () {
        () if listed.broken.is_some() && listed.source != "missing" => "broken",
        () if listed.stored.has_client => "configured",
        () => "available",
    }
}

/// The one that is meant when none is named.
fn default(listed: &Listed) -> Option<&Key> {
    listed.stored.choose(None).ok().map(|row| &row.key)
}

fn as_json(listed: &Listed) -> Value {
    let default = default(listed);
    let rows = listed.rows().map(|(row, standing)| {
        let record = connections::shown(row);
        let mut value = json!({"name": connections::name(&row.key), "default": default == Some(&row.key),
            "status": standing.state, "account": record.account, "expires_at": record.expires_at});
        standing.why.iter().for_each(|why| value["error"] = json!(why));
        standing.hint.iter().for_each(|hint| value["hint"] = json!(hint));
        value
    });
    let rows: Vec<Value> = rows.collect();
    let state = rows
        .iter()
        .find(|row| row["default"] == true)
        .or(rows.first())
        .and_then(|row| row["status"].as_str())
        .unwrap_or(state(listed));
    let mut value = json!({"name": listed.name, "type": listed.auth_type, "source": listed.source, "state": state, "connections": rows});
    if let Some(broken) = &listed.broken {
        value["error"] = json!(broken);
    }
    value
}

fn as_table(listed: &[Listed]) -> String {
    let heading =
        ["PROVIDER", "TYPE", "STATE", "CONNECTION", "SOURCE", "EXPIRES", "ACCOUNT"].map(str::to_owned).to_vec();
    let mut rows = vec![heading];
    let now = proto::time::now();
    for provider in listed {
        let mut row = |state: &str, connection: String, expires: String, account: String| {
            rows.push(vec![
                provider.name.clone(),
                provider.auth_type.into(),
                state.into(),
                connection,
                provider.source.into(),
                expires,
                account,
            ]);
        };
        if provider.stored.rows.is_empty() {
            row(state(provider), "-".into(), "-".into(), "-".into());
        }
        let default = default(provider).filter(|_| provider.stored.rows.len() > 1);
        for (stored, standing) in provider.rows() {
            let record = connections::shown(stored);
            let mark = if default == Some(&stored.key) { " (default)" } else { "" };
            let name = format!("{}{mark}", connections::name(&stored.key));
            row(standing.state, name, expires(&record, now), account(&record));
        }
    }
    // Many providers tell no account. A column of dashes alone is left out.
    if !rows.iter().skip(1).any(|row| row.last().is_some_and(|account| account != "-")) {
        rows.iter_mut().for_each(|row| drop(row.pop()));
    }
    table::columns(&rows)
}

/// Returns the account of a connection, as far as the provider told it.
fn account(record: &Connection) -> String {
    record.account.label.as_deref().map_or_else(|| "-".to_owned(), proto::redact::shown)
}

/// How long the access token lives; a renewable one is renewed when it is used.
fn expires(record: &Connection, now: i64) -> String {
    let Some(at) = record.expires_at else { return "-".to_owned() };
    let left = at.saturating_sub(now);
    let amount = match left.unsigned_abs() {
        seconds @ 0..120 => format!("{seconds}s"),
        seconds @ 120..7200 => format!("{}m", seconds / 60),
        seconds @ 7200..172_800 => format!("{}h", seconds / 3600),
        seconds => format!("{}d", seconds / 86_400),
    };
    if left >= 0 { format!("in {amount}") } else { format!("{amount} ago") }
}
