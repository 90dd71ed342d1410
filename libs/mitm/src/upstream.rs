//! Open connections to upstreams: HTTP/1 ones lent to one request at a time, HTTP/2 ones shared.
//! Everything that makes two connections different is in the key.

use crate::Scheme;
use crate::dial::Dialer;
use crate::http1::wire::Wire;
use crate::http2::Upload;
use crate::limits::{CONNECTION_WINDOW, HANDSHAKE, HEAD_BYTES, KNOWN_HOSTS, POOL, POOL_IDLE, STREAM_WINDOW};
use crate::stream::Io;
use crate::tls::{ClientSide, H2, Http, server_name};
use crate::upstream_error::UpstreamError;
use crate::upstream_proxy::UpstreamProxy;
use host::Authority;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use quick_cache::sync::Cache;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

/// What a connection is good for. `private` belongs to it: a connection made where private
/// addresses are allowed must not serve where they are not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub authority: Authority,
    pub scheme: Scheme,
    pub private: bool,
}

pub(crate) struct Upstreams {
    dialer: Dialer,
    tls: ClientSide,
    idle: Mutex<VecDeque<Idle>>,
    shared: Mutex<HashMap<Key, Arc<Shared>>>,
    /// The HTTP version that a host chose when both were offered.
    known: Cache<Authority, Http>,
}

struct Idle {
    key: Key,
    since: Instant,
    wire: Wire,
}

/// A shared HTTP/2 connection.
#[derive(Clone)]
pub(crate) struct Two {
    pub sender: http2::SendRequest<Upload>,
    forgotten: Arc<AtomicBool>,
}

/// An HTTP/2 connection, or the making of one.
struct Shared {
    open: Mutex<Option<Two>>,
    dialling: tokio::sync::Mutex<()>,
    used: Mutex<Instant>,
}

impl Upstreams {
    pub fn new(dialer: Dialer, roots: rustls::RootCertStore) -> Result<Upstreams, rustls::Error> {
        Ok(Upstreams {
            dialer,
            tls: ClientSide::new(roots)?,
            idle: Mutex::default(),
            shared: Mutex::default(),
            known: Cache::new(KNOWN_HOSTS),
        })
    }

    /// A bare connection, for a tunnel.
    pub async fn tunnel(&self, key: &Key) -> Result<Io, UpstreamError> {
        Ok(self.dialer.dial(&key.authority, key.scheme, key.private).await?)
    }

    /// Returns the person's own proxy if a connection leads to it and its requests are in absolute form.
    pub fn forward_proxy(&self, key: &Key) -> Option<&UpstreamProxy> {
        self.dialer.forward_proxy(&key.authority, key.scheme)
    }

    /// The version that the upstream chooses, found out at first sight by connecting.
    pub async fn version(&self, key: &Key) -> Result<Http, UpstreamError> {
        if let Some(known) = self.known.get(&key.authority) {
            return Ok(known);
        }
        match self.connect(key, Http::Two).await? {
            Fresh::One(wire) => self.put(key, wire),
            Fresh::Two(two) => *lock(&self.shared(key).open) = Some(two),
        }
        Ok(self.known.get(&key.authority).unwrap_or(Http::One))
    }

    /// An idle HTTP/1 connection that is still open.
    pub fn idle(&self, key: &Key) -> Option<Wire> {
        loop {
            let mut wire = self.take(key)?;
            if wire.is_resting() {
                return Some(wire);
            }
        }
    }

    /// A new HTTP/1 connection.
    pub async fn one(&self, key: &Key) -> Result<Wire, UpstreamError> {
        match self.connect(key, Http::One).await? {
            Fresh::One(wire) => Ok(wire),
            Fresh::Two(_) => Err(UpstreamError::Version(key.authority.clone())),
        }
    }

    /// The shared HTTP/2 connection; concurrent callers wait for one dial.
    pub async fn two(&self, key: &Key) -> Result<Two, UpstreamError> {
        let shared = self.shared(key);
        if let Some(two) = shared.open() {
            return Ok(two);
        }
        let _single = shared.dialling.lock().await;
        if let Some(two) = shared.open() {
            return Ok(two);
        }
        match self.connect(key, Http::Two).await? {
            Fresh::Two(two) => {
                *lock(&shared.open) = Some(two.clone());
                Ok(two)
            }
            Fresh::One(wire) => {
                self.put(key, wire);
                Err(UpstreamError::Version(key.authority.clone()))
            }
        }
    }

    /// Keeps a connection for the next request; the one that rested longest makes room.
    pub fn put(&self, key: &Key, wire: Wire) {
        let mut idle = lock(&self.idle);
        if idle.len() == POOL {
            idle.pop_front();
        }
        idle.push_back(Idle { key: key.clone(), since: Instant::now(), wire });
    }

    /// Lets go of what rested too long. HTTP/2 connections in use survive it: their streams hold them.
    pub fn sweep(&self) {
        lock(&self.idle).retain(|idle| idle.since.elapsed() < POOL_IDLE);
        let mut shared = lock(&self.shared);
        shared.retain(|_, entry| Arc::strong_count(entry) > 1 || entry.rested() < POOL_IDLE);
        if shared.len() > POOL {
            let mut rested: Vec<Duration> = shared.values().map(|entry| entry.rested()).collect();
            rested.sort_unstable();
            shared.retain(|_, entry| entry.rested() < rested[POOL]);
        }
    }

    fn take(&self, key: &Key) -> Option<Wire> {
        let mut idle = lock(&self.idle);
        // The newest is the likeliest to be alive.
        let at = idle.iter().rposition(|idle| idle.key == *key)?;
        Some(idle.remove(at)?.wire)
    }

    fn shared(&self, key: &Key) -> Arc<Shared> {
        let mut shared = lock(&self.shared);
        if let Some(entry) = shared.get(key) {
            *lock(&entry.used) = Instant::now();
            return entry.clone();
        }
        shared.entry(key.clone()).or_insert_with(|| Arc::new(Shared::new())).clone()
    }

    async fn connect(&self, key: &Key, offer: Http) -> Result<Fresh, UpstreamError> {
        let stream = self.dialer.dial(&key.authority, key.scheme, key.private).await?;
        let (stream, http) = match key.scheme {
            Scheme::Http => (stream, Http::One),
            Scheme::Https => self.secure(key, offer, stream).await?,
        };
        let broken = |error: hyper::Error| UpstreamError::Broken(key.authority.clone(), error.into());
        match http {
            Http::One => Ok(Fresh::One(Wire::upstream(stream))),
            Http::Two => Ok(Fresh::Two(start_two(stream).await.map_err(broken)?)),
        }
    }

    async fn secure(&self, key: &Key, offer: Http, stream: Io) -> Result<(Io, Http), UpstreamError> {
        let failed = |error| UpstreamError::Tls(key.authority.clone(), error);
        let connector = TlsConnector::from(self.tls.config(offer));
        let handshake = connector.connect(server_name(&key.authority), stream);
        let stream = match timeout(HANDSHAKE, handshake).await {
            Ok(done) => done.map_err(failed)?,
            Err(_) => return Err(failed(io::ErrorKind::TimedOut.into())),
        };
        let http = match stream.get_ref().1.alpn_protocol() {
            Some(H2) => Http::Two,
            _ => Http::One,
        };
        if offer == Http::Two {
            self.known.insert(key.authority.clone(), http);
        }
        Ok((Box::new(stream), http))
    }
}

impl Shared {
    fn new() -> Shared {
        Shared { open: Mutex::default(), dialling: tokio::sync::Mutex::default(), used: Mutex::new(Instant::now()) }
    }

    fn open(&self) -> Option<Two> {
        let mut open = lock(&self.open);
        open.take_if(|two| two.sender.is_closed() || two.forgotten.load(Ordering::Relaxed));
        open.clone()
    }

    fn rested(&self) -> Duration {
        lock(&self.used).elapsed()
    }
}

impl Two {
    /// The next request gets another connection; running ones keep this.
    pub fn forget(&self) {
        self.forgotten.store(true, Ordering::Relaxed);
    }
}

enum Fresh {
    One(Wire),
    Two(Two),
}

async fn start_two(stream: Io) -> hyper::Result<Two> {
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(HEAD_BYTES as u32)
        .keep_alive_interval(crate::limits::HEAD)
        .handshake(TokioIo::new(stream))
        .await?;
    tokio::spawn(async move {
        // Its streams report what went wrong.
        let _ended = connection.await;
    });
    Ok(Two { sender, forgotten: Arc::default() })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
