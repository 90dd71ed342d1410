//! A session on loopback: an upstream with an authority of its own, the proxy, and a client that
//! says exactly the bytes a test wants said.
#![allow(dead_code, clippy::unwrap_used)] // each test file uses its part

pub mod client;
pub mod policy;
pub mod upstream;

use client::Client;
use host::Authority;
use mitm::{Dialer, Permitted, Proxy, SessionCa, Settings};
use policy::Rules;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use upstream::Upstream;

pub const PASSWORD: &str = "p4ss";
pub const HELD: &str = "authsome-proxy-managed";
pub const API: &str = "api.test:443";

pub fn authority(text: &str) -> Authority {
    text.parse().unwrap()
}

/// A running proxy; it ends with the test.
pub struct Session {
    pub address: SocketAddr,
    pub ca: Arc<SessionCa>,
    pub rules: Arc<Rules>,
    stop: Option<oneshot::Sender<()>>,
    pub task: tokio::task::JoinHandle<()>,
}

impl Session {
    /// `api.test:443` is routed to `upstream`, with a credential.
    pub async fn with(upstream: &Upstream) -> Session {
        Session::new(Rules::injecting("api.test"), dialer(&[(API, upstream.address)]), upstream).await
    }

    pub async fn new(rules: Rules, dialer: Dialer, upstream: &Upstream) -> Session {
        let permitted =
            ["api.test", "other.test", "127.0.0.1", "[::1]"].map(|host| Permitted::Host(host.parse().unwrap()));
        Session::with_ca(rules, dialer, upstream, SessionCa::new(permitted.to_vec()).unwrap()).await
    }

    pub async fn with_ca(rules: Rules, dialer: Dialer, upstream: &Upstream, ca: SessionCa) -> Session {
        Session::whole(rules, dialer, upstream, ca, |_, _| false).await
    }

    /// All whose addresses `is_foreign` picks are another user's.
    pub async fn among_others(upstream: &Upstream, is_foreign: fn(SocketAddr, SocketAddr) -> bool) -> Session {
        let ca = SessionCa::new(vec![Permitted::Host("api.test".parse().unwrap())]).unwrap();
        let rules = Rules::injecting("api.test");
        Session::whole(rules, dialer(&[(API, upstream.address)]), upstream, ca, is_foreign).await
    }

    async fn whole(
        rules: Rules,
        dialer: Dialer,
        upstream: &Upstream,
        ca: SessionCa,
        is_foreign: fn(SocketAddr, SocketAddr) -> bool,
    ) -> Session {
        let (ca, rules) = (Arc::new(ca), Arc::new(rules));
        let settings = Settings {
            password: PASSWORD.to_owned().into(),
            placeholders: vec![HELD.to_owned()],
            is_foreign,
            roots: upstream.roots(),
            dialer,
        };
        let proxy = Proxy::new(rules.clone(), ca.clone(), settings).unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(proxy.serve(listener, async { _ = stopped.await }));
        Session { address, ca, rules, stop: Some(stop), task }
    }

    pub fn stop(&mut self) {
        _ = self.stop.take().unwrap().send(());
    }

    /// A client inside an intercepted connection to `api.test`.
    pub async fn api(&self) -> Client {
        self.inside(API).await
    }

    pub async fn inside(&self, authority: &str) -> Client {
        Client::connect(self.address).await.tunnel(authority).await.secure(self.ca.pem(), authority, &[]).await
    }
}

/// Clients and their connections are in one process here.
pub fn raise_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
}

pub fn dialer(connect_to: &[(&str, SocketAddr)]) -> Dialer {
    let connect_to = connect_to.iter().map(|(name, address)| (authority(name), *address)).collect();
    Dialer { connect_to, ..Dialer::default() }
}

/// An upstream that writes `answer` after each request head, and keeps the heads.
pub async fn verbatim(answer: &'static [u8]) -> (Upstream, Arc<Mutex<Vec<String>>>) {
    let heads: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = heads.clone();
    let upstream = Upstream::streams(&[], move |stream| {
        let kept = kept.clone();
        async move {
            let mut client = Client { stream: Box::new(stream) };
            loop {
                let head = client.head().await;
                kept.lock().unwrap().push(head);
                client.send(answer).await;
            }
        }
    })
    .await;
    (upstream, heads)
}
