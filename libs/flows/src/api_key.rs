//! Flow `api_key`: the person pastes a key, and it is tried once before it is kept.

use crate::task::Task;
use crate::{Flow, check, client, failure};
use proto::ops::flow::{Field, Form, Learned, Login, Refresh};
use proto::{Code, Error, Result, Secrets};
use regex_lite::Regex;

pub(crate) struct ApiKey;

impl Flow for ApiKey {
    fn name(&self) -> &'static str {
        "api_key"
    }

    fn login(&self, task: &Task, login: &Login) -> Result<Learned> {
        let settings = task.definition.api_key.clone().unwrap_or_default();
        let answer = task.tools.form(&Form {
            title: format!("API key for {}", proto::redact::shown(&task.definition.display_name)),
            fields: vec![Field {
                name: "api_key".into(),
                label: "API key".into(),
                masked: true,
                required: true,
                pattern: settings.key_pattern,
                pattern_hint: settings.key_pattern_hint,
                default: None,
            }],
        })?;
        let key = client::typed(task, "API key", answer.secret.get("api_key"))?.unwrap_or_default();
        refuse_bad(task, &key)?;
        if login.check {
            check::check(task, &key.as_str().into())?;
        }
        let mut learned = Learned { secret: Secrets::new().with("api_key", key), ..Learned::default() };
        learned.record.insert("renewable".into(), false.into());
        Ok(learned)
    }

    fn refresh(&self, task: &Task, _: &Refresh) -> Result<Learned> {
        Err(failure::nothing_to_renew(task, "an API key is not renewed"))
    }

    fn revoke(&self, task: &Task, _: &Refresh) -> Result<()> {
        let name = task.name();
        let error = Error::new(Code::Unsupported, format!("{name} has no way to revoke an API key from here"));
        Err(match &task.definition.dashboard_url {
            Some(url) => error.hint(format!("delete the key at {}", proto::redact::shown(url))),
            None => error,
        })
    }
}

/// A key that no header can carry, or that does not look like this provider's.
fn refuse_bad(task: &Task, key: &str) -> Result<()> {
    let name = task.name();
    let settings = task.definition.api_key.as_ref();
    let hint = settings.and_then(|settings| settings.key_pattern_hint.clone());
    let refuse = |what: &str| {
        let hint = hint.as_deref().map(proto::redact::shown);
        Err(Error::invalid(format!("the API key of {name} {what}"))
            .hint(hint.unwrap_or_else(|| format!("authsome login {name}"))))
    };
    if key.is_empty() {
        return refuse("is empty");
    }
    if !key.bytes().all(|b| b.is_ascii_graphic()) {
        return refuse("has a space or a character that no key has");
    }
    match settings.and_then(|settings| settings.key_pattern.as_deref()) {
        None => Ok(()),
        Some(pattern) => match Regex::new(&format!("^(?:{pattern})$")) {
            Ok(whole) if whole.is_match(key) => Ok(()),
            Ok(_) => refuse("does not look like one"),
            Err(_) => {
                task.tools.asks.note(&format!("the key_pattern of {name} is not understood, the key is kept unseen"));
                Ok(())
            }
        },
    }
}
