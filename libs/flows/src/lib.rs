//! The built-in flows of role `flow`: a definition in, a token out; renew; revoke.
//!
//! A flow owns no browser, no terminal, no listener and no vault: it asks its host ([`Asks`]) for
//! everything a person says, and hands back what it learned. It touches no environment; the
//! network and the clock are given to it ([`Tools`]). What a provider does differently is in its
//! definition, and the bending of requests and answers in `libs/oauth`.
//!
//! To add a flow: one file here, and one line in [`FLOWS`].

#![forbid(unsafe_code)]

mod api_key;
mod asks;
mod budget;
mod check;
mod client;
mod client_credentials;
mod dcr_pkce;
mod device_code;
mod discovery;
mod failure;
mod github_app;
mod guarded;
pub mod http;
mod jwt_bearer;
mod learned;
mod machine;
mod pkce;
mod revocation;
mod settings;
mod signer;
mod task;

pub use asks::Asks;
pub use host::Allowed;
pub use oauth::{Transport, TransportError, Unfinished};
pub use proto::time::{Clock, SystemClock};

use budget::Budget;
use guarded::Guarded;
use proto::ops::flow::{Learned, Login, Refresh};
use proto::{Code, Error, Object, Outcome, Result, codec};
use task::Task;

/// The built-in flows.
const FLOWS: &[&dyn Flow] = &[
    &pkce::Pkce,
    &device_code::DeviceCode,
    &dcr_pkce::DcrPkce,
    &api_key::ApiKey,
    &client_credentials::ClientCredentials,
    &jwt_bearer::JwtBearer,
    &github_app::GitHubApp,
];

/// What a flow may use of the world.
pub struct Tools<'a> {
    pub transport: &'a dyn Transport,
    pub clock: &'a dyn Clock,
    pub asks: &'a dyn Asks,
}

/// One way to get a credential, to renew it and to end it.
trait Flow: Sync {
    fn name(&self) -> &'static str;

    fn login(&self, task: &Task, login: &Login) -> Result<Learned>;

    /// An error carries `outcome`.
    fn refresh(&self, task: &Task, refresh: &Refresh) -> Result<Learned>;

    /// `unsupported` when the provider has no endpoint for it.
    fn revoke(&self, task: &Task, refresh: &Refresh) -> Result<()>;
}

/// The names of the built-in flows, for the hello.
pub fn names() -> impl Iterator<Item = &'static str> {
    FLOWS.iter().map(|flow| flow.name())
}

/// One op of role `flow`: `login`, `refresh` or `revoke`.
pub fn call(op: &str, body: Object, tools: &Tools) -> Result<Object> {
    match op {
        "login" => {
            let login: Login = codec::from_object("login", body)?;
            let learned = at_work(tools, &login.provider, |task| find(&login.flow)?.login(task, &login))?;
            Ok(codec::to_object(&learned))
        }
        "refresh" => refresh(body, tools).map_err(|error| match error.outcome {
            Some(_) => error,
            // Whatever went wrong, it was before a request: the token is as it was.
            None => error.outcome(Outcome::FixConfig),
        }),
        "revoke" => {
            let refresh: Refresh = codec::from_object("revoke", body)?;
            at_work(tools, &refresh.provider, |task| find(&refresh.flow)?.revoke(task, &refresh))?;
            Ok(Object::new())
        }
        _ => Err(Error::unsupported(op)),
    }
}

fn refresh(body: Object, tools: &Tools) -> Result<Object> {
    let refresh: Refresh = codec::from_object("refresh", body)?;
    let began = tools.clock.now();
    let budget = Budget { transport: tools.transport, clock: tools.clock, asks: tools.asks, began };
    let tools = Tools { transport: &budget, ..*tools };
    let learned = at_work(&tools, &refresh.provider, |task| find(&refresh.flow)?.refresh(task, &refresh))?;
    Ok(codec::to_object(&learned))
}

/// Runs one op with its definition, which decides how far the op's requests may go.
fn at_work<T>(tools: &Tools, definition: &Object, run: impl FnOnce(&Task) -> Result<T>) -> Result<T> {
    let task = Task::new(tools, definition)?;
    let guarded = Guarded::new(tools.transport, &task.definition);
    run(&Task { tools: &Tools { transport: &guarded, ..*tools }, definition: task.definition })
}

fn find(name: &str) -> Result<&'static dyn Flow> {
    FLOWS.iter().find(|flow| flow.name() == name).copied().ok_or_else(|| {
        let known: Vec<&str> = names().collect();
        Error::new(Code::Unsupported, format!("no built-in flow {:?}", proto::redact::shown(name)))
            .hint(format!("built in: {}; any other is an executable authsome-flow-<name> on PATH", known.join(", ")))
    })
}
