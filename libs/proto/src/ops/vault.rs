//! Role `vault`: keep a record, give it back.

use crate::{Error, Key, Object, Result, Secrets};
use serde::{Deserialize, Serialize};

/// A revision: opaque, never used again for a key, not even after erase.
pub type Rev = String;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Get {
    pub key: Key,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_changed: Option<Rev>,
}

/// Answer to [`Get`]: the entry, or `{unchanged:true}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Got {
    Entry(Entry),
    Unchanged { unchanged: bool },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub rev: Rev,
    pub record: Object,
    #[serde(default)]
    pub secret: Secrets,
}

/// When a write may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// `if_rev` absent.
    Anything,
    /// `if_rev` null.
    Missing,
    Rev(Rev),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Put {
    pub key: Key,
    #[serde(default = "anything", with = "expect", skip_serializing_if = "is_anything")]
    pub if_rev: Expect,
    pub record: Object,
    #[serde(default)]
    pub secret: Secrets,
}

/// Answer to [`Put`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Written {
    pub rev: Rev,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Erase {
    pub key: Key,
    #[serde(default = "anything", with = "expect", skip_serializing_if = "is_anything")]
    pub if_rev: Expect,
}

/// `prefix` is whole parts ending in `/`, or a whole key.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct List {
    pub prefix: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_changed: Option<Rev>,
}

/// The most records one answer to `list` holds.
pub const LIST_LIMIT: usize = 500;

/// Answer to [`List`]: the records, or `{unchanged:true}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Listed {
    Records(Listing),
    Unchanged { unchanged: bool },
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Listing {
    #[serde(default)]
    pub rev: Rev,
    pub records: Vec<Row>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One record of a listing, without its secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub key: Key,
    pub rev: Rev,
    /// The record; empty when it could not be read.
    pub record: Object,
    /// The reason why the record could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub err: Option<Error>,
}

impl Row {
    /// Returns the row, or its error if its record could not be read.
    pub fn readable(self) -> Result<Row> {
        match self.err {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }
}

/// `lock` and `unlock`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Lock {
    pub key: Key,
}

fn anything() -> Expect {
    Expect::Anything
}

fn is_anything(expect: &Expect) -> bool {
    *expect == Expect::Anything
}

/// `if_rev`: absent, null and a revision are three different things.
mod expect {
    use super::Expect;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(expect: &Expect, serializer: S) -> Result<S::Ok, S::Error> {
        match expect {
            Expect::Rev(rev) => Some(rev).serialize(serializer),
            Expect::Missing | Expect::Anything => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Expect, D::Error> {
        Ok(match Option::<String>::deserialize(deserializer)? {
            Some(rev) => Expect::Rev(rev),
            None => Expect::Missing,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(text: &str) -> Put {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn absent_null_and_a_revision_are_three_things() {
        let body = |if_rev: &str| put(&format!(r#"{{"key":"a/b/c",{if_rev}"record":{{}}}}"#));
        for (text, expect) in [
            ("", Expect::Anything),
            (r#""if_rev":null,"#, Expect::Missing),
            (r#""if_rev":"7","#, Expect::Rev("7".into())),
        ] {
            let put = body(text);
            assert_eq!(put.if_rev, expect);
            let again = self::put(&serde_json::to_string(&put).unwrap());
            assert_eq!(again.if_rev, expect);
        }
    }
}
