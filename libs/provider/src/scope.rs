//! Where a definition's credential may go, where it may not, and what a person confirms of that.

use crate::definition::Definition;
use crate::endpoint;
use crate::place::Place;
use crate::target::{BadTarget, HostPattern, Target};
use std::collections::HashSet;

/// What the person confirmed at login: a definition that says otherwise gets no credential.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    pub token_url: Option<String>,
    pub revocation_url: Option<String>,
    pub device_authorization_url: Option<String>,
    /// Where a login asks for the endpoints that are not named.
    pub issuer: Option<String>,
    pub resource: Option<String>,
    /// Canonical texts, sorted.
    pub targets: Vec<String>,
    /// The places of a request where the credential may stand, a text for each, in the definition's order.
    pub places: Vec<String>,
    /// The variables that hold an address or have an unusual name; see [`Definition::confirmed_variables`].
    pub variables: Vec<String>,
}

impl Definition {
    /// The places of `api_url`; the base URL must have been applied.
    ///
    /// A loopback host counts only when the definition says that its hosts are local.
    pub fn targets(&self) -> Result<Vec<Target>, BadTarget> {
        let local = self.private_network || self.allow_loopback_http;
        let (mut targets, mut seen) = (Vec::new(), HashSet::new());
        for entry in &self.api_url {
            let target: Target = entry.parse()?;
            let skipped = target.host.name().is_loopback() && !local;
            if !skipped && seen.insert(target.clone()) {
                targets.push(target);
            }
        }
        Ok(targets)
    }

    /// Its own auth endpoints and those that a login has `discovered`, where nothing is set; the base
    /// URL must have been applied.
    pub fn except<'a>(&'a self, discovered: impl IntoIterator<Item = &'a str>) -> Vec<Target> {
        let own = self.oauth.iter().flat_map(|oauth| {
            [
                &oauth.authorization_url,
                &oauth.token_url,
                &oauth.revocation_url,
                &oauth.device_authorization_url,
                &oauth.registration_endpoint,
            ]
        });
        let endpoints = own.flatten().map(String::as_str).chain(discovered);
        let mut except: Vec<Target> = endpoints.filter_map(place).collect();
        except.sort();
        except.dedup();
        except
    }

    /// What is confirmed at login; the base URL must have been applied.
    pub fn bound(&self) -> Result<Scope, BadTarget> {
        let mut targets: Vec<String> = self.targets()?.iter().map(Target::to_string).collect();
        targets.sort();
        let url =
            |of: fn(&crate::definition::OAuth) -> &Option<String>| self.oauth.as_ref().and_then(|o| of(o).clone());
        Ok(Scope {
            token_url: url(|o| &o.token_url),
            revocation_url: url(|o| &o.revocation_url),
            device_authorization_url: url(|o| &o.device_authorization_url),
            issuer: url(|o| &o.issuer),
            resource: url(|o| &o.resource),
            targets,
            places: self.places.iter().map(Place::to_string).collect(),
            variables: self.confirmed_variables(),
        })
    }
}

/// Returns the place of an endpoint. The path of a revocation URL counts only up to a template, which stands for the
/// token or the client.
fn place(url: &str) -> Option<Target> {
    let fixed = url.split('{').next().unwrap_or(url);
    let url = endpoint::parse(fixed, true).ok()?;
    let host = HostPattern::Exact(url.host_str()?.parse().ok()?);
    let path = crate::path::canonical(url.path());
    Some(Target { host, port: url.port_or_known_default()?, path: Some(path) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn definition(extra: serde_json::Value) -> Definition {
        let mut text = json!({"name":"x","display_name":"X","auth_type":"oauth2","flow":"pkce",
            "api_url":["API.x.test","https://api.x.test/","*.b.test","127.0.0.1:8443"],
            "oauth":{"authorization_url":"https://x.test/authorize","token_url":"https://x.test:8443/a/../token/",
                     "revocation_url":"https://api.x.test/refresh-tokens/{token}"}});
        text.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        serde_json::from_value(text).unwrap()
    }

    fn texts(targets: Vec<Target>) -> Vec<String> {
        targets.iter().map(Target::to_string).collect()
    }

    #[test]
    fn a_loopback_target_counts_only_in_a_definition_that_says_so() {
        assert_eq!(texts(definition(json!({})).targets().unwrap()), ["api.x.test", "*.b.test"]);
        let local = definition(json!({"private_network": true}));
        assert_eq!(texts(local.targets().unwrap()), ["api.x.test", "*.b.test", "127.0.0.1:8443"]);
    }

    #[test]
    fn auth_endpoints_are_canonical_and_a_token_in_a_path_is_cut_off() {
        let discovered = ["https://as.x.test/register/../r", "no URL"];
        let mut except = texts(definition(json!({})).except(discovered));
        except.sort();
        assert_eq!(except, ["api.x.test/refresh-tokens", "as.x.test/r", "x.test/authorize", "x.test:8443/token"]);
    }

    #[test]
    fn what_is_confirmed_does_not_depend_on_spelling_or_order() {
        let bound = definition(json!({})).bound().unwrap();
        let other = definition(json!({"api_url":["*.B.test","api.x.test:443"]})).bound().unwrap();
        assert_eq!(bound, other);
        let moved = definition(json!({"api_url":["api.attacker.test"]})).bound().unwrap();
        assert_ne!(bound, moved);
        let echoed = definition(json!({"places":[{"header":"Origin"}]})).bound().unwrap();
        assert_ne!(bound, echoed, "a header that a site shows again");
        let led =
            definition(json!({"base_url":"https://x.test","export":{"env":{"base_url":["X_URL"]}}})).bound().unwrap();
        assert_ne!(bound, led, "a variable that leads a client elsewhere");
        for field in ["token_url", "revocation_url", "device_authorization_url", "issuer", "resource"] {
            let moved = definition(json!({"oauth":{field:"https://attacker.test/"}})).bound().unwrap();
            assert!(format!("{moved:?}").contains("attacker"), "{field} gets a client's secret: {moved:?}");
        }
    }
}
