//! Flow `jwt_bearer` (RFC 7523 §2.1): a signed assertion for a token, as Google's service
//! accounts do. The signing key is the client's `private_key`; no person is in it.

use crate::client_credentials::{renewed_by_asking_again, scopes};
use crate::task::Task;
use crate::{Flow, client, failure, learned, pkce, revocation, settings};
use oauth::{Grants, assertion};
use proto::ops::flow::{Client, Learned, Login, Refresh};
use proto::{Error, Object, Result, Secrets};
use secrecy::SecretString;
use serde_json::{Map, Value};

/// Seconds an assertion lives; providers refuse more than an hour.
const LIFETIME: i64 = 300;

/// Which of the client's keys signs (RFC 7515 §4.1.4); in its record and the connection's.
const KEY_ID: &str = "key_id";

pub(crate) struct JwtBearer;

impl Flow for JwtBearer {
    fn name(&self) -> &'static str {
        "jwt_bearer"
    }

    fn login(&self, task: &Task, login: &Login) -> Result<Learned> {
        let client = match client::stored(login) {
            Some(client) => client::confirmed(task, client)?,
            None => asked(task)?,
        };
        let key_id = client.record.rest.get(KEY_ID).cloned();
        let token = ask(task, &client, &client.record.rest, &login.scopes)?
            .map_err(|failure| failure::login(task, "the assertion", &failure))?;
        let mut learned = pkce::finish(task, login, &token)?;
        renewed_by_asking_again(&mut learned);
        learned.record.extend(key_id.map(|id| (KEY_ID.to_owned(), id)));
        Ok(learned)
    }

    fn refresh(&self, task: &Task, refresh: &Refresh) -> Result<Learned> {
        let Some(client) = &refresh.client else {
            return Err(failure::nothing_to_renew(task, "the connection's client is not known"));
        };
        let token = ask(task, client, &refresh.record, &scopes(refresh))
            .map_err(failure::in_definition)?
            .map_err(|failure| failure::repeatable(task, &failure))?;
        let mut learned = learned::at_refresh(task, &token, &refresh.secret);
        renewed_by_asking_again(&mut learned);
        Ok(learned)
    }

    fn revoke(&self, task: &Task, refresh: &Refresh) -> Result<()> {
        revocation::revoke(task, refresh, |_| Ok(()))
    }
}

/// The issuer's name and its key, or the one file in which Google hands out both.
fn asked(task: &Task) -> Result<Client> {
    let fields = vec![
        client::id_field("Client ID or service account (not needed with a service account file)", false),
        client::secret_field("private_key", "Private key in PEM, or the whole service account file", true),
    ];
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
    assertion(task, &client, &client.record.rest, &[])?;
    task.tools.keep_client(&client)?;
    Ok(client)
}

/// What was pasted, if it is an object.
fn parsed(text: &str) -> Value {
    serde_json::from_str::<Map<String, Value>>(text).map(Value::Object).unwrap_or_default()
}

fn ask(
    task: &Task,
    client: &Client,
    record: &Object,
    scopes: &[String],
) -> Result<std::result::Result<oauth::Token, oauth::Error>> {
    let provider = settings::provider(task, None)?;
    let assertion = assertion(task, client, record, scopes)?;
    let client = client::oauth(client);
    let grants = Grants { transport: task.tools.transport, provider: &provider, client: &client };
    Ok(grants.jwt_bearer(&assertion))
}

/// RFC 7523 §3: issuer and audience, short-lived; the scopes in it, as Google wants them.
fn assertion(task: &Task, client: &Client, record: &Object, scopes: &[String]) -> Result<SecretString> {
    let name = task.name();
    let reset = || format!("authsome login {name} --reset-client");
    let pem = client.secret.get("private_key").map(SecretString::from);
    let pem = pem.ok_or_else(|| Error::invalid(format!("the client of {name} has no private key")).hint(reset()))?;
    let audience = task.oauth()?.token_url.clone().ok_or_else(|| task.broken("it has no token_url"))?;
    let now = task.now();
    let mut claims = Map::new();
    claims.insert("iss".into(), client.record.client_id.clone().into());
    claims.insert("aud".into(), audience.into());
    claims.insert("iat".into(), now.into());
    claims.insert("exp".into(), (now + LIFETIME).into());
    if !scopes.is_empty() {
        claims.insert("scope".into(), scopes.join(" ").into());
    }
    let key_id = record.get(KEY_ID).and_then(Value::as_str);
    assertion::rs256(&claims, key_id, &pem)
        .map_err(|why| Error::invalid(format!("cannot sign for {name}: {why}")).hint(reset()))
}
