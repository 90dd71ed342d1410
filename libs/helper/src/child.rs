//! A process behind a [`Link`].

use crate::{Broken, Channel, Link, Tracer};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

/// How long a helper may take to end after EOF, and again after TERM.
const ENDING: Duration = Duration::from_secs(2);

/// A helper that was started and has said nothing yet; dropping it ends it.
pub struct Spawned {
    /// Until it is greeted.
    process: Option<std::process::Child>,
    channel: Option<Channel>,
    helper: String,
    role: String,
    tracer: Tracer,
}

impl Spawned {
    /// Waits for its hello.
    pub fn greet(mut self) -> Result<Child, Broken> {
        let Some(Channel { reader, writer }) = self.channel.take() else { unreachable!("it is taken here alone") };
        let link = Link::connect(&self.helper, &self.role, reader, writer, self.tracer.clone())?;
        let Some(process) = self.process.take() else { unreachable!("it is taken here alone") };
        Ok(Child { link, process, may_signal: self.role != "credential" })
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        // It never became a helper: nothing of ours can be under way in it.
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// A running helper; dropping it ends it.
pub struct Child {
    link: Link,
    process: std::process::Child,
    /// A `credential` helper is never signalled: it may be writing a renewal.
    may_signal: bool,
}

impl Child {
    /// Starts `command` as a helper of `role` and waits for its hello.
    pub fn start(command: Command, role: &str, tracer: Tracer) -> Result<Child, Broken> {
        Child::spawn(command, role, tracer)?.greet()
    }

    /// The same without waiting: there is time for other things until it is up.
    ///
    /// `command` carries program, working directory and environment; the one argument, the sockets
    /// and the own process group (a Ctrl-C is the host's to handle) are added here.
    pub fn spawn(mut command: Command, role: &str, tracer: Tracer) -> Result<Spawned, Broken> {
        let helper = command.get_program().to_string_lossy().into_owned();
        command.arg(format!("--authsome-helper={role}")).process_group(0);
        let started = Channel::attach(&mut command).and_then(|channel| Ok((command.spawn()?, channel)));
        match started {
            Ok((process, channel)) => {
                let (process, channel) = (Some(process), Some(channel));
                Ok(Spawned { process, channel, helper, role: role.to_owned(), tracer })
            }
            Err(error) => Err(Broken { helper, what: format!("cannot start it: {error}"), timed_out: false }),
        }
    }

    pub fn link(&self) -> &Link {
        &self.link
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Tells a `credential` helper to end and does not wait for that: it ends by itself, once what
    /// it writes is written.
    pub fn leave(self) {
        self.link.close();
        if !self.may_signal {
            // Without its Drop, which waits; the process is the system's to reap.
            std::mem::forget(self);
        }
    }

    /// False once the process has ended.
    pub fn is_running(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// Waits for its end by a descriptor of the process: no moment is slept away.
    fn ends_within(&mut self, limit: Duration) -> bool {
        let limit = Timespec::try_from(limit).ok();
        let ended = self.pid().and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        if let Some(ended) = ended {
            let mut ended = [PollFd::new(&ended, PollFlags::IN)];
            // When it fails, the look below decides.
            let _ = retry_on_intr(|| poll(&mut ended, limit.as_ref()));
        }
        !self.is_running()
    }

    fn pid(&self) -> Option<Pid> {
        i32::try_from(self.process.id()).ok().and_then(Pid::from_raw)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.link.close();
        if self.ends_within(ENDING) || !self.may_signal {
            return;
        }
        if let Some(pid) = self.pid() {
            // Its own process group, so what it started ends with it.
            let _ = kill_process_group(pid, Signal::TERM);
            if self.ends_within(ENDING) {
                return;
            }
            let _ = kill_process_group(pid, Signal::KILL);
        }
        let _ = self.process.wait();
    }
}
