//! `{base_url}`: one definition for many instances of a provider (a company's own server).

use crate::definition::Definition;
use crate::endpoint;

const TEMPLATE: &str = "{base_url}";

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadBaseUrl {
    #[error("the base URL {0}")]
    Fault(String),
    #[error("{0} needs a base URL")]
    Missing(String),
    #[error("{0} takes no base URL: its definition has no {{base_url}}")]
    Unused(String),
}

impl Definition {
    /// Some URL of it has `{base_url}`.
    pub fn is_templated(&self) -> bool {
        let mut copy = self.clone();
        urls(&mut copy).into_iter().any(|url| url.contains(TEMPLATE))
    }

    /// The definition of one instance: `given`, else its own `base_url`, put in everywhere.
    ///
    /// With another base URL than its own, the credential belongs to that instance: targets without
    /// `{base_url}`, and calls to them, would carry it to somebody else and are left out. When no
    /// target is left, the instance's own host is the target.
    pub fn with_base_url(&self, given: Option<&str>) -> Result<Definition, BadBaseUrl> {
        let mut applied = self.clone();
        let Some(base) = given.or(self.base_url.as_deref()) else {
            return if self.is_templated() { Err(BadBaseUrl::Missing(self.name.clone())) } else { Ok(applied) };
        };
        let base = checked(base, self.allow_loopback_http)?;
        let own = self.base_url.as_deref().map(|own| own.trim_end_matches('/'));
        if given.is_some() && own != Some(base.as_str()) {
            if !self.is_templated() {
                return Err(BadBaseUrl::Unused(self.name.clone()));
            }
            if own.is_some() {
                leave_own_instance(&mut applied);
            }
        }
        for url in urls(&mut applied) {
            *url = url.replace(TEMPLATE, &base);
        }
        applied.base_url = Some(base);
        Ok(applied)
    }
}

fn checked(base: &str, loopback_http: bool) -> Result<String, BadBaseUrl> {
    let url = endpoint::parse(base, loopback_http).map_err(BadBaseUrl::Fault)?;
    if url.query().is_some() {
        return Err(BadBaseUrl::Fault("has a query".to_owned()));
    }
    Ok(base.trim_end_matches('/').to_owned())
}

fn leave_own_instance(definition: &mut Definition) {
    let fixed = |url: &str| !url.contains(TEMPLATE);
    definition.api_url.retain(|entry| !fixed(entry));
    if definition.api_url.is_empty() {
        definition.api_url.push(TEMPLATE.to_owned());
    }
    definition.check.take_if(|check| fixed(&check.url));
    if let Some(oauth) = &mut definition.oauth {
        oauth.userinfo.take_if(|userinfo| fixed(&userinfo.url));
    }
}

/// Every text that may hold the template.
fn urls(definition: &mut Definition) -> Vec<&mut String> {
    let mut urls: Vec<&mut String> = definition.api_url.iter_mut().collect();
    urls.extend(definition.check.as_mut().map(|check| &mut check.url));
    let Some(oauth) = &mut definition.oauth else { return urls };
    let optional = [
        &mut oauth.authorization_url,
        &mut oauth.token_url,
        &mut oauth.revocation_url,
        &mut oauth.device_authorization_url,
        &mut oauth.registration_endpoint,
        &mut oauth.issuer,
        &mut oauth.resource,
    ];
    urls.extend(optional.into_iter().flatten());
    urls.extend(oauth.userinfo.as_mut().map(|userinfo| &mut userinfo.url));
    urls
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn definition(api_url: Value, base_url: Value) -> Definition {
        let text = json!({"name":"gh","display_name":"G","auth_type":"oauth2","flow":"pkce","api_url":api_url,"base_url":base_url,
            "oauth":{"authorization_url":"{base_url}/authorize","token_url":"{base_url}/token",
                     "userinfo":{"url":"https://api.github.com/user","label":"/login"}},
            "check":{"url":"https://api.github.com/user"}});
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn the_default_base_url_changes_no_target() {
        let applied = definition(json!(["api.github.com"]), json!("https://github.com/")).with_base_url(None).unwrap();
        assert_eq!(applied.api_url, ["api.github.com"]);
        assert_eq!(applied.oauth.unwrap().token_url.unwrap(), "https://github.com/token");
        assert!(applied.check.is_some());
    }

    #[test]
    fn a_token_of_another_instance_never_goes_to_the_default_hosts() {
        let github = definition(json!(["api.github.com"]), json!("https://github.com"));
        let applied = github.with_base_url(Some("https://ghe.corp.test/")).unwrap();
        assert_eq!(applied.api_url, ["https://ghe.corp.test"]);
        assert!(applied.check.is_none() && applied.oauth.unwrap().userinfo.is_none());

        let templated = definition(json!(["api.github.com", "{base_url}/api"]), json!("https://github.com"));
        let applied = templated.with_base_url(Some("https://ghe.corp.test")).unwrap();
        assert_eq!(applied.api_url, ["https://ghe.corp.test/api"]);
    }

    #[test]
    fn a_base_url_that_would_change_nothing_is_refused() {
        let mut fixed = definition(json!(["api.x.test"]), json!("https://x.test"));
        fixed.oauth = None;
        assert_eq!(fixed.with_base_url(Some("https://y.test")), Err(BadBaseUrl::Unused("gh".into())));
        assert!(fixed.with_base_url(Some("https://x.test/")).is_ok());
    }

    #[test]
    fn a_definition_without_default_needs_one_and_a_bad_one_is_refused() {
        let definition = definition(json!(["{base_url}/api"]), Value::Null);
        assert_eq!(definition.with_base_url(None), Err(BadBaseUrl::Missing("gh".into())));
        for base in [
            "http://x.test",
            "x.test",
            "https://u@x.test",
            "https://x.test/?q",
            "https://x.test/#f",
            "https://{base_url}",
        ] {
            assert!(matches!(definition.with_base_url(Some(base)), Err(BadBaseUrl::Fault(_))), "{base}");
        }
    }
}
