//! The definition's cheap request that tells whether a credential is good, before it is kept.

use crate::settings;
use crate::task::Task;
use ::http::header::ACCEPT_ENCODING;
use ::http::{HeaderName, HeaderValue, Method, Request, Response};
use host::Authority;
use oauth::{Challenge, TransportError};
use proto::{Code, Error, Result};
use provider::Place;
use provider::definition::Check;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// 401 and 403 are `denied`; a network that does not answer is a note, and the credential is kept.
pub(crate) fn check(task: &Task, secret: &SecretString) -> Result<()> {
    let Some(check) = &task.definition.check else { return Ok(()) };
    let name = task.name();
    let request = request(task, secret)?;
    let text = match task.tools.transport.send(request) {
        Ok(response) if matches!(response.status().as_u16(), 401 | 403) => {
            return Err(refused(task, response.status().as_u16(), &Challenge::of(response.headers()), &check.url));
        }
        Ok(response) if response.status().as_u16() == check.expect => match found(check, response) {
            Found::Good => return Ok(()),
            Found::Other(why) => {
                let error = Error::new(Code::Denied, format!("{name} refused the credential ({why})"));
                return Err(error.hint(way_out(task, false, &check.url)));
            }
            Found::Unreadable => "answered something else than JSON".to_owned(),
        },
        Ok(response) => format!("answered {}, not {}", response.status().as_u16(), check.expect),
        Err(TransportError::NotSent(why) | TransportError::Lost(why)) => {
            format!("could not be asked: {}", proto::redact::shown(&why.text))
        }
    };
    task.tools.asks.note(&format!("the credential is kept without being checked: {name} {text}"));
    Ok(())
}

/// The result of looking into the body of an answer with the right status.
enum Found {
    Good,
    Other(String),
    Unreadable,
}

fn found(check: &Check, response: Response<Vec<u8>>) -> Found {
    let Some(wanted) = &check.body else { return Found::Good };
    match oauth::value_at(response, &wanted.pointer) {
        None => Found::Unreadable,
        Some(value) if value == wanted.equals => Found::Good,
        // The error does not repeat the value, which may quote the credential.
        Some(_) => Found::Other(format!("{} is not {}", proto::redact::shown(&wanted.pointer), wanted.equals)),
    }
}

/// Returns what mends a refusal. A wrong key must be replaced, but a restricted one may be intended.
fn way_out(task: &Task, may_be_restricted: bool, url: &str) -> String {
    let name = task.name();
    if may_be_restricted {
        let url = proto::redact::shown(url);
        return format!("if it need not be allowed to ask {url}: authsome login {name} --no-check");
    }
    match &task.definition.dashboard_url {
        Some(url) => format!("make another one at {}, then authsome login {name}", proto::redact::shown(url)),
        None => format!("authsome login {name}, with another one"),
    }
}

/// Returns the error for a refusal of the API, with the scopes that the API names as missing (RFC 6750 §3).
fn refused(task: &Task, status: u16, challenge: &Challenge, url: &str) -> Error {
    let name = task.name();
    let refused = format!("{name} refused the credential (status {status})");
    if challenge.error.as_deref() != Some("insufficient_scope") || challenge.scopes.is_empty() {
        return Error::new(Code::Denied, refused).hint(way_out(task, status == 403, url));
    }
    let (shown, added) = (challenge.scopes.join(" "), challenge.scopes.join(",+"));
    Error::new(Code::Denied, format!("{refused}: it wants the scopes {}", proto::redact::shown(&shown)))
        .hint(format!("authsome login {name} --scopes '+{}'", proto::redact::shown(&added)))
}

fn request(task: &Task, secret: &SecretString) -> Result<Request<Vec<u8>>> {
    let Some(check) = &task.definition.check else { return Err(task.broken("it has no check")) };
    let mut url = settings::endpoint(task, "check", &check.url)?.url().clone();
    refuse_foreign(task, &url)?;
    let slots = provider::render(&task.definition, secret).map_err(|why| {
        Error::invalid(format!("cannot use the credential of {}: {why}", task.name()))
            .hint(format!("authsome login {} --force", task.name()))
    })?;
    // The first place is the usual one. There is always a place.
    let slot = slots.into_iter().next().ok_or_else(|| task.broken("it names no place for its credential"))?;
    if let Place::Query { name } = &slot.place {
        url.query_pairs_mut().append_pair(name, slot.value.expose_secret());
    }
    let mut request = Request::new(Vec::new());
    *request.method_mut() = Method::try_from(check.method.to_ascii_uppercase().as_str())
        .map_err(|_| task.broken("the method of its check is none of HTTP's"))?;
    *request.uri_mut() = url.as_str().parse().map_err(|_| task.broken("its check is no HTTP address"))?;
    *request.headers_mut() = settings::headers(task, &check.headers)?;
    request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if let Some(name) = slot.place.header() {
        let header = (HeaderName::try_from(&name), HeaderValue::try_from(slot.value.expose_secret()));
        let (Ok(name), Ok(mut value)) = header else {
            return Err(task.broken("a place of its credential is no header"));
        };
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}

/// A check elsewhere would send the credential where nobody agreed to.
fn refuse_foreign(task: &Task, url: &Url) -> Result<()> {
    let targets = task.definition.targets().map_err(|why| task.broken(format_args!("api_url {why}")))?;
    let host = url.host_str().and_then(|host| host.parse().ok());
    let port = url.port_or_known_default();
    let (Some(host), Some(port)) = (host, port) else { return Err(task.broken("check: it has no host")) };
    let authority = Authority::new(host, port);
    match targets.iter().any(|target| target.matches(&authority, url.path())) {
        true => Ok(()),
        false => Err(task.broken("its check is not on its own hosts (api_url)")),
    }
}
