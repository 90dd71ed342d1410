//! The sockets that are a helper's stdin and stdout. Nobody can open them again.
//!
//! A pipe can be opened anew through `/proc/PID/fd` by any process of the same user, who then reads the
//! answers and writes requests of its own. Opening a socket there fails with `ENXIO`.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Command;

/// The host's ends of a helper's stdin and stdout.
pub struct Channel {
    /// Reads what the helper writes to its stdout.
    pub reader: UnixStream,
    /// Writes to the helper's stdin; dropping it is EOF.
    pub writer: UnixStream,
}

impl Channel {
    /// Makes two pairs of stream sockets (unix(7)) and gives `command` the other ends as its stdin and stdout.
    ///
    /// The helper's ends stay open as long as `command` lives. Drop it after starting the helper, or the host never
    /// reads an EOF when the helper ends.
    pub fn attach(command: &mut Command) -> io::Result<Channel> {
        let (writer, stdin) = UnixStream::pair()?;
        let (reader, stdout) = UnixStream::pair()?;
        command.stdin(OwnedFd::from(stdin)).stdout(OwnedFd::from(stdout));
        Ok(Channel { reader, writer })
    }
}
