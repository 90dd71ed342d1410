//! The state of a connection: from its record, and from whether its definition may still use it.

use crate::catalog;
use proto::record::{Bound, Connection, Status};
use proto::{Error, Key, Result};
use provider::Definition;
use std::collections::HashMap;

/// The state of one connection, for people and scripts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// `connected`, `expired`, `invalid`, `changed`, `broken` or `unknown`.
    pub state: &'static str,
    /// The reason why it cannot be used, where the state does not say enough.
    pub why: Option<String>,
    /// The command that mends it.
    pub hint: Option<String>,
}

/// Judges the connections of one provider.
pub struct Judge {
    /// The provider's definition, or the reason why there is none that can be used.
    definition: Result<Definition>,
    /// The bounds that a login would confirm now, by base URL. They are kept because a provider may have many
    /// connections.
    bounds: HashMap<Option<String>, Result<Bound>>,
}

impl Judge {
    pub fn new(definition: Result<Definition>) -> Judge {
        Judge { definition, bounds: HashMap::new() }
    }

    /// Returns the state of the connection at `key` at the time `now`, in Unix seconds.
    pub fn standing(&mut self, key: &Key, record: &Connection, now: i64) -> Standing {
        let bound = match self.bound(record.base_url.as_deref()) {
            Ok(bound) => bound,
            Err(error) => {
                let why = Some(error.message.clone());
                return Standing { state: "broken", why, hint: error.hint.clone() };
            }
        };
        let state = record.state(now);
        let login = || Some(format!("authsome login {}{} --force", key.provider, key.flags()));
        match record.status {
            Status::Connected if state == "connected" && !record.bound.confirms(bound) => {
                let why = format!(
                    "the definition of {} sends credentials elsewhere, or in another way, than when {} was connected: {}",
                    key.provider,
                    key.slot,
                    bound.changes(&record.bound).join("; ")
                );
                Standing { state: "changed", why: Some(why), hint: login() }
            }
            _ if state == "connected" => Standing { state, why: None, hint: None },
            _ => Standing { state, why: None, hint: login() },
        }
    }

    fn bound(&mut self, base_url: Option<&str>) -> &Result<Bound> {
        let definition = &self.definition;
        self.bounds.entry(base_url.map(str::to_owned)).or_insert_with(|| {
            let definition = definition.as_ref().map_err(Error::clone)?;
            let applied = definition.with_base_url(base_url).map_err(|error| {
                Error::invalid(error.to_string()).hint(format!("authsome inspect {} shows it", definition.name))
            })?;
            catalog::bound(&applied)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn definition(host: &str) -> Definition {
        let text = json!({"name":"acme","display_name":"Acme","auth_type":"api_key","flow":"api_key",
            "api_url":[host],"api_key":{}});
        provider::parse("acme.json", &text.to_string(), provider::Origin::Custom).unwrap().0
    }

    fn connection(more: Value) -> Connection {
        let mut record = json!({"provider":"acme","flow":"api_key","status":"connected"});
        record["bound"] = serde_json::to_value(catalog::bound(&definition("api.acme.test")).unwrap()).unwrap();
        record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(record).unwrap()
    }

    fn standing(definition: Result<Definition>, more: Value) -> Standing {
        Judge::new(definition).standing(&"default/acme/work".parse().unwrap(), &connection(more), 1000)
    }

    #[test]
    fn a_connection_is_connected_only_under_the_definition_that_was_confirmed() {
        let good = standing(Ok(definition("api.acme.test")), json!({}));
        assert_eq!(good, Standing { state: "connected", why: None, hint: None });
        let changed = standing(Ok(definition("elsewhere.test")), json!({}));
        assert_eq!(changed.state, "changed");
        assert!(changed.why.unwrap().ends_with("was connected: API: elsewhere.test (was api.acme.test)"));
        assert_eq!(changed.hint.as_deref(), Some("authsome login acme --connection work --force"));
    }

    #[test]
    fn a_definition_that_cannot_be_used_breaks_its_connections_with_its_own_reason_and_hint() {
        let error = Error::invalid("acme.json:3:1: a comma is missing").hint("edit acme.json");
        let broken = standing(Err(error), json!({"status":"invalid"}));
        assert_eq!((broken.state, broken.hint.as_deref()), ("broken", Some("edit acme.json")));
        assert_eq!(broken.why.as_deref(), Some("acme.json:3:1: a comma is missing"));
        let elsewhere = standing(Ok(definition("api.acme.test")), json!({"base_url":"https://other.test"}));
        assert_eq!(elsewhere.state, "broken", "{elsewhere:?}");
    }

    #[test]
    fn what_only_a_login_mends_says_so() {
        for more in [json!({"status":"invalid"}), json!({"expires_at": 900})] {
            let standing = standing(Ok(definition("elsewhere.test")), more.clone());
            assert!(["invalid", "expired"].contains(&standing.state), "{more}");
            assert_eq!(standing.hint.as_deref(), Some("authsome login acme --connection work --force"));
        }
    }
}
