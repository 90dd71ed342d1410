//! Flow `dcr_pkce`: the client registers itself (RFC 7591), then it is `pkce`.

use crate::task::Task;
use crate::{Flow, client, discovery, failure, pkce, revocation, settings};
use discovery::Found;
use oauth::register::{method_name, register};
use oauth::{Authorization, Error as Failure, Grants, Provider, Reason, TokenAuth};
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
        let found = discovery::complete(task, settings::provider(task, None)?, &login.scopes)?;
        let mut found = found.map_err(failed)?;
        // From here on the scopes are the resource's, unless some were given.
        let login = &Login { scopes: found.scopes.clone(), ..login.clone() };
        let agreed = match usable(task, login) {
            Some(client) => agreed(task, client, &found)?,
            None => None,
        };
        let stored = agreed.and_then(|client| known(task, login, &mut found.provider, client));
        let fresh = stored.is_none();
        let client = match stored {
            Some(client) => client,
            None => registered(task, login, &found)?,
        };
        let token = match attempt(task, login, &mut found.provider, &client)? {
            // Forgotten while the person was looking: once more with a new one.
            Err(failure) if !fresh && is_stale(&failure) => {
                note_forgotten(task);
                let client = registered(task, login, &found)?;
                attempt(task, login, &mut found.provider, &client)?
            }
            result => result,
        };
        let token = token.map_err(failed)?;
        let mut learned = pkce::finish(task, login, &token)?;
        learned.record.extend(found.kept.map(|kept| (discovery::FIELD.to_owned(), kept)));
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
    authenticate_as(provider, client);
    pkce::authorize(task, login, provider, client)
}

fn authenticate_as(provider: &mut Provider, client: &Client) {
    if let Some(auth) = client.record.token_auth.as_deref().and_then(settings::auth_named) {
        provider.token_auth = auth;
    }
}

/// The stored client, if it was made for these very endpoints: its secret is shown to no others.
///
/// A registered one costs nothing to replace; one that a person made goes elsewhere after a yes.
fn agreed(task: &Task, client: &Client, found: &Found) -> Result<Option<Client>> {
    if client.record.rest.get(discovery::FIELD) == found.kept.as_ref() {
        return client::confirmed(task, client).map(Some);
    }
    let name = task.name();
    if client.record.registered {
        let text = format!("{name} logs in elsewhere than where this client was registered: registering a new one");
        task.tools.asks.note(&text);
        return Ok(None);
    }
    let place = found.provider.token.as_ref().map_or("none", |endpoint| endpoint.as_str());
    task.tools.confirm(format!("use the stored OAuth client of {name} where it logs in now? tokens: {place}"))?;
    let mut client = with_endpoints(client.clone(), found);
    client.record.bound = client::bound(task)?;
    task.tools.keep_client(&client)?;
    Ok(Some(client))
}

fn with_endpoints(mut client: Client, found: &Found) -> Client {
    client.record.rest.remove(discovery::FIELD);
    client.record.rest.extend(found.kept.clone().map(|kept| (discovery::FIELD.to_owned(), kept)));
    client
}

/// The client, unless the server has forgotten it.
///
/// An authorization endpoint tells that to the person alone (RFC 6749 §4.1.2.1): no answer would
/// ever come back. A token endpoint tells it to anyone who asks (§5.2), even with a made-up code.
fn known(task: &Task, login: &Login, provider: &mut Provider, client: Client) -> Option<Client> {
    if !client.record.registered {
        return Some(client);
    }
    authenticate_as(provider, &client);
    let oauth_client = client::oauth(&client);
    let Ok(authorization) = Authorization::new(provider, &oauth_client, &login.redirect_uri, "", &[]) else {
        return Some(client);
    };
    let grants = Grants { transport: task.tools.transport, provider, client: &oauth_client };
    match grants.code(authorization, &"none".into()) {
        Err(failure) if failure.reason() == Some(Reason::InvalidClient) => {
            note_forgotten(task);
            None
        }
        _ => Some(client),
    }
}

fn note_forgotten(task: &Task) {
    task.tools.asks.note(&format!("{} no longer knows this client: registering a new one", task.name()));
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
    let client = with_endpoints(client, found);
    task.tools.keep_client(&client)?;
    Ok(client)
}

/// The definition's way if the server takes it, else the first it takes of ours.
fn wish(found: &Found) -> TokenAuth {
    let takes = |auth: &TokenAuth| found.auth_methods.iter().any(|name| name == method_name(*auth));
    let ours = [found.provider.token_auth, TokenAuth::None, TokenAuth::Body, TokenAuth::Basic];
    ours.into_iter().find(takes).unwrap_or(found.provider.token_auth)
}
