//! Flow `jwt_bearer` (RFC 7523 §2.1): a signed assertion for a token, as Google's service
//! accounts do. The signing key is the client's `private_key`; no person is in it.

use crate::client::Secret;
use crate::client_credentials::{renewed_by_asking_again, scopes};
use crate::task::Task;
use crate::{Flow, client, failure, learned, pkce, revocation, settings};
use oauth::{Grants, assertion};
use proto::ops::flow::{Client, Learned, Login, Refresh};
use proto::{Error, Result};
use secrecy::SecretString;
use serde_json::{Map, Value};

/// Seconds an assertion lives; providers refuse more than an hour.
const LIFETIME: i64 = 300;

pub(crate) struct JwtBearer;

impl Flow for JwtBearer {
    fn name(&self) -> &'static str {
        "jwt_bearer"
    }

    fn login(&self, task: &Task, login: &Login) -> Result<Learned> {
        let client = client::stored_or_asked(task, login, Secret::PrivateKey)?;
        let token =
            ask(task, &client, &login.scopes)?.map_err(|failure| failure::login(task, "the assertion", &failure))?;
        let mut learned = pkce::finish(task, login, &token)?;
        renewed_by_asking_again(&mut learned);
        Ok(learned)
    }

    fn refresh(&self, task: &Task, refresh: &Refresh) -> Result<Learned> {
        let Some(client) = &refresh.client else {
            return Err(failure::nothing_to_renew(task, "the connection's client is not known"));
        };
        let token = ask(task, client, &scopes(refresh))
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

fn ask(task: &Task, client: &Client, scopes: &[String]) -> Result<Result<oauth::Token, oauth::Error>> {
    let provider = settings::provider(task, None)?;
    let assertion = assertion(task, client, scopes)?;
    let client = client::oauth(client);
    let grants = Grants { transport: task.tools.transport, provider: &provider, client: &client };
    Ok(grants.jwt_bearer(&assertion))
}

/// RFC 7523 §3: issuer and audience, short-lived; the scopes in it, as Google wants them.
fn assertion(task: &Task, client: &Client, scopes: &[String]) -> Result<SecretString> {
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
    for (name, value) in client.record.rest.iter().filter(|(name, _)| name.as_str() == "sub") {
        claims.insert(name.clone(), value.clone());
    }
    let key_id = client.record.rest.get("key_id").and_then(Value::as_str);
    assertion::rs256(&claims, key_id, &pem)
        .map_err(|why| Error::invalid(format!("cannot sign for {name}: {why}")).hint(reset()))
}
