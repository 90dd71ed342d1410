//! The flows as the broker needs them, and the adapter over a helper process.

use helper::{Broken, Child, NoAsks};
use proto::ops::flow::{Learned, Refresh};
use proto::{Code, Error, Object, Outcome, Result};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

pub trait Flows: Send + Sync {
    /// An error carries its outcome; none means [`Outcome::Lost`].
    fn refresh(&self, request: Refresh) -> Result<Learned>;
    fn revoke(&self, request: Refresh) -> Result<()>;
}

/// Starts the helper of a flow, which may live no longer than the thread that starts it.
pub type StartFlow = Box<dyn Fn(&str) -> Result<Child> + Send + Sync>;

/// How long a renewal may take, the start of the helper included.
const DEADLINE: Duration = Duration::from_secs(20);

/// The life of a helper within which its end counts as a failed start. Starting such a helper again costs little.
const AT_ONCE: Duration = Duration::from_secs(1);

/// One process per renewal: they are rare, and a fresh process has nothing left over.
pub struct StartedFlows(Arc<StartFlow>);

impl StartedFlows {
    pub fn new(start: StartFlow) -> StartedFlows {
        StartedFlows(Arc::new(start))
    }

    fn call(&self, op: &'static str, request: &Refresh) -> Result<Result<Object>, CallError> {
        let deadline = Instant::now() + DEADLINE;
        let (start, flow, body) = (self.0.clone(), request.flow.clone(), proto::codec::to_object(request));
        let (sender, answer) = mpsc::channel();
        // Ending a helper may take seconds, and the answer must be stored now.
        std::thread::spawn(move || {
            let child = match started(&start, &flow) {
                Ok(child) => child,
                Err(error) => return drop(sender.send(Err(CallError::NotStarted(error)))),
            };
            let result = child.link().call_until(op, body, &mut NoAsks, Some(deadline));
            drop(sender.send(result.map_err(CallError::Broken)));
        });
        // It panicked: whatever it sent may have arrived.
        let what = || "its thread has ended".to_owned();
        let lost = |_| Err(CallError::Broken(Broken { helper: request.flow.clone(), what: what(), timed_out: false }));
        answer.recv().unwrap_or_else(lost)
    }
}

/// Starts the helper of a flow, and once more when it died before its hello, when it had sent nothing yet.
fn started(start: &StartFlow, flow: &str) -> Result<Child> {
    let began = Instant::now();
    match start(flow) {
        Err(error) if error.code == Code::Unavailable && began.elapsed() < AT_ONCE => start(flow),
        result => result,
    }
}

enum CallError {
    NotStarted(Error),
    Broken(Broken),
}

impl Flows for StartedFlows {
    fn refresh(&self, request: Refresh) -> Result<Learned> {
        match self.call("refresh", &request) {
            Ok(Ok(reply)) => {
                proto::codec::from_object(&format!("the answer of flow {} to refresh", request.flow), reply)
                    .map_err(|error| error.outcome(Outcome::Lost))
            }
            // A flow that cannot renew has sent nothing.
            Ok(Err(error)) if error.outcome.is_none() && error.code == Code::Unsupported => {
                Err(error.outcome(Outcome::FixConfig))
            }
            Ok(Err(error)) => Err(error),
            Err(CallError::NotStarted(error)) => {
                let lasting = matches!(error.code, Code::NotFound | Code::Unsupported | Code::Denied | Code::Invalid);
                Err(error.outcome(if lasting { Outcome::FixConfig } else { Outcome::RetryAt }))
            }
            Err(CallError::Broken(broken)) => Err(Error::from(broken).outcome(Outcome::Lost)),
        }
    }

    fn revoke(&self, request: Refresh) -> Result<()> {
        match self.call("revoke", &request) {
            Ok(reply) => reply.map(drop),
            Err(CallError::NotStarted(error)) => Err(error),
            Err(CallError::Broken(broken)) => Err(broken.into()),
        }
    }
}
