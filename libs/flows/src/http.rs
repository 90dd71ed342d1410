//! The transport to real providers: HTTP/1.1 over rustls, bounded in time and size.
//!
//! It follows no redirect, keeps no cookie and no connection, and reads no environment: proxy and
//! certificates are settings of the program. No address is dialled that `host` forbids, and private ones only for
//! requests that say so: see [`Allowed`].

mod explain;
mod names;
mod roots;

use explain::Way;
use host::{Allowed, Host};
use hyper_util::client::proxy::matcher::Matcher;
use names::{JudgedNames, Refused};
use oauth::{MAX_ANSWER, Transport, TransportError, Unfinished};
use reqwest::blocking::{Client, ClientBuilder, Request};
use reqwest::{NoProxy, Proxy, redirect};
use roots::Roots;
use rustls::{ClientConfig, crypto::ring};
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

pub(crate) const CONNECT: Duration = Duration::from_secs(10);
/// For one request and its whole answer, however slowly that drips.
const WHOLE: Duration = Duration::from_secs(20);

const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

/// What the user's environment says of the network.
#[derive(Clone, Default)]
pub struct Settings {
    /// `HTTPS_PROXY`: http, https, socks5 or socks5h, with user and password if need be.
    pub https_proxy: Option<Variable>,
    /// `HTTP_PROXY`.
    pub http_proxy: Option<Variable>,
    /// `NO_PROXY`.
    pub no_proxy: Option<String>,
    /// `SSL_CERT_FILE`: trusted beside the system's roots.
    pub cert_file: Option<PathBuf>,
    /// `SSL_CERT_DIR`: likewise.
    pub cert_dir: Option<PathBuf>,
}

/// A variable of the environment that names a proxy. It has no `Debug`: the value may hold a password.
#[derive(Clone)]
pub struct Variable {
    pub name: String,
    pub value: String,
}

/// Why there is no transport; a proxy's address is not repeated, it may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum BadSettings {
    #[error("the proxy address in {0} is not usable")]
    Proxy(String),
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    #[error("no trusted certificate was found; SSL_CERT_FILE can name a file with some")]
    NoRoots,
}

/// The time for this request and its whole answer, as an extension of the request; else it is 20 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Within(pub Duration);

/// A [`Transport`] over the network. How far a request may go is an [`Allowed`] among its extensions; without one
/// it goes to public addresses alone.
pub struct Http {
    settings: Settings,
    tls: ClientConfig,
    roots: Roots,
    proxied: Matcher,
    /// The clients, one for each of [`Allowed`], created on first use. Each resolves names and judges their addresses.
    clients: [OnceLock<Result<Client, String>>; 3],
}

impl Http {
    pub fn new(settings: &Settings) -> Result<Http, BadSettings> {
        proxies(settings)?;
        let roots = Roots::load(settings.cert_file.as_deref(), settings.cert_dir.as_deref());
        let tls = tls(&roots)?;
        let value = |variable: &Option<Variable>| variable.as_ref().map(|v| v.value.clone()).unwrap_or_default();
        let proxied = Matcher::builder()
            .http(value(&settings.http_proxy))
            .https(value(&settings.https_proxy))
            .no(except(settings))
            .build();
        Ok(Http { settings: settings.clone(), tls, roots, proxied, clients: Default::default() })
    }

    /// Returns a sentence for the person about each setting that could not be used.
    pub fn warnings(&self) -> &[String] {
        &self.roots.unusable
    }

    fn client(&self, allowed: Allowed) -> Result<&Client, TransportError> {
        let client = self.clients[allowed as usize]
            .get_or_init(|| self.built(allowed).map_err(|error| format!("the network cannot be set up: {error}")));
        client.as_ref().map_err(|why| TransportError::NotSent(why.as_str().into()))
    }

    fn built(&self, allowed: Allowed) -> Result<Client, BadSettings> {
        let proxies = proxies(&self.settings)?;
        let builder = ClientBuilder::new()
            .tls_backend_preconfigured(self.tls.clone())
            .no_proxy()
            .redirect(redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT)
            .dns_resolver(Arc::new(JudgedNames::new(allowed, &self.settings)))
            .user_agent(concat!("authsome/", env!("CARGO_PKG_VERSION")));
        let builder = proxies.into_iter().fold(builder, ClientBuilder::proxy);
        builder.build().map_err(|error| BadSettings::Tls(explain::innermost(&error)))
    }

    /// Returns the variable whose proxy serves this address.
    fn proxy_of(&self, uri: &http::Uri) -> Option<&str> {
        self.proxied.intercept(uri)?;
        let variable =
            if uri.scheme_str() == Some("https") { &self.settings.https_proxy } else { &self.settings.http_proxy };
        variable.as_ref().map(|variable| variable.name.as_str())
    }
}

impl Transport for Http {
    fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, TransportError> {
        let began = Instant::now();
        let within = request.extensions().get().map_or(WHOLE, |Within(time)| *time);
        let allowed = request.extensions().get().copied().unwrap_or(Allowed::Public);
        let uri = request.uri().clone();
        let way = Way::new(&uri, self.proxy_of(&uri), &self.roots);
        refuse_literal(&uri, allowed).map_err(|refused| TransportError::NotSent(way.refused(&refused)))?;
        let mut request: Request =
            request.try_into().map_err(|error| TransportError::NotSent(explain::innermost(&error).into()))?;
        // The request's own: the client's would begin anew with each piece of a body.
        *request.timeout_mut() = Some(within);
        let mut answer = self.client(allowed)?.execute(request).map_err(|error| way.failure(&error, within))?;
        let mut response = http::Response::new(Vec::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        let limit = MAX_ANSWER as u64 + 1;
        if (&mut answer).take(limit).read_to_end(response.body_mut()).is_err() {
            let late = began.elapsed() >= within;
            response.extensions_mut().insert(Unfinished(if late { way.late(within) } else { way.cut_off() }));
        }
        Ok(response)
    }
}

/// Refuses a forbidden address that stands in the URL itself, since no resolver sees it.
fn refuse_literal(uri: &http::Uri, allowed: Allowed) -> Result<(), Refused> {
    let host: Option<Host> = uri.host().and_then(|host| host.parse().ok());
    names::judge(host.and_then(|host| host.ip()), allowed)
}

/// Returns the hosts to reach without a proxy. This machine is among them, since a proxy on another cannot reach it.
fn except(settings: &Settings) -> String {
    format!("{LOOPBACK},{}", settings.no_proxy.as_deref().unwrap_or_default())
}

fn proxies(settings: &Settings) -> Result<Vec<Proxy>, BadSettings> {
    let except = NoProxy::from_string(&except(settings));
    let https = settings.https_proxy.iter().map(|variable| (variable, Proxy::https(&variable.value)));
    let http = settings.http_proxy.iter().map(|variable| (variable, Proxy::http(&variable.value)));
    let named = |(variable, proxy): (&Variable, reqwest::Result<Proxy>)| match proxy {
        Ok(proxy) => Ok(proxy.no_proxy(except.clone())),
        Err(_) => Err(BadSettings::Proxy(variable.name.clone())),
    };
    https.chain(http).map(named).collect()
}

fn tls(roots: &Roots) -> Result<ClientConfig, BadSettings> {
    if roots.store.is_empty() {
        return Err(BadSettings::NoRoots);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| BadSettings::Tls(error.to_string()))?;
    Ok(config.with_root_certificates(roots.store.clone()).with_no_client_auth())
}
