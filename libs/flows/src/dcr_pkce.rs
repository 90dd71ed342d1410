//! Flow `dcr_pkce`: the client registers itself (RFC 7591), then it is `pkce`.

use crate::task::Task;
use crate::{Flow, client, discovery, failure, pkce, revocation, settings};
use discovery::Found;
use oauth::register::{method_name, register};
use oauth::{Error as Failure, Provider, Reason, TokenAuth};
use proto::Result;
use proto::ops::flow::{Client, Learned, Login, Refresh};
use secrecy::ExposeSecret;

/// Seconds that a client secret must still live to be worth a login.
const MARGIN: i64 = 300;

pub(crate) struct DcrPkce;

impl Flow for DcrPkce {
    fn name(&self) -> &'static str {
        "dcr_pkce"
    }

    fn login(&self, task: &Task, login: &Login) -> Result<Learned> {
        let failed = |failure: Failure| failure::login(task, "the login", &failure);
        let mut found = discovery::complete(task, settings::provider(task, None)?)?.map_err(failed)?;
        let (client, fresh) = match usable(task, login) {
            Some(client) => (client::confirmed(task, client)?, false),
            None => (registered(task, login, &found)?, true),
        };
        let token = match attempt(task, login, &mut found.provider, &client)? {
            // Servers forget the clients they registered: once more with a new one.
            Err(failure) if !fresh && is_stale(&failure) => {
                task.tools.asks.note(&format!("{} no longer knows this client: registering a new one", task.name()));
                let client = registered(task, login, &found)?;
                attempt(task, login, &mut found.provider, &client)?
            }
            result => result,
        };
        let token = token.map_err(failed)?;
        let mut learned = pkce::finish(task, login, &token)?;
        if let Some(kept) = discovery::kept(task, &found.provider) {
            learned.record.insert(discovery::FIELD.to_owned(), kept);
        }
        Ok(learned)
    }

    fn refresh(&self, task: &Task, refresh: &Refresh) -> Result<Learned> {
        pkce::renew(task, refresh, |provider| discovery::restore(task, &refresh.record, provider))
    }

    fn revoke(&self, task: &Task, refresh: &Refresh) -> Result<()> {
        revocation::revoke(task, refresh, |provider| discovery::restore(task, &refresh.record, provider))
    }
}

fn attempt(
    task: &Task,
    login: &Login,
    provider: &mut Provider,
    client: &Client,
) -> Result<std::result::Result<oauth::Token, Failure>> {
    if let Some(auth) = client.record.token_auth.as_deref().and_then(settings::auth_named) {
        provider.token_auth = auth;
    }
    pkce::authorize(task, login, provider, client)
}

/// The stored client, if it still lives and was made for this redirect URI.
fn usable<'a>(task: &Task, login: &'a Login) -> Option<&'a Client> {
    let client = client::stored(login)?;
    let alive = client.record.expires_at.is_none_or(|at| at > task.now() + MARGIN);
    let fits = !client.record.registered || client.record.redirect_uri.as_deref() == Some(login.redirect_uri.as_str());
    (alive && fits).then_some(client)
}

fn is_stale(failure: &Failure) -> bool {
    matches!(failure.reason(), Some(Reason::InvalidClient | Reason::RedirectMismatch))
}

/// A new client, kept before it is used.
fn registered(task: &Task, login: &Login, found: &Found) -> Result<Client> {
    let endpoint = found.registration.as_ref();
    let endpoint = endpoint.ok_or_else(|| task.broken("neither it nor the provider names a registration endpoint"))?;
    let wish = wish(found);
    let registered =
        register(task.tools.transport, &found.provider.headers, endpoint, &login.redirect_uri, wish, &login.scopes)
            .map_err(|failure| failure::login(task, "the registration", &failure))?;
    let mut client = Client::default();
    client.record.client_id = registered.client.id;
    client.record.redirect_uri = Some(login.redirect_uri.clone());
    client.record.token_auth = Some(settings::auth_name(registered.token_auth).to_owned());
    client.record.registered = true;
    client.record.expires_at = registered.expires_at;
    client.record.bound = client::bound(task)?;
    if let Some(secret) = registered.client.secret {
        client.secret.set("client_secret", secret.expose_secret());
    }
    task.tools.keep_client(&client)?;
    Ok(client)
}

/// The definition's way if the server takes it, else the first it takes of ours.
fn wish(found: &Found) -> TokenAuth {
    let takes = |auth: &TokenAuth| found.auth_methods.iter().any(|name| name == method_name(*auth));
    let ours = [found.provider.token_auth, TokenAuth::None, TokenAuth::Body, TokenAuth::Basic];
    ours.into_iter().find(takes).unwrap_or(found.provider.token_auth)
}
