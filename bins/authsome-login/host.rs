//! What answers the flow's asks: flags, the page, the terminal, whichever comes first.

use crate::args::Args;
use crate::callback::{self, Callback};
use crate::client;
use crate::events::Events;
use crate::fields::{self, Given};
use crate::opener;
use crate::page::{About, Page, PageEvent, Stage};
use crate::terminal::{self, Prompt};
use crate::turn::{self, Turn};
use crate::unread;
use crate::unused;
use crate::wait::{Ears, Heard};
use helper::vault::Vault;
use helper::{Asks, Link};
use proto::ops::flow::{Authorize, Authorized, Client, Confirm, Device, Form, FormAnswer, KeepClient};
use proto::ops::vault::Expect;
use proto::record::Bound;
use proto::{Code, Error, Key, Object, Result, codec};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The host of one login.
pub struct Host<'a> {
    pub args: &'a Args,
    pub vault: &'a Vault,
    pub client_key: Key,
    pub bound: Bound,
    pub callback: Callback,
    pub about: About,
    pub given: Given,
    /// There was a form for [`Host::given`] to answer.
    pub form_asked: bool,
    pub state: String,
    pub events: Events<'a>,
    pub ears: Ears,
    pub link: &'a Link,
    /// The person took longer than the limit while the flow waited for the provider.
    pub overdue: Arc<AtomicBool>,
    pub locks: PathBuf,
    pub page: Option<Page>,
    /// Dropped after the page: the port is free before the next login gets its turn.
    pub turn: Option<Turn>,
    /// The flow's notes. The last page shows them again, because the person may look at the browser alone.
    pub notes: Vec<String>,
    /// The client that this login uses, once known.
    pub client: Option<Client>,
}

impl Asks for Host<'_> {
    fn ask(&mut self, kind: &str, body: Object, alive: &dyn Fn() -> bool) -> Result<Object> {
        match kind {
            "form" => {
                self.form(codec::from_object("the ask form", body)?, alive).map(|answer| codec::to_object(&answer))
            }
            "keep-client" => self.keep_client(codec::from_object("the ask keep-client", body)?),
            "authorize" => self
                .authorize(&codec::from_object("the ask authorize", body)?, alive)
                .map(|answer| codec::to_object(&answer)),
            "device" => self.device(&codec::from_object("the ask device", body)?),
            "confirm" => self.confirm(&codec::from_object("the ask confirm", body)?),
            other => Err(Error::new(
                Code::Unsupported,
                format!("this login does not know the ask {:?}", proto::redact::shown(other)),
            )),
        }
    }

    fn note(&mut self, text: &str) {
        self.events.note(text);
        self.notes.push(text.to_owned());
    }
}

impl Host<'_> {
    fn form(&mut self, form: Form, alive: &dyn Fn() -> bool) -> Result<FormAnswer> {
        self.form_asked = true;
        let settled = self.given.settle(form)?;
        if settled.superfluous {
            self.events.note("stdin holds more than was asked for");
        }
        if !settled.needs_person {
            return Ok(settled.answer);
        }
        self.need_person("a form must be filled in", || self.given.instead(&settled.left))?;
        self.listen(alive)?;
        self.ears.start_step()?;
        let url = self.page()?.step(Stage::Form(settled.left.clone()))?;
        self.open(&url, None);
        self.events.source(&self.about);
        self.events.waiting("the form");
        if !self.args.stdin {
            unread::tell_of_unread_stdin(self.events.0);
        }
        let prompt = self.prompt(|sender| Prompt::form(settled.left.clone(), sender));
        let typed = loop {
            match self.ears.next(alive)? {
                Heard::Form(answer) | Heard::Page(PageEvent::Form(answer)) => break answer,
                Heard::Page(PageEvent::SecondBrowser) => return Err(second_browser()),
                Heard::TerminalClosed => self.events.terminal_closed(),
                _ => {}
            }
        };
        drop(prompt);
        self.page()?.show(Stage::Working);
        Ok(fields::join(settled.answer, typed))
    }

    /// Durable before the person is sent anywhere: a form is filled in once.
    fn keep_client(&mut self, keep: KeepClient) -> Result<Object> {
        let mut record = keep.client.record.clone();
        record.bound = self.bound.clone();
        self.vault.put(&self.client_key, Expect::Anything, codec::to_object(&record), keep.client.secret.clone())?;
        self.client = Some(keep.client);
        Ok(Object::new())
    }

    /// What was piped in is used, or said to be of no use before a person is sent anywhere.
    pub fn refuse_idle_stdin(&self) -> Result<()> {
        if !self.args.stdin || self.form_asked {
            return Ok(());
        }
        unused::refuse_idle_stdin(&self.about.name, &self.given, self.client.as_ref())
    }

    fn authorize(&mut self, ask: &Authorize, alive: &dyn Fn() -> bool) -> Result<Authorized> {
        self.refuse_idle_stdin()?;
        self.need_person("the provider asks the person who logs in", || {
            "without --no-input it waits for one; --no-browser prints the addresses to open elsewhere".to_owned()
        })?;
        check_url(&ask.url)?;
        self.listen(alive)?;
        self.ears.start_step()?;
        let stage = Stage::Authorize { url: ask.url.clone(), state: self.state.clone() };
        let url = self.page()?.step(stage)?;
        self.open(&url, Some(&ask.url));
        let device = ask.alternatives.iter().any(|way| way == "device");
        self.events.waiting("the provider's answer");
        let answer = self.authorized(ask.pkce, device, alive)?;
        self.page()?.show(Stage::Working);
        Ok(answer)
    }

    fn authorized(&mut self, pkce: bool, device: bool, alive: &dyn Fn() -> bool) -> Result<Authorized> {
        let mut has_terminal = true;
        loop {
            let label = match (pkce, device) {
                (_, true) => "Or paste the address you were sent to (not shown), or press d for a device code: ",
                (true, _) => "Or paste the address you were sent to, or its code (not shown): ",
                _ => "Or paste the address you were sent to (not shown): ",
            };
            let paste = |sender| Prompt::paste(label.to_owned(), device.then_some(b'd'), sender);
            let prompt = if has_terminal { self.prompt(paste) } else { None };
            let heard = self.ears.next(alive)?;
            drop(prompt);
            match heard {
                Heard::Page(PageEvent::Callback(answer)) => return Ok(answer),
                Heard::Page(PageEvent::SecondBrowser) => return Err(second_browser()),
                Heard::Page(PageEvent::NotTaken(why)) => {
                    self.events.note(&format!("The browser came back, and nothing was taken: {}.", why.reason()));
                }
                Heard::OtherWay => {
                    let mut error = Error::new(Code::Declined, "a device code was asked for");
                    error.use_instead = Some("device".to_owned());
                    return Err(error);
                }
                Heard::Pasted(line) => match callback::read_pasted(&line, &self.state, pkce) {
                    Ok(answer) => return Ok(answer),
                    Err(why) => self.events.note(why),
                },
                Heard::TerminalClosed => {
                    has_terminal = false;
                    self.events.terminal_closed();
                }
                _ => {}
            }
        }
    }

    fn device(&mut self, device: &Device) -> Result<Object> {
        self.refuse_idle_stdin()?;
        // The page is for another way; its port is for another login.
        (self.page, self.turn) = (None, None);
        self.need_person("the provider asks the person who logs in", || {
            "without --no-input it shows a code to enter elsewhere".to_owned()
        })?;
        check_url(&device.verification_uri)?;
        let complete = device.verification_uri_complete.as_deref().filter(|url| check_url(url).is_ok());
        self.events.device(device, complete);
        self.events.waiting("the provider to hear from you");
        self.end_when_overdue();
        Ok(Object::new())
    }

    /// The flow waits on its own, as long as the provider lets it: at the person's limit it is told to end.
    fn end_when_overdue(&self) {
        let (link, overdue, limit) = (self.link.clone(), self.overdue.clone(), self.ears.limit());
        std::thread::spawn(move || {
            std::thread::sleep(limit);
            overdue.store(true, Ordering::SeqCst);
            link.close();
        });
    }

    fn confirm(&mut self, confirm: &Confirm) -> Result<Object> {
        let instead = "run it on a terminal, without --no-input and --json";
        client::confirm(self.args, &proto::redact::shown(&confirm.text), instead)?;
        Ok(Object::new())
    }

    /// Opens a window, and prints the addresses when that is not possible or not wanted.
    fn open(&self, local: &str, provider: Option<&str>) {
        if !self.args.no_browser && opener::can_open() && self.open_window(local) {
            return self.events.note(&format!("Opened {local} in your browser."));
        }
        self.events.addresses(local, self.callback.address(), provider);
    }

    /// Starts an opener with a private file that leads to `local`. Every user of this machine could read an
    /// address in the opener's arguments and use it first.
    fn open_window(&self, local: &str) -> bool {
        let file = self.page.as_ref().and_then(|page| page.redirect(local).ok());
        file.is_some_and(|file| opener::open(&file))
    }

    /// Fails when two browsers have used one address, because the account may then be somebody else's.
    pub fn refuse_second_browser(&self) -> Result<()> {
        match &self.page {
            Some(page) if page.had_second_browser() => Err(second_browser()),
            _ => Ok(()),
        }
    }

    fn need_person(&self, what: &str, instead: impl FnOnce() -> String) -> Result<()> {
        if !self.args.no_input {
            return Ok(());
        }
        Err(Error::new(Code::NeedsInteraction, format!("{what}, and --no-input was given")).hint(instead()))
    }

    /// The page listens from the first step that needs it, once no other login does.
    fn listen(&mut self, alive: &dyn Fn() -> bool) -> Result<()> {
        if self.page.is_some() {
            return self.refuse_second_browser();
        }
        self.turn = Some(self.take_turn(alive)?);
        self.page = Some(Page::open(&self.callback, self.about.clone(), self.ears.sender(), self.events.0.clone())?);
        Ok(())
    }

    fn take_turn(&mut self, alive: &dyn Fn() -> bool) -> Result<Turn> {
        let port = self.callback.address().port();
        if let Some(turn) = turn::try_take(&self.locks, port)? {
            return Ok(turn);
        }
        self.events.turn(port);
        self.ears.start_step()?;
        loop {
            if let Some(turn) = turn::try_take(&self.locks, port)? {
                return Ok(turn);
            }
            self.ears.pause(alive)?;
        }
    }

    fn page(&self) -> Result<&Page> {
        self.page.as_ref().ok_or_else(|| Error::internal("this step has no login page"))
    }

    fn prompt(&self, start: impl FnOnce(std::sync::mpsc::Sender<Heard>) -> std::io::Result<Prompt>) -> Option<Prompt> {
        if !terminal::is_there() || self.args.globals.json {
            return None;
        }
        // Without a terminal that can be read, the page alone is listened to.
        start(self.ears.sender()).ok()
    }
}

/// The provider's address goes to a browser: http(s) only, whatever a definition or a server says.
fn check_url(text: &str) -> Result<()> {
    // Printed as it is, so nothing a terminal would obey.
    let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
    let url = url::Url::parse(text)
        .ok()
        .filter(|_| printable)
        .filter(|url| matches!(url.scheme(), "https" | "http") && url.host().is_some());
    let plain_only_on_loopback = |url: &url::Url| {
        let host = url.host_str().and_then(|host| host.parse::<host::Host>().ok());
        url.scheme() == "https" || host.is_some_and(|host| host.is_loopback())
    };
    match url {
        Some(url) if plain_only_on_loopback(&url) => Ok(()),
        _ => Err(Error::new(
            Code::Denied,
            format!("the flow wants to open what is no https address: {}", proto::redact::shown(text)),
        )),
    }
}

fn second_browser() -> Error {
    Error::new(Code::Denied, "the login's one-use address was used by two browsers, perhaps by somebody else's")
        .hint("start the login again; look who else can see this machine's processes")
}
