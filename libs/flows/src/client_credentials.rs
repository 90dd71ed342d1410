//! Flow `client_credentials` (RFC 6749 §4.4): a machine's own access, no person in it.

use crate::client::Secret;
use crate::task::Task;
use crate::{Flow, client, failure, learned, pkce, revocation, settings};
use oauth::Grants;
use proto::Result;
use proto::ops::flow::{Client, Learned, Login, Refresh};

pub(crate) struct ClientCredentials;

impl Flow for ClientCredentials {
    fn name(&self) -> &'static str {
        "client_credentials"
    }

    fn login(&self, task: &Task, login: &Login) -> Result<Learned> {
        let client = client::stored_or_asked(task, login, Secret::Required)?;
        let token =
            ask(task, &client, &login.scopes)?.map_err(|failure| failure::login(task, "the client", &failure))?;
        let mut learned = pkce::finish(task, login, &token)?;
        renewed_by_asking_again(&mut learned);
        Ok(learned)
    }

    fn refresh(&self, task: &Task, refresh: &Refresh) -> Result<Learned> {
        let Some(client) = &refresh.client else {
            return Err(failure::nothing_to_renew(task, "the connection's OAuth client is not known"));
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
    let provider = settings::provider(task, client.record.token_auth.as_deref())?;
    let client = client::oauth(client);
    let grants = Grants { transport: task.tools.transport, provider: &provider, client: &client };
    Ok(grants.client_credentials(scopes))
}

/// The scopes of the connection's record.
pub(crate) fn scopes(refresh: &Refresh) -> Vec<String> {
    let scopes = refresh.record.get("scopes").and_then(|scopes| scopes.as_array());
    scopes.into_iter().flatten().filter_map(|scope| scope.as_str()).map(str::to_owned).collect()
}

/// A refresh token is not needed (RFC 6749 §4.4.3).
pub(crate) fn renewed_by_asking_again(learned: &mut Learned) {
    learned.secret.remove("refresh_token");
    learned.record.insert("renewable".into(), true.into());
}
