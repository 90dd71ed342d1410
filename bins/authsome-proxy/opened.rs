//! A session's proxy, set up and running on its own thread.

use crate::audit::Audit;
use crate::counters::Counters;
use crate::memory;
use crate::network;
use crate::policy::Session;
use crate::source::Source;
use crate::table::{Table, ambiguity};
use cli::Context;
use host::Authority;
use mitm::{Permitted, Proxy, SessionCa};
use proto::ops::credential::{Open, Routes, RoutesWanted};
use proto::ops::proxy::{Opened, Settings};
use proto::{Error, PLACEHOLDER, ProfileName, Result, Secrets};
use provider::{HostPattern, Target};
use ring::rand::{SecureRandom, SystemRandom};
use rustix::process::{Resource, Rlimit};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::{Arc, RwLock};
use std::thread::JoinHandle;

/// The running proxy; [`Running::end`] drains it.
pub struct Running {
    pub counters: Arc<Counters>,
    source: Source,
    stop: tokio::sync::oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Running {
    /// Lets running requests end, then ends the credential source.
    pub fn end(self) {
        // It listens for as long as the thread lives.
        let _ = self.stop.send(());
        let _ = self.thread.join();
        self.source.end();
    }
}

/// Starts everything; what a person should know beforehand goes to `note`.
pub fn start(context: Context, mut open: Open, note: &dyn Fn(&str)) -> Result<(Opened, Running)> {
    let settings = open.proxy.take().unwrap_or_default();
    raise_descriptors();
    let known = known_hosts(&context)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(|error| {
            Error::unavailable(format!("cannot start the proxy's runtime: {error}"))
                .hint("ulimit -a shows what is bounded")
        })?;
    let audit = Audit::open(&context.home)?;
    let profile = open.profile.clone();
    let source = Source::start(context, open)?;
    let routes: Routes = runtime.block_on(source.ask("routes", &RoutesWanted::default()))?;
    source.take_notes().iter().for_each(|text| note(text));
    routes.routes.iter().filter_map(|route| ambiguity(route, &profile)).for_each(|error| note(&warning(&error)));
    let env = routes.routes.iter().flat_map(|route| route.env.clone()).collect();
    let opened_routes = routes.routes.clone();
    let ca = Arc::new(authority(known, &routes)?);
    let password = password()?;
    let listener = listener(&settings)?;
    let address = listener.local_addr().map_err(|error| {
        Error::unavailable(format!("cannot listen: {error}")).hint("--listen 127.0.0.1:PORT names another address")
    })?;
    let counters = Arc::new(Counters::default());
    let told = Told { profile, audit, counters: counters.clone() };
    let session = session(&settings, told, source.clone(), ca.clone(), routes)?;
    let roots = network::roots(&settings)?;
    let proxy = mitm::Settings {
        password: password.clone().into(),
        placeholders: vec![PLACEHOLDER.to_owned()],
        is_foreign,
        dialer: network::dialer(&settings, &roots)?,
        roots,
    };
    let proxy = Proxy::new(Arc::new(session), ca.clone(), proxy)
        .map_err(|error| Error::internal(format!("cannot set up the proxy's TLS: {error}")))?;
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let thread = std::thread::spawn(move || {
        runtime.block_on(async move {
            let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
            tokio::spawn(memory::watch());
            // A task among the others: this thread would have to be woken for each new client.
            let _ended = tokio::spawn(proxy.serve(listener, async { drop(stopped.await) })).await;
        });
    });
    let opened = Opened {
        address: reachable(address).to_string(),
        ca: ca.pem().to_owned(),
        env,
        routes: opened_routes,
        secret: Secrets::new().with("password", password),
    };
    Ok((opened, Running { counters, source, stop, thread }))
}

/// Who hears of what happens, and whose it is.
struct Told {
    profile: ProfileName,
    audit: Audit,
    counters: Arc<Counters>,
}

fn session(settings: &Settings, told: Told, source: Source, ca: Arc<SessionCa>, routes: Routes) -> Result<Session> {
    let allow = settings.allow.iter().map(|host| {
        let bad = |error| {
            Error::invalid(format!("--allow {}: {error}", proto::redact::shown(host))).hint("--allow docs.example.com")
        };
        Authority::parse(host, provider::target::DEFAULT_PORT).map_err(bad)
    });
    Ok(Session {
        profile: told.profile,
        source,
        audit: told.audit,
        counters: told.counters,
        ca,
        mode: settings.mode,
        allow: allow.collect::<Result<_>>()?,
        allow_private: settings.allow_private,
        name_connection: !settings.no_connection_header,
        table: RwLock::new(Arc::new(Table::new(routes))),
        refreshing: tokio::sync::Mutex::default(),
        resolved: Default::default(),
        rejected: Default::default(),
        told: Default::default(),
    })
}

/// The hosts of all definitions, connected or not: a login during the session may add any of them.
fn known_hosts(context: &Context) -> Result<Vec<Permitted>> {
    let listed = context.catalog()?.list().map_err(cli::catalog::explained)?;
    // A broken definition routes nothing; `list` tells about it.
    let definitions = listed.into_iter().filter_map(|listed| Some(listed.result.ok()?.definition));
    let targets = definitions.filter_map(|definition| definition.with_base_url(None).ok()?.targets().ok()).flatten();
    Ok(targets.map(|target| permitted(&target)).collect())
}

fn authority(hosts: Vec<Permitted>, routes: &Routes) -> Result<SessionCa> {
    let routed = routes.routes.iter().flat_map(|route| route.targets.iter().chain(&route.former));
    let routed = routed.filter_map(|target| Target::new(&target.host, target.port, None).ok());
    let hosts: BTreeSet<Permitted> = hosts.into_iter().chain(routed.map(|target| permitted(&target))).collect();
    SessionCa::new(hosts.into_iter().collect()).map_err(|error| Error::internal(error.to_string()))
}

fn permitted(target: &Target) -> Permitted {
    match &target.host {
        HostPattern::Exact(host) => Permitted::Host(host.clone()),
        HostPattern::Suffix(suffix) | HostPattern::Labelled(_, suffix) => Permitted::Below(suffix.clone()),
    }
}

/// Returns whether another user of this machine holds the client's end. A client whose end cannot be looked up, as
/// in a container, is taken for our own.
fn is_foreign(own: SocketAddr, peer: SocketAddr) -> bool {
    cli::peer::uid(own, peer).is_some_and(|uid| uid != 0 && uid != rustix::process::geteuid().as_raw())
}

/// Two sockets for each client: the soft limit of 1024 that programs begin with is soon reached.
fn raise_descriptors() {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    // Without it fewer clients are served at once; the others wait.
    let _ = rustix::process::setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

fn listener(settings: &Settings) -> Result<TcpListener> {
    let address = match &settings.listen {
        None => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        Some(text) => text.parse().map_err(|_| {
            Error::invalid(format!("{} is no ADDRESS:PORT", proto::redact::shown(text))).hint("--listen 127.0.0.1:0")
        })?,
    };
    let listener = TcpListener::bind(address).and_then(|listener| listener.set_nonblocking(true).map(|()| listener));
    listener.map_err(|error| {
        Error::unavailable(format!("cannot listen on {address}: {error}"))
            .hint("--listen 127.0.0.1:PORT names another address")
    })
}

/// Where a client of this machine finds it: all addresses are one that is this machine.
fn reachable(mut listening: SocketAddr) -> SocketAddr {
    if listening.ip().is_unspecified() {
        let loopback: IpAddr =
            if listening.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
        listening.set_ip(loopback);
    }
    listening
}

/// Worth nothing once the session is over.
fn password() -> Result<String> {
    let mut bytes = [0_u8; 24];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::unavailable("the system gives no random numbers"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn warning(error: &Error) -> String {
    let hint = error.hint.as_deref().unwrap_or_default();
    format!("{} ({}); its requests are refused with 409 ({hint})", error.message, error.choices.join(", "))
}
