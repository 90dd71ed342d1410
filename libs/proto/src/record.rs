//! The records every program must agree on: a connection, an OAuth client, a default.
//!
//! Fields of a newer program are kept (`rest`), so an older one that renews a token loses nothing.

use crate::{ConnectionName, Object, ProviderName};
use serde::{Deserialize, Serialize};

/// How a connection stands. `expired` is derived, see [`Connection::state`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Connected,
    /// The provider rejected its refresh token, or an answer was lost: log in again.
    Invalid,
    /// A status of a newer program.
    #[serde(other)]
    Unknown,
}

/// Whose account it is, as the provider told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Fields of a newer program.
    #[serde(flatten)]
    pub rest: Object,
}

/// What the person confirmed at login: a definition that says otherwise gets no credential.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Bound {
    #[serde(default)]
    pub token_url: Option<String>,
    #[serde(default)]
    pub revocation_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_authorization_url: Option<String>,
    /// Where a login asks for the endpoints that the definition does not name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// `host[:port][/path]` patterns, sorted.
    #[serde(default)]
    pub targets: Vec<String>,
    /// The places of a request that may hold the credential, a text for each. The first is the usual one.
    /// A record of an older program has none, and they are not compared then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub places: Option<Vec<String>>,
    /// Variables that hold an address or have an unusual name, as `NAME=WHAT`. They may be absent like `places`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variables: Option<Vec<String>>,
    /// Fields of a newer program.
    #[serde(flatten)]
    pub rest: Object,
}

impl Bound {
    /// Returns whether the person confirmed everything that a definition says `now`.
    pub fn confirms(&self, now: &Bound) -> bool {
        now.changes(self).is_empty()
    }

    /// Returns in words each part that differs from what it `was`.
    pub fn changes(&self, was: &Bound) -> Vec<String> {
        let shown = |text: &Option<String>| text.clone().filter(|text| !text.is_empty()).unwrap_or("none".to_owned());
        let mut changed: Vec<_> =
            self.parts().into_iter().zip(was.parts()).filter(|((_, is), (_, was))| !same(is, was)).collect();
        let lists = [("credential in", &self.places, &was.places), ("variables", &self.variables, &was.variables)];
        for (what, is, was) in lists {
            if let (Some(is), Some(was)) = (is, was)
                && is != was
            {
                changed.push(((what, Some(is.join(", "))), (what, Some(was.join(", ")))));
            }
        }
        let text = |((what, is), (_, was)): &(Part, Part)| format!("{what}: {} (was {})", shown(is), shown(was));
        changed.iter().map(text).collect()
    }

    /// Returns the parts that every record has, with a word for each.
    fn parts(&self) -> [Part; 6] {
        [
            ("tokens", self.token_url.clone()),
            ("revocation", self.revocation_url.clone()),
            ("device codes", self.device_authorization_url.clone()),
            ("issuer", self.issuer.clone()),
            ("resource", self.resource.clone()),
            ("API", Some(self.targets.join(" "))),
        ]
    }
}

/// A word for a part of a `Bound`, and the part's value.
type Part = (&'static str, Option<String>);

/// Returns whether two values are the same. The slash of an empty path makes no difference.
fn same(one: &Option<String>, other: &Option<String>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => host::same_identifier(one, other),
        (one, other) => one == other,
    }
}

/// The journal entry of a renewal under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewal {
    /// Unix seconds; dead when past, or more than 60 s ahead.
    pub until: i64,
    /// SHA-256 of the refresh token that was sent, in hex.
    pub token_sha256: String,
    /// The name of the lock that the writer holds for as long as it lives, if it holds one. It names one
    /// lock file on one running system. A process that gets this lock knows that the writer is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
}

/// The record of a connection (RFC 6749 §5.1, with what is needed to renew it: §6).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    pub provider: ProviderName,
    pub flow: String,
    pub status: Status,
    #[serde(default)]
    pub scopes: Vec<String>,
    #[serde(default)]
    pub account: Account,
    /// Unix seconds.
    #[serde(default)]
    pub obtained_at: i64,
    /// Unix seconds; absent when the provider told no lifetime.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// A refresh token is there.
    #[serde(default)]
    pub renewable: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    /// `basic`, `body` or `none` (RFC 6749 §2.3.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_auth: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    #[serde(default)]
    pub bound: Bound,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewal: Option<Renewal>,
    /// Unix seconds of the last renewal tried because of a 401.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried_at: Option<i64>,
    /// Fields of a newer program.
    #[serde(flatten)]
    pub rest: Object,
}

impl Connection {
    /// The word for people and scripts: `connected`, `expired` or `invalid`.
    pub fn state(&self, now: i64) -> &'static str {
        let past = self.expires_at.is_some_and(|at| at <= now);
        match self.status {
            Status::Invalid => "invalid",
            Status::Connected if past && !self.renewable => "expired",
            Status::Connected => "connected",
            Status::Unknown => "unknown",
        }
    }
}

/// The record at `@client` (RFC 7591 §3.2.1 for a registered one).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Client {
    pub client_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_auth: Option<String>,
    /// Made by dynamic registration, not typed in by a person.
    #[serde(default)]
    pub registered: bool,
    /// Unix seconds at which the client secret ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    #[serde(default)]
    pub bound: Bound,
    #[serde(flatten)]
    pub rest: Object,
}

/// The record at `@default`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefaultConnection {
    pub connection: ConnectionName,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{from_object, to_object};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn object(value: Value) -> Object {
        let Value::Object(object) = value else { unreachable!("the tests give objects") };
        object
    }

    #[test]
    fn the_least_that_was_ever_written_is_a_connection() {
        let old = object(json!({"provider": "notion", "flow": "pkce", "status": "connected"}));
        let record: Connection = from_object("an old record", old).unwrap();
        assert!(record.expires_at.is_none() && !record.renewable && record.renewal.is_none());
        assert_eq!(record.state(i64::MAX), "connected");
        let old = object(json!({"client_id": "12"}));
        let client: Client = from_object("an old client", old).unwrap();
        assert!(!client.registered && client.expires_at.is_none());
    }

    #[test]
    fn what_names_no_provider_flow_or_status_is_no_connection() {
        let whole = object(json!({"provider": "notion", "flow": "pkce", "status": "connected"}));
        for missing in ["provider", "flow", "status"] {
            let mut record = whole.clone();
            record.remove(missing);
            assert!(from_object::<Connection>("a record", record).is_err(), "{missing}");
        }
    }

    /// Any JSON, a few levels deep.
    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            let objects = prop::collection::btree_map("\\PC{0,8}", inner.clone(), 0..4);
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(Value::from),
                objects.prop_map(|object| Value::Object(object.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// An older program that renews a token of a newer one loses nothing of the record.
        #[test]
        fn unknown_fields_go_through_a_change_unharmed(
            newer in prop::collection::btree_map("x_[a-z]{0,8}", json(), 0..6),
            expires_at in any::<Option<i64>>(),
        ) {
            let mut record = object(json!({"provider": "notion", "flow": "pkce", "status": "connected",
                "account": {"label": "Acme"}, "bound": {"token_url": null, "targets": ["api.notion.com"]}}));
            for place in ["account", "bound"] {
                record[place].as_object_mut().unwrap().extend(newer.clone());
            }
            record.extend(newer.clone());
            let mut read: Connection = from_object("a record", record).unwrap();
            read.expires_at = expires_at;
            let written = to_object(&read);
            for (name, value) in newer {
                for there in [&written[&name], &written["account"][&name], &written["bound"][&name]] {
                    prop_assert_eq!(there, &value);
                }
            }
            let now = Bound { targets: vec!["api.notion.com".to_owned()], ..Bound::default() };
            prop_assert!(read.bound.confirms(&now));
            prop_assert_eq!(from_object::<Connection>("a record", written).unwrap(), read);
        }

        /// Whatever lies there is a record or an error, and never another record than was written.
        #[test]
        fn any_object_is_read_or_refused(fields in prop::collection::btree_map(
            "flow|scopes|account|obtained_at|expires_at|renewable|bound|renewal|[a-z]{1,6}", json(), 0..4,
        )) {
            let mut whole = object(json!({"provider": "notion", "flow": "pkce", "status": "connected"}));
            whole.extend(fields);
            if let Ok(record) = from_object::<Connection>("a record", whole) {
                prop_assert_eq!(from_object::<Connection>("a record", to_object(&record)).unwrap(), record);
            }
        }
    }

    #[test]
    fn every_place_that_gets_a_secret_is_one_that_is_confirmed() {
        let token_url = Some("https://n.test/token".to_owned());
        let was = Bound { token_url, targets: vec!["api.n.test".to_owned()], ..Bound::default() };
        for (field, word) in [
            ("token_url", "tokens"),
            ("revocation_url", "revocation"),
            ("device_authorization_url", "device codes"),
            ("issuer", "issuer"),
            ("resource", "resource"),
        ] {
            let mut moved = to_object(&was);
            moved.insert(field.to_owned(), "https://attacker.test/".into());
            let moved: Bound = from_object("a bound", moved).unwrap();
            assert_ne!(moved, was, "{field}");
            let changes = moved.changes(&was);
            assert!(changes[0].starts_with(&format!("{word}: https://attacker.test/ (was ")), "{changes:?}");
            assert_eq!(changes.len(), 1);
        }
        let slash = |issuer: &str| Bound { issuer: Some(issuer.to_owned()), ..was.clone() };
        let confirms = |one: &str, other: &str| slash(one).confirms(&slash(other));
        assert!(confirms("https://as.test/", "https://as.test"), "one issuer in two spellings stays confirmed");
        assert!(!confirms("https://as.test/a/", "https://as.test/a"));
        let wider = Bound { targets: vec!["*.n.test".to_owned()], ..was.clone() };
        assert_eq!(wider.changes(&was), ["API: *.n.test (was api.n.test)"]);
    }

    #[test]
    fn a_newer_field_and_a_newer_status_are_kept_readable() {
        let text = r#"{"provider":"notion","flow":"pkce","status":"paused","quota":{"left":3}}"#;
        let record: Connection = serde_json::from_str(text).unwrap();
        assert_eq!(record.status, Status::Unknown);
        assert_eq!(crate::codec::to_object(&record)["quota"]["left"], 3);
    }

    #[test]
    fn expired_is_only_what_nobody_can_renew() {
        let text = r#"{"provider":"n","flow":"pkce","status":"connected","expires_at":10}"#;
        let mut record: Connection = serde_json::from_str(text).unwrap();
        assert_eq!(record.state(11), "expired");
        assert_eq!(record.state(9), "connected");
        record.renewable = true;
        assert_eq!(record.state(11), "connected");
    }
}
