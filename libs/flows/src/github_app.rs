//! Flow `github_app`: the token of one installation of a GitHub App.
//!
//! The app signs an assertion and shows it as bearer; the definition's `token_url` is the list of
//! installations (`https://api.github.com/app/installations`), below which each has its own place.

use crate::machine::{self, Asked};
use crate::task::Task;
use crate::{Flow, client, revocation, settings, signer};
use proto::ops::flow::{Client, Field, Learned, Login, Refresh};
use proto::{Error, Object, Result};
use serde_json::{Map, Value};

/// Seconds: GitHub takes ten minutes at most, and its clock may be behind ours.
const LIFETIME: i64 = 540;
const SKEW: i64 = 60;

/// The field of the client's record, and of the connection's, that names the installation.
const INSTALLATION: &str = "installation_id";

pub(crate) struct GitHubApp;

impl Flow for GitHubApp {
    fn name(&self) -> &'static str {
        "github_app"
    }

    fn login(&self, task: &Task, login: &Login) -> Result<Learned> {
        let client = match client::stored(login) {
            Some(client) => client::confirmed(task, client)?,
            None => asked(task)?,
        };
        // Permissions belong to the app; no scopes can be asked for.
        let login = Login { scopes: Vec::new(), ..login.clone() };
        let asked = ask(task, &client, &client.record.rest);
        let mut learned = machine::login(task, &login, "the app's assertion", asked)?;
        let installation = client.record.rest.get(INSTALLATION).cloned();
        learned.record.extend(installation.map(|id| (INSTALLATION.to_owned(), id)));
        Ok(learned)
    }

    fn refresh(&self, task: &Task, refresh: &Refresh) -> Result<Learned> {
        machine::renew(task, refresh, |client| ask(task, client, &refresh.record))
    }

    fn revoke(&self, task: &Task, refresh: &Refresh) -> Result<()> {
        revocation::revoke(task, refresh, |_| Ok(()))
    }
}

fn asked(task: &Task) -> Result<Client> {
    let installation = Field {
        name: INSTALLATION.into(),
        label: "Installation ID".into(),
        required: true,
        pattern: Some("[0-9]+".into()),
        pattern_hint: Some("the number at the end of the installation's address".into()),
        ..Field::default()
    };
    let (mut client, answer) = signer::asked(task, client::id_field("Client ID of the app", true), Some(installation))?;
    let installation = client::typed(task, "installation ID", answer.values.get(INSTALLATION).map(String::as_str))?
        .ok_or_else(|| client::needed(task, "installation ID"))?;
    client.record.rest.insert(INSTALLATION.to_owned(), installation.into());
    place(task, &client.record.rest)?;
    task.tools.keep_client(&client)?;
    Ok(client)
}

/// Where this installation's tokens are.
fn place(task: &Task, record: &Object) -> Result<oauth::Endpoint> {
    let name = task.name();
    let installations = task.oauth()?.token_url.as_deref().ok_or_else(|| task.broken("it has no token_url"))?;
    let id = record.get(INSTALLATION).and_then(Value::as_str).unwrap_or_default();
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit()) {
        let error = Error::invalid(format!("the installation ID of {name} is not a number"));
        return Err(error.hint(format!("authsome login {name} --reset-client")));
    }
    settings::endpoint(task, "token_url", &format!("{}/{id}/access_tokens", installations.trim_end_matches('/')))
}

fn ask(task: &Task, client: &Client, record: &Object) -> Asked {
    let provider = settings::provider(task, None)?;
    let place = place(task, record)?;
    let now = task.now();
    let claims = Map::from_iter([
        ("iat".to_owned(), Value::from(now - SKEW)),
        ("exp".to_owned(), Value::from(now - SKEW + LIFETIME)),
    ]);
    let assertion = signer::sign(task, client, record, claims)?;
    Ok(oauth::installation_token(task.tools.transport, &provider, &place, &assertion, now))
}
