//! A connection's record, flat; with its credential when that is asked for.

use crate::args::Args;
use cli::standing::Judge;
use cli::{Context, Status, catalog, connections};
use proto::ops::credential::{Open, Token, TokenGiven};
use proto::ops::vault::Row;
use proto::{Error, Object, ProviderName, Result};
use provider::Definition;
use serde_json::{Value, json};

/// What `--show-secret` may show.
const SECRETS: &[&str] = &["access_token", "api_key"];

pub fn run(args: Args, context: &Context) -> Result<Status> {
    if args.show_secret {
        context.refuse_inside_session("--show-secret")?;
    }
    // It comes up while the definition is read.
    let vault = context.start_vault();
    let definition = context.provider(&args.provider).map(|entry| entry.definition);
    let provider = match &definition {
        Ok(definition) => catalog::name_of(definition)?,
        // The record can be shown without a definition.
        Err(error) => args.provider.parse().map_err(|_| error.clone())?,
    };
    let vault = vault?.ready()?;
    let row = context.connection(&vault, &provider, args.connection.as_ref());
    let row = row.map_err(|error| definition.as_ref().err().cloned().unwrap_or(error))?;
    let mut shown = shown(context, &row, definition)?;
    if args.show_secret {
        show_secret(context, &provider, &row, &mut shown)?;
    }
    match &args.field {
        Some(field) => print_field(context, &shown, field)?,
        None if context.output.is_json() => context.output.pretty(&Value::Object(shown)),
        None => context.output.text(&lines(&shown)),
    }
    Ok(0)
}

/// Returns the record with its name and its present status under this definition.
fn shown(context: &Context, row: &Row, definition: Result<Definition>) -> Result<Object> {
    let record = connections::record(row)?;
    let mut shown = row.record.clone();
    let standing = Judge::new(definition).standing(&row.key, &record, proto::time::now());
    if let Some(why) = &standing.why {
        let hint = standing.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        context.output.warning(&format!("{why}{hint}"));
    }
    shown.insert("status".into(), json!(standing.state));
    shown.insert("connection".into(), json!(connections::name(&row.key)));
    shown.insert("profile".into(), json!(row.key.profile));
    Ok(shown)
}

fn show_secret(context: &Context, provider: &ProviderName, row: &Row, shown: &mut Object) -> Result<()> {
    let child = context.credential()?;
    let _: Object = child.link().request("open", &Open { profile: context.profile.clone(), ..Open::default() })?;
    let wanted = Token { provider: provider.clone(), connection: row.key.connection_name().cloned() };
    let given: TokenGiven = child.link().request("token", &wanted)?;
    for name in SECRETS {
        if let Some(value) = given.secret.get(name) {
            shown.insert((*name).to_owned(), json!(value));
        }
    }
    Ok(())
}

/// A bare word for a text; JSON for what has parts.
fn print_field(context: &Context, shown: &Object, field: &str) -> Result<()> {
    let pointer = format!("/{}", field.replace('.', "/"));
    let whole = Value::Object(shown.clone());
    match whole.pointer(&pointer) {
        Some(value) if context.output.is_json() => context.output.document(&json!({field: value})),
        Some(value) => context.output.line(&plain(value)),
        None if SECRETS.contains(&field) => {
            return Err(Error::new(proto::Code::Denied, format!("{field} is a secret")).hint("--show-secret shows it"));
        }
        None => {
            let names: Vec<&str> = shown.keys().map(String::as_str).collect();
            return Err(Error::invalid(format!("no field {:?}", proto::redact::shown(field)))
                .hint(format!("its fields are {}", names.join(", "))));
        }
    }
    Ok(())
}

fn lines(shown: &Object) -> String {
    shown
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| format!("{name}: {}\n", plain(value)))
        .collect()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}
