//! The values of a form: from flags, stdin and the environment, or as a person typed them.

use crate::args::Args;
use proto::ops::flow::{Client, Field, Form, FormAnswer};
use proto::{Code, Error, PLACEHOLDER, Result};
use provider::Definition;
use provider::definition::{Exported, OAuth};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read;
use zeroize::Zeroizing;

/// What to mend, by field.
pub type Problems = BTreeMap<String, String>;

/// Larger than any key, and escaped as JSON it still fits into a line of the protocol. A stream that
/// never ends must not fill the memory.
const LONGEST: u64 = 256 * 1024;

/// An object by field name; a bare text under the empty name.
type Piped = BTreeMap<String, Zeroizing<String>>;

/// What was given without asking anybody.
#[derive(Default)]
pub struct Given {
    client_id: Option<String>,
    stdin: Piped,
    /// Field to the variables that may hold it, the first that is set counting.
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
    pub fn read(args: &Args, definition: &Definition) -> Result<Given> {
        let client = |of: fn(&OAuth) -> &Option<String>| {
            definition.oauth.as_ref().and_then(|oauth| of(oauth).clone()).into_iter().collect()
        };
        let variables = BTreeMap::from([
            ("client_id", client(|oauth| &oauth.client_id_env)),
            ("client_secret", client(|oauth| &oauth.client_secret_env)),
            (Exported::credential_of(definition.auth_type).as_str(), definition.credential_variables()),
        ]);
        let stdin = if args.stdin { read_stdin()? } else { Piped::new() };
        Ok(Given { client_id: args.client_id.clone(), stdin, variables })
    }

    /// Takes what was given into the form; a value that cannot be right is an error.
    pub fn settle(&self, form: Form) -> Result<Settled> {
        let mut answer = FormAnswer::default();
        let mut left = Vec::new();
        let mut from_flag_only = true;
        let masked = form.fields.iter().filter(|field| field.masked).count();
        let is_asked = |name: &String| name.is_empty() || form.fields.iter().any(|field| field.name == *name);
        let superfluous = !self.stdin.keys().all(is_asked);
        for field in form.fields {
            let Some((value, from)) = self.value(&field, masked == 1) else {
                left.push(field);
                continue;
            };
            check(&field, &value)
                .map_err(|problem| Error::invalid(format!("{} from {from}: {problem}", field.name)))?;
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

    /// Which flags and variables would have answered, for those who cannot be asked.
    pub fn instead(&self, form: &Form) -> String {
        let mut ways = vec!["--stdin".to_owned()];
        if self.client_id.is_none() && form.fields.iter().any(|field| field.name == "client_id") {
            ways.insert(0, "--client-id".to_owned());
        }
        ways.extend(form.fields.iter().filter_map(|field| self.variables.get(field.name.as_str())?.first().cloned()));
        format!("give it by {}", ways.join(" or "))
    }

    /// Whether this client is what stdin holds.
    pub fn is_of(&self, client: &Client) -> bool {
        self.stdin.iter().all(|(name, value)| value.is_empty() || is_of(client, name, value.trim()))
    }

    fn value(&self, field: &Field, only_masked: bool) -> Option<(Zeroizing<String>, String)> {
        if let Some(value) = self.client_id.as_ref().filter(|_| field.name == "client_id") {
            return Some((Zeroizing::new(value.clone()), "--client-id".to_owned()));
        }
        if let Some(value) =
            self.stdin.get(&field.name).or_else(|| self.stdin.get("").filter(|_| field.masked && only_masked))
        {
            return Some((value.clone(), "stdin".to_owned()));
        }
        // A session's placeholder is no key of anybody.
        let set = |variable: &String| std::env::var(variable).ok().filter(|v| !v.is_empty() && v != PLACEHOLDER);
        let mut variables = self.variables.get(field.name.as_str())?.iter();
        variables.find_map(|variable| Some((Zeroizing::new(set(variable)?), variable.clone())))
    }
}

fn is_of(client: &Client, name: &str, value: &str) -> bool {
    let is_secret = |name: &str| client.secret.get(name) == Some(value);
    match name {
        "" => client.secret.names().any(is_secret),
        "client_id" => client.record.client_id == value,
        "private_key" if value.starts_with('{') => is_file_of(client, value),
        "client_secret" | "private_key" => is_secret(name),
        // What no client holds was not asked for either.
        _ => client.record.rest.get(name).and_then(Value::as_str).is_none_or(|known| known == value),
    }
}

fn is_file_of(client: &Client, text: &str) -> bool {
    let Ok(file) = serde_json::from_str::<ServiceAccount>(text) else { return false };
    client.record.client_id == file.client_email && client.secret.get("private_key") == Some(file.private_key.trim())
}

/// The fields of a service account's file that make a client.
#[derive(serde::Deserialize)]
struct ServiceAccount<'a> {
    #[serde(borrow)]
    client_email: Cow<'a, str>,
    #[serde(borrow)]
    private_key: Cow<'a, str>,
}

/// Who pipes a form in fills in all of it.
fn incomplete(left: &Form, superfluous: bool) -> Error {
    let names: Vec<&str> = left.fields.iter().map(|field| field.name.as_str()).collect();
    let more = if superfluous { ", and holds what was not asked for" } else { "" };
    let object: Vec<String> = names.iter().map(|name| format!("\"{name}\":…")).collect();
    Error::invalid(format!("stdin does not give {}{more}", names.join(" and ")))
        .hint(format!("pipe it in as {{{}}}, or leave out --stdin and be asked", object.join(",")))
}

/// Whether its value may have several lines: a key in PEM, or the file that holds it.
pub fn has_lines(field: &Field) -> bool {
    field.name == "private_key"
}

pub fn is_too_long(value: &str) -> bool {
    value.len() as u64 > LONGEST
}

/// A form as a person filled it, or what to mend.
pub fn from_typed(form: &Form, typed: &BTreeMap<String, String>) -> Result<FormAnswer, Problems> {
    let mut answer = FormAnswer::default();
    let mut problems = Problems::new();
    for field in &form.fields {
        let value = typed.get(&field.name).map(|value| value.trim()).unwrap_or_default();
        match check(field, value) {
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

/// Never tells the value: it may be a secret with one letter too many.
fn check(field: &Field, value: &str) -> Result<(), String> {
    if value.is_empty() {
        return if field.required { Err(format!("{} is needed", field.label)) } else { Ok(()) };
    }
    if value == PLACEHOLDER {
        return Err("this is the placeholder that a session shows, not a credential".to_owned());
    }
    if is_too_long(value) {
        return Err(format!("it is too long: more than {} KiB", LONGEST / 1024));
    }
    let breaks: &[char] = if has_lines(field) { &['\r', '\n', '\t'] } else { &[] };
    if value.chars().any(|c| c.is_control() && !breaks.contains(&c)) {
        return Err("it has control characters in it".to_owned());
    }
    let Some(pattern) = &field.pattern else { return Ok(()) };
    // A pattern that does not compile is refused with its definition; a drop-in flow's counts as none.
    let Ok(pattern) = regex_lite::Regex::new(&format!("^(?:{pattern})$")) else { return Ok(()) };
    if pattern.is_match(value) {
        return Ok(());
    }
    Err(field.pattern_hint.clone().unwrap_or_else(|| format!("this does not look like a {}", field.label)))
}

fn put(answer: &mut FormAnswer, field: &Field, value: &str) {
    // A browser ends lines with both, wherever they came from.
    let value = &*Zeroizing::new(value.replace("\r\n", "\n"));
    if field.masked {
        answer.secret.set(&field.name, value);
    } else {
        answer.values.insert(field.name.clone(), value.to_owned());
    }
}

fn read_stdin() -> Result<Piped> {
    // With all its room from the start: one that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST as usize + 1));
    let read = std::io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes);
    read.map_err(|error| Error::unavailable(format!("cannot read stdin: {error}")))?;
    if bytes.len() as u64 > LONGEST {
        return Err(Error::invalid(format!("stdin is too long for a key: more than {} KiB", LONGEST / 1024))
            .hint("pipe the key alone in: … | authsome login PROVIDER --stdin"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| Error::invalid("stdin is no text in UTF-8"))?.trim();
    if text.is_empty() {
        return Err(
            Error::new(Code::Invalid, "stdin is empty").hint("pipe the key in: … | authsome login PROVIDER --stdin")
        );
    }
    if !text.starts_with('{') {
        return Ok(BTreeMap::from([(String::new(), Zeroizing::new(text.to_owned()))]));
    }
    let object: proto::Object = serde_json::from_str(text).map_err(|error| {
        Error::invalid(format!("stdin is no JSON object (line {}, column {})", error.line(), error.column()))
            .hint("a key alone, or {\"client_id\":…,\"client_secret\":…}")
    })?;
    let texts = object.into_iter().filter_map(|(name, value)| match value {
        Value::String(text) => Some((name, Zeroizing::new(text))),
        _ => None,
    });
    Ok(or_file(texts.collect(), text))
}

/// The file of a service account is one value, as it is in a form: its `client_id` is a number that
/// signs nothing, and only who reads the file knows which of its fields do.
fn or_file(texts: Piped, whole: &str) -> Piped {
    let is_file = ["private_key", "client_email"].iter().all(|name| texts.contains_key(*name));
    if is_file { Piped::from([("private_key".to_owned(), Zeroizing::new(whole.to_owned()))]) } else { texts }
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

    #[test]
    fn a_bare_text_on_stdin_is_the_one_masked_field() {
        let stdin = BTreeMap::from([(String::new(), Zeroizing::new("sk-abc".to_owned()))]);
        let settled = Given { stdin, ..Given::default() }.settle(key_form()).unwrap();
        assert_eq!(settled.answer.secret.get("api_key"), Some("sk-abc"));
        assert!(!settled.needs_person);
    }

    #[test]
    fn a_key_that_cannot_be_right_is_refused_without_being_shown() {
        for bad in ["hunter2", PLACEHOLDER, "sk-abc\r\nX: y", "xsk-abcx"] {
            let stdin = BTreeMap::from([(String::new(), Zeroizing::new(bad.to_owned()))]);
            let error = Given { stdin, ..Given::default() }.settle(key_form()).err().unwrap();
            assert!(!error.message.contains(bad), "{}", error.message);
            assert!(from_typed(&key_form(), &BTreeMap::from([("api_key".to_owned(), bad.to_owned())])).is_err());
        }
    }

    #[test]
    fn stdin_that_leaves_out_what_the_form_needs_is_refused_and_its_names_are_not_told() {
        let stdin = BTreeMap::from([("sk-abc".to_owned(), Zeroizing::new("api_key".to_owned()))]);
        let error = Given { stdin, ..Given::default() }.settle(key_form()).err().unwrap();
        assert_eq!(error.message, "stdin does not give api_key, and holds what was not asked for");
    }

    #[test]
    fn a_client_id_alone_still_asks_for_its_secret() {
        let field = |name: &str, masked| Field { name: name.into(), label: name.into(), masked, ..Field::default() };
        let form = Form { title: "t".into(), fields: vec![field("client_id", false), field("client_secret", true)] };
        let settled = Given { client_id: Some("id".into()), ..Given::default() }.settle(form).unwrap();
        assert!(settled.needs_person);
        assert_eq!(settled.left.fields.len(), 1);
    }
}
