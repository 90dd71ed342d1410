//! Which requests get a credential: one table for the proxy's eyes and for the broker's own.

use crate::choice::{Connections, connections, missing};
use crate::session::Session;
use crate::usable::{confirmed, reauthorize_expired};
use crate::world::{World, login_command};
use host::Authority;
use proto::ops::credential::{Grant, Place, Route, Routes, Spot, Target};
use proto::record::Connection;
use proto::{Code, ConnectionName, Error, Key, ProfileName, ProviderName, Result};
use provider::{Choice, Definition, Found, Rule, SaidBy};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// How old the table may be when a request is looked up in it.
const FRESH: Duration = Duration::from_secs(1);

/// The most bytes of all routes together. They go over the pipe in one line, which also has the frame of the answer.
const LONGEST: usize = proto::MAX_LINE - 1024;

/// The table of one session. What was routed once stays routed.
#[derive(Default)]
pub(crate) struct Table {
    routes: BTreeMap<ProviderName, Route>,
    index: Option<provider::Routes<ProviderName>>,
    made_at: Option<Instant>,
    rev: String,
    /// What was already said about definitions that cannot be used.
    said: BTreeSet<String>,
}

impl Table {
    /// Reads the vault again.
    pub fn refresh(&mut self, world: &World, session: &Session, note: &dyn Fn(&str)) -> Result<()> {
        let present = connections(world, &format!("{}/", session.profile))?;
        if self.made_at.is_none() {
            refuse_missing(world, session, &present)?;
        }
        let before: BTreeSet<ProviderName> = self.routes.keys().cloned().collect();
        for (provider, connections) in present.iter().filter(|(provider, _)| session.includes(provider)) {
            for (name, error) in &connections.unreadable {
                self.say(&format!("{provider}'s connection {name} cannot be used: {error}"), note);
            }
            match route(world, session, provider, connections) {
                Ok(route) => {
                    if self.made_at.is_none() {
                        refuse_unusable(world, session, provider, route.connection.as_ref(), connections)?;
                    }
                    let chosen = route.connection.as_ref().filter(|name| !connections.unreadable.contains_key(*name));
                    if let Some(error) = chosen.and_then(|name| unusable(world, session, provider, name, connections)) {
                        self.say(&left_out(provider, &error), note);
                    }
                    self.keep(route);
                }
                // The session does not begin without a provider that it was asked for by name.
                Err(error) if self.made_at.is_none() && session.is_about(provider) => return Err(error),
                Err(error) => self.say(&left_out(provider, &error), note),
            }
        }
        self.rev = String::new();
        let mut text = self.text();
        while text.len() > LONGEST
            && let Some(provider) = self.largest(&before)
        {
            self.routes.remove(&provider);
            let said = format!("{provider} is left out: its definition names more places than a session can hold");
            self.say(&said, note);
            text = self.text();
        }
        self.index = Some(index(&self.routes)?);
        self.rev = crate::lease::sha256_hex(&text)[..16].to_owned();
        self.made_at = Some(Instant::now());
        Ok(())
    }

    fn text(&self) -> String {
        Value::Object(proto::codec::to_object(&self.answer())).to_string()
    }

    /// Returns the provider with the longest route, among the new ones if there are any.
    fn largest(&self, before: &BTreeSet<ProviderName>) -> Option<ProviderName> {
        let size = |route: &Route| route.targets.len() + route.except.len() + route.former.len();
        let order = |(provider, route): &(&ProviderName, &Route)| (!before.contains(*provider), size(route));
        self.routes.iter().max_by_key(order).map(|(provider, _)| provider.clone())
    }

    pub fn refresh_if_old(&mut self, world: &World, session: &Session, note: &dyn Fn(&str)) -> Result<()> {
        match self.made_at {
            Some(at) if at.elapsed() < FRESH => Ok(()),
            _ => self.refresh(world, session, note),
        }
    }

    pub fn answer(&self) -> Routes {
        Routes { rev: self.rev.clone(), routes: self.routes.values().cloned().collect() }
    }

    /// The route of a request, as [`Found`] tells it.
    pub fn find(&self, authority: &Authority, path: &str) -> Found<'_, ProviderName> {
        self.index.as_ref().map_or(Found::None, |index| index.find(authority, path))
    }

    pub fn route(&self, provider: &ProviderName) -> Option<&Route> {
        self.routes.get(provider)
    }

    /// Gives the person a note, unless it was given before.
    fn say(&mut self, text: &str, note: &dyn Fn(&str)) {
        if self.said.insert(text.to_owned()) {
            note(text);
        }
    }

    /// Targets only grow within a session: a request that got a credential must not, after a
    /// logout or an edit, silently go out without one.
    fn keep(&mut self, mut route: Route) {
        if let Some(before) = self.routes.remove(&route.provider) {
            merge(&mut route.targets, before.targets);
            merge(&mut route.except, before.except);
            merge(&mut route.places, before.places);
            merge(&mut route.former, before.former);
        }
        self.routes.insert(route.provider.clone(), route);
    }
}

/// Refuses a profile that does not exist, and a provider of `only` that has no connection.
fn refuse_missing(world: &World, session: &Session, present: &BTreeMap<ProviderName, Connections>) -> Result<()> {
    if present.is_empty() && session.profile != ProfileName::default() {
        refuse_missing_profile(world, &session.profile)?;
    }
    let missing = session.only.iter().flatten().find(|provider| !present.contains_key(*provider));
    missing.map_or(Ok(()), |provider| {
        let key = session.key(provider, &ConnectionName::default());
        Err(Error::new(Code::NotFound, format!("{provider} is not connected")).hint(login_command(&key, "")))
    })
}

/// Refuses a profile that does not exist. A profile exists as long as the vault has anything in it.
fn refuse_missing_profile(world: &World, profile: &ProfileName) -> Result<()> {
    let known: BTreeSet<String> = world.vault.list("")?.into_iter().map(|row| row.key.profile.to_string()).collect();
    if known.contains(profile.as_str()) {
        return Ok(());
    }
    Err(Error::new(Code::NotFound, format!("there is no profile {:?}", profile.as_str()))
        .choices(known)
        .hint(format!("authsome login PROVIDER{}", profile.flag())))
}

/// Refuses a session that is about a provider whose connection no request can use.
///
/// The connections that the session names must all be usable. Where it names the provider alone, that is the chosen
/// one, or any where a request may choose among all.
fn refuse_unusable(
    world: &World,
    session: &Session,
    provider: &ProviderName,
    chosen: Option<&ConnectionName>,
    connections: &Connections,
) -> Result<()> {
    if !session.is_about(provider) {
        return Ok(());
    }
    let why = |name: &ConnectionName| unusable(world, session, provider, name, connections);
    let named = session.named(provider);
    if let Some(error) = named.iter().find_map(|name| why(name)) {
        return Err(error);
    }
    let any_serves = matches!(session.grant.get(provider), Some(Grant::All(_)))
        && connections.names().any(|name| why(name).is_none());
    match chosen.filter(|_| !any_serves).and_then(why) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Returns why no request can use the connection, as far as that shows without its secret.
fn unusable(
    world: &World,
    session: &Session,
    provider: &ProviderName,
    name: &ConnectionName,
    connections: &Connections,
) -> Option<Error> {
    let key = session.key(provider, name);
    match (connections.records.get(name), connections.unreadable.get(name)) {
        (Some(record), _) => serves(world, &key, record).err(),
        (None, Some(error)) => Some(error.clone()),
        (None, None) => Some(missing(&key, SaidBy::Default)),
    }
}

fn left_out(provider: &ProviderName, error: &Error) -> String {
    let hint = error.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
    format!("{provider} is left out: {}{hint}", error.message)
}

fn route(world: &World, session: &Session, provider: &ProviderName, connections: &Connections) -> Result<Route> {
    let (connection, choices) = match connections.choose(session.choose.get(provider)) {
        Choice::One(name) | Choice::Missing(name, _) => (Some(name.parse()?), Vec::new()),
        Choice::Ambiguous(_) | Choice::NotConnected => (None, connections.names().cloned().collect()),
    };
    let possible = |name: &ConnectionName| match (&connection, session.grant.get(provider)) {
        (None, _) | (_, Some(Grant::All(_))) => true,
        (Some(chosen), _) => name == chosen || session.grants(provider, name),
    };
    let mut definitions: Vec<Definition> = Vec::new();
    // The person's own variables stay, because no request would get the credential of a placeholder.
    let mut env = None;
    for (name, record) in connections.records.iter().filter(|(name, _)| possible(name)) {
        // One that does not fit its definition any more gets nothing; its neighbours still do.
        let Ok(definition) = world.definitions.of_instance(record) else { continue };
        let key = session.key(provider, name);
        if env.is_none() && serves(world, &key, record).is_ok() {
            env = Some(definition.session_env(proto::PLACEHOLDER));
        }
        if !definitions.contains(&definition) {
            definitions.push(definition);
        }
    }
    if definitions.is_empty() {
        let definition = world.definitions.find(provider)?;
        definitions.push(definition.with_base_url(None).map_err(|error| {
            Error::invalid(error.to_string()).hint(format!("authsome inspect {} shows it", definition.name))
        })?);
    }
    let (mut targets, mut except, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for definition in &definitions {
        merge(&mut targets, wire(targets_of(definition)?));
        merge(&mut places, spots(definition));
        merge(&mut except, wire(definition.except(connections.records.values().flat_map(discovered))));
    }
    let mut former = Vec::new();
    for (_, record) in connections.records.iter().filter(|(name, _)| possible(name)) {
        let confirmed = record.bound.targets.iter().filter_map(|target| target.parse().ok());
        merge(&mut former, wire(confirmed.collect()));
    }
    former.retain(|place| !targets.contains(place));
    Ok(Route {
        provider: provider.clone(),
        connection,
        choices,
        targets,
        except,
        former,
        env: env.unwrap_or_default(),
        places,
        private_network: definitions.iter().any(|definition| definition.private_network),
    })
}

/// Checks that a request may get a credential from the connection, as far as that shows without its secret.
fn serves(world: &World, key: &Key, record: &Connection) -> Result<()> {
    confirmed(world, key, record)?;
    if record.state(world.now()) == "expired" { Err(reauthorize_expired(key)) } else { Ok(()) }
}

/// The login endpoints that a definition leaves open, as this connection's login found them.
fn discovered(record: &Connection) -> impl Iterator<Item = &str> {
    let found = record.rest.get("discovered").and_then(Value::as_object);
    let endpoints = found.into_iter().flatten().filter(|(name, _)| *name != "resource");
    endpoints.filter_map(|(_, endpoint)| endpoint.as_str())
}

fn targets_of(definition: &Definition) -> Result<Vec<provider::Target>> {
    definition.targets().map_err(|error| {
        Error::invalid(format!("api_url {error}")).hint(format!("authsome inspect {} shows it", definition.name))
    })
}

fn wire(targets: Vec<provider::Target>) -> Vec<Target> {
    let text =
        |target: provider::Target| Target { host: target.host.to_string(), port: target.port, path: target.path };
    targets.into_iter().map(text).collect()
}

/// Returns the places where the definition's credential may stand.
fn spots(definition: &Definition) -> Vec<Spot> {
    let spot = |place: &provider::Place| Spot {
        place: if place.header().is_some() { Place::Header } else { Place::Query },
        name: place.name(),
    };
    definition.places.iter().map(spot).collect()
}

fn merge<T: Ord>(into: &mut Vec<T>, more: Vec<T>) {
    into.extend(more);
    into.sort();
    into.dedup();
}

fn index(routes: &BTreeMap<ProviderName, Route>) -> Result<provider::Routes<ProviderName>> {
    let parsed = |targets: &[Target]| {
        let parse = |target: &Target| provider::Target::new(&target.host, target.port, target.path.as_deref());
        targets.iter().map(parse).collect::<Result<Vec<_>, _>>().map_err(|error| Error::internal(error.to_string()))
    };
    let mut rules = Vec::new();
    for route in routes.values() {
        let (targets, except, former) = (parsed(&route.targets)?, parsed(&route.except)?, parsed(&route.former)?);
        rules.push(Rule { owner: route.provider.clone(), targets, except, former });
    }
    Ok(provider::Routes::new(rules))
}
