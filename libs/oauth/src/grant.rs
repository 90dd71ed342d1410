//! The grants: one request to the token endpoint each (RFC 6749 §4.1.3, §4.4.2, §6; RFC 7523).

use crate::answer;
use crate::authorize::Authorization;
use crate::document::Document;
use crate::exchange::Exchange;
use crate::token::{self, Place};
use crate::wire::{self, Outgoing, Params};
use crate::{Body, Client, Endpoint, Error, Provider, Token, TokenAuth, Transport};
use oauth2::basic::{BasicClient, BasicTokenResponse};
use oauth2::{AuthType, ClientId, ClientSecret, EndpointNotSet, EndpointSet, RedirectUrl, TokenResponse, TokenUrl};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, from_value};
use std::cell::RefCell;
use std::collections::BTreeMap;

const EXPECTED: &str = "an access token";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

pub(crate) type TokenClient = BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// Token requests of one client to one provider.
pub struct Grants<'a> {
    pub transport: &'a dyn Transport,
    pub provider: &'a Provider,
    pub client: &'a Client,
}

impl Grants<'_> {
    /// The code for a token; the verifier that `authorization` keeps goes with it.
    pub fn code(&self, authorization: Authorization, code: &SecretString) -> Result<Token, Error> {
        let client = self.token_client()?;
        let code = oauth2::AuthorizationCode::new(code.expose_secret().to_owned());
        let mut request = client.exchange_code(code);
        if let Some(verifier) = authorization.verifier {
            request = request.set_pkce_verifier(verifier);
        }
        if let Some(resource) = &self.provider.resource {
            request = request.add_extra_param("resource", resource.as_str());
        }
        let redirect = RedirectUrl::new(authorization.redirect_uri).map_err(|_| no_redirect_uri())?;
        let request = request.set_redirect_uri(std::borrow::Cow::Owned(redirect));
        self.token(Place::Path, |exchange| request.request(exchange).ok())
    }

    /// A new token for a refresh token.
    pub fn refresh(&self, refresh_token: &SecretString) -> Result<Token, Error> {
        let client = self.token_client()?;
        let refresh_token = oauth2::RefreshToken::new(refresh_token.expose_secret().to_owned());
        let mut request = client.exchange_refresh_token(&refresh_token);
        if let Some(resource) = &self.provider.resource {
            request = request.add_extra_param("resource", resource.as_str());
        }
        self.token(Place::PathOrTop, |exchange| request.request(exchange).ok())
    }

    /// A token for the client itself.
    pub fn client_credentials(&self, scopes: &[String]) -> Result<Token, Error> {
        let client = self.token_client()?;
        let mut request = client.exchange_client_credentials();
        if let Some((name, value)) = wire::scope_param(self.provider, scopes) {
            request = request.add_extra_param(name, value);
        }
        if let Some(resource) = &self.provider.resource {
            request = request.add_extra_param("resource", resource.as_str());
        }
        self.token(Place::Path, |exchange| request.request(exchange).ok())
    }

    /// A token for a signed assertion (RFC 7523 §2.1), which also says who asks.
    pub fn jwt_bearer(&self, assertion: &SecretString) -> Result<Token, Error> {
        let mut params: Params = vec![
            ("grant_type".to_owned(), JWT_BEARER.to_owned()),
            ("assertion".to_owned(), assertion.expose_secret().to_owned()),
        ];
        wire::add_extra(&mut params, &self.provider.token_params);
        let outgoing = Outgoing {
            method: http::Method::POST,
            url: self.token_endpoint()?.url(),
            params,
            body: self.provider.token_body,
            authorization: None,
        };
        let (response, sent) = outgoing.send(self.transport, &self.provider.headers)?;
        let status = response.status().as_u16();
        let whole = answer::document(response, EXPECTED, &sent)?;
        let parsed = token::standard(&whole, self.provider, Place::Path)
            .and_then(|standard| from_value(Value::Object(standard.0.clone())).map_err(|_| "other types"));
        match parsed {
            Ok(parsed) => Ok(self.taken(&parsed, &whole)),
            Err(found) => Err(Error::unexpected(status, EXPECTED, found)),
        }
    }

    pub(crate) fn token_endpoint(&self) -> Result<&Endpoint, Error> {
        self.provider.token.as_ref().ok_or_else(|| Error::missing("token_url"))
    }

    pub(crate) fn token_client(&self) -> Result<TokenClient, Error> {
        let secret = match self.provider.token_auth {
            TokenAuth::None => None,
            _ => self.client.secret.as_ref().map(|secret| ClientSecret::new(secret.expose_secret().to_owned())),
        };
        let client = BasicClient::new(ClientId::new(self.client.id.clone()))
            .set_token_uri(TokenUrl::from_url(self.token_endpoint()?.url().clone()))
            .set_auth_type(auth_type(self.provider.token_auth));
        Ok(match secret {
            Some(secret) => client.set_client_secret(secret),
            None => client,
        })
    }

    /// Runs a request that the `oauth2` crate has built against the token endpoint.
    pub(crate) fn token(
        &self,
        place: Place,
        request: impl FnOnce(&Exchange) -> Option<BasicTokenResponse>,
    ) -> Result<Token, Error> {
        self.token_with(place, self.provider.token_body, None, request)
    }

    pub(crate) fn token_with(
        &self,
        place: Place,
        body: Body,
        only: Option<&'static str>,
        request: impl FnOnce(&Exchange) -> Option<BasicTokenResponse>,
    ) -> Result<Token, Error> {
        let standard = |document: &Document| token::standard(document, self.provider, place);
        let exchange = Exchange {
            transport: self.transport,
            provider: self.provider,
            client: self.client,
            endpoint: self.token_endpoint()?,
            body,
            extra: &self.provider.token_params,
            only,
            expected: EXPECTED,
            standard: &standard,
            outcome: RefCell::new(None),
        };
        let parsed = request(&exchange);
        let (parsed, whole) = exchange.finish(parsed.ok_or(()))?;
        Ok(self.taken(&parsed, &whole))
    }

    fn taken(&self, parsed: &BasicTokenResponse, whole: &Document) -> Token {
        Token {
            access_token: parsed.access_token().secret().clone().into(),
            refresh_token: parsed.refresh_token().map(|token| token.secret().clone().into()),
            expires_in: parsed.expires_in().map(|lifetime| lifetime.as_secs()),
            // The crate reads an empty text as one empty scope; it says that none was granted.
            scopes: parsed
                .scopes()
                .map(|scopes| scopes.iter().map(|scope| scope.to_string()).filter(|scope| !scope.is_empty()).collect()),
            account: token::account(whole, &self.provider.account),
        }
    }
}

/// No parameters.
pub(crate) static NONE: BTreeMap<String, String> = BTreeMap::new();

pub(crate) fn auth_type(auth: TokenAuth) -> AuthType {
    match auth {
        TokenAuth::Basic => AuthType::BasicAuth,
        TokenAuth::Body | TokenAuth::None => AuthType::RequestBody,
    }
}

pub(crate) fn no_redirect_uri() -> Error {
    Error::Settings("the redirect URI is not a URL".to_owned())
}
