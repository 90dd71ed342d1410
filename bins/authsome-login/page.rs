//! The local page: alive for one login, on loopback, for one browser.
//!
//! A login has one nonce per step, in the address `http://127.0.0.1:7998/<nonce>`. The opener gets the path
//! of a private file that leads there, because a program's arguments can be read by every user of the machine;
//! connections of other users are dropped as they come. The first browser with the nonce gets the cookie, and
//! a second one without the cookie ends the login loudly. The page never learns a token: it hands a form or a
//! callback on and shows how it ended.

mod guard;
mod html;
mod routes;
mod server;
mod waiting;

use crate::callback::{Callback, NotOurs};
use crate::redirect::Redirect;
use crate::wait::Heard;
use cli::Output;
use proto::ops::flow::{Authorized, Form, FormAnswer};
use proto::{Code, Error, Result};
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
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
    /// A callback did not belong to this login or held no answer.
    NotTaken(NotOurs),
    /// A nonce was used by two browsers.
    SecondBrowser,
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
        /// What the person should know about the connection.
        notes: Vec<String>,
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
    output: Output,
    nonce: Mutex<Nonce>,
    /// The file that leads to the current nonce, until a browser has followed it.
    redirect: Mutex<Option<Redirect>>,
    /// True once two browsers have used one nonce, at any step.
    second_browser: AtomicBool,
    /// True once a connection of another user was dropped and the person was told.
    turned_away: AtomicBool,
    /// The query of the last callback that was taken: a later step does not take it again.
    taken: Mutex<Option<String>>,
    stage: watch::Sender<Stage>,
}

/// The living nonce of the present step.
#[derive(Default)]
struct Nonce {
    text: String,
    used: bool,
}

impl Page {
    /// Listens at the callback's addresses, nowhere else.
    pub fn open(callback: &Callback, about: About, heard: Sender<Heard>, output: Output) -> Result<Page> {
        let listeners = listen(&callback.addresses())?;
        let shared = Arc::new(Shared {
            callback: callback.clone(),
            about,
            cookie: crate::run::random_text()?,
            heard,
            output,
            nonce: Mutex::default(),
            redirect: Mutex::default(),
            second_browser: AtomicBool::default(),
            turned_away: AtomicBool::default(),
            taken: Mutex::default(),
            stage: watch::Sender::new(Stage::Starting),
        });
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let serving = shared.clone();
        let thread = std::thread::Builder::new()
            .name("login-page".to_owned())
            .spawn(move || server::run(listeners, serving, stopped))
            .map_err(|error| {
                Error::unavailable(format!("no thread for the login page: {error}"))
                    .hint("ulimit -u shows how many processes are allowed")
            })?;
        Ok(Page { shared, origin: callback.origin(), stop: Some(stop), thread: Some(thread) })
    }

    /// Goes on to a step that starts in a browser window; gives the one address to open.
    pub fn step(&self, stage: Stage) -> Result<String> {
        let nonce = crate::run::random_text()?;
        *self.shared.nonce() = Nonce { text: nonce.clone(), used: false };
        self.shared.stage.send_replace(stage);
        Ok(format!("{}/{nonce}", self.origin))
    }

    /// Writes the file that leads a browser to `address`, and returns the file's own address.
    pub fn redirect(&self, address: &str) -> io::Result<String> {
        let mut redirect = self.shared.redirect();
        // All these files have one path, so the earlier one is removed before the next is written.
        *redirect = None;
        redirect.insert(Redirect::write(self.shared.callback.address().port(), address)?).url()
    }

    /// Returns true when two browsers have used one address. The login must then end.
    pub fn had_second_browser(&self) -> bool {
        self.shared.second_browser.load(Ordering::SeqCst)
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

    fn redirect(&self) -> MutexGuard<'_, Option<Redirect>> {
        self.redirect.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn taken(&self) -> MutexGuard<'_, Option<String>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the person, once, that a connection of another user was dropped.
    fn tell_turned_away(&self) {
        if !self.turned_away.swap(true, Ordering::SeqCst) {
            self.output.warning(
                "a program of another user of this machine came to the login page and was turned away; \
                 if that was your own tunnel, make it as this user, or paste the address you end at",
            );
        }
    }
}

/// Listens at each address. The IPv6 address of `localhost` is left out on a machine without IPv6.
fn listen(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>> {
    let mut listeners = Vec::new();
    for address in addresses {
        match TcpListener::bind(address) {
            Ok(listener) => listeners.push(listener),
            Err(error) if !listeners.is_empty() && error.kind() != ErrorKind::AddrInUse => {}
            Err(error) => return Err(cannot_listen(*address, &error)),
        }
    }
    Ok(listeners)
}

fn cannot_listen(address: SocketAddr, error: &io::Error) -> Error {
    if error.kind() != ErrorKind::AddrInUse {
        return Error::unavailable(format!("cannot listen on {address}: {error}"))
            .hint("the config key callback sets another loopback address: man authsome-config");
    }
    let port = address.port();
    Error::new(Code::PortInUse, format!("port {port} is in use, and the login page needs it")).hint(format!(
        "ss -ltnp 'sport = :{port}' (or lsof -i :{port}) shows its owner; the config key \"callback\" sets another port, \
         which must also be registered with the provider"
    ))
}
