//! One case as data: `tests/protocol/<role>/<name>.jsonl`. The format is described in
//! `tests/protocol/README.md`.

use proto::Object;
use serde::Deserialize;
use serde_json::Value;

pub struct Case {
    pub title: String,
    pub needs: Needs,
    /// Played once for every flow that the helper serves, as `${flow}`.
    pub each_flow: bool,
    pub steps: Vec<Step>,
}

/// What the helper must offer for the case to be played.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Needs {
    pub feature: Option<String>,
    pub op: Option<String>,
    pub flow: Option<String>,
    /// A connected route, as `${provider}`, `${connection}`, `${host}`, `${port}` and `${path}`.
    #[serde(default)]
    pub route: bool,
}

pub struct Step {
    /// In the file, from 1.
    pub line: usize,
    pub act: Act,
}

/// Every act concerns one process, `a` unless it says otherwise.
pub enum Act {
    Start(String),
    Send {
        to: String,
        message: Value,
    },
    Expect {
        from: String,
        message: Value,
    },
    /// How asks are answered from here on, by kind; `*` is any other.
    Asks(Object),
    Eof(String),
    Kill(String),
    Differ(Vec<Value>),
    Race(Race),
    Http(Http),
}

/// Writers that each add 1 to a counter `times` times by `if_rev`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Race {
    pub key: String,
    pub writers: usize,
    pub times: usize,
}

/// One request to an address, and the status that must come back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    pub address: String,
    pub request: String,
    pub status: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    case: String,
    #[serde(default)]
    needs: Needs,
    #[serde(default)]
    each: Option<String>,
}

/// # Errors
/// The number of the line, and what is wrong with it.
pub fn parse(text: &str) -> Result<Case, String> {
    let mut lines = text.lines().enumerate().map(|(n, line)| (n + 1, line)).filter(|(_, line)| !line.trim().is_empty());
    let (_, first) = lines.next().ok_or("an empty transcript")?;
    let header: Header = serde_json::from_str(first).map_err(|error| format!("line 1: {error}"))?;
    let step = |(line, text)| act(text).map(|act| Step { line, act }).map_err(|what| format!("line {line}: {what}"));
    Ok(Case {
        title: header.case,
        needs: header.needs,
        each_flow: header.each.as_deref() == Some("flow"),
        steps: lines.map(step).collect::<Result<_, _>>()?,
    })
}

fn act(text: &str) -> Result<Act, String> {
    let mut object: Object = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let process = |value: Option<Value>| match value {
        None => Ok("a".to_owned()),
        Some(Value::String(name)) => Ok(name),
        Some(_) => Err("a process is named by a text".to_owned()),
    };
    let (to, from) = (process(object.remove("to"))?, process(object.remove("from"))?);
    let Some((verb, value)) = object.iter().next().map(|(verb, value)| (verb.clone(), value.clone())) else {
        return Err("an empty step".into());
    };
    if object.len() != 1 {
        return Err(format!("a step does one thing, not {}", object.keys().cloned().collect::<Vec<_>>().join(" and ")));
    }
    let shaped = |error: serde_json::Error| format!("{verb}: {error}");
    match verb.as_str() {
        "start" => Ok(Act::Start(process(Some(value))?)),
        "send" => Ok(Act::Send { to, message: value }),
        "expect" => Ok(Act::Expect { from, message: value }),
        "asks" => Ok(Act::Asks(serde_json::from_value(value).map_err(shaped)?)),
        "eof" => Ok(Act::Eof(process(Some(value))?)),
        "kill" => Ok(Act::Kill(process(Some(value))?)),
        "differ" => Ok(Act::Differ(serde_json::from_value(value).map_err(shaped)?)),
        "race" => Ok(Act::Race(serde_json::from_value(value).map_err(shaped)?)),
        "http" => Ok(Act::Http(serde_json::from_value(value).map_err(shaped)?)),
        _ => Err(format!("unknown step {verb:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_nobody_knows_is_an_error_with_its_line() {
        let error = parse("{\"case\":\"c\"}\n\n{\"start\":\"a\"}\n{\"sned\":{}}").err().unwrap();
        assert_eq!(error, "line 4: unknown step \"sned\"");
    }

    #[test]
    fn a_step_does_one_thing() {
        assert!(parse("{\"case\":\"c\"}\n{\"start\":\"a\",\"eof\":\"a\"}").is_err());
    }
}
