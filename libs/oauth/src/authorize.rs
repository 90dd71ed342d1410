//! The authorization request (RFC 6749 §4.1.1, RFC 7636, RFC 8707) and the check of who answered
//! it (RFC 9207).

use crate::{Client, Error, Provider, grant, wire};
use oauth2::basic::BasicClient;
use oauth2::{AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl};
use std::borrow::Cow;
use url::Url;

/// Parameters that are this module's to set.
const STANDARD: &[&str] = &[
    "response_type",
    "response_mode",
    "client_id",
    "redirect_uri",
    "state",
    "code_challenge",
    "code_challenge_method",
    "resource",
    "request",
    "request_uri",
];

/// An authorization request that waits for its code.
pub struct Authorization {
    /// Where the person goes.
    pub url: Url,
    /// A challenge is in `url`: the code is worth nothing without what is kept here.
    pub pkce: bool,
    pub(crate) verifier: Option<PkceCodeVerifier>,
    pub(crate) redirect_uri: String,
}

impl Authorization {
    /// `state` is the caller's, who alone checks it.
    pub fn new(
        provider: &Provider,
        client: &Client,
        redirect_uri: &str,
        state: &str,
        scopes: &[String],
    ) -> Result<Authorization, Error> {
        let endpoint = provider.authorization.as_ref().ok_or_else(|| Error::missing("authorization_url"))?;
        let redirect = RedirectUrl::new(redirect_uri.to_owned()).map_err(|_| grant::no_redirect_uri())?;
        let free = |name: &str| !STANDARD.contains(&name) && (scopes.is_empty() || name != provider.scope_param);
        let oauth = BasicClient::new(ClientId::new(client.id.clone()))
            .set_auth_uri(AuthUrl::from_url(with_query(endpoint.url(), free)));
        let mut request =
            oauth.authorize_url(|| CsrfToken::new(state.to_owned())).set_redirect_uri(Cow::Borrowed(&redirect));
        let mut verifier = None;
        if provider.pkce {
            let (challenge, secret) = PkceCodeChallenge::new_random_sha256();
            request = request.set_pkce_challenge(challenge);
            verifier = Some(secret);
        }
        if let Some((name, value)) = wire::scope_param(provider, scopes) {
            request = request.add_extra_param(name, value);
        }
        if let Some(resource) = &provider.resource {
            request = request.add_extra_param("resource", resource.as_str());
        }
        for (name, value) in provider.authorization_params.iter().filter(|(name, _)| free(name)) {
            request = request.add_extra_param(name.as_str(), value.as_str());
        }
        let url = request.url().0;
        Ok(Authorization { url, pkce: verifier.is_some(), verifier, redirect_uri: redirect_uri.to_owned() })
    }
}

/// Refuses an answer that another server gave (RFC 9207 §2.4).
pub fn check_issuer(provider: &Provider, iss: Option<&str>) -> Result<(), &'static str> {
    match (iss, &provider.issuer) {
        (Some(iss), Some(issuer)) if !host::same_identifier(iss, issuer) => {
            Err("the answer came from another authorization server")
        }
        (None, Some(_)) if provider.iss_required => {
            Err("the answer does not say which authorization server it is from")
        }
        _ => Ok(()),
    }
}

/// The same URL with those parameters of its query that are kept.
fn with_query(url: &Url, kept: impl Fn(&str) -> bool) -> Url {
    let mut url = url.clone();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().filter(|(name, _)| kept(name)).collect();
    url.set_query(None);
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    url
}
