//! stdout holds what was asked for; everything else goes to stderr.

use crate::context::Globals;
use proto::Error;
use serde_json::{Value, json};
use std::io::{self, IsTerminal, Write};

/// How a program speaks: for people or as JSON, loud or quiet, with colour or without.
#[derive(Debug, Clone)]
pub struct Output {
    json: bool,
    quiet: bool,
    color: bool,
}

impl Output {
    pub fn new(globals: &Globals) -> Output {
        let color = !globals.no_color
            && std::env::var_os("NO_COLOR").is_none()
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
            && io::stderr().is_terminal();
        Output { json: globals.json, quiet: globals.quiet, color }
    }

    /// For an error before the flags are known.
    pub fn json() -> Output {
        Output { json: true, quiet: false, color: false }
    }

    pub fn is_json(&self) -> bool {
        self.json
    }

    /// One line of what was asked for.
    pub fn line(&self, text: &str) {
        write_stdout(&format!("{text}\n"));
    }

    /// What was asked for, as it is.
    pub fn text(&self, text: &str) {
        write_stdout(text);
    }

    /// One JSON document, on one line.
    pub fn document(&self, value: &Value) {
        self.line(&value.to_string());
    }

    /// One line of several by which a work tells how it goes: it goes on without a reader, and
    /// clears up behind it.
    pub fn progress(&self, text: &str) {
        if let Err(error) = try_stdout(&format!("{text}\n")) {
            unless_unread(&error);
        }
    }

    /// One JSON document, indented for reading.
    pub fn pretty(&self, value: &Value) {
        self.line(&format!("{value:#}"));
    }

    /// Something the person should know. Silent when quiet, and when the answer is JSON.
    pub fn note(&self, text: &str) {
        if !self.quiet && !self.json {
            write_stderr(&format!("{text}\n"));
        }
    }

    /// Something for a person who looks on: told when stderr is a terminal, and never when quiet. `text` is made only
    /// when somebody reads it.
    pub fn aside(&self, text: impl FnOnce() -> Option<String>) {
        if !self.quiet && !self.json && io::stderr().is_terminal() {
            text().iter().for_each(|text| self.note(text));
        }
    }

    /// Something the person should not overlook: also told when quiet.
    pub fn warning(&self, text: &str) {
        let shown =
            if self.json { json!({"warning": text}).to_string() } else { format!("{} {text}", self.bold("warning:")) };
        write_stderr(&format!("{shown}\n"));
    }

    /// The error, then the command that mends it; one JSON line when the answer is JSON.
    pub fn error(&self, error: &Error) {
        if self.json {
            return write_stderr(&format!("{}\n", json!({"err": error})));
        }
        let mut text = format!("{} {}\n", self.bold("error:"), error.message);
        if !error.choices.is_empty() {
            text.push_str(&format!("choices: {}\n", error.choices.join(", ")));
        }
        if let Some(hint) = &error.hint {
            text.push_str(&format!("{} {hint}\n", self.bold("hint:")));
        }
        write_stderr(&text);
    }

    fn bold(&self, text: &str) -> String {
        if self.color { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// A reader that closed its pipe (`| head`) has seen what it wanted: that is success.
fn write_stdout(text: &str) {
    if let Err(error) = try_stdout(text) {
        unless_unread(&error);
        std::process::exit(0);
    }
}

fn try_stdout(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
}

/// Ends the program, unless it is only that nobody reads any more.
fn unless_unread(error: &io::Error) {
    if error.kind() != io::ErrorKind::BrokenPipe {
        write_stderr(&format!("error: cannot write to stdout: {error}\n"));
        std::process::exit(i32::from(proto::Code::Unavailable.exit_status()));
    }
}

/// There is nobody left to tell when stderr is gone.
fn write_stderr(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
