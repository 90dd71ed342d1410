//! Definitions as the original wrote them, turned into the canonical form.
//!
//! Field by field, on JSON, before anything is typed: the schema knows one spelling only. What the
//! original accepted and never used (`logo`, `metadata`) is dropped here without a word.

mod export;

use crate::error::Fault;
use crate::regex_host;
use serde_json::{Map, Value, json};

type Object = Map<String, Value>;
type Step = Result<(), Fault>;

/// The canonical field and the older one that it was made of: where to point in the file.
pub(crate) type Renamed = Vec<(String, String)>;

/// Rewrites `definition` in place. `order` returns the position of a field in the file.
pub(crate) fn upgrade(definition: &mut Object, order: impl Fn(&str) -> usize) -> Result<Renamed, Fault> {
    let mut renamed = Renamed::new();
    if definition.get("auth_type").and_then(Value::as_str) == Some("browser") || definition.contains_key("browser") {
        return Err(Fault::new(
            "auth_type",
            "is \"browser\": credentials taken from a browser's cookies are not supported",
        ));
    }
    definition.remove("logo");
    definition.remove("metadata");
    rename(definition, "", "host_url", "api_url", &mut renamed)?;
    rename(definition, "", "docs", "docs_url", &mut renamed)?;
    hosts(definition)?;
    oauth(definition, &mut renamed)?;
    places(definition, &mut renamed)?;
    export::upgrade(definition, &mut renamed, order)?;
    Ok(renamed)
}

/// `api_url` becomes a list; `regex:` entries become hosts and suffixes.
fn hosts(definition: &mut Object) -> Step {
    let entries = match definition.remove("api_url") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Array(entries)) => entries,
        Some(one) => vec![one],
    };
    let mut hosts: Vec<Value> = Vec::new();
    for (index, entry) in entries.into_iter().enumerate() {
        let regex = entry.as_str().and_then(|text| {
            let (prefix, regex) = text.split_at_checked("regex:".len())?;
            prefix.eq_ignore_ascii_case("regex:").then(|| regex.trim().to_owned())
        });
        match regex {
            None => hosts.push(entry),
            Some(regex) => {
                let patterns = regex_host::patterns(&regex)
                    .map_err(|why| Fault::new(format!("api_url[{index}]"), format!("is a regex that {why}")))?;
                hosts.extend(patterns.iter().map(|pattern| Value::from(pattern.to_string())));
            }
        }
    }
    definition.insert("api_url".into(), Value::Array(hosts));
    Ok(())
}

fn oauth(definition: &mut Object, renamed: &mut Renamed) -> Step {
    drop_if_null(definition, &["oauth", "api_key", "export", "registration"]);
    let registration = definition.remove("registration");
    let Some(Value::Object(mut oauth)) = definition.remove("oauth") else { return Ok(()) };
    if let Some(Value::Object(mut registration)) = registration
        && let Some(endpoint) = registration.remove("registration_endpoint").filter(|endpoint| !endpoint.is_null())
    {
        if oauth.insert("registration_endpoint".into(), endpoint).is_some_and(|old| !old.is_null()) {
            return Err(Fault::new("registration.registration_endpoint", "stands in \"oauth\" as well"));
        }
        renamed.push(("oauth.registration_endpoint".into(), "registration.registration_endpoint".into()));
    }
    rename(&mut oauth, "oauth.", "authorization_method", "token_auth", renamed)?;
    rename(&mut oauth, "oauth.", "supports_device_flow", "supports_device_code", renamed)?;
    base_url(definition, &mut oauth, renamed)?;
    drop_if_null(
        &mut oauth,
        &["scopes", "authorization_params", "token_params", "token_headers", "device_token_request"],
    );
    definition.insert("oauth".into(), Value::Object(oauth));
    Ok(())
}

/// `oauth.base_url` moves to the top.
fn base_url(definition: &mut Object, oauth: &mut Object, renamed: &mut Renamed) -> Step {
    let Some(inner) = oauth.remove("base_url").filter(|inner| !inner.is_null()) else { return Ok(()) };
    let outer = definition.get("base_url").filter(|outer| !outer.is_null());
    if outer.is_some_and(|outer| *outer != inner) {
        return Err(Fault::new("base_url", "differs from oauth.base_url"));
    }
    definition.insert("base_url".into(), inner);
    renamed.push(("base_url".into(), "oauth.base_url".into()));
    Ok(())
}

/// Turns `header_name`, `header_prefix`, `query_param` and `basic` into the one place of the key.
fn places(definition: &mut Object, renamed: &mut Renamed) -> Step {
    let is_key = definition.get("auth_type").and_then(Value::as_str) == Some("api_key");
    let has_places = definition.get("places").is_some_and(|places| !places.is_null());
    let Some(Value::Object(key)) = definition.get_mut("api_key") else { return Ok(()) };
    let older = ["header_name", "header_prefix", "query_param", "basic"].map(|name| (name, key.remove(name)));
    let first = older.iter().find(|(_, value)| value.is_some()).map(|(name, _)| *name);
    let Some(first) = first.filter(|_| is_key) else { return Ok(()) };
    if has_places {
        return Err(Fault::new(
            format!("api_key.{first}"),
            "is an older name of a place, and \"places\" is there as well",
        ));
    }
    let [(_, name), (_, prefix), (_, query), (_, basic)] = older;
    let name = name.filter(|name| !name.is_null()).unwrap_or("Authorization".into());
    let (place, field) = match (query, basic) {
        (Some(query), _) if !query.is_null() => (json!({"query": query}), "query_param"),
        (_, Some(Value::Bool(true))) => {
            let in_authorization = name.as_str().is_some_and(|name| name.eq_ignore_ascii_case("authorization"));
            if !in_authorization || prefix.is_some_and(|prefix| prefix != "Basic") {
                return Err(Fault::new(
                    "api_key.basic",
                    "is HTTP Basic, which stands in \"Authorization\" after \"Basic\"",
                ));
            }
            (json!({"basic": "user"}), "basic")
        }
        _ => (json!({"header": name, "scheme": prefix.unwrap_or("Bearer".into())}), first),
    };
    definition.insert("places".into(), json!([place]));
    renamed.push(("places[0]".into(), format!("api_key.{field}")));
    Ok(())
}

fn rename(object: &mut Object, prefix: &str, from: &str, to: &str, renamed: &mut Renamed) -> Step {
    let Some(value) = object.remove(from).filter(|value| !value.is_null()) else { return Ok(()) };
    if object.get(to).is_some_and(|there| !there.is_null()) {
        return Err(Fault::new(
            format!("{prefix}{from}"),
            format!("is the older name of {to:?}, which is there as well"),
        ));
    }
    object.insert(to.to_owned(), value);
    renamed.push((format!("{prefix}{to}"), format!("{prefix}{from}")));
    Ok(())
}

/// The original wrote null where it meant "nothing here".
fn drop_if_null(object: &mut Object, keys: &[&str]) {
    for key in keys {
        if object.get(*key) == Some(&Value::Null) {
            object.remove(*key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::{Definition, TokenAuth};
    use crate::parse::{Origin, parse};

    fn load(definition: &Value) -> Result<Definition, String> {
        let (definition, _) =
            parse("x.json", &definition.to_string(), Origin::Custom).map_err(|error| error.to_string())?;
        let canonical = serde_json::to_string_pretty(&definition).unwrap();
        let (again, warnings) = parse("x.json", &canonical, Origin::Custom).expect(&canonical);
        assert_eq!(again, definition, "what inspect prints loads again");
        assert!(!warnings.iter().any(|w| w.to_string().contains("known key")), "{warnings:?}");
        Ok(definition)
    }

    fn oauth(extra: Value) -> Value {
        let mut definition = json!({"name":"x","display_name":"X","auth_type":"oauth2","flow":"pkce","logo":"a","metadata":{},
            "oauth":{"authorization_url":"https://x.test/a","token_url":"https://x.test/t","device_authorization_url":null,
                "scopes":null,"authorization_params":null,"base_url":null}});
        definition.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        definition
    }

    #[test]
    fn older_names_of_hosts_and_docs_load() {
        for hosts in
            [json!({"host_url":"api.x.test"}), json!({"api_url":"api.x.test"}), json!({"api_url":["api.x.test"]})]
        {
            assert_eq!(load(&oauth(hosts)).unwrap().api_url, ["api.x.test"]);
        }
        assert_eq!(load(&oauth(json!({"docs":"https://x.test/d"}))).unwrap().docs_url.unwrap(), "https://x.test/d");
        assert!(load(&oauth(json!({"api_url":"a.x.test","host_url":"b.x.test"}))).is_err());
    }

    #[test]
    fn a_regex_host_loads_as_a_suffix_or_not_at_all() {
        assert_eq!(load(&oauth(json!({"api_url":r"regex:.*\.linear\.app"}))).unwrap().api_url, ["*.linear.app"]);
        for (regex, look_alike) in [
            ("regex:.*googleapis.*", "googleapis.attacker.test"),
            (r"REGEX:.*githubusercontent\.com$", "evilgithubusercontent.com"),
        ] {
            let error = load(&oauth(json!({"api_url":["api.x.test", regex]}))).unwrap_err();
            assert!(error.contains(look_alike) && error.contains("api_url[1]"), "{error}");
        }
    }

    #[test]
    fn both_older_forms_of_export_say_the_same() {
        for export in [
            json!({"env":{"access_token":"TOK","refresh_token":"REF"}}),
            json!({"TOK":"ACCESS_TOKEN","env":{"REF":"refresh_token"}}),
            json!({"TOK":"api_token","env":{"refresh_token":"REF"}}),
            json!({"env":{"TOK":"access_token","REF":"refresh_token"}}),
        ] {
            let definition = load(&oauth(json!({"export":export}))).unwrap();
            let env = serde_json::to_value(&definition.export.env).unwrap();
            assert_eq!(env, json!({"access_token":["TOK"],"refresh_token":["REF"]}));
        }
        let urls = load(&oauth(json!({"export":{"B":"BASE_URL","U":"api_url"}}))).unwrap();
        assert_eq!(serde_json::to_value(&urls.export.env).unwrap(), json!({"base_url":["B"],"api_url":["U"]}));
        let error = load(&oauth(json!({"export":{"X":"PASSWORD"}}))).unwrap_err();
        assert!(error.contains("export.X"), "{error}");
    }

    #[test]
    fn a_key_provider_exports_its_key_whatever_the_word() {
        let definition = json!({"name":"x","display_name":"X","auth_type":"api_key","flow":"api_key","api_url":"api.x.test",
            "api_key":{"header_name":"Authorization","header_prefix":"Basic","env_var":null},"export":{"X_KEY":"API_TOKEN"}});
        assert_eq!(load(&definition).unwrap().credential_variables(), ["X_KEY"]);
    }

    #[test]
    fn the_variable_of_a_login_is_the_first_of_its_list_and_the_rest_keep_the_order_of_the_file() {
        let text = r#"{"name":"x","display_name":"X","auth_type":"api_key","flow":"api_key","api_url":"api.x.test",
            "api_key":{"env_var":"ACME_TOKEN"},"export":{"env":{"Z_KEY":"api_key","ACME_TOKEN":"api_key","A_KEY":"API_TOKEN"}}}"#;
        let (definition, _) = parse("x.json", text, Origin::Custom).unwrap();
        assert_eq!(definition.credential_variables(), ["ACME_TOKEN", "Z_KEY", "A_KEY"]);
        let alone = json!({"name":"acme","display_name":"X","auth_type":"api_key","flow":"api_key",
            "api_url":"api.x.test","api_key":{"env_var":"ACME_TOKEN"}});
        assert_eq!(load(&alone).unwrap().session_env("p").into_keys().collect::<Vec<_>>(), ["ACME_TOKEN"]);
        let unsafe_name = alone.to_string().replace("ACME_TOKEN", "LD_PRELOAD");
        let error = parse("x.json", &unsafe_name, Origin::Custom).unwrap_err().to_string();
        assert!(error.contains("api_key.env_var"), "{error}");
    }

    #[test]
    fn older_ways_to_say_where_a_key_goes_become_its_place() {
        let key = |api_key: Value| {
            load(&json!({"name":"x","display_name":"X","auth_type":"api_key","flow":"api_key","api_url":"api.x.test",
                "api_key":api_key}))
        };
        for (older, place) in [
            (json!({}), json!({"header":"Authorization","scheme":"Bearer"})),
            (json!({"header_name":"X-Api-Key"}), json!({"header":"X-Api-Key","scheme":"Bearer"})),
            (json!({"header_name":"X-Api-Key","header_prefix":null}), json!({"header":"X-Api-Key"})),
            (json!({"header_prefix":""}), json!({"header":"Authorization"})),
            (json!({"header_prefix":"Token","query_param":null}), json!({"header":"Authorization","scheme":"Token"})),
            (json!({"header_prefix":"Basic","basic":true}), json!({"basic":"user"})),
            (json!({"basic":true}), json!({"basic":"user"})),
            (json!({"query_param":"key","header_name":"x"}), json!({"query":"key"})),
        ] {
            assert_eq!(serde_json::to_value(key(older.clone()).unwrap().places).unwrap(), json!([place]), "{older}");
        }
        assert!(key(json!({"header_name":"Host"})).unwrap_err().contains("api_key.header_name"));
        assert!(key(json!({"basic":true,"header_name":"X-Key"})).unwrap_err().contains("api_key.basic"));
        let both = load(&json!({"name":"x","display_name":"X","auth_type":"api_key","flow":"api_key",
            "api_url":"api.x.test","api_key":{"header_name":"X-Key"},"places":[{"query":"key"}]}));
        assert!(both.unwrap_err().contains("places"));
    }

    #[test]
    fn registration_base_url_and_client_authentication_move_to_their_places() {
        let mut older = oauth(json!({"flow":"dcr_pkce","registration":{"registration_endpoint":"https://x.test/r"}}));
        older["oauth"]["authorization_method"] = "basic".into();
        older["oauth"]["base_url"] = "https://x.test".into();
        older["oauth"]["token_url"] = "{base_url}/t".into();
        let definition = load(&older).unwrap();
        let oauth = definition.oauth.as_ref().unwrap();
        assert_eq!(oauth.registration_endpoint.as_deref(), Some("https://x.test/r"));
        assert_eq!(oauth.token_auth, TokenAuth::Basic);
        assert_eq!(definition.base_url.as_deref(), Some("https://x.test"));
        older["base_url"] = "https://y.test".into();
        assert!(load(&older).unwrap_err().contains("base_url"));
    }

    #[test]
    fn an_error_speaks_of_the_field_as_it_was_written() {
        let error = load(&oauth(json!({"host_url":"http://api.x.test"}))).unwrap_err();
        assert!(error.contains("host_url[0]"), "{error}");
        let mut older = oauth(json!({}));
        older["oauth"]["authorization_method"] = "carrier pigeon".into();
        assert!(load(&older).unwrap_err().contains("oauth.authorization_method"));
    }

    #[test]
    fn cookies_of_a_browser_are_not_a_credential_here() {
        let error = load(&json!({"name":"x","display_name":"X","auth_type":"browser","flow":"browser","browser":{}}))
            .unwrap_err();
        assert!(error.contains("browser"), "{error}");
    }
}
