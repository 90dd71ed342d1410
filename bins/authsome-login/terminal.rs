//! The person's terminal, read while the page is also listened to.
//!
//! A prompt runs on its own thread; dropping it stops the reading and gives the terminal back as
//! it was, so that an answer on the page leaves no terminal without echo. What was typed or pasted
//! for a prompt is never left to whoever reads the terminal next: a shell would run it.

use crate::fields;
use crate::pasted::{self, Reach};
use crate::value;
use crate::wait::Heard;
use proto::ops::flow::{Field, Form};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcflush, tcgetattr, tcsetattr,
};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, PipeReader, PipeWriter, Read, Write};
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

const CTRL_C: u8 = 0x03;

/// A key that nothing follows for this long was struck by a finger.
const ALONE: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// Whoever still types after this long did not paste.
const REST: Duration = Duration::from_secs(2);

/// Whether there is a person at a terminal.
pub fn is_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// A prompt that is being answered, perhaps.
pub struct Prompt {
    tty: File,
    saved: Termios,
    stop: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

impl Prompt {
    /// Asks for each field in turn; sends the whole form, or [`Heard::Interrupted`].
    pub fn form(form: Form, sender: Sender<Heard>) -> io::Result<Prompt> {
        Prompt::start(sender, move |console| {
            loop {
                let mut typed = BTreeMap::new();
                for field in &form.fields {
                    typed.insert(field.name.clone(), console.field(field)?);
                }
                match fields::from_typed(&form, &typed) {
                    Ok(answer) => return Ok(Heard::Form(answer)),
                    Err(problems) => problems.values().try_for_each(|problem| console.say(&format!("{problem}\n")))?,
                }
            }
        })
    }

    /// Asks for one line, hidden, since an address that comes back holds a code. The key `other`,
    /// struck alone and first, is [`Heard::OtherWay`].
    pub fn paste(label: String, other: Option<u8>, sender: Sender<Heard>) -> io::Result<Prompt> {
        Prompt::start(sender, move |console| {
            console.say(&label)?;
            console.hidden(other).map(|line| Heard::Pasted(Zeroizing::new(line)))
        })
    }

    fn start(
        sender: Sender<Heard>,
        ask: impl FnOnce(&mut Console) -> io::Result<Heard> + Send + 'static,
    ) -> io::Result<Prompt> {
        let tty = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
        let saved = tcgetattr(&tty)?;
        let (stopped, stop) = io::pipe()?;
        let mut console = Console { tty: tty.try_clone()?, stopped };
        let thread = std::thread::spawn(move || {
            let heard = match ask(&mut console) {
                Ok(heard) => heard,
                Err(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<Key>()) {
                    Some(Key::Interrupt) => Heard::Interrupted,
                    Some(Key::Other) => Heard::OtherWay,
                    None => Heard::TerminalClosed,
                },
            };
            // The login may have ended by another way.
            let _ = sender.send(heard);
        });
        Ok(Prompt { tty, saved, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Prompt {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let _ = tcflush(&self.tty, QueueSelector::IFlush);
        let _ = tcsetattr(&self.tty, OptionalActions::Now, &self.saved);
    }
}

/// The terminal as the prompt's thread uses it.
struct Console {
    tty: File,
    stopped: PipeReader,
}

impl Console {
    fn say(&mut self, text: &str) -> io::Result<()> {
        self.tty.write_all(text.as_bytes())
    }

    fn field(&mut self, field: &Field) -> io::Result<String> {
        let optional = if field.required { "" } else { " (may stay empty)" };
        let default = field.default.as_ref().map(|default| format!(" [{default}]")).unwrap_or_default();
        self.say(&format!("{}{optional}{default}: ", field.label))?;
        let typed = match field.masked {
            _ if value::has_lines(field) => self.without_echo(Console::lines)?,
            true => self.hidden(None)?,
            false => self.shown()?,
        };
        Ok(match &field.default {
            Some(default) if typed.is_empty() => default.clone(),
            _ => typed,
        })
    }

    /// A line with echo, edited by the terminal itself.
    fn shown(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        loop {
            let mut byte = [0];
            match self.keys(None)?.read(&mut byte)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                _ if byte[0] == b'\n' => return Ok(String::from_utf8_lossy(&line).into_owned()),
                _ => line.push(byte[0]),
            }
        }
    }

    fn hidden(&mut self, other: Option<u8>) -> io::Result<String> {
        self.without_echo(|console| console.line(other))
    }

    /// With lines of any length: a terminal's own line editing ends at 4096 bytes.
    fn without_echo(&mut self, read: impl FnOnce(&Console) -> io::Result<String>) -> io::Result<String> {
        let saved = tcgetattr(&self.tty)?;
        let mut raw = saved.clone();
        raw.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG);
        raw.special_codes[SpecialCodeIndex::VMIN] = 1;
        raw.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&self.tty, OptionalActions::Now, &raw)?;
        let typed = read(self);
        let dropped = self.drop_rest();
        let restored = tcsetattr(&self.tty, OptionalActions::Now, &saved);
        self.say("\n")?;
        dropped.and(restored.map_err(io::Error::from))?;
        typed
    }

    fn line(&self, other: Option<u8>) -> io::Result<String> {
        let config = rpassword::ConfigBuilder::new()
            .input_reader(self.keys(other)?)
            .output_discard()
            .password_feedback_hide()
            .build();
        rpassword::read_password_with_config(config)
    }

    /// A key or its file, to its end. What is neither ends with its paste, and one that is cut off
    /// with an empty line.
    fn lines(&self) -> io::Result<String> {
        let mut text = Zeroizing::new(String::new());
        loop {
            let line = Zeroizing::new(self.line(None)?);
            text.push_str(&line);
            text.push('\n');
            let is_whole = match pasted::reach(&text) {
                Reach::Whole => true,
                Reach::Unknown => self.is_quiet()?,
                Reach::Open => line.trim().is_empty() && self.is_quiet()?,
            };
            if is_whole {
                return Ok(text.to_string());
            }
        }
    }

    /// Reads what is left of a paste, and forgets it.
    fn drop_rest(&self) -> io::Result<()> {
        let end = Instant::now() + REST;
        loop {
            tcflush(&self.tty, QueueSelector::IFlush)?;
            if self.is_quiet()? || Instant::now() >= end {
                return Ok(());
            }
        }
    }

    fn is_quiet(&self) -> io::Result<bool> {
        is_quiet(&self.tty)
    }

    fn keys(&self, other: Option<u8>) -> io::Result<Keys> {
        Ok(Keys { tty: self.tty.try_clone()?, stopped: self.stopped.try_clone()?, other })
    }
}

/// What is typed, until the prompt is dropped or a key that ends it.
struct Keys {
    tty: File,
    stopped: PipeReader,
    /// The key for another way, until something else was typed.
    other: Option<u8>,
}

impl Read for Keys {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut ready = [PollFd::new(&self.tty, PollFlags::IN), PollFd::new(&self.stopped, PollFlags::IN)];
        poll(&mut ready, None)?;
        if !ready[1].revents().is_empty() {
            return Err(io::Error::other("the prompt is over"));
        }
        let count = self.tty.read(buffer)?;
        if buffer[..count].contains(&CTRL_C) {
            return Err(io::Error::other(Key::Interrupt));
        }
        let other = self.other.take();
        if count > 0 && buffer.first().copied() == other && self.was_struck_alone(&buffer[..count])? {
            return Err(io::Error::other(Key::Other));
        }
        Ok(count)
    }
}

impl Keys {
    /// A paste that begins with the same letter comes all at once.
    fn was_struck_alone(&self, typed: &[u8]) -> io::Result<bool> {
        Ok(typed.len() == 1 && is_quiet(&self.tty)?)
    }
}

/// Nothing comes for a moment.
fn is_quiet(tty: &File) -> io::Result<bool> {
    let mut more = [PollFd::new(tty, PollFlags::IN)];
    Ok(poll(&mut more, Some(&ALONE))? == 0)
}

/// A key that ends a prompt, while the terminal sends no signal for it.
#[derive(Debug)]
enum Key {
    Interrupt,
    Other,
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key ended the prompt")
    }
}

impl std::error::Error for Key {}
