//! The listener's thread: hyper on one connection after another.

use super::{Shared, routes};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot::Receiver;

/// A browser that says nothing for this long is let go.
const HEADERS: Duration = Duration::from_secs(30);

/// How long the last pages may take to be written.
const LAST_PAGES: Duration = Duration::from_millis(500);

/// Serves until told to stop.
pub fn run(listener: TcpListener, shared: Arc<Shared>, stopped: Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    // Without a runtime nothing can be served; the login's own time limit then ends it.
    let Ok(runtime) = runtime else { return };
    runtime.block_on(async move {
        let listener = listener.set_nonblocking(true).and_then(|()| tokio::net::TcpListener::from_std(listener));
        let Ok(listener) = listener else { return };
        let connections = Busy(tokio::sync::watch::Sender::new(0));
        tokio::select! {
            () = accept(&listener, shared, &connections) => {}
            _ = stopped => {}
        }
        drop(listener);
        let _ = tokio::time::timeout(LAST_PAGES, connections.idle()).await;
    });
}

async fn accept(listener: &tokio::net::TcpListener, shared: Arc<Shared>, busy: &Busy) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: wait for some to be freed.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let shared = shared.clone();
        let busy = busy.clone();
        let service = service_fn(move |request| {
            let shared = shared.clone();
            let busy = busy.begin();
            async move {
                let response = routes::answer(request, &shared).await;
                // Counted until hyper has taken the response.
                drop(busy);
                Ok::<_, std::convert::Infallible>(response)
            }
        });
        tokio::spawn(async move {
            let mut server = http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(HEADERS).keep_alive(false);
            // A browser that goes away is no event.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
    }
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
