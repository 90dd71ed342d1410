//! `{base_url}`: one definition for many instances of a provider (a company's own server).

use crate::definition::Definition;
use crate::endpoint;

const TEMPLATE: &str = "{base_url}";
const API_TEMPLATE: &str = "{api_base_url}";

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
    /// Returns whether any URL of the definition has `{base_url}` or `{api_base_url}`.
    pub fn is_templated(&self) -> bool {
        let mut copy = self.clone();
        urls(&mut copy).into_iter().any(|url| !is_fixed(url))
    }

    /// The definition of one instance: `given`, else its own `base_url`, put in everywhere.
    ///
    /// With another base URL than its own, the credential belongs to that instance: targets without
    /// a template, and calls to them, would carry it to somebody else and are left out. When no target
    /// is left, the instance's own host is the target, with that of its API.
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
        let api = self.api_of(&base)?;
        for url in urls(&mut applied) {
            if let Some(api) = &api {
                *url = url.replace(API_TEMPLATE, api);
            }
            *url = url.replace(TEMPLATE, &base);
            if url.contains(API_TEMPLATE) {
                return Err(BadBaseUrl::Fault(format!("is none of the instances of {}", self.name)));
            }
        }
        applied.base_url = Some(base);
        Ok(applied)
    }

    /// Returns the address of the instance's API, if the definition says it.
    fn api_of(&self, base: &str) -> Result<Option<String>, BadBaseUrl> {
        let host = base.split_once("://").map_or(base, |(_, rest)| rest).split('/').next().unwrap_or_default();
        let fits = |pattern: &str| match pattern.trim_end_matches('/').strip_prefix("https://*") {
            Some("") => true,
            Some(suffix) => host.strip_suffix(suffix).is_some_and(|label| !label.is_empty() && suffix.starts_with('.')),
            None => pattern.trim_end_matches('/') == base,
        };
        let Some(instance) = self.instances.iter().find(|instance| fits(&instance.base_url)) else { return Ok(None) };
        let api = instance.api_base_url.replace(TEMPLATE, base).replace("{host}", host);
        checked(&api, self.allow_loopback_http).map(Some)
    }
}

fn is_fixed(url: &str) -> bool {
    !url.contains(TEMPLATE) && !url.contains(API_TEMPLATE)
}

fn checked(base: &str, loopback_http: bool) -> Result<String, BadBaseUrl> {
    let url = endpoint::parse(base, loopback_http).map_err(BadBaseUrl::Fault)?;
    if url.query().is_some() {
        return Err(BadBaseUrl::Fault("has a query".to_owned()));
    }
    Ok(base.trim_end_matches('/').to_owned())
}

fn leave_own_instance(definition: &mut Definition) {
    definition.api_url.retain(|entry| !is_fixed(entry));
    if definition.api_url.is_empty() {
        definition.api_url.push(TEMPLATE.to_owned());
        definition.api_url.extend((!definition.instances.is_empty()).then(|| API_TEMPLATE.to_owned()));
    }
    definition.check.take_if(|check| is_fixed(&check.url));
    if let Some(oauth) = &mut definition.oauth {
        oauth.userinfo.take_if(|userinfo| is_fixed(&userinfo.url));
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
    fn an_instance_is_asked_where_it_has_its_api() {
        let mut github = definition(json!(["api.github.com"]), json!("https://github.com"));
        let instances = json!([{"base_url":"https://github.com","api_base_url":"https://api.github.com"},
            {"base_url":"https://*.ghe.com","api_base_url":"https://api.{host}"},
            {"base_url":"https://*","api_base_url":"{base_url}/api/v3"}]);
        github.instances = serde_json::from_value(instances).unwrap();
        github.check.as_mut().unwrap().url = "{api_base_url}/user".to_owned();
        for (base, check, targets) in [
            (None, "https://api.github.com/user", &["api.github.com"][..]),
            (
                Some("https://octo.ghe.com"),
                "https://api.octo.ghe.com/user",
                &["https://octo.ghe.com", "https://api.octo.ghe.com"],
            ),
            (
                Some("https://git.corp.test:8443/"),
                "https://git.corp.test:8443/api/v3/user",
                &["https://git.corp.test:8443", "https://git.corp.test:8443/api/v3"],
            ),
            (
                Some("https://evilghe.com"),
                "https://evilghe.com/api/v3/user",
                &["https://evilghe.com", "https://evilghe.com/api/v3"],
            ),
        ] {
            let applied = github.with_base_url(base).unwrap();
            assert_eq!(applied.check.unwrap().url, check, "{base:?}");
            assert_eq!(applied.api_url, targets, "{base:?}");
        }
        github.instances.truncate(1);
        assert!(matches!(github.with_base_url(Some("https://x.test")), Err(BadBaseUrl::Fault(_))));
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
