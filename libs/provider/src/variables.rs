//! The environment variables of a definition: what each holds, and what a session puts there.

use crate::definition::{AuthType, Definition, Exported};
use crate::naming::{Naming, naming};
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

    /// Returns the variables of the credential. At login the first one that is set counts.
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

    /// Returns the variables that a person confirms, a text for each, sorted: those that hold an address, with
    /// the address, and those with an unusual name. The base URL must have been applied.
    pub fn confirmed_variables(&self) -> Vec<String> {
        let text = |(name, holds): (String, Exported)| match self.public_value(holds) {
            Some(address) => Some(format!("{name}={address}")),
            None if naming(&name, &self.name) == Naming::Odd => Some(format!("{name}={}", holds.as_str())),
            None => None,
        };
        let mut texts: Vec<String> = self.variables().into_iter().filter_map(text).collect();
        texts.sort();
        texts
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
    /// Returns the kind of credential that a connection of this type has.
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
    fn an_address_and_an_odd_name_are_confirmed_and_what_is_usual_is_not() {
        let env = json!({"access_token":["NOTION_DCR_X","GH_TOKEN","ODD"],"base_url":["NOTION_DCR_BASE_URL"]});
        assert_eq!(definition(env).confirmed_variables(), ["NOTION_DCR_BASE_URL=https://x.test", "ODD=access_token"]);
    }

    #[test]
    fn a_url_variable_holds_the_url_and_not_the_placeholder() {
        let env = definition(json!({"access_token":["T"],"base_url":["B"],"api_url":["U"]})).session_env("placeholder");
        assert_eq!(env["T"], "placeholder");
        assert_eq!(env["B"], "https://x.test");
        assert_eq!(env["U"], "https://api.x.test/v1");
    }
}
