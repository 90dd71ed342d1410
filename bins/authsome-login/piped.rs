//! The content of stdin: a key alone, fields as a JSON object, or a file as a provider hands it out.

use crate::value::MAX_BYTES;
use proto::ops::flow::{Client, Form};
use proto::{Code, Error, Object, Result};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use zeroize::Zeroizing;

/// The fields that logins ask for. A login accepts all of them, so that one file serves several logins.
const FIELDS: [&str; 4] = ["client_id", "client_secret", "api_key", "private_key"];

/// The kinds of client in Google's client files. Such a file has its fields under the client's kind.
const GOOGLES_KINDS: [&str; 2] = ["installed", "web"];

const ALONE: &str = "a key alone, or {\"client_id\":…,\"client_secret\":…}";

/// The fields that were piped in.
#[derive(Default)]
pub struct Piped {
    /// The values by field. A key alone is under the empty name.
    texts: BTreeMap<String, Zeroizing<String>>,
    /// The names of fields whose value is no text.
    no_texts: BTreeSet<String>,
}

impl Piped {
    /// Reads stdin to its end.
    pub fn read() -> Result<Piped> {
        // The buffer has its full size from the start. One that grows leaves copies of a secret behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_BYTES as usize + 1));
        let read = std::io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes);
        read.map_err(|error| {
            Error::unavailable(format!("cannot read stdin: {error}"))
                .hint("pipe the key in: … | authsome login PROVIDER --stdin")
        })?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(Error::invalid(format!("stdin is too long for a key: more than {} KiB", MAX_BYTES / 1024))
                .hint("pipe the key alone in: … | authsome login PROVIDER --stdin"));
        }
        let text = text::read(&bytes).map_err(|_| Error::invalid("stdin is no text in UTF-8").hint(ALONE))?;
        Piped::parse(&Zeroizing::new(text.into_owned()))
    }

    pub fn parse(text: &str) -> Result<Piped> {
        // Windows begins text files with a byte order mark (RFC 8259 §8.1).
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return Err(Error::new(Code::Invalid, "stdin is empty")
                .hint("pipe the key in: … | authsome login PROVIDER --stdin"));
        }
        if !text.starts_with('{') {
            return Ok(Piped::of([(String::new(), text)]));
        }
        let object: Object = serde_json::from_str(text).map_err(|error| {
            Error::invalid(format!("stdin is no JSON object (line {}, column {})", error.line(), error.column()))
                .hint(ALONE)
        })?;
        if ["private_key", "client_email"].iter().all(|name| object.get(*name).is_some_and(Value::is_string)) {
            // The file of a service account is one value, as in a form. Its `client_id` is a number that signs nothing;
            // the flow reads the file and knows its fields.
            return Ok(Piped::of([("private_key".to_owned(), text)]));
        }
        Ok(Piped::from_object(googles_client(object)))
    }

    fn from_object(object: Object) -> Piped {
        let mut piped = Piped::default();
        for (name, value) in object {
            match value {
                Value::Null => {}
                Value::String(text) => drop(piped.texts.insert(name, Zeroizing::new(text))),
                // Some providers name clients by number.
                Value::Number(number) => drop(piped.texts.insert(name, Zeroizing::new(number.to_string()))),
                _ => drop(piped.no_texts.insert(name)),
            }
        }
        piped
    }

    fn of<const N: usize>(texts: [(String, &str); N]) -> Piped {
        let texts = texts.map(|(name, text)| (name, Zeroizing::new(text.to_owned())));
        Piped { texts: texts.into(), no_texts: BTreeSet::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.no_texts.is_empty()
    }

    pub fn field(&self, name: &str) -> Option<&Zeroizing<String>> {
        self.texts.get(name).filter(|_| !name.is_empty())
    }

    /// Returns the key that was piped in alone.
    pub fn alone(&self) -> Option<&Zeroizing<String>> {
        self.texts.get("")
    }

    /// Refuses fields that no login knows, because a misspelt field would otherwise be ignored silently.
    ///
    /// The error does not repeat a name that resembles no field. It may be a secret, if somebody swapped name and
    /// value.
    pub fn refuse_unknown(&self, form: &Form) -> Result<()> {
        let asked: Vec<&str> = form.fields.iter().map(|field| field.name.as_str()).collect();
        let names = self.texts.keys().chain(&self.no_texts).filter(|name| !name.is_empty());
        for name in names.filter(|name| !asked.contains(&name.as_str())) {
            if FIELDS.contains(&name.as_str()) {
                continue;
            }
            return Err(match nearest(name, &asked) {
                Some(meant) => Error::invalid(format!("stdin has a field {name:?}, which is not known"))
                    .hint(format!("did you mean {meant:?}?")),
                None => Error::invalid("stdin has a field that is not known")
                    .hint(format!("its fields are {}", asked.join(", "))),
            });
        }
        match asked.into_iter().find(|name| self.no_texts.contains(*name)) {
            Some(name) => Err(Error::invalid(format!("{name} from stdin is no text")).hint(ALONE)),
            None => Ok(()),
        }
    }

    /// Returns true when stdin has fields that `form` does not ask for.
    pub fn has_more_than(&self, form: &Form) -> bool {
        let is_asked = |name: &String| name.is_empty() || form.fields.iter().any(|field| field.name == *name);
        !self.texts.keys().all(is_asked)
    }

    /// Returns true when stdin holds this very client.
    pub fn is_of(&self, client: &Client) -> bool {
        self.texts.iter().all(|(name, value)| value.is_empty() || is_of(client, name, value.trim()))
    }
}

/// Returns the fields of the client in Google's client file (`client_secret_….json`).
fn googles_client(mut object: Object) -> Object {
    let kind = GOOGLES_KINDS.into_iter().find(|kind| object.len() == 1 && object.contains_key(*kind));
    match kind.and_then(|kind| object.remove(kind)) {
        Some(Value::Object(mut client)) => {
            client.retain(|name, _| FIELDS.contains(&name.as_str()));
            client
        }
        // An object without a client's fields is refused like any other.
        Some(other) => Object::from_iter([(kind.unwrap_or_default().to_owned(), other)]),
        None => object,
    }
}

/// Returns the field that was probably meant: it is spelt alike or contains the name.
fn nearest<'a>(name: &str, asked: &[&'a str]) -> Option<&'a str> {
    let plain = |name: &str| name.to_ascii_lowercase().replace(['_', '-', ' '], "");
    let wanted = plain(name);
    let contains =
        |field: &&&str| wanted.len() > 1 && (plain(field).contains(&wanted) || wanted.contains(&plain(field)));
    provider::nearest::one(name, asked.iter().copied()).or_else(|| asked.iter().find(contains).copied())
}

fn is_of(client: &Client, name: &str, value: &str) -> bool {
    let is_secret = |name: &str| client.secret.get(name) == Some(value);
    match name {
        "" => client.secret.names().any(is_secret),
        "client_id" => client.record.client_id == value,
        "private_key" if value.starts_with('{') => is_file_of(client, value),
        "client_secret" | "private_key" => is_secret(name),
        // No client has any other field.
        _ => client.record.rest.get(name).and_then(Value::as_str).is_none_or(|known| known == value),
    }
}

fn is_file_of(client: &Client, text: &str) -> bool {
    let Ok(file) = serde_json::from_str::<ServiceAccount>(text) else { return false };
    client.record.client_id == file.client_email && client.secret.get("private_key") == Some(file.private_key.trim())
}

/// The fields of a service account's file that identify a client.
#[derive(serde::Deserialize)]
struct ServiceAccount<'a> {
    #[serde(borrow)]
    client_email: Cow<'a, str>,
    #[serde(borrow)]
    private_key: Cow<'a, str>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::ops::flow::Field;

    fn form(names: &[&str]) -> Form {
        let field = |name: &&str| Field { name: (*name).to_owned(), ..Field::default() };
        Form { title: "t".into(), fields: names.iter().map(field).collect() }
    }

    fn refused(text: &str) -> Error {
        Piped::parse(text).unwrap().refuse_unknown(&form(&["client_id", "client_secret"])).unwrap_err()
    }

    #[test]
    fn a_misspelt_field_is_refused_with_the_one_that_was_meant() {
        for (name, meant) in [
            ("secret", "client_secret"),
            ("clientSecret", "client_secret"),
            ("cleint_id", "client_id"),
            ("id", "client_id"),
        ] {
            let error = refused(&format!("{{\"client_id\":\"a\",\"{name}\":\"b\"}}"));
            assert_eq!(error.message, format!("stdin has a field {name:?}, which is not known"));
            assert_eq!(error.hint.unwrap(), format!("did you mean {meant:?}?"));
        }
    }

    #[test]
    fn a_name_that_may_be_a_secret_is_not_repeated() {
        let error = refused(r#"{"client_id":"a","S3CRET-abc":"client_secret"}"#);
        assert_eq!(error.message, "stdin has a field that is not known");
        assert_eq!(error.hint.unwrap(), "its fields are client_id, client_secret");
    }

    #[test]
    fn what_another_login_asks_for_is_known() {
        let piped = Piped::parse(r#"{"api_key":"k","client_secret":"s"}"#).unwrap();
        assert!(piped.refuse_unknown(&form(&["api_key"])).is_ok());
        assert!(piped.has_more_than(&form(&["api_key"])));
    }

    #[test]
    fn a_clients_file_of_google_is_its_id_and_secret() {
        for kind in ["installed", "web"] {
            let text = format!(
                "\u{feff}{{\"{kind}\":{{\"client_id\":\"1.apps\",\"project_id\":\"p\",\"client_secret\":\"s\",\
                 \"token_uri\":\"https://elsewhere.test/token\",\"redirect_uris\":[\"http://localhost\"]}}}}"
            );
            let piped = Piped::parse(&text).unwrap();
            assert_eq!(piped.texts.keys().collect::<Vec<_>>(), ["client_id", "client_secret"]);
            assert!(piped.refuse_unknown(&form(&["client_id", "client_secret"])).is_ok());
        }
        assert!(refused(r#"{"installed":"yes"}"#).message.contains("not known"));
    }

    #[test]
    fn a_number_is_a_text_and_nothing_is_left_out_but_a_list_is_refused() {
        let piped = Piped::parse(r#"{"client_id":12,"client_secret":null}"#).unwrap();
        assert_eq!(piped.field("client_id").unwrap().as_str(), "12");
        assert!(piped.field("client_secret").is_none());
        assert_eq!(
            refused(r#"{"client_id":"a","client_secret":["s"]}"#).message,
            "client_secret from stdin is no text"
        );
    }
}
