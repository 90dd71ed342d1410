//! The environment variables of a definition: what each holds, and what a session puts there.

use crate::definition::{AuthType, Definition, Exported};
use std::collections::BTreeMap;

impl Definition {
    /// Returns each variable with what it holds, in the definition's order; `<NAME>_ACCESS_TOKEN` or
    /// `<NAME>_API_KEY` when none is named for the credential.
    ///
    /// A refresh token is left out: there is no way to export one.
    pub fn variables(&self) -> Vec<(String, Exported)> {
        let credential = Exported::credential_of(self.auth_type);
        let others = [Exported::BaseUrl, Exported::ApiUrl].into_iter().flat_map(|holds| {
            let named = self.export.env.get(&holds).into_iter().flatten();
            named.map(move |name| (name.clone(), holds))
        });
        self.credential_variables().into_iter().map(|name| (name, credential)).chain(others).collect()
    }

    /// Returns the variables of the credential, the first being the one that counts first at login.
    pub fn credential_variables(&self) -> Vec<String> {
        let credential = Exported::credential_of(self.auth_type);
        match self.export.env.get(&credential) {
            Some(names) if !names.is_empty() => names.clone(),
            _ => vec![format!("{}_{}", variable_stem(&self.name), credential.as_str().to_ascii_uppercase())],
        }
    }

    /// The variables of a session: `placeholder` for a credential, the text itself for a URL.
    pub fn session_env(&self, placeholder: &str) -> BTreeMap<String, String> {
        let value = |holds| match holds {
            Exported::AccessToken | Exported::ApiKey => Some(placeholder.to_owned()),
            other => self.public_value(other),
        };
        self.variables().into_iter().filter_map(|(name, holds)| Some((name, value(holds)?))).collect()
    }

    /// What a variable holds that is no secret; the base URL must have been applied.
    pub fn public_value(&self, holds: Exported) -> Option<String> {
        match holds {
            Exported::BaseUrl => self.base_url.clone(),
            Exported::ApiUrl => self
                .api_url
                .iter()
                .find(|entry| !entry.starts_with("*."))
                .map(|entry| if entry.contains("://") { entry.clone() } else { format!("https://{entry}") }),
            Exported::AccessToken | Exported::ApiKey | Exported::RefreshToken => None,
        }
    }
}

impl Exported {
    /// What a connection of this kind has.
    pub fn credential_of(kind: AuthType) -> Exported {
        match kind {
            AuthType::OAuth2 => Exported::AccessToken,
            AuthType::ApiKey => Exported::ApiKey,
        }
    }

    /// The access token or the API key.
    pub fn is_credential(self) -> bool {
        matches!(self, Exported::AccessToken | Exported::ApiKey)
    }

    /// The name of the same thing in a connection's secret, and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Exported::AccessToken => "access_token",
            Exported::ApiKey => "api_key",
            Exported::BaseUrl => "base_url",
            Exported::ApiUrl => "api_url",
            Exported::RefreshToken => "refresh_token",
        }
    }
}

/// `notion_dcr` to `NOTION_DCR`; what is no letter or digit becomes `_`.
pub fn variable_stem(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// A name that a shell can hold and that no program reads as code, path or proxy.
pub(crate) fn is_safe_variable(name: &str) -> bool {
    let well_formed = !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let upper = name.to_ascii_uppercase();
    let steers_programs =
        matches!(
            upper.as_str(),
            "PATH"
                | "HOME"
                | "SHELL"
                | "IFS"
                | "ENV"
                | "BASH_ENV"
                | "PS4"
                | "PROMPT_COMMAND"
                | "EDITOR"
                | "PAGER"
                | "BROWSER"
        ) || ["LD_", "DYLD_", "AUTHSOME_", "GIT_", "SSL_"].iter().any(|prefix| upper.starts_with(prefix))
            || ["_PROXY", "_OPTIONS", "_OPTS", "_PRELOAD"].iter().any(|suffix| upper.ends_with(suffix));
    well_formed && !steers_programs
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn definition(env: Value) -> Definition {
        let text = json!({"name":"notion_dcr","display_name":"N","auth_type":"oauth2","flow":"pkce",
            "api_url":["*.x.test","api.x.test/v1"],"base_url":"https://x.test","export":{"env":env}});
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn a_refresh_token_reaches_no_variable() {
        let definition = definition(json!({"access_token":["A"],"refresh_token":["R"]}));
        assert_eq!(definition.variables(), [("A".to_owned(), Exported::AccessToken)]);
        assert_eq!(definition.session_env("p").into_keys().collect::<Vec<_>>(), ["A"]);
    }

    #[test]
    fn a_definition_without_names_gets_one() {
        for env in [json!({}), json!({"refresh_token":["R"]}), json!({"access_token":[]})] {
            assert_eq!(definition(env).credential_variables(), ["NOTION_DCR_ACCESS_TOKEN"]);
        }
    }

    #[test]
    fn every_variable_of_a_credential_is_set_and_the_order_is_the_definitions() {
        let definition = definition(json!({"access_token":["Z_TOKEN","A_TOKEN"]}));
        assert_eq!(definition.credential_variables(), ["Z_TOKEN", "A_TOKEN"]);
        let env = definition.session_env("placeholder");
        assert_eq!((env["Z_TOKEN"].as_str(), env["A_TOKEN"].as_str()), ("placeholder", "placeholder"));
    }

    #[test]
    fn a_url_variable_holds_the_url_and_not_the_placeholder() {
        let env = definition(json!({"access_token":["T"],"base_url":["B"],"api_url":["U"]})).session_env("placeholder");
        assert_eq!(env["T"], "placeholder");
        assert_eq!(env["B"], "https://x.test");
        assert_eq!(env["U"], "https://api.x.test/v1");
    }

    #[test]
    fn a_definition_cannot_take_over_a_variable_that_steers_programs() {
        for name in
            ["PATH", "LD_PRELOAD", "https_proxy", "NODE_OPTIONS", "BASH_ENV", "AUTHSOME_HOME", "1X", "", "A-B", "A B"]
        {
            assert!(!is_safe_variable(name), "{name}");
        }
        for name in ["NOTION_ACCESS_TOKEN", "GH_TOKEN", "token"] {
            assert!(is_safe_variable(name), "{name}");
        }
    }
}
