//! The routes as the proxy looks things up in them; read again when older than a second.

use proto::ops::credential::{Route, Routes, Target};
use proto::{ConnectionName, Error, ProfileName, Result};
use provider::Rule;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The source is asked again at a CONNECT when the table is older.
const FRESH: Duration = Duration::from_secs(1);

/// One version of the routes.
pub struct Table {
    pub rev: String,
    index: Arc<provider::Routes<Arc<Route>>>,
    /// Left out because it does not parse: a source's fault, told once.
    pub faults: Vec<String>,
    asked_at: Instant,
}

impl Table {
    pub fn new(routes: Routes) -> Table {
        let mut faults = Vec::new();
        let mut rules = Vec::new();
        for route in routes.routes {
            match rule(route) {
                Ok(rule) => rules.push(rule),
                Err(error) => faults.push(error.to_string()),
            }
        }
        Table { rev: routes.rev, index: Arc::new(provider::Routes::new(rules)), faults, asked_at: Instant::now() }
    }

    pub fn is_fresh(&self) -> bool {
        self.asked_at.elapsed() < FRESH
    }

    /// The same routes, known to be unchanged just now.
    pub fn again(&self) -> Table {
        Table { rev: self.rev.clone(), index: self.index.clone(), faults: Vec::new(), asked_at: Instant::now() }
    }

    pub fn index(&self) -> &provider::Routes<Arc<Route>> {
        &self.index
    }
}

/// What a person is told about a provider whose requests will be refused.
pub fn ambiguity(route: &Route, profile: &ProfileName) -> Option<Error> {
    if route.connection.is_some() {
        return None;
    }
    let provider = &route.provider;
    let error = Error::new(proto::Code::Ambiguous, format!("{provider} has several connections and none is chosen"))
        .choices(route.choices.iter().map(ConnectionName::to_string));
    Some(error.hint(format!(
        "authsome run --connection {provider}=NAME, or authsome connection set-default {provider} NAME{}",
        profile.flag()
    )))
}

fn rule(route: Route) -> Result<Rule<Arc<Route>>> {
    let parse = |targets: &[Target]| {
        let parsed =
            targets.iter().map(|target| provider::Target::new(&target.host, target.port, target.path.as_deref()));
        parsed.collect::<std::result::Result<Vec<_>, _>>()
    };
    let failed = |error: provider::BadTarget| {
        Error::invalid(format!("a route of {} {error}", route.provider))
            .hint("authsome-conform credential -- PROGRAM tells what the credential source does wrong")
    };
    let [targets, except, former] =
        [&route.targets, &route.except, &route.former].map(|places| parse(places).map_err(failed));
    Ok(Rule { targets: targets?, except: except?, former: former?, owner: Arc::new(route) })
}
