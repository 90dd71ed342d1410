//! Writers that race for one key: with `if_rev`, no update may be lost.

use crate::checks::Planted;
use crate::conversation::{Conversation, Setup};
use crate::transcript::Race;
use proto::Object;
use serde_json::json;
use std::time::{Duration, Instant};

/// For a vault that never lets a writer through.
const PATIENCE: Duration = Duration::from_secs(60);

/// `key` is the race's key with its names filled in.
pub fn run(setup: &Setup, race: &Race, key: &str) -> Result<(), String> {
    let mut judge = Writer::start(setup, key)?;
    judge.put(json!(null), 0)?.map_err(|error| format!("the first put: {}", error.code.as_str()))?;
    let ended: Vec<Result<(), String>> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..race.writers).map(|_| scope.spawn(|| add(setup, key, race.times))).collect();
        writers.into_iter().map(|writer| writer.join().unwrap_or_else(|_| Err("a writer panicked".into()))).collect()
    });
    ended.into_iter().collect::<Result<(), String>>()?;
    let (_, count) = judge.get()?;
    let expected = (race.writers * race.times) as u64;
    if count != expected {
        return Err(format!("{} writers counted {expected} updates, the record {count}", race.writers));
    }
    judge.conversation.end(&judge.planted)
}

fn add(setup: &Setup, key: &str, times: usize) -> Result<(), String> {
    let mut writer = Writer::start(setup, key)?;
    let deadline = Instant::now() + PATIENCE;
    let mut done = 0;
    while done < times {
        if Instant::now() > deadline {
            return Err(format!("a writer made {done} of {times} updates in {} s", PATIENCE.as_secs()));
        }
        let (rev, count) = writer.get()?;
        match writer.put(rev, count + 1)? {
            Ok(_) => done += 1,
            Err(error) if error.code == proto::Code::Conflict => {}
            Err(error) => return Err(format!("put answered {}", error.code.as_str())),
        }
    }
    writer.conversation.end(&writer.planted)
}

struct Writer<'a> {
    conversation: Conversation,
    planted: Planted,
    key: &'a str,
}

impl<'a> Writer<'a> {
    fn start(setup: &Setup, key: &'a str) -> Result<Writer<'a>, String> {
        Ok(Writer { conversation: Conversation::start(setup)?, planted: Planted::default(), key })
    }

    /// Revision and count.
    fn get(&mut self) -> Result<(serde_json::Value, u64), String> {
        let got =
            self.request("get", json!({"key": self.key}))?.map_err(|error| format!("get: {}", error.code.as_str()))?;
        let count = got.get("record").and_then(|record| record.get("count")).and_then(serde_json::Value::as_u64);
        Ok((got.get("rev").cloned().unwrap_or_default(), count.ok_or("the record has lost its count")?))
    }

    fn put(&mut self, if_rev: serde_json::Value, count: u64) -> Result<proto::Result<Object>, String> {
        self.request("put", json!({"key": self.key, "if_rev": if_rev, "record": {"count": count}, "secret": {}}))
    }

    fn request(&mut self, op: &str, body: serde_json::Value) -> Result<proto::Result<Object>, String> {
        let serde_json::Value::Object(body) = body else { unreachable!("bodies are objects") };
        self.conversation.request(op, body, &mut self.planted)
    }
}
