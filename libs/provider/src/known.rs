//! The keys a definition may have, so that a misspelt one does not silently switch something off.

use crate::error::Fault;
use crate::nearest;
use serde_json::{Map, Value};

/// Object to its keys, in the canonical form.
const KNOWN: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "schema_version",
            "name",
            "display_name",
            "description",
            "aliases",
            "type",
            "auth_type",
            "flow",
            "dashboard_url",
            "docs_url",
            "base_url",
            "instances",
            "api_url",
            "places",
            "oauth",
            "api_key",
            "export",
            "check",
            "private_network",
            "allow_loopback_http",
        ],
    ),
    (
        "oauth",
        &[
            "authorization_url",
            "token_url",
            "revocation_url",
            "device_authorization_url",
            "registration_endpoint",
            "issuer",
            "resource",
            "scopes",
            "scope_separator",
            "scope_param",
            "pkce",
            "token_auth",
            "token_body",
            "authorization_params",
            "token_params",
            "token_headers",
            "token_path",
            "account",
            "userinfo",
            "revocation",
            "refresh_rotates",
            "refresh_grace",
            "refresh_reuse_ends_other_grants",
            "expects_refresh_token",
            "device_token_request",
            "client_id_env",
            "client_secret_env",
            "supports_device_code",
            "supports_dcr",
        ],
    ),
    ("oauth.account", &["id", "label", "person"]),
    ("oauth.userinfo", &["url", "post", "id", "label", "person"]),
    ("oauth.revocation", &["method", "auth", "body", "token_param", "tokens"]),
    ("api_key", &["key_pattern", "key_pattern_hint"]),
    ("export", &["env"]),
    ("check", &["method", "url", "expect", "headers", "body"]),
    ("check.body", &["pointer", "equals"]),
];

/// A complaint for each key that is not known; the canonical form is expected.
pub(crate) fn unknown_keys(definition: &Map<String, Value>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (path, known) in KNOWN {
        let Some(object) = object_at(definition, path) else { continue };
        for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
            let field = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let message = match nearest::one(key, known.iter().copied()) {
                Some(near) => format!("is not a known key; did you mean {near:?}?"),
                None => "is not a known key".to_owned(),
            };
            faults.push(Fault::new(field, message));
        }
    }
    faults
}

fn object_at<'a>(definition: &'a Map<String, Value>, path: &str) -> Option<&'a Map<String, Value>> {
    path.split('.').filter(|step| !step.is_empty()).try_fold(definition, |object, step| object.get(step)?.as_object())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::Definition;
    use serde_json::json;

    /// Every key there is, each with another value than its default.
    fn everything() -> Value {
        serde_json::from_str(r#"{
            "schema_version":1,"name":"x","display_name":"X","description":"d","aliases":["y"],"type":"app",
            "auth_type":"oauth2","flow":"pkce","dashboard_url":"https://x.test","docs_url":"https://x.test",
            "base_url":"https://x.test","instances":[{"base_url":"https://*","api_base_url":"https://api.{host}"}],"api_url":["x.test"],"places":[{"query":"q"}],"private_network":true,"allow_loopback_http":true,
            "oauth":{"authorization_url":"https://x.test","token_url":"https://x.test","revocation_url":"https://x.test",
                "device_authorization_url":"https://x.test","registration_endpoint":"https://x.test","issuer":"https://x.test",
                "resource":"https://x.test","scopes":["a"],"scope_separator":",","scope_param":"user_scope","pkce":false,
                "token_auth":"basic","token_body":"json","authorization_params":{"a":"b"},"token_params":{"a":"b"},
                "token_headers":{"a":"b"},"token_path":"/a","account":{"id":"/a","label":"/b","person":"/c"},
                "userinfo":{"url":"https://x.test","post":{},"id":"/a","label":"/b","person":"/c"},
                "revocation":{"method":"DELETE","auth":"bearer","body":"json","token_param":"t","tokens":["access_token"]},
                "refresh_rotates":true,"refresh_grace":60,"refresh_reuse_ends_other_grants":true,
                "expects_refresh_token":true,"device_token_request":"json",
                "client_id_env":"A","client_secret_env":"B","supports_device_code":true,"supports_dcr":true},
            "api_key":{"key_pattern":"a","key_pattern_hint":"b"},
            "export":{"env":{"access_token":["A"]}},
            "check":{"method":"POST","url":"https://x.test","expect":204,"headers":{"a":"b"},"body":{"pointer":"/ok","equals":true}}
        }"#)
        .unwrap()
    }

    #[test]
    fn the_table_and_the_schema_name_the_same_keys() {
        let everything = everything();
        let definition: Definition = serde_json::from_value(everything.clone()).unwrap();
        assert_eq!(serde_json::to_value(&definition).unwrap(), everything);
        let object = everything.as_object().unwrap();
        assert_eq!(unknown_keys(object), []);
        for (path, known) in KNOWN {
            let present = object_at(object, path).unwrap();
            assert_eq!(present.len(), known.len(), "{path:?}");
        }
    }

    #[test]
    fn a_misspelt_key_is_told_with_the_right_one() {
        let definition =
            json!({"api_urls":["x.test"],"oauth":{"scope":["a"],"zzz":1,"authorization_params":{"anything":"x"}}});
        let faults = unknown_keys(definition.as_object().unwrap());
        let texts: Vec<String> = faults.iter().map(|f| format!("{} {}", f.field, f.message)).collect();
        assert_eq!(
            texts,
            [
                "api_urls is not a known key; did you mean \"api_url\"?",
                "oauth.scope is not a known key; did you mean \"scopes\"?",
                "oauth.zzz is not a known key",
            ]
        );
    }
}
