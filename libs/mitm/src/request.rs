//! What is done to a request, whatever its HTTP version: checked, given its credential, and after a
//! 401 perhaps given another. It sends nothing itself.

use crate::core::{Core, Link};
use crate::fields;
use crate::message::{Fields, Head};
use crate::placeholder::Placeholders;
use crate::slots;
use crate::target;
use crate::{Action, Answered, Brought, Injection, Refusal, Report, RequestHead, Scheme};
use http::{Method, StatusCode};

/// What a request of an intercepted connection gets; `None` is nothing.
pub(crate) async fn admit<F: Fields + Sync>(
    core: &Core,
    link: &Link,
    head: &mut Head<F>,
) -> Result<Option<Injection>, Refusal> {
    if let Some(refusal) = link.refusal() {
        return Err(refusal);
    }
    target::intercepted(head, &link.key.authority, link.http)?;
    refuse_trace(&head.method)?;
    ask(core, link, head).await
}

/// Refuses TRACE, because its answer repeats the request with the credential (RFC 9110 §9.3.8). Some servers call it
/// TRACK, and some ignore the case of both.
fn refuse_trace(method: &Method) -> Result<(), Refusal> {
    match ["TRACE", "TRACK"].iter().find(|trace| method.as_str().eq_ignore_ascii_case(trace)) {
        None => Ok(()),
        Some(trace) => Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "method",
            format!("{trace} would show the credential of its own request"),
        )
        .fix("use another method, such as GET or OPTIONS")),
    }
}

/// What a request that was admitted gets now.
pub(crate) async fn ask<F: Fields + Sync>(
    core: &Core,
    link: &Link,
    head: &Head<F>,
) -> Result<Option<Injection>, Refusal> {
    let view = RequestHead {
        method: &head.method,
        authority: &link.key.authority,
        path: head.uri.path(),
        fields: &head.fields,
        brought: &Own { head, placeholders: &core.placeholders },
    };
    match core.policy.request(&view).await? {
        Action::Forward => Ok(None),
        Action::Set(injection) => Ok(Some(injection)),
    }
}

/// A head as the client sent it.
struct Own<'a, F> {
    head: &'a Head<F>,
    placeholders: &'a Placeholders,
}

impl<F: Fields + Sync> Brought for Own<'_, F> {
    fn has_header(&self, name: &str) -> bool {
        self.head.fields.each().any(|(own, _)| own.eq_ignore_ascii_case(name.as_bytes()))
    }

    fn has_parameter(&self, name: &str) -> bool {
        slots::has_parameter(&self.head.uri, name)
    }

    fn has_placeholder(&self) -> bool {
        self.placeholders.find(self.head).is_some()
    }
}

/// Makes a head ready to leave; whether a credential was put into it.
pub(crate) fn prepare<F: Fields>(
    core: &Core,
    link: &Link,
    head: &mut Head<F>,
    upgrade: bool,
    injection: Option<&Injection>,
) -> Result<bool, Refusal> {
    fields::strip_request(&mut head.fields, upgrade, link.http);
    let filled = match injection {
        Some(injection) => slots::fill(head, injection, &core.placeholders)?,
        None => false,
    };
    match core.placeholders.find(head) {
        None => Ok(filled),
        Some(place) => Err(misplaced(&place, link)),
    }
}

fn misplaced(place: &str, link: &Link) -> Refusal {
    let authority = &link.key.authority;
    let refusal = Refusal::placeholder(format!(
        "{place} of a request to {authority} holds a placeholder that has no credential there"
    ));
    match link.key.scheme {
        Scheme::Http => refusal.fix("use https: a credential is never sent in plain text"),
        Scheme::Https => refusal.fix("send the placeholder only where the provider's definition puts its credential"),
    }
}

/// Whether the policy wants a second try after a 401, and there can be one.
pub(crate) async fn is_worth_a_second_try(
    core: &Core,
    link: &Link,
    lease: &str,
    challenge: Option<&[u8]>,
    replayable: bool,
) -> bool {
    let report = Report {
        lease,
        authority: &link.key.authority,
        status: StatusCode::UNAUTHORIZED.as_u16(),
        www_authenticate: challenge.and_then(|value| str::from_utf8(value).ok()),
        replayable,
    };
    core.policy.report(&report).await && replayable
}

/// Tells the policy what came of a request that left with a credential.
pub(crate) fn answered(core: &Core, link: &Link, lease: &str, method: &Method, path: &str, status: u16) {
    core.policy.answered(&Answered { lease, authority: &link.key.authority, method, path, status });
}
