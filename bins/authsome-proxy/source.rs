//! The credential source of this session: one helper, started again when it dies.

use cli::Context;
use helper::{Broken, Child, Event, Link};
use proto::ops::credential::Open;
use proto::{Error, Object, Result, codec};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A helper that dies at once, again and again, is not started more often than this.
const PAUSE: Duration = Duration::from_secs(1);

/// A handle that may be cloned into every connection.
#[derive(Clone)]
pub struct Source(Arc<Inner>);

struct Inner {
    context: Context,
    open: Open,
    running: Mutex<Running>,
    /// The helper's notes for the person that were not taken yet.
    notes: Arc<Mutex<Vec<String>>>,
}

struct Running {
    /// `None` while it cannot be started.
    child: Option<Child>,
    started_at: Instant,
}

impl Source {
    /// Starts the configured helper and opens the session there.
    pub fn start(context: Context, open: Open) -> Result<Source> {
        let child = start(&context, &open)?;
        let running = Mutex::new(Running { child: Some(child), started_at: Instant::now() });
        Ok(Source(Arc::new(Inner { context, open, running, notes: Arc::default() })))
    }

    /// Returns the notes so far, for example about a provider that is left out. Each is returned once.
    pub fn take_notes(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// One request. When the helper dies over it, another one is asked once.
    pub async fn ask<B: Serialize, A: DeserializeOwned + 'static>(&self, op: &'static str, body: &B) -> Result<A> {
        let body = codec::to_object(body);
        let answer = match self.once(op, body.clone()).await {
            Ok(answer) => answer,
            Err(_) => self.once(op, body).await?,
        };
        codec::from_object(&format!("the credential source's answer to {op}"), answer?)
    }

    /// Ends the helper: it writes what is under way by itself.
    pub fn end(&self) {
        self.running().child = None;
    }

    async fn once(&self, op: &'static str, body: Object) -> std::result::Result<Result<Object>, Broken> {
        let source = self.clone();
        let link = tokio::task::spawn_blocking(move || source.link()).await;
        let broken =
            |what: &str| Broken { helper: "authsome-credential".to_owned(), what: what.to_owned(), timed_out: false };
        let link = match link {
            Ok(Ok(link)) => link,
            Ok(Err(error)) => return Ok(Err(error)),
            Err(_) => return Err(broken("it could not be started")),
        };
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let mut sender = Some(sender);
        let notes = self.0.notes.clone();
        link.submit(op, body, move |event| match event {
            Event::Note(text) => notes.lock().unwrap_or_else(PoisonError::into_inner).push(text),
            // The client may have gone away meanwhile.
            Event::Done(result) => _ = sender.take().map(|sender| sender.send(result)),
            // The proxy can ask nobody. The helper's own time limit ends the request.
            Event::Ask { .. } => {}
        });
        receiver.await.unwrap_or_else(|_| Err(broken("it is gone")))
    }

    /// The living helper's link; starts another one when it has died.
    fn link(&self) -> Result<Link> {
        let mut running = self.running();
        if let Some(child) = running.child.as_ref().filter(|child| child.link().is_alive()) {
            return Ok(child.link().clone());
        }
        let since = running.started_at.elapsed();
        if since < PAUSE {
            std::thread::sleep(PAUSE - since);
        }
        running.started_at = Instant::now();
        running.child = None;
        let child = start(&self.0.context, &self.0.open)?;
        let link = child.link().clone();
        running.child = Some(child);
        Ok(link)
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn start(context: &Context, open: &Open) -> Result<Child> {
    let child = context.credential()?;
    let _: Object = child.link().request("open", open)?;
    Ok(child)
}

/// The error's code as the status towards a client, and the word that says it.
pub fn refusal(error: &Error) -> mitm::Refusal {
    use proto::{Code, Outcome};
    let status = match (error.code, error.outcome) {
        (Code::Ambiguous, _) => 409,
        (Code::Denied | Code::NotFound | Code::NeedsInteraction, _) => 403,
        (_, Some(Outcome::Reauthorize | Outcome::FixConfig)) => 403,
        _ => 502,
    };
    let code = match error.outcome {
        Some(Outcome::Reauthorize) => "reauthorize",
        Some(Outcome::FixConfig) => "fix-config",
        _ => error.code.as_str(),
    };
    let status = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::BAD_GATEWAY);
    let mut message = error.message.clone();
    if !error.choices.is_empty() {
        message.push_str(&format!(" ({})", error.choices.join(", ")));
    }
    let refusal = mitm::Refusal::new(status, code, message);
    match &error.hint {
        Some(hint) => refusal.fix(hint),
        None => refusal,
    }
}
