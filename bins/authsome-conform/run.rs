//! All cases of a role, one line for each.

use crate::args::Args;
use crate::cases;
use crate::checks::Planted;
use crate::conversation::{Conversation, Setup};
use crate::matching::Bindings;
use crate::player;
use crate::transcript::{self, Case, Needs};
use cli::{Globals, Output};
use proto::{Error, Hello, Object, Result};
use serde_json::{Value, json};
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

enum Verdict {
    Held,
    Failed(String),
    /// The helper does not offer what the case is about.
    Passed(String),
}

pub fn run(args: Args) -> ExitCode {
    let output = Output::new(&Globals { json: args.json, ..Globals::default() });
    play(&args, &output).unwrap_or_else(|error| {
        output.error(&error);
        ExitCode::from(error.code.exit_status())
    })
}

fn play(args: &Args, output: &Output) -> Result<ExitCode> {
    let scratch = Scratch::new()?;
    let home = |case: &str| args.home.clone().map_or_else(|| scratch.home(case), Ok);
    let setup = Setup { role: args.role, helper: args.helper.clone(), home: home("hello")? };
    let hello = match Conversation::start(&setup) {
        Ok(conversation) => conversation.hello().clone(),
        Err(what) => {
            say(output, "hello", "a helper says hello first", &Verdict::Failed(what));
            return Ok(ExitCode::FAILURE);
        }
    };
    let wanted = |name: &str| args.only.as_deref().is_none_or(|only| name.contains(only));
    let cases: Vec<_> = cases::of(args.role).iter().filter(|(name, _)| wanted(name)).collect();
    if cases.is_empty() {
        let only = proto::redact::shown(args.only.as_deref().unwrap_or_default());
        return Err(Error::invalid(format!("no case has a name with {only:?} in it")).hint("leave out --only"));
    }
    let mut failed = 0;
    for (name, text) in cases {
        let case = transcript::parse(text).unwrap_or_else(|what| unreachable!("{name}.jsonl: {what}"));
        let setup = setup.with_home(&home(name)?);
        for (suffix, verdict) in verdicts(&setup, &case, &hello, name) {
            failed += usize::from(matches!(verdict, Verdict::Failed(_)));
            say(output, &format!("{name}{suffix}"), &case.title, &verdict);
        }
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One verdict, or one for each flow.
fn verdicts(setup: &Setup, case: &Case, hello: &Hello, name: &str) -> Vec<(String, Verdict)> {
    let mut known = Bindings::from([
        ("profile".to_owned(), format!("conform-{}-{name}", std::process::id()).into()),
        ("long".to_owned(), "0123456789".repeat(10_000).into()),
    ]);
    if let Err(what) = offered(setup, &case.needs, hello, &mut known) {
        return vec![(String::new(), Verdict::Passed(what))];
    }
    let played = |known| match player::play(setup, case, known) {
        Ok(()) => Verdict::Held,
        Err(what) => Verdict::Failed(what),
    };
    if !case.each_flow {
        return vec![(String::new(), played(known))];
    }
    let with_flow = |flow: &String| {
        let mut known = known.clone();
        known.insert("flow".into(), flow.as_str().into());
        (format!("[{}]", proto::redact::shown(flow)), played(known))
    };
    hello.flows.iter().map(with_flow).collect()
}

/// # Errors
/// What the helper does not offer.
fn offered(setup: &Setup, needs: &Needs, hello: &Hello, known: &mut Bindings) -> Result<(), String> {
    let lacks = |what: &str, name: &Option<String>, list: &[String]| {
        name.as_ref().filter(|name| !list.contains(name)).map(|name| format!("it has no {what} {name}"))
    };
    let lacking = lacks("feature", &needs.feature, &hello.features)
        .or_else(|| lacks("op", &needs.op, &hello.ops))
        .or_else(|| lacks("flow", &needs.flow, &hello.flows));
    match lacking {
        Some(what) => Err(what),
        None if needs.route => route(setup, known).ok_or_else(|| "it has no route to a connection".to_owned()),
        None => Ok(()),
    }
}

/// The first route of a connection, by name.
fn route(setup: &Setup, known: &mut Bindings) -> Option<()> {
    let mut planted = Planted::default();
    let mut credential = Conversation::start(setup).ok()?;
    let open = Object::from_iter([("profile".to_owned(), json!("default"))]);
    credential.request("open", open, &mut planted).ok()?.ok()?;
    let routes = credential.request("routes", Object::new(), &mut planted).ok()?.ok()?;
    let exact = |target: &Value| target["host"].as_str().is_some_and(|host| !host.starts_with('*'));
    let routes = routes.get("routes")?.as_array()?;
    let (route, target) = routes.iter().filter(|route| route["connection"].is_string()).find_map(|route| {
        let target = route["targets"].as_array()?.iter().find(|target| exact(target))?;
        Some((route, target))
    })?;
    known.insert("provider".into(), route["provider"].clone());
    known.insert("connection".into(), route["connection"].clone());
    known.insert("host".into(), target["host"].clone());
    known.insert("port".into(), target["port"].clone());
    known.insert("path".into(), target["path"].as_str().unwrap_or("/").into());
    Some(())
}

fn say(output: &Output, name: &str, title: &str, verdict: &Verdict) {
    let (word, detail) = match verdict {
        Verdict::Held => ("ok", None),
        Verdict::Failed(what) => ("failed", Some(what)),
        Verdict::Passed(what) => ("skipped", Some(what)),
    };
    if output.is_json() {
        let document = json!({"case": name, "title": title, "result": word, "detail": detail});
        return output.progress(&document.to_string());
    }
    let detail = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
    output.progress(&format!("{word:<8}{name}: {title}{detail}"));
}

/// Homes for the cases, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Scratch> {
        let path = std::env::temp_dir().join(format!("authsome-conform-{}", std::process::id()));
        make_private(&path)?;
        Ok(Scratch(path))
    }

    /// Makes the home of a case: an empty directory with mode 0700.
    fn home(&self, case: &str) -> Result<PathBuf> {
        let path = self.0.join(case);
        make_private(&path)?;
        Ok(path)
    }
}

fn make_private(path: &Path) -> Result<()> {
    DirBuilder::new().mode(0o700).create(path).map_err(|error| {
        Error::unavailable(format!("cannot make the directory {}: {error}", path.display()))
            .hint("TMPDIR=DIR names another place")
    })
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What a helper left in use stays for the system to clear away.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
