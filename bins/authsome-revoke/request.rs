//! What a flow is told of a connection that ends: the definition it was confirmed with, and its own client.

use cli::{Context, catalog};
use proto::ops::flow::{Client, Refresh};
use proto::ops::vault::Entry;
use proto::record::Connection;
use proto::{Code, Error, Key, Result, codec};
use provider::Definition;

/// The body of `revoke`; `denied` when the definition now sends tokens elsewhere than was confirmed.
pub fn request(context: &Context, key: &Key, entry: &Entry) -> Result<Refresh> {
    let record: Connection =
        codec::from_object(&format!("record {key}"), entry.record.clone()).map_err(|error| error.hint(untold(key)))?;
    let definition = context.provider(key.provider.as_str())?.definition;
    let definition = definition
        .with_base_url(record.base_url.as_deref())
        .map_err(|error| Error::invalid(error.to_string()).hint(untold(key)))?;
    confirmed(key, &definition, &record)?;
    Ok(Refresh {
        flow: record.flow.clone(),
        provider: codec::to_object(&definition),
        client: Client::of_connection(&record, &entry.secret),
        record: entry.record.clone(),
        secret: entry.secret.clone(),
    })
}

/// Returns the hint for a connection that cannot be revoked at its provider.
fn untold(key: &Key) -> String {
    format!("authsome logout {} --connection {}{} forgets it untold", key.provider, key.slot, key.profile_flag())
}

fn confirmed(key: &Key, definition: &Definition, record: &Connection) -> Result<()> {
    if record.bound.confirms(&catalog::bound(definition)?) {
        return Ok(());
    }
    let (provider, slot) = (&key.provider, &key.slot);
    let text = format!(
        "the definition of {provider} sends credentials elsewhere, or in another way, than when {slot} was connected"
    );
    Err(Error::new(Code::Denied, text).hint(format!("authsome login {provider}{} --force", key.flags())))
}
