//! What the proxy asks about each host and request, answered from the routes and the source.

use crate::audit::{Audit, Event};
use crate::counters::Counters;
use crate::source::{Source, refusal};
use crate::table::{Table, ambiguity};
use host::{Authority, Host};
use http::{HeaderName, HeaderValue, StatusCode};
use mitm::{Action, Answer, Answered, Injection, Redaction, Refusal, RequestHead, Scheme, SessionCa, Verdict};
use proto::ops::credential::{
    Half, Place, Report, Reported, Request, Resolve, Resolved, Route, RoutesWanted, Set, Spot,
};
use proto::ops::proxy::Mode;
use proto::{Code, ConnectionName, Error, Object, PLACEHOLDER, ProfileName, ProviderName, Result, codec};
use provider::Found;
use secrecy::SecretString;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// A request's own choice among the connections that `run --connection` granted; never forwarded.
pub const CHOICE: HeaderName = HeaderName::from_static("x-authsome-connection");

/// For so long an answer may have been on its way.
const REJECTED: Duration = Duration::from_secs(5);

/// What a session's policy is made of.
pub struct Session {
    pub profile: ProfileName,
    pub source: Source,
    pub audit: Audit,
    pub counters: Arc<Counters>,
    pub ca: Arc<SessionCa>,
    pub mode: Mode,
    pub allow: HashSet<Authority>,
    pub allow_private: bool,
    pub name_connection: bool,
    pub table: RwLock<Arc<Table>>,
    pub refreshing: tokio::sync::Mutex<()>,
    pub resolved: Mutex<HashMap<Slot, Fresh>>,
    /// Leases that a provider answered 401 to: one that was on its way then must not be kept.
    pub rejected: Mutex<HashMap<String, Instant>>,
    pub told: Mutex<HashSet<String>>,
}

/// The key of a resolved credential. It serves this target, this provider and this choice alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Slot {
    authority: Authority,
    /// The target's path. Connections of one provider may be for different paths of one host.
    path: Option<String>,
    provider: ProviderName,
    choice: Option<ConnectionName>,
}

pub struct Fresh {
    credential: Arc<Credential>,
    until: Instant,
}

/// The resolved credential, and its redaction for responses.
struct Credential {
    resolved: Resolved,
    redaction: Arc<Redaction>,
}

impl mitm::Policy for Session {
    fn connect<'a>(&'a self, to: &'a Authority, scheme: Scheme) -> Answer<'a, Verdict> {
        Box::pin(async move {
            let verdict = self.verdict(to, scheme).await.unwrap_or_else(|error| Verdict::Refuse(refusal(&error)));
            self.counters.verdict(&verdict);
            verdict
        })
    }

    fn request<'a>(&'a self, head: &'a RequestHead<'a>) -> Answer<'a, std::result::Result<Action, Refusal>> {
        Box::pin(async move { self.action(head).await.map_err(|error| refusal(&error)) })
    }

    fn report<'a>(&'a self, report: &'a mitm::Report<'a>) -> Answer<'a, bool> {
        Box::pin(async move {
            let (_, lease) = labelled(report.lease);
            self.forget(lease);
            let body = Report {
                lease: lease.to_owned(),
                status: report.status,
                www_authenticate: report.www_authenticate.map(str::to_owned),
                replayable: report.replayable,
            };
            // A source that cannot tell leaves the provider's own 401 to the client.
            self.source.ask::<_, Reported>("report", &body).await.is_ok_and(|reported| reported.retry)
        })
    }

    fn refused(&self, to: Option<&Authority>, refusal: &Refusal) {
        self.counters.refused(&refusal.code);
        // Without an authority it is no client of this session.
        if let Some(to) = to {
            self.audit.tell(Event::refused(to, refusal));
        }
    }

    fn answered(&self, answered: &Answered<'_>) {
        self.counters.injected();
        let (connection, _) = labelled(answered.lease);
        self.audit.tell(Event::injected(connection, answered));
    }
}

impl Session {
    async fn verdict(&self, to: &Authority, scheme: Scheme) -> Result<Verdict> {
        let table = self.table().await?;
        let private = self.allow_private;
        if scheme == Scheme::Https && table.index().covers(to) {
            if !self.ca.permits(&to.host) {
                return Err(self.unknown_at_start(&to.host));
            }
            // A connection is for all paths; which of them it is for comes later.
            let declared = table.index().owners(to).any(|route| route.private_network);
            return Ok(Verdict::Intercept { private: private || declared });
        }
        match self.mode {
            Mode::Connected => Ok(Verdict::Tunnel { private, tls_only: false }),
            Mode::Strict if scheme == Scheme::Https && self.allow.contains(to) => {
                Ok(Verdict::Tunnel { private, tls_only: true })
            }
            Mode::Strict => Ok(Verdict::Refuse(no_rule(to, scheme))),
        }
    }

    async fn action(&self, head: &RequestHead<'_>) -> Result<Action> {
        let Some((mut route, path)) = routed(&self.present_table(), head)? else { return Ok(Action::Forward) };
        let choice = chosen(head)?;
        // A request with a credential of its own does not need ours, so no state of ours can refuse it.
        if brings_its_own(&route, head) {
            return Ok(Action::Forward);
        }
        if choice.is_none() && ambiguity(&route, &self.profile).is_some() {
            // A client keeps its connection open for long: somebody may have chosen since.
            route = routed(&*self.table().await?, head)?.map_or(route, |(route, _)| route);
            ambiguity(&route, &self.profile).map_or(Ok(()), Err)?;
        }
        let slot = Slot { authority: head.authority.clone(), path, provider: route.provider.clone(), choice };
        let credential = self.credential(slot, head).await?;
        self.injection(&credential).map(Action::Set)
    }

    async fn credential(&self, slot: Slot, head: &RequestHead<'_>) -> Result<Arc<Credential>> {
        let living = locked(&self.resolved)
            .get(&slot)
            .filter(|fresh| fresh.until > Instant::now())
            .map(|fresh| fresh.credential.clone());
        if let Some(credential) = living {
            return Ok(credential);
        }
        let request = Request {
            method: head.method.to_string(),
            scheme: "https".to_owned(),
            host: head.authority.host.to_string(),
            port: head.authority.port,
            path: head.path.to_owned(),
        };
        let resolved: Resolved =
            self.source.ask("resolve", &Resolve { request, connection: slot.choice.clone() }).await?;
        if resolved.provider != slot.provider {
            return Err(Error::unavailable(format!(
                "the credential source answered for {} instead of {}",
                resolved.provider, slot.provider
            ))
            .hint(SOURCE_IS_WRONG));
        }
        let until = Instant::now() + Duration::from_millis(resolved.fresh_ms);
        let places = [placed(&resolved.set, &resolved)?, placed(&resolved.alternatives, &resolved)?];
        let redaction = Arc::new(Redaction::new(places.iter().flatten(), PLACEHOLDER));
        let credential = Arc::new(Credential { resolved, redaction });
        let mut resolved = locked(&self.resolved);
        // Bounded by what is in use within a moment.
        resolved.retain(|_, fresh| fresh.until > Instant::now());
        if !self.was_rejected(&credential.resolved.lease) {
            resolved.insert(slot, Fresh { credential: credential.clone(), until });
        }
        Ok(credential)
    }

    fn injection(&self, credential: &Credential) -> Result<Injection> {
        let Credential { resolved, redaction } = credential;
        let (slots, alternatives) = (placed(&resolved.set, resolved)?, placed(&resolved.alternatives, resolved)?);
        let connection = format!("{}/{}", resolved.provider, resolved.connection);
        let named = HeaderValue::from_str(&connection).ok().filter(|_| self.name_connection);
        let response_headers = named.into_iter().map(|value| (CHOICE, value)).collect();
        let lease = format!("{connection} {}", resolved.lease);
        Ok(Injection { lease, slots, alternatives, redaction: redaction.clone(), response_headers })
    }

    fn forget(&self, lease: &str) {
        locked(&self.rejected).insert(lease.to_owned(), Instant::now());
        locked(&self.resolved).retain(|_, fresh| fresh.credential.resolved.lease != lease);
    }

    /// What was on its way when it was rejected must not be taken for fresh.
    fn was_rejected(&self, lease: &str) -> bool {
        let mut rejected = locked(&self.rejected);
        rejected.retain(|_, since| since.elapsed() < REJECTED);
        rejected.contains_key(lease)
    }

    fn present_table(&self) -> Arc<Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The table, asked for again when it is old. One asks, the others wait.
    async fn table(&self) -> Result<Arc<Table>> {
        let table = self.present_table();
        if table.is_fresh() {
            return Ok(table);
        }
        let _one = self.refreshing.lock().await;
        let table = self.present_table();
        if table.is_fresh() {
            return Ok(table);
        }
        let mut answer: Object =
            self.source.ask("routes", &RoutesWanted { if_changed: Some(table.rev.clone()) }).await?;
        let routes =
            if answer.remove("unchanged").is_some() { None } else { Some(codec::from_object("the routes", answer)?) };
        let fresh = Arc::new(match routes {
            Some(routes) => Table::new(routes),
            None => table.again(),
        });
        fresh.faults.iter().for_each(|fault| self.tell(fault));
        self.source.take_notes().iter().for_each(|text| self.tell(text));
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = fresh.clone();
        Ok(fresh)
    }

    fn unknown_at_start(&self, host: &Host) -> Error {
        let message = format!("{host} belongs to a provider that was not known when this session started");
        self.tell(&format!("{message}; it needs a new authsome run"));
        Error::new(Code::Denied, message).hint("start authsome run again")
    }

    /// To the person, once.
    fn tell(&self, text: &str) {
        if locked(&self.told).insert(text.to_owned()) {
            eprintln!("authsome-proxy: {text}");
        }
    }
}

/// `PROVIDER/CONNECTION`, and the lease as its source gave it. The proxy hands back both.
fn labelled(lease: &str) -> (&str, &str) {
    lease.split_once(' ').unwrap_or_default()
}

/// Returns the route of a request and the path of its target. It is `None` for a request that lies in no target or goes
/// to the provider's own login.
fn routed(table: &Table, head: &RequestHead) -> Result<Option<(Arc<Route>, Option<String>)>> {
    match table.index().find(head.authority, head.path) {
        Found::None | Found::Excepted(_) => Ok(None),
        Found::Ambiguous(routes) if routes.iter().any(|route| brings_its_own(route, head)) => Ok(None),
        Found::Ambiguous(routes) => Err(several_providers(&routes)),
        Found::Unclear(route) if brings_its_own(route, head) => Ok(None),
        Found::Unclear(route) => Err(unclear(head.authority, route)),
        Found::One(route, path) => Ok(Some((route.clone(), path.map(str::to_owned)))),
    }
}

/// Returns whether the client put a credential of its own where ours would stand. It is false for a source that does
/// not tell its places, which is then asked for the credential.
fn brings_its_own(route: &Route, head: &RequestHead) -> bool {
    let is_taken = |spot: &Spot| match spot.place {
        Place::Header => head.brought.has_header(&spot.name),
        Place::Query => head.brought.has_parameter(&spot.name),
    };
    route.places.iter().any(is_taken) && !head.brought.has_placeholder()
}

const SOURCE_IS_WRONG: &str = "authsome-conform credential -- PROGRAM tells what the credential source does wrong";

fn unclear(to: &Authority, route: &Route) -> Error {
    let message = format!(
        "two programs may read the path of this request to {to} differently, and where the credential of {} goes is told by path",
        route.provider
    );
    Error::new(Code::Denied, message).hint(
        "send a path without '//', '.', '..', ';' or '\\', and with no character escaped that needs it not, nor a '/'",
    )
}

fn chosen(head: &RequestHead) -> Result<Option<ConnectionName>> {
    let bad = || {
        Error::invalid("X-Authsome-Connection is given twice, or is no name")
            .hint("one header X-Authsome-Connection: NAME, a connection that the session may choose")
    };
    let name = CHOICE;
    let Some(value) = head.fields.single(&name).map_err(|_repeated| bad())? else { return Ok(None) };
    str::from_utf8(value).map_err(|_| bad())?.trim().parse().map(Some)
}

fn several_providers(routes: &[&Arc<Route>]) -> Error {
    let names: Vec<String> = routes.iter().map(|route| route.provider.to_string()).collect();
    Error::new(Code::Ambiguous, "several providers have the same rule for this request")
        .hint(format!("authsome run --only {}", names.first().map(String::as_str).unwrap_or_default()))
        .choices(names)
}

fn placed(sets: &[Set], credential: &Resolved) -> Result<Vec<mitm::Slot>> {
    sets.iter().map(|set| place(set, credential)).collect()
}

fn place(set: &Set, credential: &Resolved) -> Result<mitm::Slot> {
    let bad = |what: &str| {
        Error::unavailable(format!("the credential source's answer for {}: {what}", credential.provider))
            .hint(SOURCE_IS_WRONG)
    };
    let value = credential.secret.get(&set.from).ok_or_else(|| bad("a slot without its value"))?;
    let place = match set.place {
        Place::Header if set.half.is_some() && set.name != "authorization" => {
            return Err(bad("a half of a pair in another header than authorization"));
        }
        Place::Header if set.half == Some(Half::User) => mitm::Place::Basic(mitm::Half::User),
        Place::Header if set.half == Some(Half::Password) => mitm::Place::Basic(mitm::Half::Password),
        Place::Header => {
            mitm::Place::Header(HeaderName::try_from(set.name.as_str()).map_err(|_| bad("a slot that is no header"))?)
        }
        Place::Query => mitm::Place::Query(set.name.clone()),
    };
    Ok(mitm::Slot { place, value: SecretString::from(value) })
}

fn no_rule(to: &Authority, scheme: Scheme) -> Refusal {
    let shown = if to.port == 443 { to.host.to_string() } else { to.to_string() };
    let (why, fix) = match scheme {
        Scheme::Https => {
            (format!("no provider has a rule for {shown}"), format!("authsome run --strict --allow {shown} -- COMMAND"))
        }
        Scheme::Http => (format!("{} was asked for by plain http", to.host), "use https".to_owned()),
    };
    Refusal::new(StatusCode::FORBIDDEN, "no-rule", format!("{why}, and this session is strict")).fix(fix)
}

pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
