//! Accepts clients, and keeps on accepting: whatever happens in one connection stays there.

use crate::ca::SessionCa;
use crate::client::{self, Ending};
use crate::core::Core;
use crate::dial::Dialer;
use crate::limits::{CLIENTS, CROWD, DESCRIPTORS, DRAIN, POOL_IDLE};
use crate::password::Password;
use crate::placeholder::Placeholders;
use crate::policy::Policy;
use crate::strangers::Strangers;
use crate::stream::out_of_descriptors;
use crate::upstream::Upstreams;
use rustls::RootCertStore;
use secrecy::SecretString;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};

/// What a proxy is made of, beside its policy and its authority.
pub struct Settings {
    /// Demanded of every client, as Basic credentials of the user [`crate::USER`].
    pub password: SecretString,
    /// The texts that stand for a credential; never forwarded.
    pub placeholders: Vec<String>,
    /// Returns whether a client belongs to another user of this machine, given the addresses of our end and of the
    /// client's end. It is called only when many clients have not shown the password yet.
    pub is_foreign: fn(SocketAddr, SocketAddr) -> bool,
    /// Trusted for upstreams.
    pub roots: RootCertStore,
    pub dialer: Dialer,
}

/// The proxy of one session.
pub struct Proxy {
    core: Arc<Core>,
    strangers: Arc<Strangers>,
    is_foreign: fn(SocketAddr, SocketAddr) -> bool,
}

impl Proxy {
    /// # Errors
    /// When the TLS implementation refuses its own defaults.
    pub fn new(policy: Arc<dyn Policy>, ca: Arc<SessionCa>, settings: Settings) -> Result<Proxy, rustls::Error> {
        let core = Core {
            policy,
            ca,
            password: Password::new(&settings.password),
            placeholders: Arc::new(Placeholders::new(&settings.placeholders)),
            upstreams: Upstreams::new(settings.dialer, settings.roots)?,
        };
        Ok(Proxy { core: Arc::new(core), strangers: Arc::default(), is_foreign: settings.is_foreign })
    }

    /// Serves until `stop` is ready; then lets running requests end, for [`DRAIN`] at most.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let (end, ending) = watch::channel(false);
        let mut clients = JoinSet::new();
        let mut stop = pin!(stop);
        let mut sweep = interval(POOL_IDLE / 4);
        loop {
            tokio::select! {
                () = &mut stop => break,
                accepted = listener.accept(), if clients.len() < CLIENTS => {
                    self.accepted(accepted.map(|(stream, _)| stream), &mut clients, &ending).await;
                }
                // A panic ends its own connection; the others do not notice.
                Some(_ended) = clients.join_next() => {}
                _ = sweep.tick() => self.core.upstreams.sweep(),
            }
        }
        drop(listener);
        end.send_replace(true);
        // Whoever is not done by then is cut off when the set is dropped.
        let _in_time = timeout(DRAIN, async { while clients.join_next().await.is_some() {} }).await;
    }

    async fn accepted(&self, accepted: io::Result<TcpStream>, clients: &mut JoinSet<()>, ending: &Ending) {
        match accepted {
            Ok(stream) if self.strangers.count() >= CROWD && self.is_foreign(&stream) => {}
            Ok(stream) => {
                let stranger = self.strangers.enter();
                clients.spawn(client::serve(self.core.clone(), stream, stranger, ending.clone()));
            }
            // Whoever waits in the backlog is served when others have left.
            Err(error) if out_of_descriptors(&error) => sleep(DESCRIPTORS).await,
            // The client that went away before it was accepted is no reason to stop.
            Err(_) => {}
        }
    }

    fn is_foreign(&self, stream: &TcpStream) -> bool {
        match (stream.local_addr(), stream.peer_addr()) {
            (Ok(own), Ok(peer)) => (self.is_foreign)(own, peer),
            _ => false,
        }
    }
}
