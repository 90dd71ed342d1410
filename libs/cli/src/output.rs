//! stdout holds what was asked for; everything else goes to stderr.
//!
//! Names, scopes and messages come from providers and definitions, so everything that would steer a terminal is removed
//! here.

use crate::context::Globals;
use proto::Error;
use proto::redact::{for_terminal, json_for_terminal};
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
        write_stdout(&format!("{}\n", for_terminal(text)));
    }

    /// Prints lines of the requested output to stdout.
    pub fn text(&self, text: &str) {
        write_stdout(&for_terminal(text));
    }

    /// Prints the requested output to stdout byte by byte, for programs.
    pub fn exactly(&self, text: &str) {
        write_stdout(text);
    }

    /// One JSON document, on one line.
    pub fn document(&self, value: &Value) {
        self.json_text(&value.to_string());
    }

    /// Prints a JSON document that is text already.
    pub fn json_text(&self, json: &str) {
        write_stdout(&format!("{}\n", json_for_terminal(json)));
    }

    /// One line of several by which a work tells how it goes: it goes on without a reader, and
    /// clears up behind it.
    pub fn progress(&self, text: &str) {
        if let Err(error) = try_stdout(&format!("{}\n", for_terminal(text))) {
            unless_unread(&error);
        }
    }

    /// One JSON document, indented for reading.
    pub fn pretty(&self, value: &Value) {
        self.json_text(&format!("{value:#}"));
    }

    /// Something the person should know. Silent when quiet, and when the answer is JSON.
    pub fn note(&self, text: &str) {
        if !self.quiet && !self.json {
            write_stderr(&format!("{}\n", for_terminal(text)));
        }
    }

    /// Tells a person something by the way: only when stderr is a terminal, and never with `--quiet`. `text` is called
    /// only then.
    pub fn aside(&self, text: impl FnOnce() -> Option<String>) {
        if !self.quiet && !self.json && io::stderr().is_terminal() {
            text().iter().for_each(|text| self.note(text));
        }
    }

    /// Something the person should not overlook: also told when quiet.
    pub fn warning(&self, text: &str) {
        let shown = match self.json {
            true => json_for_terminal(&json!({"warning": text}).to_string()).into_owned(),
            false => format!("{} {}", self.bold("warning:"), for_terminal(text)),
        };
        write_stderr(&format!("{shown}\n"));
    }

    /// The error, then the command that mends it; one JSON line when the answer is JSON.
    pub fn error(&self, error: &Error) {
        if self.json {
            return write_stderr(&format!("{}\n", json_for_terminal(&json!({"err": error}).to_string())));
        }
        let mut text = format!("{} {}\n", self.bold("error:"), for_terminal(&error.message));
        if !error.choices.is_empty() {
            text.push_str(&format!("choices: {}\n", for_terminal(&error.choices.join(", "))));
        }
        if let Some(hint) = &error.hint {
            text.push_str(&format!("{} {}\n", self.bold("hint:"), for_terminal(hint)));
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
