//! An https API that records what reaches it and says which credential it saw.
//!
//! It answers any path; a few paths stream, wait, or send odd but lawful HTTP.

mod paths;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::ca::Ca;
use crate::record::{Log, Recorded};
use crate::serve::{Connection, Request, Response, Server};
use crate::wait::lock;

/// The HTTP versions that a TLS client is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alpn {
    /// h2 first, then http/1.1.
    Both,
    Http1,
    H2,
}

type Validator = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// A running API; gone when dropped.
///
/// | path | answers |
/// |---|---|
/// | anything | JSON: `ok`, `authorization`, `method`, `path`, `length` and `sha256` of the body |
/// | `/sse?n=3&ms=20` | n events, `ms` apart, each sent on its own |
/// | `/bytes?n=1024` | n bytes, a pattern of 251 bytes |
/// | `/echo` | the request body as it comes, its content-type and its trailers |
/// | `/trailers` | a chunked body with the trailer `x-checksum` |
/// | `/redirect?to=URL` | 302 |
/// | `/status/NNN` | that status |
/// | `/slow?ms=500` | the usual JSON, later |
/// | any, with `Upgrade` | 101, then each byte back |
///
/// ```
/// use testkit::{Api, Browser, Ca};
/// let ca = Ca::new()?;
/// let api = Api::start(&ca, "api.demo.test")?;
/// api.accept_if(|token| token == "good-token-1234");
/// let browser = Browser::with(Some(&ca), &[("api.demo.test:443", api.addr())])?;
/// let url = "https://api.demo.test/v1/users/me";
/// let page = browser.request("GET", url, &[("Authorization", "Bearer good-token-1234")], b"")?;
/// assert_eq!(page.status, 200);
/// assert!(page.body.contains("Bearer …1234"), "{}", page.body);
/// assert_eq!(browser.request("GET", url, &[], b"")?.status, 401);
/// assert_eq!(api.requests()[0].header("authorization"), Some("Bearer good-token-1234"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Api {
    shared: Arc<Shared>,
    host: String,
    tls: bool,
    server: Server,
}

#[derive(Default)]
struct Shared {
    log: Log,
    validator: Mutex<Option<Validator>>,
    connections: AtomicU64,
}

impl Api {
    /// https for that host name, HTTP/1.1 and HTTP/2.
    pub fn start(ca: &Ca, host: &str) -> io::Result<Api> {
        Api::with(ca, &[host], Alpn::Both)
    }

    /// https for these host names (or IP addresses), the first being [`Api::host`].
    pub fn with(ca: &Ca, hosts: &[&str], alpn: Alpn) -> io::Result<Api> {
        let alpn: &[&str] = match alpn {
            Alpn::Both => &["h2", "http/1.1"],
            Alpn::Http1 => &["http/1.1"],
            Alpn::H2 => &["h2"],
        };
        Api::serve(hosts.first().copied().unwrap_or("127.0.0.1"), Some(ca.server_config(hosts, alpn)?))
    }

    /// Plain http on 127.0.0.1, for what must never get a credential.
    pub fn plain() -> io::Result<Api> {
        Api::serve("127.0.0.1", None)
    }

    fn serve(host: &str, tls: Option<Arc<rustls::ServerConfig>>) -> io::Result<Api> {
        let shared = Arc::new(Shared::default());
        let secure = tls.is_some();
        let server = Server::start(tls, {
            let shared = Arc::clone(&shared);
            move |request| answer(Arc::clone(&shared), request)
        })?;
        Ok(Api { shared, host: host.to_owned(), tls: secure, server })
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    /// Where it really listens.
    pub fn addr(&self) -> SocketAddr {
        self.server.addr
    }

    /// For `--connect-to`: `api.demo.test:443=127.0.0.1:PORT`.
    pub fn connect_to(&self) -> String {
        format!("{}:443={}", self.host, self.addr())
    }

    /// As a client that goes through [`Api::connect_to`] writes it; with the real port over plain http.
    pub fn url(&self, path: &str) -> String {
        match self.tls {
            true => format!("https://{}{path}", self.host),
            false => format!("http://{}{path}", self.addr()),
        }
    }

    /// From now on a request without `Authorization: Bearer TOKEN` for which this is true gets 401.
    pub fn accept_if(&self, good: impl Fn(&str) -> bool + Send + Sync + 'static) {
        *lock(&self.shared.validator) = Some(Arc::new(good));
    }

    /// Every request whose body has come, oldest first; of `/echo` and upgrades the head alone.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.log.all()
    }

    pub fn forget_requests(&self) {
        self.shared.log.clear();
    }

    /// Connections that brought at least one request.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn refuses(&self, recorded: &Recorded) -> bool {
        let Some(good) = lock(&self.validator).clone() else { return false };
        let token = recorded.header("authorization").and_then(|value| value.split_once(' '));
        !token.is_some_and(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && good(token))
    }
}

async fn answer(shared: Arc<Shared>, request: Request) -> io::Result<Response> {
    let number = request.extensions().get::<Connection>().map_or(0, |connection| connection.number);
    shared.connections.fetch_max(number + 1, Ordering::Relaxed);
    paths::answer(&shared, request).await
}
