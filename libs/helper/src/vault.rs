//! The role `vault`, typed: what every program says to a vault.

use crate::Link;
use proto::ops::vault::{Entry, Erase, Expect, Get, Got, LIST_LIMIT, List, Listing, Lock, Put, Rev, Row, Written};
use proto::{Code, Error, Key, Object, Result, Secrets};
use serde::Deserialize;

/// [`proto::ops::vault::Listed`] in one: serde would build every record twice to find out which it is.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    rev: Rev,
    records: Option<Vec<Row>>,
    next: Option<String>,
}

/// A vault at the other end of a link.
#[derive(Clone)]
pub struct Vault(Link);

impl Vault {
    pub fn new(link: Link) -> Vault {
        Vault(link)
    }

    pub fn link(&self) -> &Link {
        &self.0
    }

    /// The entry, or `None` when there is none.
    pub fn get(&self, key: &Key) -> Result<Option<Entry>> {
        let body = Get { key: key.clone(), if_changed: None };
        match self.0.request("get", &body) {
            Ok(Got::Entry(entry)) => Ok(Some(entry)),
            Ok(Got::Unchanged { .. }) => Err(self.nonsense("get")),
            Err(error) if error.code == Code::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes both halves, durably; gives the new revision.
    pub fn put(&self, key: &Key, if_rev: Expect, record: Object, secret: Secrets) -> Result<String> {
        let written: Written = self.0.request("put", &Put { key: key.clone(), if_rev, record, secret })?;
        Ok(written.rev)
    }

    pub fn erase(&self, key: &Key, if_rev: Expect) -> Result<()> {
        let _: Object = self.0.request("erase", &Erase { key: key.clone(), if_rev })?;
        Ok(())
    }

    /// Every record under `prefix`, page by page. Opens no secret.
    pub fn list(&self, prefix: &str) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        let mut after = None;
        loop {
            let page = self.page(prefix, after.take())?;
            rows.extend(page.records);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(rows),
            }
        }
    }

    /// The record of one key without its secret.
    pub fn record(&self, key: &Key) -> Result<Option<Row>> {
        Ok(self.records(std::slice::from_ref(key))?.pop())
    }

    /// The records of these keys that are there, asked for together.
    pub fn records(&self, keys: &[Key]) -> Result<Vec<Row>> {
        let bodies: Vec<List> = keys.iter().map(|key| all(key.to_string(), None)).collect();
        let mut found = Vec::new();
        for (answer, key) in self.0.requests("list", &bodies).into_iter().zip(keys) {
            found.extend(self.listing(answer?)?.records.into_iter().find(|row| row.key == *key));
        }
        Ok(found)
    }

    /// Holds the key until `unlock`, or until the link closes. `Locked` at once when held.
    pub fn lock(&self, key: &Key) -> Result<()> {
        let _: Object = self.0.request("lock", &Lock { key: key.clone() })?;
        Ok(())
    }

    pub fn unlock(&self, key: &Key) -> Result<()> {
        let _: Object = self.0.request("unlock", &Lock { key: key.clone() })?;
        Ok(())
    }

    pub fn has_lock(&self) -> bool {
        self.0.hello().has("lock")
    }

    fn page(&self, prefix: &str, after: Option<String>) -> Result<Listing> {
        self.listing(self.0.request("list", &all(prefix.to_owned(), after))?)
    }

    fn listing(&self, answer: Answer) -> Result<Listing> {
        let Some(records) = answer.records else { return Err(self.nonsense("list")) };
        Ok(Listing { rev: answer.rev, records, next: answer.next })
    }

    fn nonsense(&self, op: &str) -> Error {
        Error::unavailable(format!("helper {}: {op} was answered with nothing, or as unchanged", self.0.helper()))
            .hint(format!("authsome-conform vault -- {} tells what it does wrong", self.0.helper()))
    }
}

fn all(prefix: String, after: Option<String>) -> List {
    List { prefix, after, limit: Some(LIST_LIMIT), if_changed: None }
}
