//! From an authority to an open TCP connection: one resolution, every address judged, and the very
//! address that was judged is dialled, so that a second DNS answer cannot lead elsewhere.

use crate::limits::{CONNECT, DESCRIPTORS, NEXT_ADDRESS};
use crate::stream::Io;
use crate::upstream_proxy::UpstreamProxy;
use crate::{Answer, Scheme};
use host::{Allowed, Authority, Reach};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    #[error("{0} leads to {1}, which is never dialled")]
    Forbidden(Authority, IpAddr),
    #[error("{0} leads to {1}, a private address")]
    Private(Authority, IpAddr),
    #[error("cannot resolve {0}")]
    Resolve(Authority, #[source] io::Error),
    #[error("cannot connect to {0}: {1}")]
    Connect(Authority, #[source] io::Error),
    #[error("connecting to {0} took longer than {secs} s", secs = CONNECT.as_secs())]
    Timeout(Authority),
    #[error("your own proxy {address} ({named_by}) {what}")]
    Proxy { address: Authority, named_by: String, what: String },
}

/// Names to addresses.
pub trait Resolve: Send + Sync + 'static {
    fn resolve<'a>(&'a self, name: &'a str) -> Answer<'a, io::Result<Vec<IpAddr>>>;
}

/// The system's resolver.
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, name: &'a str) -> Answer<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect()) })
    }
}

/// How upstreams are reached.
#[derive(Clone)]
pub struct Dialer {
    /// Authorities that are reached at another address, unjudged; routing, TLS name and
    /// certificate stay the authority's.
    pub connect_to: HashMap<Authority, SocketAddr>,
    /// Private addresses may be dialled for every host.
    pub allow_private: bool,
    pub resolver: Arc<dyn Resolve>,
    /// The person's own proxy for tunnels.
    pub upstream_proxy: Option<UpstreamProxy>,
    /// The person's own proxy for plain http.
    pub http_proxy: Option<UpstreamProxy>,
}

impl Default for Dialer {
    fn default() -> Dialer {
        Dialer {
            connect_to: HashMap::new(),
            allow_private: false,
            resolver: Arc::new(SystemResolver),
            upstream_proxy: None,
            http_proxy: None,
        }
    }
}

impl Dialer {
    pub(crate) async fn dial(&self, to: &Authority, scheme: Scheme, private: bool) -> Result<Io, DialError> {
        timeout(CONNECT, self.dial_unbounded(to, scheme, private || self.allow_private))
            .await
            .unwrap_or_else(|_| Err(DialError::Timeout(to.clone())))
    }

    /// Returns the proxy that takes requests to `to` in absolute form.
    pub(crate) fn forward_proxy(&self, to: &Authority, scheme: Scheme) -> Option<&UpstreamProxy> {
        self.proxy(to, scheme).filter(|proxy| scheme == Scheme::Http && proxy.forwards())
    }

    fn proxy(&self, to: &Authority, scheme: Scheme) -> Option<&UpstreamProxy> {
        let proxy = match scheme {
            Scheme::Http => &self.http_proxy,
            Scheme::Https => &self.upstream_proxy,
        };
        proxy.as_ref().filter(|proxy| !self.connect_to.contains_key(to) && proxy.serves(to))
    }

    async fn dial_unbounded(&self, to: &Authority, scheme: Scheme, private: bool) -> Result<Io, DialError> {
        if let Some(address) = self.connect_to.get(to) {
            return Ok(Box::new(self.race(to, vec![*address]).await?));
        }
        if let Some(proxy) = self.proxy(to, scheme) {
            // The far proxy resolves names; an address in the request is still judged here.
            if let Some(ip) = to.host.ip() {
                judge(to, &[ip], private)?;
            }
            let stream = self.reach(proxy).await?;
            return match self.forward_proxy(to, scheme) {
                Some(proxy) => proxy.reach(stream).await,
                None => proxy.open(stream, to).await,
            };
        }
        let addresses = self.addresses(to).await?;
        let ips: Vec<IpAddr> = addresses.iter().map(SocketAddr::ip).collect();
        judge(to, &ips, private)?;
        Ok(Box::new(self.race(to, addresses).await?))
    }

    async fn reach(&self, proxy: &UpstreamProxy) -> Result<TcpStream, DialError> {
        let failed = |error: DialError| match error {
            DialError::Resolve(..) => proxy.failed("cannot be found: its name leads nowhere"),
            DialError::Connect(_, error) => proxy.failed(format!("cannot be reached: {error}")),
            other => other,
        };
        let addresses = self.addresses(&proxy.address).await.map_err(failed)?;
        self.race(&proxy.address, addresses).await.map_err(failed)
    }

    async fn addresses(&self, to: &Authority) -> Result<Vec<SocketAddr>, DialError> {
        let ips = match to.host.domain() {
            None => to.host.ip().into_iter().collect(),
            Some(name) => self.resolver.resolve(name).await.map_err(|source| DialError::Resolve(to.clone(), source))?,
        };
        if ips.is_empty() {
            return Err(DialError::Resolve(to.clone(), io::ErrorKind::NotFound.into()));
        }
        Ok(ips.into_iter().map(|ip| SocketAddr::new(ip.to_canonical(), to.port)).collect())
    }

    /// RFC 8305: the next address is tried when one failed or had its head start.
    async fn race(&self, to: &Authority, addresses: Vec<SocketAddr>) -> Result<TcpStream, DialError> {
        if let [only] = addresses[..] {
            return connect(only).await.map_err(|source| DialError::Connect(to.clone(), source));
        }
        let mut attempts = JoinSet::new();
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        let mut waiting = interleave(addresses).into_iter();
        loop {
            let more = waiting.next();
            if let Some(address) = more {
                attempts.spawn(connect(address));
            }
            let until = if waiting.len() > 0 { Instant::now() + NEXT_ADDRESS } else { Instant::now() + CONNECT };
            match timeout_at(until, attempts.join_next()).await {
                Ok(Some(Ok(Ok(stream)))) => return Ok(stream),
                Ok(Some(Ok(Err(error)))) => last = error,
                Ok(Some(Err(_))) | Err(_) => {}
                Ok(None) => return Err(DialError::Connect(to.clone(), last)),
            }
        }
    }
}

fn judge(to: &Authority, ips: &[IpAddr], private: bool) -> Result<(), DialError> {
    let allowed = if private { Allowed::Private } else { Allowed::Public };
    match host::forbidden(ips.iter().copied(), allowed) {
        Some((ip, Reach::Never)) => Err(DialError::Forbidden(to.clone(), ip)),
        Some((ip, _)) => Err(DialError::Private(to.clone(), ip)),
        None => Ok(()),
    }
}

/// IPv6 and IPv4 in turn, each in the resolver's order (RFC 8305 §4).
fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|ip| ip.is_ipv6() == first_is_v6);
    let mut mixed = Vec::with_capacity(first.len() + second.len());
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    loop {
        let pair = [first.next(), second.next()];
        if pair == [None, None] {
            return mixed;
        }
        mixed.extend(pair.into_iter().flatten());
    }
}

/// Waits while the process is out of file descriptors; the caller bounds the wait.
async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    loop {
        match open(address).await {
            Err(error) if crate::stream::out_of_descriptors(&error) => sleep(DESCRIPTORS).await,
            done => return done,
        }
    }
}

async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A peer that vanished without a word is found out, so that idle tunnels do not pile up.
    socket.set_keepalive(true)?;
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
