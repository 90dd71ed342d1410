//! The text of a definition file, read into the canonical form.

use crate::definition::Definition;
use crate::error::{DefinitionError, Fault, Warning};
use crate::legacy::{self, Renamed};
use crate::source::Source;
use crate::{known, rules};
use serde_json::Value;

/// Whose definition it is: with a user's own, more is allowed and less is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Bundled,
    Custom,
}

/// Reads the definition in `text`; `file` is how errors name it.
///
/// Unknown keys are warnings in a user's own file and errors in a bundled one.
pub fn parse(file: &str, text: &str, origin: Origin) -> Result<(Definition, Vec<Warning>), DefinitionError> {
    let source = Source::read(file, text).map_err(DefinitionError)?;
    let mut object = source.to_json();
    let renamed = legacy::upgrade(&mut object, |field| source.offset(field))
        .map_err(|fault| refused(&source, &Renamed::new(), fault))?;
    let unknown = known::unknown_keys(&object);
    let definition = typed(object).map_err(|fault| refused(&source, &renamed, fault))?;
    let mut odd =
        rules::check(&definition, origin == Origin::Bundled).map_err(|fault| refused(&source, &renamed, fault))?;
    odd.extend(unknown);
    let mut complaints = odd.into_iter().map(|fault| located(&source, &renamed, fault));
    if origin == Origin::Bundled {
        return complaints.next().map_or(Ok((definition, Vec::new())), |complaint| Err(DefinitionError(complaint)));
    }
    Ok((definition, complaints.map(Warning).collect()))
}

/// Reads a definition that a host gave over the protocol, older spellings included. The host has checked it.
pub fn given(mut object: serde_json::Map<String, Value>) -> Result<Definition, String> {
    let as_text = |fault: Fault| format!("{} {}", fault.field, fault.message);
    legacy::upgrade(&mut object, |_| 0).map_err(as_text)?;
    typed(object).map_err(as_text)
}

fn typed(object: serde_json::Map<String, Value>) -> Result<Definition, Fault> {
    serde_path_to_error::deserialize(Value::Object(object)).map_err(|error| {
        let field = error.path().to_string();
        let message = error.into_inner().to_string();
        let missing = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
        match (missing, field.as_str()) {
            (Some(name), "." | "") => Fault::new(name, "is missing"),
            (Some(name), parent) => Fault::new(format!("{parent}.{name}"), "is missing"),
            (None, _) => Fault::new(field, format!("is wrong: {message}")),
        }
    })
}

fn refused(source: &Source, renamed: &Renamed, fault: Fault) -> DefinitionError {
    DefinitionError(located(source, renamed, fault))
}

/// The complaint speaks of the field by the name that stands in the file.
fn located(source: &Source, renamed: &Renamed, fault: Fault) -> crate::error::Complaint {
    let as_written = renamed.iter().find_map(|(new, old)| {
        let rest = fault.field.strip_prefix(new.as_str())?;
        (rest.is_empty() || rest.starts_with(['.', '['])).then(|| format!("{old}{rest}"))
    });
    source.complain(as_written.as_deref().unwrap_or(&fault.field), fault.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn good() -> Value {
        json!({"name":"x","display_name":"X","auth_type":"oauth2","flow":"pkce","api_url":["api.x.test"],
            "oauth":{"authorization_url":"https://x.test/a","token_url":"https://x.test/t"}})
    }

    /// `good()` with the value at `pointer` replaced; what the parser says to it.
    fn with(pointer: &str, value: Value, origin: Origin) -> Result<Vec<String>, String> {
        let mut definition = good();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        definition.pointer_mut(parent).unwrap()[key] = value;
        parse("x.json", &definition.to_string(), origin)
            .map(|(_, warnings)| warnings.iter().map(ToString::to_string).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_broken_definition_is_told_by_file_line_and_field() {
        let text = "{\n  \"name\": \"x\",\n  \"display_name\": \"X\",\n  \"auth_type\": \"oauth2\",\n  \"flow\": \"pkce\",\n  \
            \"oauth\": {\n    \"authorization_url\": \"https://x.test/a\",\n    \"token_url\": \"http://x.test/t\"\n  }\n}\n";
        let error = parse("x.json", text, Origin::Custom).unwrap_err();
        assert_eq!(error.to_string(), "x.json:8:5: oauth.token_url is http, not https");
        let error = parse("x.json", &text.replace("\"X\"", "7"), Origin::Custom).unwrap_err();
        assert_eq!((error.0.line, error.0.field.as_deref()), (3, Some("display_name")));
        let error = parse("x.json", &text.replace("\"flow\": \"pkce\",", ""), Origin::Custom).unwrap_err();
        assert_eq!(error.to_string(), "x.json:1:1: flow is missing");
        let error = parse("x.json", &text[..60], Origin::Custom).unwrap_err();
        assert_eq!(error.0.line, 4, "{error}");
    }

    #[test]
    fn an_unknown_key_is_a_warning_to_a_user_and_an_error_in_the_house() {
        let warnings = with("/api_ulr", json!("api.x.test"), Origin::Custom).unwrap();
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].contains("did you mean \"api_url\""), "{warnings:?}");
        assert!(with("/api_ulr", json!("api.x.test"), Origin::Bundled).unwrap_err().contains("api_ulr"));
    }

    #[test]
    fn what_would_send_a_credential_astray_is_refused() {
        for (pointer, value) in [
            ("/oauth/token_url", json!("http://x.test/t")),
            ("/oauth/token_url", json!("http://127.0.0.1/t")),
            ("/oauth/token_url", json!("https://u:p@x.test/t")),
            ("/oauth/token_url", json!("https://x.test/t#f")),
            ("/oauth/authorization_url", json!("javascript://x/%0aalert(1)")),
            ("/oauth/revocation_url", json!("ftp://x.test")),
            ("/oauth/revocation_url", json!("https://x.test/{token}")),
            ("/oauth/revocation_url", json!("https://{token}/x")),
            ("/oauth/revocation_url", json!("https://{client_id}/x")),
            ("/oauth/revocation_url", json!("https://x.test/?c={client_id}")),
            ("/instances", json!([{"base_url":"http://*","api_base_url":"https://x.test"}])),
            ("/instances", json!([{"base_url":"https://*x.test","api_base_url":"https://x.test"}])),
            ("/instances", json!([{"base_url":"https://*","api_base_url":"http://x.test"}])),
            ("/check", json!({"url":"https://api.x.test/","body":{"pointer":"ok","equals":true}})),
            ("/api_url", json!(["http://api.x.test"])),
            ("/api_url", json!(["*.com"])),
            ("/api_url", json!(["api.x.test", "*"])),
            ("/api_url", json!(["api.x.test/group%2Fproject"])),
            ("/api_url", json!(["api.x.test/v1;x"])),
            ("/check", json!({"url":"https://attacker.test/"})),
            ("/check", json!({"url":"https://api.x.test:8443/"})),
            ("/check", json!({"url":"https://api.x.test/","headers":{"Authorization":"Bearer x"}})),
            ("/oauth/userinfo", json!({"url":"https://attacker.test/"})),
            ("/oauth/token_headers", json!({"X":"a\r\nAuthorization: b"})),
            ("/oauth/token_headers", json!({"authorization":"Basic x"})),
            ("/oauth/token_headers", json!({"Host":"attacker.test"})),
            ("/oauth/token_headers", json!({"a b":"x"})),
            ("/oauth/authorization_params", json!({"redirect_uri":"https://attacker.test"})),
            ("/oauth/authorization_params", json!({"state":"x"})),
            ("/oauth/token_params", json!({"refresh_token":"x"})),
            ("/oauth/token_params", json!({"a":"x\0"})),
            ("/export", json!({"env":{"LD_PRELOAD":"access_token"}})),
            ("/export", json!({"env":{"K":"api_key"}})),
            ("/places", json!([{"header":"Host"}])),
            ("/places", json!([{"header":"a\r\nb"}])),
            ("/places", json!([{"header":"Authorization","scheme":"Bearer\r\n"}])),
            ("/places", json!([{"query":"a b"}])),
            ("/places", json!([{"basic":"password","user":"a:b"}])),
            ("/places", json!([{"basic":"user","password":"a\r\n"}])),
            ("/places", json!([])),
            ("/places", json!([{"query":"a"}, {"query":"a"}])),
            ("/dashboard_url", json!("javascript:alert(1)")),
        ] {
            assert!(with(pointer, value.clone(), Origin::Custom).is_err(), "{pointer} = {value}");
        }
    }

    #[test]
    fn a_definition_that_does_not_hold_together_is_refused() {
        for (pointer, value) in [
            ("/schema_version", json!(2)),
            ("/name", json!("../x")),
            ("/aliases", json!(["a/b"])),
            ("/display_name", json!(" ")),
            ("/flow", json!("api_key")),
            ("/flow", json!("../../bin/sh")),
            ("/flow", json!("device_code")),
            ("/auth_type", json!("api_key")),
            ("/auth_type", json!("saml")),
            ("/oauth", json!(null)),
            ("/oauth/scopes", json!(["a b"])),
            ("/oauth/scopes", json!("a")),
            ("/oauth/token_path", json!("authed_user")),
            ("/oauth/revocation", json!({"method":"PUT"})),
            ("/oauth/revocation", json!({"tokens":["id_token"]})),
            ("/oauth/client_id_env", json!("PATH")),
            ("/api_key", json!({"key_pattern":"("})),
        ] {
            assert!(with(pointer, value.clone(), Origin::Custom).is_err(), "{pointer} = {value}");
        }
    }

    #[test]
    fn a_definition_that_would_stop_every_session_is_refused_by_its_name() {
        let hosts = |count: usize| (0..count).map(|number| json!(format!("h{number}.x.test"))).collect::<Vec<_>>();
        assert!(with("/api_url", json!(hosts(256)), Origin::Custom).is_ok());
        let error = with("/api_url", json!(hosts(60_000)), Origin::Custom).unwrap_err();
        assert!(error.starts_with("x.json:1:") && error.contains("api_url names 60000 places"), "{error}");
        let long = format!("api.x.test/{}", "a".repeat(2000));
        let error = with("/api_url", json!(["api.x.test", long]), Origin::Custom).unwrap_err();
        assert!(error.contains("api_url[1] is longer than 1024 characters"), "{error}");
    }

    #[test]
    fn every_flow_of_our_own_needs_its_endpoint() {
        for flow in ["pkce", "client_credentials", "jwt_bearer", "github_app"] {
            let mut definition = good();
            definition["flow"] = json!(flow);
            assert!(parse("x.json", &definition.to_string(), Origin::Custom).is_ok(), "{flow}");
            definition["oauth"]["token_url"] = json!(null);
            let error = parse("x.json", &definition.to_string(), Origin::Custom).unwrap_err().to_string();
            assert!(error.contains("token_url is missing"), "{flow}: {error}");
        }
    }

    #[test]
    fn private_networks_and_loopback_are_for_a_users_own_definition() {
        for (pointer, value) in [
            ("/private_network", json!(true)),
            ("/allow_loopback_http", json!(true)),
            ("/api_url", json!(["10.0.0.1"])),
        ] {
            assert!(with(pointer, value.clone(), Origin::Custom).is_ok(), "{pointer}");
            assert!(with(pointer, value, Origin::Bundled).is_err(), "{pointer}");
        }
        let mut local = good();
        local["allow_loopback_http"] = json!(true);
        local["oauth"]["token_url"] = json!("http://127.0.0.1:9/t");
        assert!(parse("x.json", &local.to_string(), Origin::Custom).is_ok());
    }

    #[test]
    fn a_flow_of_somebody_else_needs_no_section_of_ours() {
        let definition =
            json!({"name":"x","display_name":"X","auth_type":"oauth2","flow":"saml_bearer","api_url":["api.x.test"]});
        assert!(parse("x.json", &definition.to_string(), Origin::Custom).is_ok());
    }

    #[test]
    fn a_templated_definition_is_checked_without_a_base_url() {
        let mut definition = good();
        definition["oauth"]["token_url"] = json!("{base_url}/t");
        assert!(parse("x.json", &definition.to_string(), Origin::Custom).is_ok());
        definition["oauth"]["token_url"] = json!("{base-url}/t");
        assert!(parse("x.json", &definition.to_string(), Origin::Custom).is_err());
    }

    #[test]
    fn what_is_odd_is_told_and_taken() {
        let local = with("/api_url", json!(["127.0.0.1:8443"]), Origin::Custom).unwrap();
        assert!(local[0].contains("private_network"), "{local:?}");
        let nowhere = with("/api_url", json!([]), Origin::Custom).unwrap();
        assert!(nowhere[0].contains("names no host"), "{nowhere:?}");
        let uploads = with("/api_url", json!(["*.githubusercontent.com"]), Origin::Custom).unwrap();
        assert!(uploads[0].contains("anyone uploaded"), "{uploads:?}");
        assert_eq!(with("/api_url", json!(["api.x.test"]), Origin::Custom).unwrap(), [""; 0]);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,60}|[{}\\[\\]\":,a-z/*\n ]{0,60}") {
            let _ = parse("x.json", &text, Origin::Custom);
        }

        /// Whatever stands in a field, the answer is a definition or a complaint within the file.
        #[test]
        fn no_value_panics(field in 0..18usize, value in "\\PC{0,30}|[a-z:/.*{}@#?%]{0,30}|https?://[a-z.:@/{}#?%]{0,30}") {
            let mut definition = good();
            let names = ["api_url", "host_url", "base_url", "name", "flow", "docs", "check", "export", "aliases"];
            match names.get(field) {
                Some(name) => definition[*name] = json!(value),
                None => {
                    let oauth = ["authorization_url", "token_url", "revocation_url", "issuer", "scopes", "token_path",
                        "registration_endpoint", "scope_separator", "client_id_env"];
                    definition["oauth"][oauth[field - names.len()]] = json!(value);
                }
            }
            let text = serde_json::to_string_pretty(&definition).unwrap();
            if let Err(error) = parse("x.json", &text, Origin::Custom) {
                prop_assert!((1..=text.lines().count()).contains(&error.0.line), "{}", error);
            }
        }
    }
}
