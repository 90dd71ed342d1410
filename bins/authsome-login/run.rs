//! One login, from the definition to a stored and readable connection.

use crate::args::Args;
use crate::callback::Callback;
use crate::client;
use crate::events::Events;
use crate::fields::Given;
use crate::host::Host;
use crate::interrupt;
use crate::page::{About, Stage};
use crate::record;
use crate::unused;
use crate::wait::Ears;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cli::standing::{Judge, Standing};
use cli::{Context, Status, catalog, connections};
use helper::vault::Vault;
use proto::ops::flow::{Learned, Login};
use proto::ops::vault::Expect;
use proto::record::Connection;
use proto::{Code, ConnectionName, Error, Key, Result, codec};
use provider::Definition;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

pub fn run(args: Args, context: &Context) -> Result<Status> {
    context.refuse_inside_session("login")?;
    let ears = Ears::new(Duration::from_secs(args.timeout));
    let interrupted = interrupt::watch(ears.sender(), ears.interrupted(), context.output.clone())?;
    // Whatever else a Ctrl-C broke, such as a helper that was just being started, is its doing.
    let ended = connect(args, context, ears);
    ended.map_err(|error| if interrupted.load(Ordering::SeqCst) { interrupt::cancelled() } else { error })
}

fn connect(args: Args, context: &Context, ears: Ears) -> Result<Status> {
    let entry = context.provider(&args.provider)?;
    let name = catalog::name_of(&entry.definition)?;
    let vault = context.vault()?;
    let connection = match &args.connection {
        Some(named) => named.clone(),
        None => context.unnamed_connection(&vault, &name)?,
    };
    let key = Key::connection(&context.profile, &name, &connection);
    let about_it = |error: Error| error.about(&key);
    let definition = entry.definition.with_base_url(args.base_url.as_deref());
    let definition = definition.map_err(|error| about_it(unused::unfit_base_url(error)))?;
    let flow = args.flow.clone().unwrap_or_else(|| definition.flow.clone());
    unused::refuse_unfit(&args, &definition, &flow).map_err(about_it)?;
    let events = Events(&context.output);
    // Whoever gives up the client wants another login, too.
    let is_new = args.force || args.reset_client;
    let already = if is_new { None } else { connected(&vault, &key).map_err(about_it)? };
    if let Some(record) = already {
        unused::refuse_changes(&args, &definition, &connection, &record).map_err(about_it)?;
        let standing = Judge::new(Ok(entry.definition.clone())).standing(&key, &record, proto::time::now());
        let text = already_connected(&definition.display_name, &connection, &standing);
        events.connected(true, &summary(&key, &record), &text);
        return Ok(0);
    }
    for variable in definition.confirmed_variables() {
        let variable = proto::redact::shown(&variable);
        events.note(&format!("the definition of {name} sets {variable} for commands of authsome run"));
    }
    context.home.make()?;
    let child = context.flow(&flow)?;
    let callback = Callback::parse(context.config.callback.as_deref())?;
    let given = Given::read(&args, &definition, &flow)?;
    let client_key = Key::client(&context.profile, &name);
    let client = client::stored(&args, &given, &events, &vault, &client_key, &definition);
    let client = client.map_err(about_it)?;
    let asked = scopes(&args, &definition);
    let state = random_text()?;
    let mut host = Host {
        args: &args,
        vault: &vault,
        about: about(&definition, &key, &callback),
        client_key,
        bound: catalog::bound(&definition)?,
        given,
        form_asked: false,
        state: state.clone(),
        events,
        ears,
        link: child.link(),
        overdue: Arc::default(),
        locks: context.home.locks(),
        notes: Vec::new(),
        page: None,
        turn: None,
        client: client.clone(),
        callback: callback.clone(),
    };
    let request = Login {
        flow: flow.clone(),
        provider: codec::to_object(&definition),
        client,
        redirect_uri: callback.redirect_uri().to_owned(),
        state,
        scopes: asked.clone(),
        interactive: !args.no_input,
        check: !args.no_check,
    };
    let stored = log_in(child.link(), &request, &mut host)
        .and_then(|learned| host.refuse_idle_stdin().map(|()| learned))
        .and_then(|learned| host.refuse_second_browser().map(|()| learned))
        .and_then(|learned| store(&definition, &flow, &asked, learned, &host, &key));
    finish(stored.map_err(about_it), &definition, &key, host)
}

fn log_in(link: &helper::Link, request: &Login, host: &mut Host) -> Result<Learned> {
    let answer = link.call("login", codec::to_object(request), host)?;
    let answer = answer.map_err(|error| match error.code {
        Code::Cancelled if host.overdue.load(Ordering::SeqCst) => host.ears.timed_out(),
        _ => error,
    })?;
    codec::from_object("the flow's answer to login", answer)
}

/// Returns what a person is told who asks for a login that is there. A connection whose definition has changed is
/// there, but its requests are refused until a new login confirms the change.
fn already_connected(provider: &str, connection: &ConnectionName, standing: &Standing) -> String {
    match &standing.why {
        None => format!("Already connected to {provider} ({connection}). --force logs in again."),
        Some(why) => {
            format!("Already connected to {provider} ({connection}), but {why}. --force logs in again and confirms it.")
        }
    }
}

/// Writes, and reads back: a login ends with 0 only when the connection is there.
fn store(
    definition: &Definition,
    flow: &str,
    asked: &[String],
    learned: Learned,
    host: &Host,
    key: &Key,
) -> Result<Connection> {
    let (record, secret) = record::build(definition, flow, asked, learned, host.client.as_ref())?;
    host.vault.put(key, Expect::Anything, record, secret)?;
    match host.vault.record(key)? {
        // Of another revision, too: a renewal or another login may have written since.
        Some(row) => connections::record(&row),
        None => Err(Error::unavailable(format!("{key} was stored and cannot be read back"))
            .hint("authsome whoami shows which vault serves")),
    }
}

/// Tells the browser and the terminal how it ended.
fn finish(stored: Result<Connection>, definition: &Definition, key: &Key, host: Host) -> Result<Status> {
    match stored {
        Ok(record) => {
            let account = record.account.label.as_deref().map(proto::redact::shown);
            if let Some(page) = &host.page {
                let (account, scopes, notes) = (account.clone(), record.scopes.clone(), host.notes.clone());
                page.show(Stage::Connected { account, scopes, notes });
            }
            let account = account.map(|label| format!(" as {label}")).unwrap_or_default();
            let text = format!("Connected to {}{account} ({}).", definition.display_name, key.slot);
            host.events.connected(false, &summary(key, &record), &text);
            Ok(0)
        }
        Err(error) => {
            if let Some(page) = &host.page {
                page.show(Stage::Failed { message: error.message.clone(), hint: error.hint.clone() });
            }
            Err(error)
        }
    }
}

fn connected(vault: &Vault, key: &Key) -> Result<Option<Connection>> {
    let Some(row) = vault.record(key)? else { return Ok(None) };
    let hint = format!("authsome login {} --force puts a new one in its place", key.provider);
    let record = connections::record(&row).map_err(|error| error.hint(hint))?;
    Ok(Some(record).filter(|record| record.state(proto::time::now()) == "connected"))
}

fn scopes(args: &Args, definition: &Definition) -> Vec<String> {
    let own = definition.oauth.as_ref().map(|oauth| oauth.scopes.clone()).unwrap_or_default();
    let Some(given) = &args.scopes else { return own };
    let words: Vec<&str> = given.split([',', ' ']).filter(|word| !word.is_empty()).collect();
    let adds = words.iter().any(|word| word.starts_with('+'));
    let mut asked = if adds { own } else { Vec::new() };
    for word in words {
        let scope = word.trim_start_matches('+').to_owned();
        if !asked.contains(&scope) {
            asked.push(scope);
        }
    }
    asked
}

fn about(definition: &Definition, key: &Key, callback: &Callback) -> About {
    let is_oauth = definition.oauth.is_some();
    About {
        provider: definition.display_name.clone(),
        name: definition.name.clone(),
        connection: key.slot.to_string(),
        flags: key.flags(),
        profile_flag: key.profile_flag(),
        redirect_uri: is_oauth.then(|| callback.redirect_uri().to_owned()),
        dashboard_url: definition.dashboard_url.clone(),
        docs_url: definition.docs_url.clone(),
    }
}

fn summary(key: &Key, record: &Connection) -> Value {
    json!({"provider": key.provider, "connection": key.connection_name(), "status": record.state(proto::time::now()),
           "scopes": record.scopes, "account": record.account, "expires_at": record.expires_at})
}

/// 256 random bits as text: a state, a nonce, a cookie.
pub fn random_text() -> Result<String> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::unavailable("the system gives no random numbers"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
