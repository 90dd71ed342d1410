//! The credential source's `token`, as text for a shell.

use crate::args::{Args, Format};
use crate::{format, header};
use cli::{Context, Status, catalog};
use proto::ops::credential::{Open, Token, TokenGiven};
use proto::{Object, Result};
use std::collections::BTreeMap;

pub fn run(args: Args, context: &Context) -> Result<Status> {
    context.refuse_inside_session("export")?;
    // It comes up while the definition is read.
    let child = context.start_credential();
    let definition = context.provider(&args.provider)?.definition;
    let child = child?.greet()?;
    let _: Object = child.link().request("open", &Open { profile: context.profile.clone(), ..Open::default() })?;
    let provider = catalog::name_of(&definition)?;
    let connection = args.connection.or_else(|| context.choices().get(&provider).cloned());
    let wanted = Token { provider, connection };
    let given: TokenGiven = child.link().request("token", &wanted)?;
    let format = if context.output.is_json() { Format::Json } else { args.format };
    let text = match format {
        Format::Header => header::header(&definition, &given)?,
        _ => format::format(&variables(&given), format)?,
    };
    context.output.exactly(&text);
    child.leave();
    Ok(0)
}

fn variables(given: &TokenGiven) -> BTreeMap<&str, &str> {
    given.env.iter().filter_map(|(name, from)| Some((name.as_str(), given.secret.get(from)?))).collect()
}
