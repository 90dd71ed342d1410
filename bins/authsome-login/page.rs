//! The local page: alive for one login, on loopback, for one browser.
//!
//! A login has one nonce per step. The opener gets only `http://127.0.0.1:7998/<nonce>`, because a
//! program's arguments can be read by every user of the machine; whoever comes first with it gets
//! the cookie, and a second one without the cookie ends the login loudly. The page never learns a
//! token: it hands a form or a callback on and shows how it ended.

mod guard;
mod html;
mod routes;
mod server;

use crate::callback::Callback;
use crate::wait::Heard;
use proto::ops::flow::{Authorized, Form, FormAnswer};
use proto::{Code, Error, Result};
use std::net::TcpListener;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Its own paths, which no provider can be sent back to.
pub const FORM: &str = "/form";
pub const WAIT: &str = "/wait";

/// What the page tells the login.
pub enum PageEvent {
    Form(FormAnswer),
    Callback(Authorized),
    /// A nonce was used by two browsers.
    NonceTwice,
}

/// What the page is about, for people.
#[derive(Debug, Clone)]
pub struct About {
    /// As people call it.
    pub provider: String,
    /// As commands call it.
    pub name: String,
    pub connection: String,
    /// What commands about this connection need: ` --connection work --profile home`, or nothing.
    pub flags: String,
    /// What a command about all connections needs: ` --profile home`, or nothing.
    pub profile_flag: String,
    /// Shown on the form of an OAuth app, with a button to copy it.
    pub redirect_uri: Option<String>,
    pub dashboard_url: Option<String>,
    pub docs_url: Option<String>,
}

/// Where the login stands; what a browser that waits is shown.
#[derive(Debug, Clone, Default)]
pub enum Stage {
    #[default]
    Starting,
    Form(Form),
    /// A second window goes to the provider.
    Authorize {
        url: String,
        state: String,
    },
    /// The answer is being checked and stored.
    Working,
    Connected {
        account: Option<String>,
        scopes: Vec<String>,
    },
    Failed {
        message: String,
        hint: Option<String>,
    },
}

/// The server's handle; dropping it stops listening.
pub struct Page {
    shared: Arc<Shared>,
    origin: String,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

struct Shared {
    callback: Callback,
    about: About,
    cookie: String,
    heard: Sender<Heard>,
    nonce: Mutex<Nonce>,
    /// The query of the last callback that was taken: a later step does not take it again.
    taken: Mutex<String>,
    stage: watch::Sender<Stage>,
}

/// The living nonce of the present step.
#[derive(Default)]
struct Nonce {
    text: String,
    used: bool,
}

impl Page {
    /// Listens at the callback's address, nowhere else.
    pub fn open(callback: &Callback, about: About, heard: Sender<Heard>) -> Result<Page> {
        let address = callback.address();
        let listener = TcpListener::bind(address).map_err(|error| cannot_listen(address, &error))?;
        let shared = Arc::new(Shared {
            callback: callback.clone(),
            about,
            cookie: crate::run::random_text()?,
            heard,
            nonce: Mutex::default(),
            taken: Mutex::default(),
            stage: watch::Sender::new(Stage::Starting),
        });
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let serving = shared.clone();
        let thread = std::thread::Builder::new()
            .name("login-page".to_owned())
            .spawn(move || server::run(listener, serving, stopped))
            .map_err(|error| Error::unavailable(format!("no thread for the login page: {error}")))?;
        Ok(Page { shared, origin: callback.origin(), stop: Some(stop), thread: Some(thread) })
    }

    /// Goes on to a step that starts in a browser window; gives the one address to open.
    pub fn step(&self, stage: Stage) -> Result<String> {
        let nonce = crate::run::random_text()?;
        *self.shared.nonce() = Nonce { text: nonce.clone(), used: false };
        self.shared.stage.send_replace(stage);
        Ok(format!("{}/{nonce}", self.origin))
    }

    /// Tells every window that waits how things stand.
    pub fn show(&self, stage: Stage) {
        self.shared.stage.send_replace(stage);
    }
}

impl Drop for Page {
    /// Lets answers under way be written, for a moment.
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn nonce(&self) -> MutexGuard<'_, Nonce> {
        self.nonce.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn taken(&self) -> MutexGuard<'_, String> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cannot_listen(address: std::net::SocketAddr, error: &std::io::Error) -> Error {
    if error.kind() != std::io::ErrorKind::AddrInUse {
        return Error::unavailable(format!("cannot listen on {address}: {error}"));
    }
    let port = address.port();
    Error::new(Code::PortInUse, format!("port {port} is in use, and the login page needs it")).hint(format!(
        "ss -ltnp 'sport = :{port}' (or lsof -i :{port}) shows its owner; the config key \"callback\" sets another port, \
         which must also be registered with the provider"
    ))
}
