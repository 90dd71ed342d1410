//! The record and the secrets that a login keeps.

use cli::catalog;
use proto::ops::flow::{Client, Learned};
use proto::record::Connection;
use proto::{Object, Result, Secrets, codec};
use provider::Definition;
use serde_json::{Value, json};

/// Joins what the flow learned with what the host knows.
///
/// A connection carries the client that its refresh token is bound to (RFC 6749 §6), so that a
/// later registration breaks no older connection.
pub fn build(
    definition: &Definition,
    flow: &str,
    asked: &[String],
    learned: Learned,
    client: Option<&Client>,
) -> Result<(Object, Secrets)> {
    let mut record = Object::new();
    record.insert("provider".into(), json!(definition.name));
    record.insert("flow".into(), json!(flow));
    record.insert("status".into(), json!("connected"));
    record.insert("scopes".into(), json!(asked));
    record.insert("obtained_at".into(), json!(proto::time::now()));
    record.insert("bound".into(), json!(catalog::bound(definition)?));
    if let Some(base_url) = &definition.base_url {
        record.insert("base_url".into(), json!(base_url));
    }
    let mut secret = learned.secret;
    if let Some(client) = client {
        record.insert("client_id".into(), json!(client.record.client_id));
        insert_some(&mut record, "redirect_uri", client.record.redirect_uri.as_deref());
        insert_some(&mut record, "token_auth", client.record.token_auth.as_deref());
        for name in ["client_secret", "private_key"] {
            if let Some(value) = client.secret.get(name) {
                secret.set(name, value);
            }
        }
    }
    record.insert("renewable".into(), json!(secret.get("refresh_token").is_some()));
    // What the flow learned says more than what was asked for.
    record.extend(learned.record.into_iter().filter(|(_, value)| !value.is_null()));
    // It must be a connection for every other program, too.
    let _: Connection = codec::from_object("the flow's answer", record.clone())?;
    Ok((record, secret))
}

fn insert_some(record: &mut Object, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        record.insert(name.to_owned(), Value::from(value));
    }
}
