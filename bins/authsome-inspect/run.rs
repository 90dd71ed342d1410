//! The definition in its canonical form.

use crate::args::Args;
use cli::{Context, Status, catalog, connections};
use proto::{ConnectionName, Error, Result};
use provider::Definition;

pub fn run(args: Args, context: &Context) -> Result<Status> {
    context.home.make_if_usual();
    // An empty file of the person's is no reason for a warning here: in `inspect NAME > FILE` the
    // shell has just made it.
    let entry = context.catalog()?.find(&args.provider).map_err(catalog::explained)?;
    entry.warnings.iter().for_each(|warning| context.output.warning(&warning.to_string()));
    let definition = match &args.connection {
        Some(name) => used_by(context, &entry.definition, name)?,
        None => entry.definition,
    };
    // Through text and not through `Value`, so that the fields keep the order of the schema.
    let text = serde_json::to_string_pretty(&definition)
        .unwrap_or_else(|error| unreachable!("texts, numbers and maps by text encode: {error}"));
    context.output.json_text(&text);
    Ok(0)
}

/// Returns the definition as a connection uses it, which is for the connection's instance of the provider.
fn used_by(context: &Context, definition: &Definition, name: &ConnectionName) -> Result<Definition> {
    let provider = catalog::name_of(definition)?;
    let row = context.connection(&*context.vault()?, &provider, Some(name))?;
    let record = connections::record(&row)?;
    definition.with_base_url(record.base_url.as_deref()).map_err(|error| {
        Error::invalid(format!("{provider}'s connection {name}: {error}"))
            .hint(format!("authsome login {provider}{} --force", row.key.flags()))
    })
}
