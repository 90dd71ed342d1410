//! A client that signs: its private key, from what the person pastes to an assertion (RFC 7523 §3).

use crate::client;
use crate::task::Task;
use oauth::assertion;
use proto::ops::flow::{Client, Field, FormAnswer};
use proto::{Error, Object, Result, Secrets};
use secrecy::SecretString;
use serde_json::{Map, Value};

/// Which of the client's keys signs (RFC 7515 §4.1.4); in its record and the connection's.
pub(crate) const KEY_ID: &str = "key_id";

/// Asks for the issuer's name and its key, or the one file in which Google hands out both, and for
/// `more`. What cannot sign is refused; keeping the client is the caller's.
pub(crate) fn asked(task: &Task, id: Field, more: Option<Field>) -> Result<(Client, FormAnswer)> {
    let key = client::secret_field("private_key", "Private key in PEM, or the whole service account file", true);
    let fields = [Some(id), more, Some(key)].into_iter().flatten().collect();
    let answer = task.tools.form(&client::form(task, fields))?;
    let key = client::typed(task, "private key", answer.secret.get("private_key"))?
        .ok_or_else(|| client::needed(task, "private key"))?;
    let file = Secrets::take_from(&mut Object::from_iter([("secret".to_owned(), parsed(&key))]))?;
    let mut client = Client::default();
    let id = client::typed(task, "client ID", answer.values.get("client_id").map(String::as_str))?;
    let id = id.or_else(|| file.get("client_email").map(str::to_owned));
    client.record.client_id = id.ok_or_else(|| client::needed(task, "client ID"))?;
    client.record.bound = client::bound(task)?;
    if let Some(key_id) = file.get("private_key_id") {
        client.record.rest.insert(KEY_ID.to_owned(), key_id.into());
    }
    client.secret.set("private_key", file.get("private_key").unwrap_or(&key).trim());
    sign(task, &client, &Object::new(), Map::new())?;
    Ok((client, answer))
}

/// The claims and the client's name as their issuer, signed. `record` may name the key.
pub(crate) fn sign(
    task: &Task,
    client: &Client,
    record: &Object,
    mut claims: Map<String, Value>,
) -> Result<SecretString> {
    let name = task.name();
    let reset = || format!("authsome login {name} --reset-client");
    let pem = client.secret.get("private_key").map(SecretString::from);
    let pem = pem.ok_or_else(|| Error::invalid(format!("the client of {name} has no private key")).hint(reset()))?;
    claims.insert("iss".into(), client.record.client_id.clone().into());
    let key_id = record.get(KEY_ID).and_then(Value::as_str);
    assertion::rs256(&claims, key_id, &pem)
        .map_err(|why| Error::invalid(format!("cannot sign for {name}: {why}")).hint(reset()))
}

/// What was pasted, if it is an object.
fn parsed(text: &str) -> Value {
    serde_json::from_str::<Map<String, Value>>(text).map(Value::Object).unwrap_or_default()
}
