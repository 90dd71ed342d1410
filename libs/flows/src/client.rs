//! The OAuth client of a login: the stored one, or one that the person types in.

use crate::settings;
use crate::task::Task;
use oauth::TokenAuth;
use proto::ops::flow::{Client, Field, Form, Login};
use proto::record::Bound;
use proto::{Error, Object, Result, Secrets};

/// Whether the app must have a secret; a public one has none.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secret {
    Optional,
    Required,
}

/// The stored client, confirmed if the definition changed, or a new one, kept before it is used.
pub(crate) fn stored_or_asked(task: &Task, login: &Login, secret: Secret) -> Result<Client> {
    match stored(login) {
        Some(client) => confirmed(task, client),
        None => asked(task, login, secret),
    }
}

pub(crate) fn stored(login: &Login) -> Option<&Client> {
    login.client.as_ref().filter(|client| !client.record.client_id.is_empty())
}

/// As `libs/oauth` wants it.
pub(crate) fn oauth(client: &Client) -> oauth::Client {
    oauth::Client {
        id: client.record.client_id.clone(),
        secret: client.secret.get("client_secret").map(secrecy::SecretString::from),
    }
}

/// What the person confirms by logging in under this definition.
pub(crate) fn bound(task: &Task) -> Result<Bound> {
    let scope = task.definition.bound().map_err(|why| task.broken(format_args!("api_url {why}")))?;
    Ok(Bound {
        token_url: scope.token_url,
        revocation_url: scope.revocation_url,
        device_authorization_url: scope.device_authorization_url,
        issuer: scope.issuer,
        resource: scope.resource,
        targets: scope.targets,
        // No request of a command carries an OAuth client.
        places: None,
        variables: None,
        rest: Object::new(),
    })
}

/// A definition that sends the client elsewhere than it used to gets it only after a yes.
pub(crate) fn confirmed(task: &Task, client: &Client) -> Result<Client> {
    let bound = bound(task)?;
    if client.record.bound.confirms(&bound) {
        return Ok(client.clone());
    }
    let name = task.name();
    let moved = bound.changes(&client.record.bound).join(", ");
    // What is new comes first: a host cuts long texts.
    task.tools.confirm(format!("use the stored OAuth client of {name} with its changed definition? {moved}"))?;
    let mut client = client.clone();
    client.record.bound = bound;
    task.tools.keep_client(&client)?;
    Ok(client)
}

fn asked(task: &Task, login: &Login, secret: Secret) -> Result<Client> {
    let auth = settings::auth_of(task.oauth()?.token_auth);
    let mut fields = vec![id_field("Client ID", true)];
    // A secret that will never be sent need not be known.
    if auth != TokenAuth::None {
        fields.push(secret_field("client_secret", "Client secret", secret == Secret::Required));
    }
    let answer = task.tools.form(&form(task, fields))?;
    let mut client = Client::default();
    let id = typed(task, "client ID", answer.values.get("client_id").map(String::as_str))?;
    client.record.client_id = id.ok_or_else(|| needed(task, "client ID"))?;
    client.record.redirect_uri = Some(login.redirect_uri.clone()).filter(|uri| !uri.is_empty());
    client.record.bound = bound(task)?;
    let auth = match typed(task, "client secret", answer.secret.get("client_secret"))? {
        Some(text) => {
            client.secret = Secrets::new().with("client_secret", text);
            auth
        }
        None if secret == Secret::Required && auth != TokenAuth::None => return Err(needed(task, "client secret")),
        None => TokenAuth::None,
    };
    client.record.token_auth = Some(settings::auth_name(auth).to_owned());
    task.tools.keep_client(&client)?;
    Ok(client)
}

/// The form for an app, under the provider's own name.
pub(crate) fn form(task: &Task, fields: Vec<Field>) -> Form {
    Form { title: format!("OAuth app for {}", proto::redact::shown(&task.definition.display_name)), fields }
}

pub(crate) fn id_field(label: &str, required: bool) -> Field {
    Field { name: "client_id".into(), label: label.into(), required, ..Field::default() }
}

pub(crate) fn secret_field(name: &str, label: &str, required: bool) -> Field {
    Field { name: name.into(), label: label.into(), masked: true, required, ..Field::default() }
}

/// Returns the text that was typed, without invisible characters around it.
pub(crate) fn typed(task: &Task, label: &str, text: Option<&str>) -> Result<Option<String>> {
    // An editor may have put a byte order mark in front.
    let text = text.unwrap_or_default().trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if text == proto::PLACEHOLDER {
        let name = task.name();
        return Err(Error::invalid(format!(
            "the {label} of {name} is the placeholder that programs see, not the real one"
        ))
        .hint("run the login outside of a session, and paste what the provider shows"));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

pub(crate) fn needed(task: &Task, label: &str) -> Error {
    let name = task.name();
    Error::invalid(format!("the {label} of {name} is empty")).hint(format!("authsome login {name}"))
}
