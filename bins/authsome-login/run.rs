//! One login, from the definition to a stored and readable connection.

use crate::args::Args;
use crate::callback::Callback;
use crate::events::Events;
use crate::fields::Given;
use crate::host::Host;
use crate::interrupt;
use crate::page::{About, Stage};
use crate::record;
use crate::wait::Ears;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cli::{Context, Status, catalog, connections};
use helper::vault::Vault;
use proto::ops::flow::{Client, Learned, Login};
use proto::ops::vault::Expect;
use proto::record::Connection;
use proto::{Code, Error, Key, Result, codec};
use provider::{BadBaseUrl, Definition};
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
    let definition = entry.definition.with_base_url(args.base_url.as_deref()).map_err(unfit_base_url)?;
    refuse_unused(&args, &definition)?;
    let vault = context.vault()?;
    let name = catalog::name_of(&definition)?;
    let key = Key::connection(&context.profile, &name, &args.connection);
    let events = Events(&context.output);
    let already = if args.force { None } else { connected(&vault, &key)? };
    if let Some(record) = already {
        let text =
            format!("Already connected to {} ({}). --force logs in again.", definition.display_name, args.connection);
        events.connected(true, &summary(&key, &record), &text);
        return Ok(0);
    }
    let client_key = Key::client(&context.profile, &name);
    let client = stored_client(&args, &vault, &client_key, &definition)?;
    let flow = args.flow.clone().unwrap_or_else(|| definition.flow.clone());
    let child = context.flow(&flow)?;
    let callback = Callback::parse(context.config.callback.as_deref())?;
    let asked = scopes(&args, &definition);
    let state = random_text()?;
    let mut host = Host {
        args: &args,
        vault: &vault,
        about: about(&definition, &key, &callback),
        client_key,
        bound: catalog::bound(&definition)?,
        given: Given::read(&args, &definition)?,
        state: state.clone(),
        events,
        ears,
        link: child.link(),
        overdue: Arc::default(),
        locks: context.home.locks(),
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
        .and_then(|learned| store(&definition, &flow, &asked, learned, &host, &key));
    finish(stored.map_err(|error| error.about(&key)), &definition, &key, host)
}

/// Who asks for scopes must not get a key that knows none.
fn refuse_unused(args: &Args, definition: &Definition) -> Result<()> {
    let given = [("--scopes", args.scopes.is_some()), ("--client-id", args.client_id.is_some())];
    match given.iter().find(|(_, is_given)| *is_given) {
        Some((flag, _)) if definition.oauth.is_none() => {
            let Definition { name, display_name, .. } = definition;
            Err(Error::invalid(format!("{display_name} takes an API key: {flag} is for OAuth"))
                .hint(format!("authsome login {name}, without {flag}")))
        }
        _ => Ok(()),
    }
}

fn unfit_base_url(error: BadBaseUrl) -> Error {
    let message = error.to_string();
    Error::invalid(message).hint(match error {
        BadBaseUrl::Unused(provider) => format!("authsome login {provider}, without --base-url"),
        BadBaseUrl::Missing(_) | BadBaseUrl::Fault(_) => "--base-url https://HOST".to_owned(),
    })
}

fn log_in(link: &helper::Link, request: &Login, host: &mut Host) -> Result<Learned> {
    let answer = link.call("login", codec::to_object(request), host)?;
    let answer = answer.map_err(|error| match error.code {
        Code::Cancelled if host.overdue.load(Ordering::SeqCst) => host.ears.timed_out(),
        _ => error,
    })?;
    codec::from_object("the flow's answer to login", answer)
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
        None => Err(Error::unavailable(format!("{key} was stored and cannot be read back"))),
    }
}

/// Tells the browser and the terminal how it ended.
fn finish(stored: Result<Connection>, definition: &Definition, key: &Key, host: Host) -> Result<Status> {
    match stored {
        Ok(record) => {
            let account = record.account.label.as_deref().map(proto::redact::shown);
            if let Some(page) = &host.page {
                page.show(Stage::Connected { account: account.clone(), scopes: record.scopes.clone() });
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
    let hint = format!("authsome login {}{} --force puts a new one in its place", key.provider, key.flags());
    let record = connections::record(&row).map_err(|error| error.hint(hint))?;
    Ok(Some(record).filter(|record| record.state(proto::time::now()) == "connected"))
}

/// The client of earlier logins, unless another is asked for. What it was given to must not have moved.
fn stored_client(args: &Args, vault: &Vault, key: &Key, definition: &Definition) -> Result<Option<Client>> {
    if args.reset_client {
        vault
            .erase(key, Expect::Anything)
            .or_else(|error| if error.code == Code::NotFound { Ok(()) } else { Err(error) })?;
        return Ok(None);
    }
    let Some(entry) = vault.get(key)? else { return Ok(None) };
    let hint = format!("authsome login {}{} --reset-client forgets it", key.provider, key.profile_flag());
    let record = codec::from_object(&format!("the OAuth client {key}"), entry.record);
    let mut client = Client { record: record.map_err(|error| error.hint(hint))?, secret: entry.secret };
    if args.client_id.as_ref().is_some_and(|id| *id != client.record.client_id) {
        return Ok(None);
    }
    let bound = catalog::bound(definition)?;
    if client.record.bound != bound {
        confirm_moved(args, definition, &client.record.bound, &bound)?;
        client.record.bound = bound;
        vault.put(key, Expect::Rev(entry.rev), codec::to_object(&client.record), client.secret.clone())?;
    }
    Ok(Some(client))
}

/// A definition that now sends the client elsewhere gets it only when a person says so.
fn confirm_moved(
    args: &Args,
    definition: &Definition,
    was: &proto::record::Bound,
    is: &proto::record::Bound,
) -> Result<()> {
    let name = &definition.name;
    let change = format!(
        "{name}'s definition has changed: token_url {:?}, targets {:?} (were {:?}, {:?})",
        is.token_url.as_deref().unwrap_or("none"),
        is.targets,
        was.token_url.as_deref().unwrap_or("none"),
        was.targets
    );
    if !args.force {
        return Err(Error::new(Code::Denied, change).hint(format!("authsome login {name} --force, if that is right")));
    }
    cli::prompt::confirm(
        &format!("{change}. Use the stored OAuth client there?"),
        "--reset-client forgets it and asks for one",
    )
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
