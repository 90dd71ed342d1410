//! Flow `device_code` (RFC 8628): the host shows a code, the flow waits for the person elsewhere.

use crate::client::Secret;
use crate::task::Task;
use crate::{Flow, client, failure, pkce, revocation, settings};
use oauth::device::{Poll, Started};
use oauth::{Error as Failure, Grants, Provider, RetryAfter, Token};
use proto::ops::flow::{Client, Device, Learned, Login, Refresh};
use proto::{Code, Error, Result};
use std::time::{Duration, UNIX_EPOCH};

/// How soon a cancel is seen.
const SLICE: Duration = Duration::from_millis(200);
/// RFC 8628 §3.5.
const SLOW_DOWN: u64 = 5;
/// How far a network that fails lengthens it; what the provider says counts whatever it is.
const LONGEST_BACKOFF: u64 = 60;

pub(crate) struct DeviceCode;

impl Flow for DeviceCode {
    fn name(&self) -> &'static str {
        "device_code"
    }

    fn login(&self, task: &Task, login: &Login) -> Result<Learned> {
        let client = client::stored_or_asked(task, login, Secret::Optional)?;
        let provider = settings::provider(task, client.record.token_auth.as_deref())?;
        let token =
            poll(task, login, &provider, &client)?.map_err(|failure| failure::login(task, "the login", &failure))?;
        pkce::finish(task, login, &token)
    }

    fn refresh(&self, task: &Task, refresh: &Refresh) -> Result<Learned> {
        pkce::renew(task, refresh, |_| Ok(()))
    }

    fn revoke(&self, task: &Task, refresh: &Refresh) -> Result<()> {
        revocation::revoke(task, refresh, |_| Ok(()))
    }
}

/// Shows the code, then asks the provider until it is confirmed, refused or past.
pub(crate) fn poll(task: &Task, login: &Login, provider: &Provider, client: &Client) -> Result<Result<Token, Failure>> {
    let oauth_client = client::oauth(client);
    let grants = Grants { transport: task.tools.transport, provider, client: &oauth_client };
    let started = match grants.device_start(&login.scopes) {
        Ok(started) => started,
        Err(failure) => return Ok(Err(failure)),
    };
    let expires_at = task.now().saturating_add(i64::try_from(started.expires_in).unwrap_or(i64::MAX));
    task.tools.device(&Device {
        user_code: proto::redact::shown(&started.user_code),
        verification_uri: proto::redact::shown(&started.verification_uri),
        verification_uri_complete: started.verification_uri_complete.as_deref().map(proto::redact::shown),
        expires_at,
    })?;
    wait(task, &grants, &started, expires_at)
}

fn wait(task: &Task, grants: &Grants, started: &Started, expires_at: i64) -> Result<Result<Token, Failure>> {
    let mut interval = started.interval;
    loop {
        let left = u64::try_from(expires_at.saturating_sub(task.now())).unwrap_or_default();
        sleep(task, interval.min(left))?;
        if task.now() >= expires_at {
            let name = task.name();
            return Err(Error::new(Code::Timeout, format!("the code for {name} was not confirmed in time"))
                .hint(format!("authsome login {name}")));
        }
        interval = match grants.device_poll(started) {
            Ok(Poll::Done(token)) => return Ok(Ok(token)),
            Ok(Poll::Pending) => interval,
            Ok(Poll::SlowDown(told)) => told_interval(told, task.now()).max(interval.saturating_add(SLOW_DOWN)),
            // RFC 8628 §3.5: back off, the person may still be typing.
            Err(Failure::NotSent(_) | Failure::Lost(_) | Failure::Unexpected { status: 500.., .. }) => {
                interval.saturating_mul(2).min(LONGEST_BACKOFF.max(interval))
            }
            Err(failure) => return Ok(Err(failure)),
        };
    }
}

fn sleep(task: &Task, seconds: u64) -> Result<()> {
    let mut left = Duration::from_secs(seconds);
    while !left.is_zero() {
        task.tools.stop_if_cancelled()?;
        let slice = left.min(SLICE);
        task.tools.clock.sleep(slice);
        left -= slice;
    }
    task.tools.stop_if_cancelled()
}

/// Seconds.
fn told_interval(told: Option<RetryAfter>, now: i64) -> u64 {
    match told {
        None => 0,
        Some(RetryAfter::In(time)) => time.as_secs(),
        Some(RetryAfter::At(time)) => {
            let at = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
            at.saturating_sub(u64::try_from(now).unwrap_or(0))
        }
    }
}
