//! Flow `jwt_bearer` (RFC 7523 §2.1): a signed assertion for a token, as Google's service
//! accounts do. The signing key is the client's `private_key`; no person is in it.

use crate::client_credentials::scopes;
use crate::machine::{self, Asked};
use crate::signer::{self, KEY_ID};
use crate::task::Task;
use crate::{Flow, client, revocation, settings};
use oauth::Grants;
use proto::ops::flow::{Client, Learned, Login, Refresh};
use proto::{Object, Result};
use serde_json::Map;

/// Seconds an assertion lives; providers refuse more than an hour.
const LIFETIME: i64 = 300;

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
        let asked = ask(task, &client, &client.record.rest, &login.scopes);
        let mut learned = machine::login(task, login, "the assertion", asked)?;
        let key_id = client.record.rest.get(KEY_ID).cloned();
        learned.record.extend(key_id.map(|id| (KEY_ID.to_owned(), id)));
        Ok(learned)
    }

    fn refresh(&self, task: &Task, refresh: &Refresh) -> Result<Learned> {
        machine::renew(task, refresh, |client| ask(task, client, &refresh.record, &scopes(refresh)))
    }

    fn revoke(&self, task: &Task, refresh: &Refresh) -> Result<()> {
        revocation::revoke(task, refresh, |_| Ok(()))
    }
}

fn asked(task: &Task) -> Result<Client> {
    let id = client::id_field("Client ID or service account (not needed with a service account file)", false);
    let (client, _) = signer::asked(task, id, None)?;
    task.tools.keep_client(&client)?;
    Ok(client)
}

/// RFC 7523 §3: issuer and audience, short-lived; the scopes in it, as Google wants them.
fn ask(task: &Task, client: &Client, record: &Object, scopes: &[String]) -> Asked {
    let provider = settings::provider(task, None)?;
    let audience = task.oauth()?.token_url.clone().ok_or_else(|| task.broken("it has no token_url"))?;
    let now = task.now();
    let mut claims = Map::new();
    claims.insert("aud".into(), audience.into());
    claims.insert("iat".into(), now.into());
    claims.insert("exp".into(), (now + LIFETIME).into());
    if !scopes.is_empty() {
        claims.insert("scope".into(), scopes.join(" ").into());
    }
    let assertion = signer::sign(task, client, record, claims)?;
    let client = client::oauth(client);
    let grants = Grants { transport: task.tools.transport, provider: &provider, client: &client };
    Ok(grants.jwt_bearer(&assertion))
}
