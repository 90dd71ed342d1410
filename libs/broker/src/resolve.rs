//! `resolve`: for this request, what goes where. `token`: the credential itself, for `export`.

use crate::choice::{ambiguous, chosen_key};
use crate::flight::Flights;
use crate::lease::Lease;
use crate::routes::Table;
use crate::session::Session;
use crate::usable::{Renewal, Usable, usable, usable_now};
use crate::world::World;
use host::Authority;
use proto::ops::credential::{Half, Place, Request, Resolve, Resolved, Set, Token, TokenGiven};
use proto::{Code, ConnectionName, Error, Key, ProviderName, Result, Secrets};
use provider::Found;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;

/// How long an answer serves, in milliseconds.
const FRESH_MS: i64 = 1000;

/// The connection that a request gets its credential from.
pub(crate) fn key_of(table: &Table, session: &Session, wanted: &Resolve) -> Result<Key> {
    let request = &wanted.request;
    if request.scheme != "https" {
        return Err(Error::new(
            Code::Denied,
            format!("a credential goes over https only, not {}", shown(&request.scheme)),
        )
        .hint("use https: a credential is never sent in plain text"));
    }
    let authority = authority(request)?;
    let provider = match table.find(&authority, &request.path) {
        Found::One(provider, _) => provider,
        Found::Unclear(provider) => {
            let text = format!("two programs may read this path of {authority} differently");
            return Err(
                Error::new(Code::Denied, text).hint(format!("where {provider}'s credential goes is told by path"))
            );
        }
        Found::Ambiguous(providers) => {
            let choices: Vec<String> = providers.into_iter().map(ToString::to_string).collect();
            let text = format!("{authority} belongs to several providers: {}", choices.join(", "));
            return Err(Error::new(Code::Ambiguous, text).hint("authsome run --only NAME").choices(choices));
        }
        Found::Excepted(provider) => {
            return Err(Error::new(Code::Denied, format!("{} is {provider}'s own login", authority.host))
                .hint(format!("authsome login {provider} logs in; no credential goes there")));
        }
        Found::None => {
            return Err(Error::new(Code::NotFound, format!("no connection is for {authority}"))
                .hint("authsome list --connected; a definition's api_url names the hosts"));
        }
    };
    let Some(route) = table.route(provider) else { unreachable!("the index is made of the routes") };
    let connection = match (&wanted.connection, &route.connection) {
        (Some(named), chosen) if chosen.as_ref() == Some(named) || session.grants(provider, named) => named,
        (Some(named), _) => return Err(not_granted(provider, named)),
        (None, Some(chosen)) => chosen,
        (None, None) => return Err(ambiguous(session, provider, route.choices.iter().map(ConnectionName::as_str))),
    };
    Ok(session.key(provider, connection))
}

/// The slots of the request, filled. The request must be a target of this very connection.
pub(crate) fn resolve(world: &Arc<World>, flights: &Arc<Flights>, key: &Key, request: &Request) -> Result<Resolved> {
    let usable = usable(world, flights, key, Renewal::WhenDead)?;
    serves(&usable, key, request)?;
    let Some(connection) = key.connection_name() else { unreachable!("made of a connection's name") };
    let Some(credential) = usable.credential() else { unreachable!("usable() lets none through without") };
    let slots = provider::render(&usable.definition, &SecretString::from(credential)).map_err(|error| {
        Error::new(Code::Denied, format!("{key}: {error}")).hint(format!(
            "authsome login {}{} --force",
            key.provider,
            key.flags()
        ))
    })?;
    let mut secret = Secrets::new();
    let mut set: Vec<Set> = Vec::new();
    for (index, slot) in slots.into_iter().enumerate() {
        let name = slot.place.name();
        // Two places may have one name.
        let from = if index == 0 { name.clone() } else { format!("{name}.{index}") };
        secret.set(from.as_str(), slot.value.expose_secret());
        set.push(wire(&slot.place, name, from));
    }
    let alternatives = set.split_off(1);
    let expires_at = usable.stored.record.expires_at;
    let left = expires_at.map_or(i64::MAX, |end| end.saturating_sub(world.now()).saturating_mul(1000));
    Ok(Resolved {
        lease: Lease::of(key, credential).to_string(),
        provider: key.provider.clone(),
        connection: connection.clone(),
        set,
        alternatives,
        expires_at,
        // Past its end, a token is asked for again with every request.
        fresh_ms: u64::try_from(left.clamp(0, FRESH_MS)).unwrap_or_default(),
        secret,
    })
}

pub(crate) fn token(
    world: &Arc<World>,
    flights: &Arc<Flights>,
    session: &Session,
    wanted: Token,
) -> Result<TokenGiven> {
    let key = key_wanted(world, session, &wanted)?;
    let usable = usable(world, flights, &key, Renewal::WhenDue)?;
    Ok(given(key, &usable))
}

/// The same at once, or `None` when the token must be renewed first.
pub(crate) fn token_now(world: &World, session: &Session, wanted: &Token) -> Result<Option<TokenGiven>> {
    let key = key_wanted(world, session, wanted)?;
    Ok(usable_now(world, &key)?.map(|usable| given(key, &usable)))
}

fn key_wanted(world: &World, session: &Session, wanted: &Token) -> Result<Key> {
    let provider: ProviderName = world.definitions.find(&wanted.provider)?.name.parse()?;
    chosen_key(world, session, &provider, wanted.connection.as_ref())
}

fn given(key: Key, usable: &Usable) -> TokenGiven {
    let field = usable.field();
    let credential = usable.credential().unwrap_or_default();
    let variables = usable.definition.variables().into_iter();
    TokenGiven {
        env: variables.filter(|(_, holds)| holds.is_credential()).map(|(name, _)| (name, field.to_owned())).collect(),
        secret: Secrets::new().with(field, credential),
        record: proto::codec::to_object(&usable.stored.record),
        key,
    }
}

fn wire(place: &provider::Place, name: String, from: String) -> Set {
    let (place, half) = match place {
        provider::Place::Header { .. } => (Place::Header, None),
        provider::Place::Query { .. } => (Place::Query, None),
        provider::Place::Basic { half: provider::Half::User, .. } => (Place::Header, Some(Half::User)),
        provider::Place::Basic { half: provider::Half::Password, .. } => (Place::Header, Some(Half::Password)),
    };
    Set { place, name, from, half }
}

/// Connections of one provider may be of different instances: each serves its own alone.
fn serves(usable: &Usable, key: &Key, request: &Request) -> Result<()> {
    let authority = authority(request)?;
    let targets = usable.definition.targets().map_err(|error| {
        Error::invalid(format!("{}: {error}", key.provider)).hint(format!("authsome inspect {} shows it", key.provider))
    })?;
    if targets.iter().any(|target| target.matches(&authority, &request.path)) {
        return Ok(());
    }
    Err(Error::new(Code::Denied, format!("the connection {} of {} is not for {authority}", key.slot, key.provider))
        .hint(format!("authsome get {} --connection {}", key.provider, key.slot)))
}

fn authority(request: &Request) -> Result<Authority> {
    let host = request.host.parse().map_err(|error| {
        Error::invalid(format!("the request's host: {error}")).hint("name it as DNS does: api.example.com")
    })?;
    Ok(Authority::new(host, request.port))
}

fn not_granted(provider: &ProviderName, named: &ConnectionName) -> Error {
    Error::new(Code::Denied, format!("this session may not use the connection {named} of {provider}"))
        .hint(format!("authsome run --connection {provider}={named} -- …"))
}

fn shown(text: &str) -> String {
    proto::redact::shown(text)
}
