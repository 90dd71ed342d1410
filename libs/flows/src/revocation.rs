//! Op `revoke`: the provider forgets the tokens.

use crate::task::Task;
use crate::{client, failure, settings};
use oauth::{Error as Failure, Provider, Reason};
use proto::ops::flow::Refresh;
use proto::{Code, Error, Result};
use secrecy::SecretString;

const REFRESH_TOKEN: &str = "refresh_token";

/// Revokes each token in the definition's order. One that the provider takes is enough: with it goes
/// the grant (RFC 7009 §2.1), and many take no access token. `complete` may add what the definition leaves open.
pub(crate) fn revoke(
    task: &Task,
    refresh: &Refresh,
    complete: impl FnOnce(&mut Provider) -> Result<(), Failure>,
) -> Result<()> {
    let mut provider = settings::provider(task, token_auth(refresh))?;
    complete(&mut provider).map_err(|failure| failure::login(task, "the revocation", &failure))?;
    if provider.revocation.is_none() {
        let name = task.name();
        return Err(
            Error::new(Code::Unsupported, format!("{name} has no endpoint to revoke a token")).hint(own_pages(task))
        );
    }
    let own = task.oauth()?.revocation.as_ref().map(|own| own.tokens.clone()).unwrap_or_default();
    // RFC 7009 §2.1: the end of a refresh token ends the grant.
    let order = if own.is_empty() { vec![REFRESH_TOKEN.to_owned(), "access_token".to_owned()] } else { own };
    let client = refresh.client.as_ref().map(client::oauth);
    if let (Some(revocation), Some(client)) = (&mut provider.revocation, &client) {
        let id: String = url::form_urlencoded::byte_serialize(client.id.as_bytes()).collect();
        revocation.url = revocation.url.replace("{client_id}", &id.replace('+', "%20"));
    }
    let held = |which: String| refresh.secret.get(&which).map(|token| (SecretString::from(token), which.clone()));
    let tokens: Vec<_> = order.into_iter().filter_map(held).collect();
    if tokens.is_empty() {
        let text = format!("the connection holds no token that {} can revoke", task.name());
        return Err(Error::new(Code::Unsupported, text).hint(own_pages(task)));
    }
    let (mut withdrawn, mut grant_ended) = (false, false);
    for (token, which) in tokens {
        match oauth::revoke(task.tools.transport, &provider, client.as_ref(), &token, &which) {
            Ok(()) => (withdrawn, grant_ended) = (true, grant_ended || which == REFRESH_TOKEN),
            Err(failure) if failure.reason() == Some(Reason::UnsupportedTokenType) => {}
            // The grant is over, so a connection that is kept would only look alive.
            Err(failure) if grant_ended => note_alive(task, &which, &failure),
            Err(failure) => return Err(failure::login(task, "the revocation", &failure)),
        }
    }
    match withdrawn {
        true => Ok(()),
        false => Err(Error::new(Code::Unsupported, format!("{} revokes no tokens of this kind", task.name()))
            .hint(own_pages(task))),
    }
}

/// Returns where the person can withdraw an access that authsome cannot withdraw.
fn own_pages(task: &Task) -> String {
    let pages = task.definition.dashboard_url.as_deref().unwrap_or("the provider's own pages");
    format!("withdraw the access at {pages}")
}

fn note_alive(task: &Task, which: &str, failure: &Failure) {
    let error = failure::login(task, "the revocation", failure);
    let which = proto::redact::shown(which).replace('_', " ");
    task.tools.asks.note(&format!(
        "the refresh token of {} is withdrawn; its {which} may work until it expires: {}",
        task.name(),
        error.message
    ));
}

/// How this connection's client authenticates, wherever that was kept.
pub(crate) fn token_auth(refresh: &Refresh) -> Option<&str> {
    let of_client = refresh.client.as_ref().and_then(|client| client.record.token_auth.as_deref());
    of_client.or_else(|| refresh.record.get("token_auth")?.as_str())
}
