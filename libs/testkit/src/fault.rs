//! What a server does wrong on purpose, where, and how often.

use std::collections::{HashMap, VecDeque};

/// The endpoints of [`crate::OAuthServer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    Authorize,
    Token,
    DeviceAuthorization,
    Revoke,
    Register,
    Userinfo,
    /// RFC 8414 and RFC 9728.
    Metadata,
}

/// One misbehaviour. Unless said otherwise the request is recorded and nothing else happens to it:
/// no code is used up and no token rotated.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Behaves. Good for "once right, then wrong".
    None,
    /// Waits that many milliseconds, then behaves.
    Delay(u64),
    /// Behaves, but holds the answer back for that many milliseconds.
    DelayAnswer(u64),
    /// This status and these headers, with an OAuth error in JSON that means nothing.
    Status(u16, Vec<(String, String)>),
    /// This status with this text as JSON.
    Answer(u16, String),
    /// 200 with a page, as a captive portal sends.
    Html,
    /// Behaves, but the answer breaks off in the middle of the body.
    CutBody,
    /// Closes the connection without doing anything.
    CloseBeforeAnswer,
    /// Does it all (rotates, stores) and closes the connection without a word.
    CloseAfterProcessing,
    /// Does it all and answers 500.
    FailAfterProcessing,
    /// 200 that calls itself JSON and is not.
    Garbage,
    /// 307 to that place, which makes a careless client post its secret there.
    Redirect(String),
    /// Behaves, with 16 MiB of blanks before the JSON.
    Huge,
    /// 429 with Retry-After in seconds.
    Throttle(u64),
    /// 400 whose error_description is the request's own body and Authorization: secrets thrown back.
    Echo,
}

/// How often a [`Fault`] happens before the next one set for that endpoint, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    Once,
    N(usize),
    Always,
}

/// The faults that are still to happen.
#[derive(Debug, Default)]
pub(crate) struct Faults(HashMap<Endpoint, VecDeque<(Fault, Times)>>);

impl Faults {
    pub fn add(&mut self, endpoint: Endpoint, fault: Fault, times: Times) {
        self.0.entry(endpoint).or_default().push_back((fault, times));
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault for this request, used up once.
    pub fn take(&mut self, endpoint: Endpoint) -> Fault {
        let Some(queue) = self.0.get_mut(&endpoint) else { return Fault::None };
        while let Some((fault, times)) = queue.front_mut() {
            let fault = fault.clone();
            match times {
                Times::Always => return fault,
                Times::N(0) => {
                    queue.pop_front();
                    continue;
                }
                Times::N(left) => *left -= 1,
                Times::Once => {
                    queue.pop_front();
                }
            }
            return fault;
        }
        Fault::None
    }
}
