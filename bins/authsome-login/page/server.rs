//! The listener's thread: hyper on one connection after another.

use super::waiting::Waiting;
use super::{Shared, routes};
use cli::peer::Peers;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot::Receiver;
use tokio::time::timeout;

/// The time after which a silent connection is closed.
const FIRST_BYTE: Duration = Duration::from_secs(5);

/// The time within which a request's head must arrive.
const HEAD: Duration = Duration::from_secs(10);

/// The most connections that are judged by one reading of the kernel's table.
const BATCH: usize = 64;

/// How long the last pages may take to be written.
const LAST_PAGES: Duration = Duration::from_millis(500);

/// A connection and the address of its other end.
type Accepted = (TcpStream, SocketAddr);

/// Serves until told to stop.
pub fn run(listeners: Vec<std::net::TcpListener>, shared: Arc<Shared>, stopped: Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    // Without a runtime nothing can be served; the login's own time limit then ends it.
    let Ok(runtime) = runtime else { return };
    runtime.block_on(async move {
        let listeners: io::Result<Vec<TcpListener>> = listeners.into_iter().map(nonblocking).collect();
        let Ok(listeners) = listeners else { return };
        let connections = Busy(tokio::sync::watch::Sender::new(0));
        tokio::select! {
            () = accept(&listeners, shared, &connections) => {}
            _ = stopped => {}
        }
        drop(listeners);
        let _ = timeout(LAST_PAGES, connections.idle()).await;
    });
}

fn nonblocking(listener: std::net::TcpListener) -> io::Result<TcpListener> {
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

async fn accept(listeners: &[TcpListener], shared: Arc<Shared>, busy: &Busy) {
    let waiting = Waiting::default();
    loop {
        let batch = waiting_connections(listeners).await;
        if batch.is_empty() {
            // Out of file descriptors, most likely: wait for some to be freed.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        for stream in admitted(batch, &shared) {
            let number = waiting.number();
            let serving = serve(stream, shared.clone(), busy.clone(), waiting.clone(), number);
            waiting.enter(number, tokio::spawn(serving).abort_handle());
        }
    }
}

/// Waits for connections and accepts all that are there. An empty list means that accepting failed.
async fn waiting_connections(listeners: &[TcpListener]) -> Vec<Accepted> {
    poll_fn(|context| {
        let mut batch = Vec::new();
        let mut failed = false;
        for listener in listeners {
            while batch.len() < BATCH {
                match listener.poll_accept(context) {
                    Poll::Ready(Ok(accepted)) => batch.push(accepted),
                    Poll::Ready(Err(_)) => {
                        failed = true;
                        break;
                    }
                    Poll::Pending => break,
                }
            }
        }
        if batch.is_empty() && !failed { Poll::Pending } else { Poll::Ready(batch) }
    })
    .await
}

/// Drops the connections of other users of this machine.
fn admitted(batch: Vec<Accepted>, shared: &Shared) -> Vec<TcpStream> {
    // Where the kernel's table cannot be read, only the one-use address protects the login.
    let tables = shared.callback.addresses().into_iter().filter_map(|address| Peers::read(address).ok());
    let tables: Vec<Peers> = tables.collect();
    let is_foreign = |peer| tables.iter().any(|peers| peers.is_foreign(peer));
    let (foreign, admitted): (Vec<Accepted>, Vec<Accepted>) =
        batch.into_iter().partition(|(_, peer)| is_foreign(*peer));
    if !foreign.is_empty() {
        shared.tell_turned_away();
    }
    admitted.into_iter().map(|(stream, _)| stream).collect()
}

async fn serve(stream: TcpStream, shared: Arc<Shared>, busy: Busy, waiting: Waiting, number: u64) {
    let service = service_fn(|request| {
        waiting.leave(number);
        let busy = busy.begin();
        let shared = shared.clone();
        async move {
            let response = routes::answer(request, &shared).await;
            // The request counts as running until hyper has taken the response.
            drop(busy);
            Ok::<_, std::convert::Infallible>(response)
        }
    });
    let first = timeout(FIRST_BYTE, stream.peek(&mut [0])).await;
    if matches!(first, Ok(Ok(1))) {
        let mut server = http1::Builder::new();
        server.timer(TokioTimer::new()).header_read_timeout(HEAD).keep_alive(false);
        // A browser may close its connection at any time.
        let _ = server.serve_connection(TokioIo::new(stream), service).await;
    }
    waiting.leave(number);
}

/// How many requests are being answered.
#[derive(Clone)]
struct Busy(tokio::sync::watch::Sender<usize>);

impl Busy {
    fn begin(&self) -> Answering {
        self.0.send_modify(|count| *count += 1);
        Answering(self.0.clone())
    }

    async fn idle(&self) {
        let mut count = self.0.subscribe();
        // The sender is alive: it is self.
        let _ = count.wait_for(|count| *count == 0).await;
        // The response is with hyper; give it the turns it needs to write it.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

struct Answering(tokio::sync::watch::Sender<usize>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
