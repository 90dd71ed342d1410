//! Plays one case: its steps in order, against as many processes of the helper as it starts.

use crate::args::Role;
use crate::checks::Planted;
use crate::conversation::{Conversation, Setup};
use crate::matching::{Bindings, filled, matches};
use crate::transcript::{Act, Case, Http};
use crate::{http, race};
use proto::{FromHelper, Object};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What a form is filled in with; long enough to be found again where it should not be.
const TYPED: &str = "typed-by-the-kit-0123456789";

pub struct Player<'a> {
    setup: &'a Setup,
    helpers: BTreeMap<String, Conversation>,
    asks: Object,
    bindings: Bindings,
    planted: Planted,
}

/// # Errors
/// The line of the transcript, and what was wrong.
pub fn play(setup: &Setup, case: &Case, bindings: Bindings) -> Result<(), String> {
    let mut player =
        Player { setup, helpers: BTreeMap::new(), asks: Object::new(), bindings, planted: Planted::default() };
    let mut played = case
        .steps
        .iter()
        .try_for_each(|step| player.step(&step.act).map_err(|what| format!("line {}: {what}", step.line)));
    if played.is_ok() {
        played = player.end_all();
    }
    player.helpers.clear();
    player.clean_up();
    played
}

impl Player<'_> {
    fn step(&mut self, act: &Act) -> Result<(), String> {
        match act {
            Act::Start(name) => {
                let started = Conversation::start(self.setup)?;
                self.helpers.insert(name.clone(), started);
                Ok(())
            }
            Act::Send { to, message } => {
                let message = filled(message, &self.bindings)?;
                let helper = self.helpers.get_mut(to).ok_or_else(|| not_started(to))?;
                helper.say(&message, &mut self.planted);
                Ok(())
            }
            Act::Expect { from, message } => self.expect(from, message),
            Act::Asks(answers) => {
                self.asks.clone_from(answers);
                Ok(())
            }
            Act::Eof(name) => self.helpers.remove(name).ok_or_else(|| not_started(name))?.end(&self.planted),
            Act::Kill(name) => {
                self.helpers.remove(name).ok_or_else(|| not_started(name))?.kill();
                Ok(())
            }
            Act::Differ(values) => self.differ(values),
            Act::Race(race) => {
                let key = filled(&Value::from(race.key.as_str()), &self.bindings)?;
                race::run(self.setup, race, key.as_str().unwrap_or_default())
            }
            Act::Http(http) => self.http(http),
        }
    }

    /// Hears until something comes that is not an ask with an answer ready.
    fn expect(&mut self, from: &str, template: &Value) -> Result<(), String> {
        loop {
            let helper = self.helpers.get_mut(from).ok_or_else(|| not_started(from))?;
            let (message, value) = helper.hear(&self.planted)?;
            let FromHelper::Ask { id, n, kind, body } = message else {
                return matches(template, &value, &mut self.bindings);
            };
            let Some(answer) = self.asks.get(&kind).or_else(|| self.asks.get("*")) else {
                return matches(template, &value, &mut self.bindings);
            };
            let mut line = json!({"v": 1, "id": id});
            match answer.as_str() {
                Some("cancel") => line["cancel"] = true.into(),
                Some("fill") => line["answer"] = form_filled(&body),
                _ => line["answer"] = filled(answer, &self.bindings)?,
            }
            if let Some(answer) = line.get_mut("answer") {
                answer["n"] = n.into();
            }
            helper.say(&line, &mut self.planted);
        }
    }

    fn differ(&self, values: &[Value]) -> Result<(), String> {
        let values = values.iter().map(|value| filled(value, &self.bindings)).collect::<Result<Vec<_>, _>>()?;
        let same = (1..values.len()).find(|n| values[..*n].contains(&values[*n]));
        match same {
            None => Ok(()),
            Some(n) => Err(format!("{} came twice", values[n])),
        }
    }

    fn http(&self, http: &Http) -> Result<(), String> {
        let text = |text: &str| filled(&Value::from(text), &self.bindings);
        let (address, request) = (text(&http.address)?, text(&http.request)?);
        let (address, request) = (address.as_str().unwrap_or_default(), request.as_str().unwrap_or_default());
        match http::status(address, request)? {
            status if status == http.status => Ok(()),
            status => Err(format!("{address} answered status {status}, not {}", http.status)),
        }
    }

    fn end_all(&mut self) -> Result<(), String> {
        let helpers = std::mem::take(&mut self.helpers);
        helpers.into_iter().try_for_each(|(name, helper)| {
            helper.end(&self.planted).map_err(|what| format!("the end of {name}: {what}"))
        })
    }

    /// A vault of another make keeps what it was given outside of the home: it is erased again. What
    /// can't be erased was a failure of the case already, or belongs to one that is about erasing.
    fn clean_up(&mut self) {
        let (Role::Vault, Some(Value::String(profile))) = (self.setup.role, self.bindings.get("profile")) else {
            return;
        };
        let Ok(mut vault) = Conversation::start(self.setup) else { return };
        let Value::Object(body) = json!({"prefix": format!("{profile}/"), "limit": 500}) else { return };
        let Ok(Ok(listing)) = vault.request("list", body, &mut self.planted) else { return };
        for row in listing.get("records").and_then(Value::as_array).into_iter().flatten() {
            let Some(key) = row.get("key").filter(|key| key.as_str().is_some_and(|key| key.starts_with(profile)))
            else {
                continue;
            };
            let body = Object::from_iter([("key".to_owned(), key.clone())]);
            if vault.request("erase", body, &mut self.planted).is_err() {
                return;
            }
        }
    }
}

/// Every field of the ask `form`: masked ones under `secret`, the others under `values`.
fn form_filled(form: &Object) -> Value {
    let (mut values, mut secret) = (Object::new(), Object::new());
    for field in form.get("fields").and_then(Value::as_array).into_iter().flatten() {
        let Some(name) = field.get("name").and_then(Value::as_str) else { continue };
        let masked = field.get("masked").and_then(Value::as_bool).unwrap_or_default();
        let place = if masked { &mut secret } else { &mut values };
        place.insert(name.to_owned(), TYPED.into());
    }
    json!({"values": values, "secret": secret})
}

fn not_started(name: &str) -> String {
    format!("the transcript starts no {name}")
}
