//! Flow `pkce`: the authorization code grant (RFC 6749 §4.1), with PKCE (RFC 7636) unless the
//! definition switches it off.

use crate::asks::Way;
use crate::client::Secret;
use crate::task::Task;
use crate::{Flow, check, client, device_code, failure, learned, revocation, settings};
use oauth::{Authorization, Error as Failure, Grants, Provider, Token, TokenAuth};
use proto::ops::flow::{Authorize, Authorized, Client, Learned, Login, Refresh};
use proto::{Code, Error, Result};
use secrecy::SecretString;

pub(crate) struct Pkce;

impl Flow for Pkce {
    fn name(&self) -> &'static str {
        "pkce"
    }

    fn login(&self, task: &Task, login: &Login) -> Result<Learned> {
        let oauth = task.oauth()?;
        let public_allowed = oauth.pkce && settings::auth_of(oauth.token_auth) != TokenAuth::Basic;
        let secret = if public_allowed { Secret::Optional } else { Secret::Required };
        let client = client::stored_or_asked(task, login, secret)?;
        let provider = settings::provider(task, client.record.token_auth.as_deref())?;
        let token = authorize(task, login, &provider, &client)?
            .map_err(|failure| failure::login(task, "the login", &failure))?;
        finish(task, login, &token)
    }

    fn refresh(&self, task: &Task, refresh: &Refresh) -> Result<Learned> {
        renew(task, refresh, |_| Ok(()))
    }

    fn revoke(&self, task: &Task, refresh: &Refresh) -> Result<()> {
        revocation::revoke(task, refresh, |_| Ok(()))
    }
}

/// Through the authorization page to a token; a rejection by the token endpoint is the inner error.
pub(crate) fn authorize(
    task: &Task,
    login: &Login,
    provider: &Provider,
    client: &Client,
) -> Result<Result<Token, Failure>> {
    let oauth_client = client::oauth(client);
    let authorization = Authorization::new(provider, &oauth_client, &login.redirect_uri, &login.state, &login.scopes)
        .map_err(|failure| failure::login(task, "the login", &failure))?;
    let device = task.oauth()?.supports_device_code && provider.device_authorization.is_some();
    let ask = Authorize {
        url: authorization.url.to_string(),
        pkce: authorization.pkce,
        alternatives: if device { vec!["device".to_owned()] } else { Vec::new() },
    };
    let code = match task.tools.authorize(&ask)? {
        Way::Answered(answer) => code(task, provider, answer)?,
        Way::Device if device => return device_code::poll(task, login, provider, client),
        Way::Device => return Err(task.broken("it offers no device code")),
    };
    task.tools.stop_if_cancelled()?;
    let grants = Grants { transport: task.tools.transport, provider, client: &oauth_client };
    Ok(grants.code(authorization, &code))
}

/// Checks the token against the API if asked to, and tells what was learned.
pub(crate) fn finish(task: &Task, login: &Login, token: &Token) -> Result<Learned> {
    let learned = learned::at_login(task, token, &login.scopes);
    if login.check {
        check::check(task, &token.access_token)?;
    }
    Ok(learned)
}

/// The refresh token grant (RFC 6749 §6); `complete` may add what the definition leaves open.
pub(crate) fn renew(
    task: &Task,
    refresh: &Refresh,
    complete: impl FnOnce(&mut Provider) -> Result<(), Failure>,
) -> Result<Learned> {
    let client = refresh.client.clone().unwrap_or_default();
    let failed = |failure: &Failure| failure::refresh(task, client.record.registered, failure);
    let Some(refresh_token) = refresh.secret.get("refresh_token").map(SecretString::from) else {
        return Err(failure::nothing_to_renew(task, "there is no refresh token"));
    };
    if client.record.client_id.is_empty() {
        return Err(failure::nothing_to_renew(task, "the connection's OAuth client is not known"));
    }
    let mut provider = settings::provider(task, revocation::token_auth(refresh)).map_err(failure::in_definition)?;
    complete(&mut provider).map_err(|failure| failure::unsent(task, &failure))?;
    let client = client::oauth(&client);
    let grants = Grants { transport: task.tools.transport, provider: &provider, client: &client };
    let token = grants.refresh(&refresh_token).map_err(|failure| failed(&failure))?;
    Ok(learned::at_refresh(task, &token, &refresh.secret))
}

fn code(task: &Task, provider: &Provider, answer: Authorized) -> Result<SecretString> {
    let name = task.name();
    oauth::check_issuer(provider, answer.iss.as_deref()).map_err(|why| {
        Error::new(Code::Denied, format!("the answer to the login at {name} is refused: {why}"))
            .hint(format!("authsome login {name} --force"))
    })?;
    if let Some(error) = answer.error {
        let rejected = Failure::Rejected { status: 0, error, description: answer.error_description };
        return Err(failure::login(task, "the login", &rejected));
    }
    let code = answer.secret.get("code").map(SecretString::from);
    code.ok_or_else(|| {
        Error::new(Code::Denied, format!("{name} answered the login without a code"))
            .hint(format!("authsome login {name} --force"))
    })
}
