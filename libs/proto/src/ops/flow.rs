//! Role `flow`: a definition in, a token out; renew; revoke.
//!
//! `provider` is the whole definition with `base_url` applied, as JSON: only `libs/provider`
//! knows its fields.

use crate::record::Connection;
use crate::{Object, Secrets};
use serde::{Deserialize, Serialize};

/// An OAuth client as a flow sees it: `@client`'s record with its secrets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Client {
    #[serde(flatten)]
    pub record: crate::record::Client,
    /// `client_secret`, `private_key`.
    #[serde(default, skip_serializing_if = "Secrets::is_empty")]
    pub secret: Secrets,
}

impl Client {
    /// The client that a connection carries, since its tokens are bound to it (RFC 6749 §6, RFC 7009 §2.1).
    pub fn of_connection(record: &Connection, secret: &Secrets) -> Option<Client> {
        let mut own = Secrets::new();
        for name in ["client_secret", "private_key"] {
            if let Some(value) = secret.get(name) {
                own.set(name, value);
            }
        }
        let client = crate::record::Client {
            client_id: record.client_id.clone()?,
            redirect_uri: record.redirect_uri.clone(),
            token_auth: record.token_auth.clone(),
            registered: record.flow == "dcr_pkce" || record.rest.get("registered") == Some(&true.into()),
            bound: record.bound.clone(),
            ..crate::record::Client::default()
        };
        Some(Client { record: client, secret: own })
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Login {
    pub flow: String,
    pub provider: Object,
    #[serde(default)]
    pub client: Option<Client>,
    #[serde(default)]
    pub redirect_uri: String,
    /// 256 random bits made by the host, which alone checks it.
    #[serde(default)]
    pub state: String,
    #[serde(default)]
    pub scopes: Vec<String>,
    #[serde(default)]
    pub interactive: bool,
    #[serde(default)]
    pub check: bool,
}

/// Answer to [`Login`] and [`Refresh`]: what the flow learned.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Learned {
    /// `scopes`, `account`, `expires_at`, `renewable`: those that are known.
    pub record: Object,
    #[serde(default)]
    pub secret: Secrets,
}

/// `refresh` and `revoke`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refresh {
    pub flow: String,
    pub provider: Object,
    #[serde(default)]
    pub client: Option<Client>,
    #[serde(default)]
    pub record: Object,
    #[serde(default)]
    pub secret: Secrets,
}

/// One field of the ask `form`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    pub name: String,
    pub label: String,
    /// Its answer is a secret.
    #[serde(default)]
    pub masked: bool,
    #[serde(default)]
    pub required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// What to tell when `pattern` does not match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern_hint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    pub title: String,
    pub fields: Vec<Field>,
}

/// Answer to [`Form`]: masked fields under `secret`, the others under `values`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct FormAnswer {
    #[serde(default)]
    pub values: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    pub secret: Secrets,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeepClient {
    pub client: Client,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Authorize {
    pub url: String,
    /// A challenge is in the URL, so a bare code may be pasted.
    #[serde(default)]
    pub pkce: bool,
    /// Other ways the person may switch to: `device`.
    #[serde(default, rename = "or")]
    pub alternatives: Vec<String>,
}

/// Answer to [`Authorize`]: `secret.code`, or the provider's error (RFC 6749 §4.1.2).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Authorized {
    /// RFC 9207.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
    #[serde(default, skip_serializing_if = "Secrets::is_empty")]
    pub secret: Secrets,
}

/// RFC 8628 §3.2, shown by the host; the flow polls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    pub user_code: String,
    pub verification_uri: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification_uri_complete: Option<String>,
    /// Unix seconds.
    pub expires_at: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirm {
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_gives_back_its_client_and_no_token() {
        let text = r#"{"provider":"n","flow":"pkce","status":"connected","client_id":"12","token_auth":"basic"}"#;
        let mut record: Connection = serde_json::from_str(text).unwrap();
        let secret = Secrets::new().with("client_secret", "s").with("refresh_token", "r").with("access_token", "a");
        let client = Client::of_connection(&record, &secret).unwrap();
        assert_eq!((client.record.client_id.as_str(), client.record.token_auth.as_deref()), ("12", Some("basic")));
        assert_eq!(client.secret.names().collect::<Vec<_>>(), ["client_secret"]);
        assert!(!client.record.registered);
        record.client_id = None;
        assert!(Client::of_connection(&record, &secret).is_none());
    }
}
