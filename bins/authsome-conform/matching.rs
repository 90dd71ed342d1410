//! Templates: what a message must look like, and the names of what is not known before.

use serde_json::Value;
use std::collections::BTreeMap;

/// What `${name}` stands for.
pub type Bindings = BTreeMap<String, Value>;

/// A template with its names filled in.
///
/// # Errors
/// A name that nothing was bound to.
pub fn filled(template: &Value, bindings: &Bindings) -> Result<Value, String> {
    match template {
        Value::String(text) => match whole_name(text) {
            Some(name) => bindings.get(name).cloned().ok_or_else(|| unbound(name)),
            None => text_filled(text, bindings).map(Value::String),
        },
        Value::Array(items) => {
            items.iter().map(|item| filled(item, bindings)).collect::<Result<_, _>>().map(Value::Array)
        }
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| Ok((text_filled(name, bindings)?, filled(value, bindings)?));
            fields.iter().map(field).collect::<Result<_, String>>().map(Value::Object)
        }
        other => Ok(other.clone()),
    }
}

/// Holds `actual` against a template. Fields that the template does not name are ignored, as the
/// protocol wants it.
///
/// `${any}` matches anything, `${absent}` a field that is not there; another `${name}` is bound the
/// first time and must be equal from then on. `{"${set}":[…]}` is an array in any order,
/// `{"${either}":[…]}` what one of the templates says.
///
/// # Errors
/// Where the first difference is, and which. Nothing that lies under `secret` is quoted.
pub fn matches(template: &Value, actual: &Value, bindings: &mut Bindings) -> Result<(), String> {
    at("", template, actual, bindings)
}

fn at(path: &str, template: &Value, actual: &Value, bindings: &mut Bindings) -> Result<(), String> {
    match (template, actual) {
        (Value::String(text), _) if whole_name(text) == Some("any") => Ok(()),
        (Value::String(text), _) if whole_name(text).is_some_and(|name| !bindings.contains_key(name)) => {
            bindings.insert(whole_name(text).unwrap_or_default().to_owned(), actual.clone());
            Ok(())
        }
        (Value::Object(fields), Value::Array(items)) if fields.contains_key("${set}") => {
            let Value::Array(wanted) = &fields["${set}"] else { return Err(format!("{path}: ${{set}} is no array")) };
            in_any_order(path, wanted, items, bindings)
        }
        (Value::Object(fields), _) if fields.contains_key("${either}") => {
            let Value::Array(templates) = &fields["${either}"] else {
                return Err(format!("{path}: ${{either}} is no array"));
            };
            either(path, templates, actual, bindings)
        }
        (Value::Object(fields), Value::Object(found)) => {
            fields.iter().try_for_each(|(name, value)| field(path, name, value, found, bindings))
        }
        (Value::Array(wanted), Value::Array(found)) if wanted.len() == found.len() => {
            let mut pairs = wanted.iter().zip(found).enumerate();
            pairs.try_for_each(|(n, (wanted, found))| at(&format!("{path}[{n}]"), wanted, found, bindings))
        }
        (Value::Array(wanted), Value::Array(found)) => {
            let (wanted, found) = (wanted.len(), found.len());
            Err(format!("{path} should have {wanted} items, but has {found}: {}", shown(path, actual)))
        }
        // The names in the transcript's value have no values yet, so the message shows it as the transcript writes it.
        (Value::Object(_) | Value::Array(_), _) => Err(differs(path, template, actual)),
        _ => {
            let wanted = filled(template, bindings)?;
            if wanted == *actual { Ok(()) } else { Err(differs(path, &wanted, actual)) }
        }
    }
}

fn field(path: &str, name: &str, wanted: &Value, found: &proto::Object, bindings: &mut Bindings) -> Result<(), String> {
    let path = format!("{path}.{name}");
    let must_be_absent = wanted.as_str().and_then(whole_name) == Some("absent");
    match found.get(name) {
        Some(_) if must_be_absent => Err(format!("{path} should not be there")),
        None if must_be_absent => Ok(()),
        None => Err(format!("{path} is missing")),
        Some(value) => at(&path, wanted, value, bindings),
    }
}

/// The first template that fits; else what is wrong by the last.
fn either(path: &str, templates: &[Value], actual: &Value, bindings: &mut Bindings) -> Result<(), String> {
    let mut wrong = Ok(());
    for template in templates {
        // Tried on a copy, so that a template that does not fit binds nothing.
        let mut tried = bindings.clone();
        wrong = at(path, template, actual, &mut tried);
        if wrong.is_ok() {
            *bindings = tried;
            break;
        }
    }
    wrong
}

fn in_any_order(path: &str, wanted: &[Value], found: &[Value], bindings: &mut Bindings) -> Result<(), String> {
    let mut left: Vec<&Value> = found.iter().collect();
    for template in wanted {
        let fits = left.iter().position(|item| {
            let mut tried = bindings.clone();
            let fits = at(path, template, item, &mut tried).is_ok();
            if fits {
                *bindings = tried;
            }
            fits
        });
        let Some(place) = fits else { return Err(format!("{path} has no item like {}", shown(path, template))) };
        left.remove(place);
    }
    match left.first() {
        None => Ok(()),
        Some(item) => Err(format!("{path} has one item too many: {}", shown(path, item))),
    }
}

fn differs(path: &str, wanted: &Value, actual: &Value) -> String {
    format!("{path} should be {}, but is {}", shown(path, wanted), shown(path, actual))
}

fn shown(path: &str, value: &Value) -> String {
    if path.split(['.', '[']).any(|part| part == "secret") {
        return "[secret]".to_owned();
    }
    proto::redact::shown(&proto::redact::without_secrets(value).to_string())
}

/// `name`, when the text is `${name}` and nothing else.
fn whole_name(text: &str) -> Option<&str> {
    text.strip_prefix("${")?.strip_suffix('}').filter(|name| !name.contains("${"))
}

fn text_filled(text: &str, bindings: &Bindings) -> Result<String, String> {
    let Some((before, rest)) = text.split_once("${") else { return Ok(text.to_owned()) };
    let (name, after) = rest.split_once('}').ok_or_else(|| format!("{text:?} has no end of a name"))?;
    let value = match bindings.get(name).ok_or_else(|| unbound(name))? {
        Value::String(value) => value.clone(),
        other => other.to_string(),
    };
    Ok(format!("{before}{value}{}", text_filled(after, bindings)?))
}

fn unbound(name: &str) -> String {
    format!("nothing is known as ${{{name}}} yet")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(template: Value, actual: Value) -> Result<(), String> {
        matches(&template, &actual, &mut Bindings::from([("k".to_owned(), json!("x"))]))
    }

    #[test]
    fn fields_not_named_are_ignored_and_named_ones_are_not() {
        assert!(holds(json!({"ok":{"a":1}}), json!({"ok":{"a":1,"b":2},"grease":[]})).is_ok());
        assert_eq!(holds(json!({"ok":{"a":1}}), json!({"ok":{"a":2}})).unwrap_err(), ".ok.a should be 1, but is 2");
        assert_eq!(holds(json!({"a":"${any}"}), json!({})).unwrap_err(), ".a is missing");
        assert_eq!(holds(json!({"a":"${absent}"}), json!({"a":null})).unwrap_err(), ".a should not be there");
    }

    #[test]
    fn a_name_is_bound_once_and_then_equal() {
        assert!(holds(json!(["${r}", "${r}"]), json!(["8", "8"])).is_ok());
        assert!(holds(json!(["${r}", "${r}"]), json!(["8", "9"])).is_err());
        assert!(holds(json!("${k}"), json!("y")).is_err());
        assert!(holds(json!("a/${k}/b"), json!("a/x/b")).is_ok());
    }

    #[test]
    fn another_number_or_another_kind_is_told_as_that_whatever_names_the_template_has() {
        let template = json!({"ok":{"records":[{"key":"${k}","secret":"${absent}"}]}});
        let told = |records| holds(template.clone(), json!({"ok":{"records":records}})).unwrap_err();
        assert_eq!(told(json!([])), ".ok.records should have 1 items, but has 0: []");
        assert_eq!(told(json!([1, 2])), ".ok.records should have 1 items, but has 2: [1,2]");
        assert_eq!(told(json!(7)), ".ok.records should be [{\"key\":\"${k}\",\"secret\":\"[secret]\"}], but is 7");
        assert_eq!(
            holds(json!({"${set}":["${new}"]}), json!("x")).unwrap_err(),
            " should be {\"${set}\":[\"${new}\"]}, but is \"x\""
        );
    }

    #[test]
    fn a_set_has_no_order_and_no_strangers() {
        assert!(holds(json!({"${set}":[1, {"a":2}]}), json!([{"a":2}, 1])).is_ok());
        assert!(holds(json!({"${set}":[1]}), json!([1, 2])).is_err());
        assert!(holds(json!({"${set}":[1, 1]}), json!([1, 2])).is_err());
    }

    #[test]
    fn either_template_will_do_and_one_must() {
        let template = json!({"${either}":[{"ok":"${x}","n":2},{"err":"${x}"}]});
        assert!(holds(template.clone(), json!({"err":1})).is_ok());
        assert!(holds(template, json!({"ok":1})).is_err());
    }

    #[test]
    fn a_difference_in_a_secret_is_told_without_it() {
        let told = holds(json!({"secret":{"k":"a"}}), json!({"secret":{"k":"hunter2"}})).unwrap_err();
        assert_eq!(told, ".secret.k should be [secret], but is [secret]");
        let told = holds(json!({"ok":1}), json!({"ok":{"secret":{"k":"hunter2"}}})).unwrap_err();
        assert!(!told.contains("hunter2"), "{told}");
    }
}
