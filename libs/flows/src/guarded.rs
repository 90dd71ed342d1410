//! The limit of how far a request may go. An address in a definition is the person's own choice and may lead anywhere.
//! An address in metadata is the provider's and must not lead into the person's network.

use ::http::{Request, Response};
use host::{Allowed, Authority};
use oauth::{Transport, TransportError};
use provider::Definition;

/// A transport that marks each request with how far it may go.
pub(crate) struct Guarded<'a> {
    transport: &'a dyn Transport,
    /// The hosts that the definition itself names.
    named: Vec<Authority>,
    elsewhere: Allowed,
}

impl<'a> Guarded<'a> {
    pub(crate) fn new(transport: &'a dyn Transport, definition: &Definition) -> Guarded<'a> {
        let elsewhere = match (definition.private_network, definition.allow_loopback_http) {
            (true, _) => Allowed::Private,
            (false, true) => Allowed::Loopback,
            (false, false) => Allowed::Public,
        };
        Guarded { transport, named: addresses(definition).filter_map(authority).collect(), elsewhere }
    }
}

impl Transport for Guarded<'_> {
    fn send(&self, mut request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        let to = authority(request.uri().to_string());
        let named = to.is_some_and(|to| self.named.contains(&to));
        request.extensions_mut().insert(if named { Allowed::Private } else { self.elsewhere });
        self.transport.send(request)
    }
}

/// Returns every address in the definition. A host without a scheme counts as https.
fn addresses(definition: &Definition) -> impl Iterator<Item = String> {
    let oauth = definition.oauth.iter().flat_map(|oauth| {
        let own = [
            &oauth.authorization_url,
            &oauth.token_url,
            &oauth.revocation_url,
            &oauth.device_authorization_url,
            &oauth.registration_endpoint,
            &oauth.issuer,
            &oauth.resource,
        ];
        own.into_iter().flatten().chain(oauth.userinfo.iter().map(|userinfo| &userinfo.url))
    });
    let check = definition.check.iter().map(|check| &check.url);
    let all = oauth.chain(check).chain(&definition.api_url);
    all.map(|text| if text.contains("://") { text.clone() } else { format!("https://{text}") })
}

fn authority(text: impl AsRef<str>) -> Option<Authority> {
    let url = url::Url::parse(text.as_ref()).ok()?;
    Some(Authority::new(url.host_str()?.parse().ok()?, url.port_or_known_default()?))
}
