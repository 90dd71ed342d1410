//! Every error that the programs can print, and whether it says what mends it.
//!
//! `errors.txt` is the table: the codes of `libs/proto/src/error.rs`, each with where it arises, what is
//! said and which hint follows. It is made from the sources, so that a change of a message is seen in
//! review. An error without a hint stands in [`NO_HINT`] with its reason, or the test fails.

use crate::files;
use crate::scan::{self, Call};
use std::collections::BTreeMap;

/// Errors that no command or setting mends: the beginning of the file's path, a part of the message, why.
const NO_HINT: &[(&str, &str, &str)] = &[
    ("", "the system gives no random numbers", "getrandom(2) fails on no kernel that has it"),
    ("bins/", "cannot handle signals", "sigaction(2) fails for none of the signals that are named"),
    ("bins/", "cancelled", "the person ended it"),
    ("libs/", "cancelled", "the person ended it"),
    ("libs/cli/src/prompt.rs", "nothing was changed", "the person said no"),
    ("libs/flows/src/asks.rs", "not confirmed", "the person said no"),
    (
        "bins/authsome-login/host.rs",
        "a device code was asked for",
        "the flow takes it as a choice; it reaches no person",
    ),
    ("bins/authsome-conform/", "nobody answers asks here", "said to the helper under test"),
    (
        "libs/helper/src/asks.rs",
        "nobody answers the ask",
        "said to a helper, which tells in its own words what it lacks",
    ),
    (
        "bins/authsome-login/host.rs",
        "does not know the ask",
        "said to a helper, which tells in its own words what it lacks",
    ),
    ("bins/authsome-login/host.rs", "no https address", "said to a flow whose maker it is for"),
    ("bins/authsome-demo/agent.rs", "", "the made-up agent and browser: the scene that started them is at fault"),
    ("bins/authsome-proxy/serve.rs", "open", "said to a host that speaks the protocol wrongly"),
    ("libs/broker/src/service.rs", "comes first", "said to a host that speaks the protocol wrongly"),
    ("libs/proto/src/secrets.rs", "is not an object", "said to whoever speaks the protocol wrongly"),
    ("libs/proto/src/codec.rs", "{safe}", "the caller knows whose text it is, and adds what helps"),
    ("libs/proto/src/error.rs", "message", "the makers themselves"),
    ("libs/cli/src/session_args.rs", "", "clap shows it with the flag, its form and --help"),
    ("libs/store/src/home.rs", "{shown} {what}", "each of its uses adds the chmod or ls that helps"),
    ("libs/store/src/seal.rs", "an entry too large to seal", "entries are bounded far below it"),
    ("bins/authsome-login/fields.rs", "{problem}", "the message says what the field must look like"),
    ("bins/authsome-run/child.rs", "message", "the name is the person's own, and the message says what was looked for"),
    ("libs/broker/src/renewal/", "failure.why", "it is given the hint of the renewal that failed"),
    ("libs/flows/src/failure.rs", "text(", "each caller adds what helps in its place"),
];

/// What makes an error or a refusal: its code where the name has one, and whether it brings a hint.
const MAKERS: &[(&str, Option<&str>, bool)] = &[
    ("Error::new", None, false),
    ("Error::invalid", Some("invalid"), false),
    ("Error::unavailable", Some("unavailable"), false),
    ("Error::internal", Some("internal"), true),
    ("Error::unsupported", Some("unsupported"), true),
    ("Refusal::new", None, false),
    ("Refusal::misdirected", Some("misdirected"), true),
    ("Refusal::malformed", Some("malformed"), true),
    ("Refusal::placeholder", Some("placeholder"), true),
];

/// One error of the sources.
struct Found {
    path: String,
    code: String,
    message: String,
    hint: Option<String>,
}

fn all() -> Vec<Found> {
    let paths = ["bins", "libs"].into_iter().flat_map(files::sources);
    // The made-up world outside has errors of its own.
    let paths = paths.filter(|path| !path.starts_with("libs/testkit/"));
    paths.flat_map(|path| in_file(&path)).collect()
}

fn in_file(path: &str) -> Vec<Found> {
    let source = files::read(path);
    let source = files::without_tests(&source);
    let found = |&(name, code, hints): &(&str, Option<&str>, bool)| {
        let calls = scan::calls(source, name).into_iter();
        calls.map(|call| found(path, &call, code, hints)).collect::<Vec<_>>()
    };
    MAKERS.iter().flat_map(found).collect()
}

fn found(path: &str, call: &Call, code: Option<&str>, hints: bool) -> Found {
    let (code, message) = match code {
        Some(code) => (code.to_owned(), call.arguments.first()),
        None => (code_of(&call.arguments), call.arguments.last()),
    };
    let hint = call.hint.clone().or_else(|| hints.then(|| "its maker adds it".to_owned()));
    Found { path: path.to_owned(), code, message: message.cloned().unwrap_or_default(), hint }
}

/// `Code::NotFound` as `not-found`, a refusal's own text, or what computes it.
fn code_of(arguments: &[String]) -> String {
    let first = arguments.first().map(String::as_str).unwrap_or_default();
    let known = proto::Code::ALL.iter().find(|code| first.ends_with(&format!("Code::{code:?}")));
    match (known, arguments) {
        (Some(code), _) => code.as_str().to_owned(),
        (None, [_, code, _]) => code.trim_matches('"').to_owned(),
        (None, _) => "told by another".to_owned(),
    }
}

/// Why it has no hint, when [`NO_HINT`] says so.
fn why(error: &Found) -> Option<&'static str> {
    NO_HINT.iter().find(|row| excuses(row, error)).map(|(_, _, why)| *why)
}

fn excuses((path, part, _): &(&str, &str, &str), error: &Found) -> bool {
    error.path.starts_with(path) && error.message.contains(part)
}

fn table(errors: &[Found]) -> String {
    let mut by_code: BTreeMap<(usize, &str), Vec<&Found>> = BTreeMap::new();
    for error in errors {
        let place = proto::Code::ALL.iter().position(|code| code.as_str() == error.code);
        by_code.entry((place.unwrap_or(usize::MAX), &error.code)).or_default().push(error);
    }
    let mut text = String::from(
        "Every error and refusal in the sources, by code, with its hint. AUTHSOME_UPDATE=1 cargo test --test tree writes it.\n",
    );
    for ((place, code), mut errors) in by_code {
        let status = proto::Code::ALL.get(place).map(|code| format!(", status {}", code.exit_status()));
        text.push_str(&format!("\n{code}{}\n", status.unwrap_or_default()));
        errors.sort_by(|a, b| (&a.path, &a.message).cmp(&(&b.path, &b.message)));
        for error in errors {
            let hint = error.hint.clone().unwrap_or_else(|| format!("none: {}", why(error).unwrap_or("no reason")));
            text.push_str(&format!("  {}\n    {}\n    hint: {hint}\n", error.path, error.message));
        }
    }
    text
}

#[test]
fn every_error_is_in_the_committed_table() {
    files::none(files::is_current("tests/tree/errors.txt", &table(&all())).err().into_iter().collect());
}

#[test]
fn every_error_says_what_mends_it_or_why_nothing_does() {
    let errors = all();
    let without: Vec<&Found> = errors.iter().filter(|error| error.hint.is_none()).collect();
    let silent = without.iter().filter(|error| why(error).is_none());
    let silent =
        silent.map(|error| format!("{}: {:?} has no hint; add one, or a line to NO_HINT", error.path, error.message));
    let idle = NO_HINT.iter().filter(|row| !without.iter().any(|error| excuses(row, error)));
    let idle = idle.map(|(path, part, _)| format!("NO_HINT: no error without a hint below {path:?} says {part:?}"));
    files::none(silent.chain(idle).collect());
}
