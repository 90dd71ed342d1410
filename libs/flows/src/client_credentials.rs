//! Flow `client_credentials` (RFC 6749 §4.4): a machine's own access, no person in it.

use crate::client::Secret;
use crate::machine::{self, Asked};
use crate::task::Task;
use crate::{Flow, client, revocation, settings};
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
        machine::login(task, login, "the client", ask(task, &client, &login.scopes))
    }

    fn refresh(&self, task: &Task, refresh: &Refresh) -> Result<Learned> {
        machine::renew(task, refresh, |client| ask(task, client, &scopes(refresh)))
    }

    fn revoke(&self, task: &Task, refresh: &Refresh) -> Result<()> {
        revocation::revoke(task, refresh, |_| Ok(()))
    }
}

fn ask(task: &Task, client: &Client, scopes: &[String]) -> Asked {
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
