//! What a token answer taught: the record and the secret that the host stores.

use crate::settings;
use crate::task::Task;
use oauth::{Account, Token};
use proto::Secrets;
use proto::ops::flow::Learned;
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

/// Scopes of OpenID Connect (§5.4, §11) steer the request; servers seldom tell them back.
const STEERING: &[&str] = &["openid", "profile", "email", "offline_access"];

/// After a login: all that is known, with a note on what the person may miss.
pub(crate) fn at_login(task: &Task, token: &Token, asked: &[String]) -> Learned {
    let granted = token.scopes.clone().unwrap_or_else(|| asked.to_vec());
    let missing: Vec<&str> = missing(asked, &granted);
    if !missing.is_empty() {
        let text = format!("{} granted fewer scopes than asked for: without {}", task.name(), missing.join(", "));
        task.tools.asks.note(&proto::redact::shown(&text));
    }
    let expected = task.definition.oauth.as_ref().is_some_and(|oauth| oauth.expects_refresh_token);
    if expected && token.refresh_token.is_none() {
        task.tools
            .asks
            .note(&format!("{} gave no refresh token: the connection ends when its access token expires", task.name()));
    }
    let mut learned = learned(task, token);
    learned.record.insert("scopes".into(), json!(granted));
    insert_account(&mut learned, account(task, token));
    learned
}

/// After a renewal: what changed. A lifetime not told any more is none; what is not told else stays.
pub(crate) fn at_refresh(task: &Task, token: &Token, old: &Secrets) -> Learned {
    let mut learned = learned(task, token);
    if let Some(scopes) = &token.scopes {
        learned.record.insert("scopes".into(), json!(scopes));
    }
    // A renewal changes no account, and many providers then tell only half of it.
    if token.account.id.is_some() {
        insert_account(&mut learned, token.account.clone());
    }
    learned.record.entry("expires_at").or_insert(Value::Null);
    if let (None, Some(kept)) = (learned.secret.get("refresh_token"), old.get("refresh_token")) {
        learned.secret.set("refresh_token", kept);
        learned.record.insert("renewable".into(), true.into());
    }
    learned
}

fn learned(task: &Task, token: &Token) -> Learned {
    let mut learned = Learned::default();
    learned.secret.set("access_token", token.access_token.expose_secret());
    if let Some(refresh_token) = &token.refresh_token {
        learned.secret.set("refresh_token", refresh_token.expose_secret());
    }
    if let Some(seconds) = token.expires_in {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        learned.record.insert("expires_at".into(), task.now().saturating_add(seconds).into());
    }
    learned.record.insert("renewable".into(), token.refresh_token.is_some().into());
    learned
}

fn insert_account(learned: &mut Learned, account: Account) {
    let mut found = Map::new();
    found.extend(account.id.map(|id| ("id".to_owned(), id.into())));
    found.extend(account.label.map(|label| ("label".to_owned(), proto::redact::shown(&label).into())));
    if !found.is_empty() {
        learned.record.insert("account".into(), Value::Object(found));
    }
}

/// From the token answer, else by asking; without it the login is good all the same.
fn account(task: &Task, token: &Token) -> Account {
    let told = token.account.clone();
    let Some(userinfo) = task.definition.oauth.as_ref().and_then(|oauth| oauth.userinfo.as_ref()) else { return told };
    if told.label.is_some() {
        return told;
    }
    let asked = settings::endpoint(task, "userinfo", &userinfo.url).and_then(|endpoint| {
        let provider = settings::provider(task, None)?;
        let pointers = settings::pointers(&userinfo.account);
        oauth::account_at(
            task.tools.transport,
            &provider,
            &endpoint,
            userinfo.post.as_ref(),
            &token.access_token,
            &pointers,
        )
        .map_err(|failure| crate::failure::login(task, "the question for the account", &failure))
    });
    match asked {
        Ok(found) => Account { id: told.id.or(found.id), ..found },
        Err(error) => {
            task.tools.asks.note(&format!("the account's name is not known: {error}"));
            told
        }
    }
}

/// `a:b` counts as granted with `a`: that is how providers fold narrower scopes into wider ones.
fn missing<'a>(asked: &'a [String], granted: &[String]) -> Vec<&'a str> {
    let has = |scope: &str| {
        granted.iter().any(|g| g == scope || scope.strip_prefix(g.as_str()).is_some_and(|r| r.starts_with(':')))
    };
    asked.iter().map(String::as_str).filter(|scope| !STEERING.contains(scope) && !has(scope)).collect()
}
