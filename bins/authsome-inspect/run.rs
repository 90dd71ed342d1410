//! The definition in its canonical form.

use crate::args::Args;
use cli::{Context, Status, catalog};
use proto::Result;

pub fn run(args: Args, context: &Context) -> Result<Status> {
    // An empty file of the person's is no reason for a warning here: in `inspect NAME > FILE` the
    // shell has just made it.
    let entry = context.catalog()?.find(&args.provider).map_err(catalog::explained)?;
    entry.warnings.iter().for_each(|warning| context.output.warning(&warning.to_string()));
    // Through text and not through `Value`, so that the fields keep the order of the schema.
    let text = serde_json::to_string_pretty(&entry.definition)
        .unwrap_or_else(|error| unreachable!("texts, numbers and maps by text encode: {error}"));
    context.output.line(&text);
    Ok(0)
}
