//! The helper itself: role `credential`, op by op.

use crate::choice::chosen_key;
use crate::flight::Flights;
use crate::routes::Table;
use crate::session::Session;
use crate::vault::lock;
use crate::world::World;
use crate::{report, resolve};
use helper::{Answer, Host, Service};
use proto::ops::credential::{Grant, Open, Report, Reported, Resolve, RoutesWanted, Token};
use proto::{Code, Error, Hello, Object, ProviderName, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub struct Broker {
    name: String,
    world: Arc<World>,
    flights: Arc<Flights>,
    session: Mutex<Option<Session>>,
    table: Mutex<Table>,
}

const OPS: &[&str] = &["open", "routes", "resolve", "report", "token"];

impl Broker {
    /// `name` is the program's, for the hello.
    pub fn new(name: &str, world: World) -> Broker {
        Broker {
            name: name.to_owned(),
            world: Arc::new(world),
            flights: Arc::default(),
            session: Mutex::default(),
            table: Mutex::default(),
        }
    }

    /// Waits until every renewal under way is written; false when `limit` passed first.
    pub fn finish(&self, limit: Duration) -> bool {
        self.flights.wait_for_all(limit)
    }

    fn open(&self, open: Open) -> Result<Object> {
        self.world.definitions.freeze();
        let mut session = Session::new(open);
        session.choose = self.by_name(session.choose)?;
        session.grant = self.by_name(session.grant)?;
        if let Some(only) = &mut session.only {
            *only = only.iter().map(|name| self.name(name)).collect::<Result<_>>()?;
        }
        let granted = session.grant.iter().flat_map(|(provider, grant)| match grant {
            Grant::Named(names) => names.iter().map(|name| (provider, name)).collect(),
            Grant::All(_) => Vec::new(),
        });
        for (provider, connection) in session.choose.iter().chain(granted) {
            chosen_key(&self.world, &session, provider, Some(connection))?;
        }
        *lock(&self.session) = Some(session);
        *lock(&self.table) = Table::default();
        Ok(Object::new())
    }

    /// A session may be opened by a provider's alias; everything after goes by its name.
    fn name(&self, name: &ProviderName) -> Result<ProviderName> {
        self.world.definitions.find(name)?.name.parse()
    }

    fn by_name<T>(&self, said: BTreeMap<ProviderName, T>) -> Result<BTreeMap<ProviderName, T>> {
        let mut by_name = BTreeMap::new();
        for (alias, value) in said {
            // What nobody defines has no connection of that name either, which is what `open` promises to say.
            let name = self.name(&alias).map_err(|error| match error.code {
                Code::NoProvider => Error { code: Code::NotFound, ..error },
                _ => error,
            })?;
            // Which of the two was meant is nobody's to guess.
            if by_name.insert(name.clone(), value).is_some() {
                return Err(Error::invalid(format!("{name} is named twice, once by an alias")).hint("name it once"));
            }
        }
        Ok(by_name)
    }

    fn routes(&self, wanted: &RoutesWanted, note: &dyn Fn(&str)) -> Result<Object> {
        let session = self.session()?;
        let mut table = lock(&self.table);
        table.refresh(&self.world, &session, note)?;
        let answer = table.answer();
        if wanted.if_changed.as_ref() == Some(&answer.rev) {
            return Ok(Object::from_iter([("unchanged".to_owned(), true.into())]));
        }
        Ok(proto::codec::to_object(&answer))
    }

    fn resolve(&self, wanted: &Resolve, note: &dyn Fn(&str)) -> Result<Object> {
        let session = self.session()?;
        let key = {
            let mut table = lock(&self.table);
            table.refresh_if_old(&self.world, &session, note)?;
            resolve::key_of(&table, &session, wanted)?
        };
        reply(&resolve::resolve(&self.world, &self.flights, &key, &wanted.request)?)
    }

    fn token_now(&self, op: &str, body: &Object) -> Result<Option<Object>> {
        let wanted = asked::<Token>(op, body.clone())?;
        let given = resolve::token_now(&self.world, &self.session()?, &wanted)?;
        given.map(|given| reply(&given)).transpose()
    }

    fn session(&self) -> Result<Session> {
        lock(&self.session).clone().ok_or_else(|| Error::invalid("\"open\" comes first"))
    }
}

impl Service for Broker {
    fn hello(&self) -> Hello {
        let mut hello = Hello::new("credential", &self.name, OPS);
        // A request whose token must be renewed first must not hold up the others.
        hello.features.push("concurrent".to_owned());
        hello
    }

    /// What is wanted once per command, `export`'s two questions, as long as nothing is to be renewed.
    fn answer(&self, op: &str, body: Object) -> std::result::Result<Result<Answer>, Object> {
        match op {
            "open" => Ok(asked(op, body).and_then(|open| self.open(open)).map(Answer::from)),
            "token" => match self.token_now(op, &body).transpose() {
                Some(given) => Ok(given.map(Answer::from)),
                None => Err(body),
            },
            _ => Err(body),
        }
    }

    fn call(&self, op: &str, body: Object, host: &Host) -> Result<Object> {
        let note = |text: &str| host.note(text);
        match op {
            "routes" => self.routes(&asked::<RoutesWanted>(op, body)?, &note),
            "resolve" => self.resolve(&asked::<Resolve>(op, body)?, &note),
            "report" => {
                let profile = self.session()?.profile;
                let retry = report::report(&self.world, &self.flights, &profile, &asked::<Report>(op, body)?)?;
                reply(&Reported { retry })
            }
            "token" => {
                let wanted = asked::<Token>(op, body)?;
                reply(&resolve::token(&self.world, &self.flights, &self.session()?, wanted)?)
            }
            _ => Err(Error::unsupported(op)),
        }
    }
}

fn asked<T: DeserializeOwned>(op: &str, body: Object) -> Result<T> {
    proto::codec::from_object(op, body)
}

fn reply<T: Serialize>(body: &T) -> Result<Object> {
    Ok(proto::codec::to_object(body))
}
