//! The transport to real providers: HTTP/1.1 over rustls, bounded in time and size.
//!
//! It follows no redirect, keeps no cookie and no connection, and reads no environment: proxy and
//! certificates are settings of the program.

use oauth::{MAX_ANSWER, Transport, TransportError, Unfinished};
use reqwest::blocking::{Client, ClientBuilder, Request};
use reqwest::{NoProxy, Proxy, redirect};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use std::error::Error as _;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

const CONNECT: Duration = Duration::from_secs(10);
/// For one request and its whole answer, however slowly that drips.
const WHOLE: Duration = Duration::from_secs(20);

const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

/// Where a Unix keeps all its roots in one file; read before a directory of hundreds.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// What the user's environment says of the network.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// `HTTPS_PROXY`: http, https, socks5 or socks5h, with user and password if need be.
    pub https_proxy: Option<String>,
    /// `HTTP_PROXY`.
    pub http_proxy: Option<String>,
    /// `NO_PROXY`.
    pub no_proxy: Option<String>,
    /// `SSL_CERT_FILE`: trusted beside the system's roots.
    pub cert_file: Option<PathBuf>,
    /// `SSL_CERT_DIR`: likewise.
    pub cert_dir: Option<PathBuf>,
}

/// Why there is no transport; a proxy's address is not repeated, it may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum BadSettings {
    #[error("the proxy address in {0} is not usable")]
    Proxy(&'static str),
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    #[error("no trusted certificate was found; SSL_CERT_FILE can name a file with some")]
    NoRoots,
}

/// The time for this request and its whole answer, as an extension of the request; else it is 20 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Within(pub Duration);

/// A [`Transport`] over the network.
pub struct Http(Client);

impl Http {
    pub fn new(settings: &Settings) -> Result<Http, BadSettings> {
        let mut builder = ClientBuilder::new()
            .tls_backend_preconfigured(tls(settings)?)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT)
            .user_agent(concat!("authsome/", env!("CARGO_PKG_VERSION")));
        // A proxy elsewhere cannot reach this machine.
        let except = format!("{LOOPBACK},{}", settings.no_proxy.as_deref().unwrap_or_default());
        let except = NoProxy::from_string(&except);
        if let Some(url) = &settings.https_proxy {
            let proxy = Proxy::https(url).map_err(|_| BadSettings::Proxy("HTTPS_PROXY"))?;
            builder = builder.proxy(proxy.no_proxy(except.clone()));
        }
        if let Some(url) = &settings.http_proxy {
            let proxy = Proxy::http(url).map_err(|_| BadSettings::Proxy("HTTP_PROXY"))?;
            builder = builder.proxy(proxy.no_proxy(except));
        }
        builder.build().map(Http).map_err(|error| BadSettings::Tls(cause(&error)))
    }
}

impl Transport for Http {
    fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, TransportError> {
        let began = Instant::now();
        let within = request.extensions().get().map_or(WHOLE, |Within(time)| *time);
        let mut request: Request = request.try_into().map_err(|error| TransportError::NotSent(cause(&error)))?;
        // The request's own: the client's would begin anew with each piece of a body.
        *request.timeout_mut() = Some(within);
        let mut answer = self.0.execute(request).map_err(|error| classified(error, within))?;
        let mut response = http::Response::new(Vec::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        let limit = MAX_ANSWER as u64 + 1;
        if (&mut answer).take(limit).read_to_end(response.body_mut()).is_err() {
            let cut = if began.elapsed() < within { "the answer was cut off".to_owned() } else { late(within) };
            response.extensions_mut().insert(Unfinished(cut));
        }
        Ok(response)
    }
}

/// Only what failed while connecting is known not to have arrived.
fn classified(error: reqwest::Error, within: Duration) -> TransportError {
    match error.is_connect() || error.is_builder() {
        true => TransportError::NotSent(cause(&error)),
        false if error.is_timeout() => TransportError::Lost(late(within)),
        false => TransportError::Lost(cause(&error)),
    }
}

fn late(within: Duration) -> String {
    format!("no whole answer in {} seconds", within.as_secs())
}

/// The innermost reason: the outer ones repeat the URL.
fn cause(error: &reqwest::Error) -> String {
    let mut source = error.source();
    let mut text =
        if error.is_timeout() { "no connection in 10 seconds".to_owned() } else { "not a request".to_owned() };
    while let Some(inner) = source {
        text = inner.to_string();
        source = inner.source();
    }
    text
}

fn tls(settings: &Settings) -> Result<ClientConfig, BadSettings> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots(settings));
    if store.is_empty() {
        return Err(BadSettings::NoRoots);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| BadSettings::Tls(error.to_string()))?;
    Ok(config.with_root_certificates(store).with_no_client_auth())
}

/// The system's roots, and those the user names.
fn roots(settings: &Settings) -> Vec<CertificateDer<'static>> {
    let bundle = BUNDLES.iter().map(Path::new).find(|path| path.is_file());
    let system = match bundle {
        Some(file) => rustls_native_certs::load_certs_from_paths(Some(file), None),
        None => rustls_native_certs::load_native_certs(),
    };
    let own = rustls_native_certs::load_certs_from_paths(settings.cert_file.as_deref(), settings.cert_dir.as_deref());
    system.certs.into_iter().chain(own.certs).collect()
}
