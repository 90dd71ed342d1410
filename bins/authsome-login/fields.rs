//! The values of a form: from flags, stdin and the environment, or as a person typed them.

use crate::args::Args;
use crate::piped::Piped;
use crate::value;
use proto::ops::flow::{Client, Field, Form, FormAnswer};
use proto::{Error, PLACEHOLDER, Result};
use provider::Definition;
use provider::definition::{Exported, OAuth, TokenAuth};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// What to mend, by field.
pub type Problems = BTreeMap<String, String>;

/// What was given without asking anybody.
#[derive(Default)]
pub struct Given {
    client_id: Option<String>,
    stdin: Piped,
    /// The variables that may hold each field. The first one that is set counts.
    variables: BTreeMap<&'static str, Vec<String>>,
}

/// A form after what was given: what is settled, and what is left to ask a person.
pub struct Settled {
    pub answer: FormAnswer,
    pub left: Form,
    /// Somebody must be asked.
    pub needs_person: bool,
    /// Stdin had more than the form asks for. What it is called is not told: it may be a secret.
    pub superfluous: bool,
}

impl Given {
    pub fn read(args: &Args, definition: &Definition, flow: &str) -> Result<Given> {
        // A flow that registers its client asks for none.
        let asked = definition.oauth.as_ref().filter(|_| flow != "dcr_pkce");
        let client =
            |of: fn(&OAuth) -> &Option<String>| asked.and_then(|oauth| of(oauth).clone()).into_iter().collect();
        // The secret of a public client is neither asked for nor sent.
        let is_public = asked.is_some_and(|oauth| oauth.token_auth == TokenAuth::None);
        let variables = BTreeMap::from([
            ("client_id", client(|oauth| &oauth.client_id_env)),
            ("client_secret", if is_public { Vec::new() } else { client(|oauth| &oauth.client_secret_env) }),
            (Exported::credential_of(definition.auth_type).as_str(), definition.credential_variables()),
        ]);
        let stdin = if args.stdin { Piped::read()? } else { Piped::default() };
        Ok(Given { client_id: args.client_id.clone(), stdin, variables })
    }

    /// Takes what was given into the form; a value that cannot be right is an error.
    pub fn settle(&self, form: Form) -> Result<Settled> {
        self.stdin.refuse_unknown(&form)?;
        let superfluous = self.stdin.has_more_than(&form);
        let mut answer = FormAnswer::default();
        let mut left = Vec::new();
        let mut from_flag_only = true;
        let masked = form.fields.iter().filter(|field| field.masked).count();
        for field in form.fields {
            let Some((value, from)) = self.value(&field, masked == 1) else {
                left.push(field);
                continue;
            };
            let refused = |problem| Error::invalid(format!("{} from {from}: {problem}", field.name));
            value::check(&field, &value).map_err(refused)?;
            from_flag_only &= from == "--client-id";
            put(&mut answer, &field, &value);
        }
        let anything = !answer.values.is_empty() || !answer.secret.is_empty();
        let asks = |field: &Field| field.required || !anything || (from_flag_only && field.masked);
        let needs_person = left.iter().any(asks);
        let left = Form { title: form.title, fields: left };
        if needs_person && !self.stdin.is_empty() {
            return Err(incomplete(&left, superfluous));
        }
        Ok(Settled { answer, left, needs_person, superfluous })
    }

    /// Returns the flags and variables that answer the form, for a login that cannot ask anybody.
    pub fn instead(&self, form: &Form) -> String {
        match &form.fields[..] {
            [one] => format!("give it by {}", [vec!["--stdin".to_owned()], self.ways(one)].concat().join(" or ")),
            several => {
                let ways = several.iter().map(|field| {
                    let ways = self.ways(field);
                    let ways = if ways.is_empty() { "--stdin".to_owned() } else { ways.join(" or ") };
                    format!("{} by {ways}", field.name)
                });
                format!("give {}; or all of them by --stdin", ways.collect::<Vec<_>>().join(" and "))
            }
        }
    }

    /// Returns the flag and the variables that answer a field, beside stdin.
    fn ways(&self, field: &Field) -> Vec<String> {
        let flag = (self.client_id.is_none() && field.name == "client_id").then(|| "--client-id".to_owned());
        let variables = self.variables.get(field.name.as_str());
        flag.into_iter().chain(variables.and_then(|names| names.first().cloned())).collect()
    }

    /// Returns true when stdin holds this very client.
    pub fn is_of(&self, client: &Client) -> bool {
        self.stdin.is_of(client)
    }

    /// Returns what of an OAuth client the environment gives that is not `stored`'s, and the variable that holds it.
    ///
    /// A secret alone names no client. What stdin holds counts before the environment.
    pub fn other_in_environment(&self, stored: &Client) -> Option<(&'static str, String)> {
        if !self.stdin.is_empty() {
            return None;
        }
        if self.client_id.is_none() {
            let (id, variable) = self.in_environment("client_id")?;
            if id.trim() != stored.record.client_id {
                return Some(("client ID", variable));
            }
        }
        // A client that signs has no such secret.
        let known = stored.secret.get("client_secret");
        let has_secret = known.is_some() || stored.secret.is_empty();
        let (secret, variable) = self.in_environment("client_secret").filter(|_| has_secret)?;
        (known != Some(secret.trim())).then_some(("client secret", variable))
    }

    fn value(&self, field: &Field, only_masked: bool) -> Option<(Zeroizing<String>, String)> {
        if let Some(value) = self.client_id.as_ref().filter(|_| field.name == "client_id") {
            return Some((Zeroizing::new(value.clone()), "--client-id".to_owned()));
        }
        let piped = self.stdin.field(&field.name);
        if let Some(value) = piped.or_else(|| self.stdin.alone().filter(|_| field.masked && only_masked)) {
            return Some((value.clone(), "stdin".to_owned()));
        }
        self.in_environment(&field.name)
    }

    /// Returns a field's value and the variable that holds it.
    fn in_environment(&self, field: &str) -> Option<(Zeroizing<String>, String)> {
        // A session's placeholder is no key of anybody.
        let set = |variable: &String| std::env::var(variable).ok().filter(|v| !v.is_empty() && v != PLACEHOLDER);
        let mut variables = self.variables.get(field)?.iter();
        variables.find_map(|variable| Some((Zeroizing::new(set(variable)?), variable.clone())))
    }
}

/// Who pipes a form in fills in all of it.
fn incomplete(left: &Form, superfluous: bool) -> Error {
    let names: Vec<&str> = left.fields.iter().map(|field| field.name.as_str()).collect();
    let more = if superfluous { ", and holds what was not asked for" } else { "" };
    let object: Vec<String> = names.iter().map(|name| format!("\"{name}\":…")).collect();
    Error::invalid(format!("stdin does not give {}{more}", names.join(" and ")))
        .hint(format!("pipe it in as {{{}}}, or leave out --stdin and be asked", object.join(",")))
}

/// A form as a person filled it, or what to mend.
pub fn from_typed(form: &Form, typed: &BTreeMap<String, String>) -> Result<FormAnswer, Problems> {
    let mut answer = FormAnswer::default();
    let mut problems = Problems::new();
    for field in &form.fields {
        let value = typed.get(&field.name).map(|value| value.trim()).unwrap_or_default();
        match value::check(field, value) {
            Err(problem) => drop(problems.insert(field.name.clone(), problem)),
            Ok(()) if value.is_empty() => {}
            Ok(()) => put(&mut answer, field, value),
        }
    }
    if problems.is_empty() { Ok(answer) } else { Err(problems) }
}

/// Adds what a person typed to what was given.
pub fn join(mut given: FormAnswer, typed: FormAnswer) -> FormAnswer {
    given.values.extend(typed.values);
    let names: Vec<String> = typed.secret.names().map(str::to_owned).collect();
    for name in names {
        if let Some(value) = typed.secret.get(&name) {
            given.secret.set(name, value);
        }
    }
    given
}

fn put(answer: &mut FormAnswer, field: &Field, value: &str) {
    let value = &*value::unix_lines(value);
    if field.masked {
        answer.secret.set(&field.name, value);
    } else {
        answer.values.insert(field.name.clone(), value.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_form() -> Form {
        let field = Field {
            name: "api_key".into(),
            label: "API key".into(),
            masked: true,
            required: true,
            pattern: Some("sk-[a-z]+".into()),
            ..Field::default()
        };
        Form { title: "t".into(), fields: vec![field] }
    }

    fn client_form() -> Form {
        let field = |name: &str, masked| Field { name: name.into(), label: name.into(), masked, ..Field::default() };
        Form { title: "t".into(), fields: vec![field("client_id", false), field("client_secret", true)] }
    }

    fn piped(text: &str) -> Given {
        Given { stdin: Piped::parse(text).unwrap(), ..Given::default() }
    }

    #[test]
    fn a_bare_text_on_stdin_is_the_one_masked_field() {
        let settled = piped("sk-abc").settle(key_form()).unwrap();
        assert_eq!(settled.answer.secret.get("api_key"), Some("sk-abc"));
        assert!(!settled.needs_person);
    }

    #[test]
    fn a_key_that_cannot_be_right_is_refused_without_being_shown() {
        for bad in ["hunter2", PLACEHOLDER, "sk-abc\r\nX: y", "xsk-abcx"] {
            let error = piped(bad).settle(key_form()).err().unwrap();
            assert!(!error.message.contains(bad), "{}", error.message);
            assert!(from_typed(&key_form(), &BTreeMap::from([("api_key".to_owned(), bad.to_owned())])).is_err());
        }
    }

    #[test]
    fn stdin_that_leaves_out_what_the_form_needs_is_refused() {
        let error = piped(r#"{"client_secret":"x"}"#).settle(key_form()).err().unwrap();
        assert_eq!(error.message, "stdin does not give api_key, and holds what was not asked for");
    }

    #[test]
    fn a_client_id_alone_still_asks_for_its_secret() {
        let given = Given { client_id: Some("id".into()), ..Given::default() };
        let settled = given.settle(client_form()).unwrap();
        assert!(settled.needs_person);
        assert_eq!(settled.left.fields.len(), 1);
        assert_eq!(given.instead(&settled.left), "give it by --stdin");
    }

    #[test]
    fn where_two_values_are_needed_the_hint_names_both() {
        let given =
            Given { variables: BTreeMap::from([("client_secret", vec!["X_SECRET".into()])]), ..Given::default() };
        let hint = "give client_id by --client-id and client_secret by X_SECRET; or all of them by --stdin";
        assert_eq!(given.instead(&client_form()), hint);
    }
}
