//! The OAuth client that earlier logins kept: used again, passed over for another one, or confirmed for other places.
//!
//! A new one is the flow's to ask for; see `Host::keep_client`.

use crate::args::Args;
use crate::events::Events;
use crate::fields::Given;
use cli::catalog;
use helper::vault::Vault;
use proto::ops::flow::Client;
use proto::ops::vault::Expect;
use proto::record::Bound;
use proto::{Code, Error, Key, Result, codec};
use provider::Definition;

/// The client of earlier logins, unless another is asked for. What it was given to must not have moved.
pub fn stored(
    args: &Args,
    given: &Given,
    events: &Events,
    vault: &Vault,
    key: &Key,
    definition: &Definition,
) -> Result<Option<Client>> {
    if args.reset_client {
        // The stored one stays until the flow keeps another: a login that fails must not cost a secret
        // that the provider shows once.
        return Ok(None);
    }
    let Some(entry) = vault.get(key)? else { return Ok(None) };
    let hint = format!("authsome login {} --reset-client puts another in its place", key.provider);
    let record = codec::from_object(&format!("the OAuth client {key}"), entry.record);
    let mut client = Client { record: record.map_err(|error| error.hint(hint))?, secret: entry.secret };
    if args.client_id.as_ref().is_some_and(|id| *id != client.record.client_id) {
        return Ok(None);
    }
    if let Some((what, variable)) = given.other_in_environment(&client) {
        events.note(&format!("using the OAuth {what} of {variable}; another one was stored"));
        return Ok(None);
    }
    let bound = catalog::bound(definition)?;
    if !client.record.bound.confirms(&bound) {
        confirm_moved(args, &definition.name, &client.record.bound, &bound)?;
        client.record.bound = bound;
        vault.put(key, Expect::Rev(entry.rev), codec::to_object(&client.record), client.secret.clone())?;
    }
    Ok(Some(client))
}

/// A definition that now sends the client elsewhere gets it only when a person says so.
fn confirm_moved(args: &Args, name: &str, was: &Bound, is: &Bound) -> Result<()> {
    let moved: Vec<String> = is.changes(was).iter().map(|change| proto::redact::shown(change)).collect();
    let change = format!("{name}'s definition has changed: {}", moved.join(", "));
    if !args.force {
        return Err(Error::new(Code::Denied, change).hint(format!("authsome login {name} --force, if that is right")));
    }
    confirm(
        args,
        &format!("{change}. Use the stored OAuth client there?"),
        &format!("authsome login {name} --reset-client asks for another one"),
    )
}

/// Asks for a yes on the terminal, unless nobody may be asked there.
pub fn confirm(args: &Args, question: &str, instead: &str) -> Result<()> {
    let not_to = [("--no-input", args.no_input), ("--json", args.globals.json)].into_iter().find(|(_, given)| *given);
    match not_to {
        Some((flag, _)) => {
            Err(Error::new(Code::NeedsInteraction, format!("{question}: with {flag} nobody is asked")).hint(instead))
        }
        None => cli::prompt::confirm(question, instead),
    }
}
