//! What every program knows once its flags are read.

use crate::directory::Choices;
use crate::program::is_falsey;
use crate::{Config, Home, Output};
use helper::{Direction, Tracer};
use proto::{Error, ProfileName, Result};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// Flags that every program takes. The dispatcher passes its own on by environment.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// Where authsome keeps its files [default: ~/.authsome]
    #[arg(long, value_name = "DIR", global = true)]
    pub home: Option<PathBuf>,
    /// Use the connections of this profile
    #[arg(long, value_name = "NAME", global = true)]
    pub profile: Option<ProfileName>,
    /// Answer in JSON, errors too
    #[arg(long, env = "AUTHSOME_JSON", hide_env = true, value_parser = clap::builder::FalseyValueParser::new(), global = true)]
    pub json: bool,
    /// Say nothing but what was asked for
    #[arg(short, long, env = "AUTHSOME_QUIET", hide_env = true, value_parser = clap::builder::FalseyValueParser::new(), global = true)]
    pub quiet: bool,
    /// Do not colour messages
    #[arg(long, global = true)]
    pub no_color: bool,
}

impl Globals {
    /// What the dispatcher passes on, for a program without flags of its own.
    pub fn from_env() -> Globals {
        let is_set = |variable| std::env::var_os(variable).is_some_and(|value| !is_falsey(&value));
        Globals { json: is_set("AUTHSOME_JSON"), quiet: is_set("AUTHSOME_QUIET"), ..Globals::default() }
    }
}

/// The home, its configuration, the profile, and how to speak.
pub struct Context {
    pub home: Home,
    pub config: Config,
    pub profile: ProfileName,
    pub output: Output,
    pub tracer: Tracer,
    /// What `.authsome.json` says; read when first asked for.
    pub(crate) choices: OnceLock<Choices>,
}

impl Context {
    pub fn new(globals: &Globals, output: Output) -> Result<Context> {
        let home = Home::locate(globals.home.as_deref())?;
        home.check()?;
        let (config, warnings) = Config::load(&home)?;
        warnings.iter().for_each(|warning| output.warning(warning));
        let tracer = tracer();
        let profile = match &globals.profile {
            Some(named) => named.clone(),
            None => profile_from_env()?,
        };
        Ok(Context { home, config, profile, output, tracer, choices: OnceLock::new() })
    }

    /// Refuses what would reveal a secret to a program inside a session.
    pub fn refuse_inside_session(&self, what: &str) -> Result<()> {
        if !crate::session::inside(&self.home) {
            return Ok(());
        }
        Err(Error::new(proto::Code::Denied, format!("{what} is refused inside a session of authsome run"))
            .hint("run it in another terminal"))
    }
}

/// `AUTHSOME_PROFILE`; empty is none.
fn profile_from_env() -> Result<ProfileName> {
    match std::env::var_os("AUTHSOME_PROFILE").filter(|name| !name.is_empty()) {
        Some(name) => name.to_string_lossy().parse().map_err(|error: Error| {
            Error::invalid(format!("AUTHSOME_PROFILE: {}", error.message)).hint("unset AUTHSOME_PROFILE")
        }),
        None => Ok(ProfileName::default()),
    }
}

/// `AUTHSOME_TRACE=1` prints every line of every pipe to stderr, secrets replaced.
fn tracer() -> Tracer {
    if std::env::var_os("AUTHSOME_TRACE").is_none_or(|value| value != "1") {
        return None;
    }
    let pid = std::process::id();
    Some(Arc::new(move |direction, line| {
        use std::io::Write;
        let arrow = if direction == Direction::ToHelper { "->" } else { "<-" };
        let _ = std::io::stderr().lock().write_all(format!("trace[{pid}] {arrow} {line}\n").as_bytes());
    }))
}
