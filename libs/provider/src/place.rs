//! A place in a request where a credential may stand.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A place of a request where a definition lets a credential stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub enum Place {
    /// A header field. With a scheme its value is the scheme, a space and the credential (RFC 9110
    /// §11.4); without one it is the credential alone.
    Header { name: String, scheme: Option<String> },
    /// A query parameter, by its decoded name.
    Query { name: String },
    /// One half of the pair of HTTP Basic, in `Authorization` (RFC 7617 §2).
    Basic {
        half: Half,
        /// The other half, where the request brings none.
        other: String,
    },
}

/// The half of a Basic pair that is the credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Half {
    User,
    Password,
}

impl Place {
    /// Returns `Authorization: Bearer …` (RFC 6750 §2.1), the place of a definition that names none.
    pub fn bearer() -> Place {
        Place::Header { name: "Authorization".to_owned(), scheme: Some("Bearer".to_owned()) }
    }

    /// Returns the name of the header, in lower case, or of the parameter.
    pub fn name(&self) -> String {
        match self {
            Place::Header { name, .. } => name.to_ascii_lowercase(),
            Place::Query { name } => name.clone(),
            Place::Basic { .. } => "authorization".to_owned(),
        }
    }

    /// Returns the name of the header, if the place is in one.
    pub fn header(&self) -> Option<String> {
        (!matches!(self, Place::Query { .. })).then(|| self.name())
    }
}

/// The text of a place. A person confirms it, and places are compared by it.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Header { name, scheme: None } => write!(f, "{}:", name.to_ascii_lowercase()),
            Place::Header { name, scheme: Some(scheme) } => write!(f, "{}: {scheme}", name.to_ascii_lowercase()),
            Place::Query { name } => write!(f, "?{name}="),
            Place::Basic { half: Half::User, other } => write!(f, "authorization: Basic CREDENTIAL:{other}"),
            Place::Basic { half: Half::Password, other } => write!(f, "authorization: Basic {other}:CREDENTIAL"),
        }
    }
}

/// A place as a definition writes it: exactly one of `header`, `query` and `basic`.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    header: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scheme: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    query: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    basic: Option<Half>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<String>,
}

impl TryFrom<Written> for Place {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Place, &'static str> {
        let Written { header, scheme, query, basic, user, password } = written;
        match (header, query, basic) {
            (Some(name), None, None) if user.is_none() && password.is_none() => {
                Ok(Place::Header { name, scheme: scheme.filter(|scheme| !scheme.is_empty()) })
            }
            (None, Some(name), None) if scheme.is_none() && user.is_none() && password.is_none() => {
                Ok(Place::Query { name })
            }
            (None, None, Some(Half::User)) if scheme.is_none() && user.is_none() => {
                Ok(Place::Basic { half: Half::User, other: password.unwrap_or_default() })
            }
            (None, None, Some(Half::Password)) if scheme.is_none() && password.is_none() => {
                Ok(Place::Basic { half: Half::Password, other: user.unwrap_or_default() })
            }
            _ => Err("a place is {\"header\":…,\"scheme\":…}, {\"query\":…}, {\"basic\":\"user\",\"password\":…} or \
                      {\"basic\":\"password\",\"user\":…}"),
        }
    }
}

impl From<Place> for Written {
    fn from(place: Place) -> Written {
        let none = Written::default();
        let said = |other: String| Some(other).filter(|other| !other.is_empty());
        match place {
            Place::Header { name, scheme } => Written { header: Some(name), scheme, ..none },
            Place::Query { name } => Written { query: Some(name), ..none },
            Place::Basic { half: Half::User, other } => {
                Written { basic: Some(Half::User), password: said(other), ..none }
            }
            Place::Basic { half: Half::Password, other } => {
                Written { basic: Some(Half::Password), user: said(other), ..none }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_place_is_written_as_it_is_read() {
        for (written, text) in [
            (json!({"header":"Authorization","scheme":"Bearer"}), "authorization: Bearer"),
            (json!({"header":"X-Api-Key"}), "x-api-key:"),
            (json!({"query":"key"}), "?key="),
            (json!({"basic":"user"}), "authorization: Basic CREDENTIAL:"),
            (json!({"basic":"password","user":"x-access-token"}), "authorization: Basic x-access-token:CREDENTIAL"),
        ] {
            let place: Place = serde_json::from_value(written.clone()).unwrap();
            assert_eq!(serde_json::to_value(&place).unwrap(), written);
            assert_eq!(place.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_place_or_two_is_refused() {
        for written in [
            json!({}),
            json!({"scheme":"Bearer"}),
            json!({"header":"a","query":"b"}),
            json!({"query":"b","scheme":"Bearer"}),
            json!({"basic":"both"}),
            json!({"basic":"user","user":"x"}),
            json!({"header":"a","sheme":"Bearer"}),
            json!("Authorization"),
            Value::Null,
        ] {
            assert!(serde_json::from_value::<Place>(written.clone()).is_err(), "{written}");
        }
    }
}
