//! One started helper: what was asked of it and not answered, and every line held to the rules.

use crate::args::Role;
use crate::checks::{self, Planted};
use crate::process::{HELLO, Process, REPLY};
use proto::{FromHelper, FromHost, Hello, Object};
use serde_json::Value;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// How to start the helper under test.
pub struct Setup {
    pub role: Role,
    pub helper: Vec<OsString>,
    pub home: PathBuf,
}

impl Setup {
    pub fn with_home(&self, home: &Path) -> Setup {
        Setup { role: self.role, helper: self.helper.clone(), home: home.to_owned() }
    }
}

pub struct Conversation {
    process: Process,
    hello: Hello,
    /// Requests without a reply, oldest first.
    open: VecDeque<u64>,
    last_id: u64,
}

impl Conversation {
    /// Starts the helper and hears its hello.
    pub fn start(setup: &Setup) -> Result<Conversation, String> {
        let process = Process::start(&setup.helper, setup.role.as_str(), &setup.home)?;
        let line = process.hear(HELLO).map_err(|what| format!("no hello: {what}"))?;
        let hello = match FromHelper::parse(&line) {
            Ok(FromHelper::Hello(hello)) => hello,
            Ok(_) => return Err("its first line is no hello".into()),
            Err(malformed) => return Err(format!("no hello, but {malformed}")),
        };
        checks::hello(setup.role, &hello)?;
        Ok(Conversation { process, hello, open: VecDeque::new(), last_id: 1000 })
    }

    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Sends a message as it is.
    pub fn say(&mut self, message: &Value, planted: &mut Planted) {
        planted.learn(message);
        let id = message.get("id").and_then(Value::as_u64).filter(|_| message.get("op").is_some());
        self.open.extend(id);
        self.process.say(format!("{message}\n").into_bytes());
    }

    /// The next message, once it has kept the rules; notes are passed over.
    pub fn hear(&mut self, planted: &Planted) -> Result<(FromHelper, Value), String> {
        loop {
            let line = self.process.hear(REPLY)?;
            let (message, value) = self.checked(&line, planted)?;
            if !matches!(message, FromHelper::Note { .. }) {
                return Ok((message, value));
            }
        }
    }

    /// One request of the kit's own, outside of a transcript; asks are refused.
    pub fn request(&mut self, op: &str, body: Object, planted: &mut Planted) -> Result<proto::Result<Object>, String> {
        self.last_id += 1;
        let id = self.last_id;
        self.say_line(&FromHost::Request { id, op: op.into(), body }, planted)?;
        loop {
            match self.hear(planted)?.0 {
                FromHelper::Reply { result, .. } => return Ok(result),
                FromHelper::Ask { id, n, .. } => {
                    let refused = proto::Error::new(proto::Code::Unsupported, "nobody answers asks here");
                    self.say_line(&FromHost::Answer { id, n, result: Err(refused) }, planted)?;
                }
                FromHelper::Hello(_) | FromHelper::Note { .. } => unreachable!("refused and passed over by hear"),
            }
        }
    }

    /// EOF, and a clean end.
    pub fn end(mut self, planted: &Planted) -> Result<(), String> {
        for line in self.process.end()? {
            self.checked(&line, planted)?;
        }
        Ok(())
    }

    pub fn kill(mut self) {
        self.process.kill();
    }

    fn say_line(&mut self, line: &FromHost, planted: &mut Planted) -> Result<(), String> {
        let message = serde_json::from_slice(&line.to_line()).map_err(|error| error.to_string())?;
        self.say(&message, planted);
        Ok(())
    }

    fn checked(&mut self, line: &[u8], planted: &Planted) -> Result<(FromHelper, Value), String> {
        let message =
            FromHelper::parse(line).map_err(|malformed| format!("it said what is no protocol: {malformed}"))?;
        let value = serde_json::from_slice(line).map_err(|_| "it said a line that is not JSON".to_owned())?;
        planted.check(&value)?;
        match &message {
            FromHelper::Hello(_) => return Err("it said hello twice".into()),
            FromHelper::Reply { id, .. } => self.answered(*id)?,
            FromHelper::Ask { id, .. } | FromHelper::Note { id, .. } if !self.open.contains(id) => {
                return Err(format!("it spoke of request {id}, which is not open"));
            }
            _ => {}
        }
        Ok((message, value))
    }

    fn answered(&mut self, id: u64) -> Result<(), String> {
        let Some(place) = self.open.iter().position(|open| *open == id) else {
            return Err(format!("it answered request {id}, which is not open"));
        };
        if place != 0 && !self.hello.has("concurrent") {
            return Err(format!("it answered request {id} before an earlier one, and its hello has no \"concurrent\""));
        }
        self.open.remove(place);
        Ok(())
    }
}
