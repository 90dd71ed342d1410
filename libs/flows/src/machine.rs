//! Logins without a person: a new token is got by asking again, no refresh token is needed
//! (RFC 6749 §4.4.3).

use crate::task::Task;
use crate::{failure, learned, pkce};
use oauth::{Error as Failure, Token};
use proto::Result;
use proto::ops::flow::{Client, Learned, Login, Refresh};

/// What came of asking; the provider's no is the inner error.
pub(crate) type Asked = Result<std::result::Result<Token, Failure>>;

/// What a login learned; `what` is what the provider may have rejected.
pub(crate) fn login(task: &Task, login: &Login, what: &str, asked: Asked) -> Result<Learned> {
    let token = asked?.map_err(|failure| failure::login(task, what, &failure))?;
    Ok(renewed_by_asking_again(pkce::finish(task, login, &token)?))
}

/// Asks once more for the connection's own client. Nothing is spent by it.
pub(crate) fn renew(task: &Task, refresh: &Refresh, ask: impl FnOnce(&Client) -> Asked) -> Result<Learned> {
    let Some(client) = &refresh.client else {
        return Err(failure::nothing_to_renew(task, "the connection's client is not known"));
    };
    let asked = ask(client).map_err(failure::in_definition)?;
    let token = asked.map_err(|failure| failure::repeatable(task, &failure))?;
    Ok(renewed_by_asking_again(learned::at_refresh(task, &token, &refresh.secret)))
}

fn renewed_by_asking_again(mut learned: Learned) -> Learned {
    learned.secret.remove("refresh_token");
    learned.record.insert("renewable".into(), true.into());
    learned
}
