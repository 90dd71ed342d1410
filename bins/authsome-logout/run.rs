//! Erases one connection and mends the default.

use crate::args::Args;
use cli::{Context, Status, catalog, prompt};
use proto::Result;
use proto::ops::vault::Expect;
use serde_json::json;

pub fn run(args: Args, context: &Context) -> Result<Status> {
    context.refuse_inside_session("logout")?;
    let definition = context.provider(&args.provider)?.definition;
    let provider = catalog::name_of(&definition)?;
    let vault = context.vault()?;
    let known = context.connections(&vault, &provider)?;
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
