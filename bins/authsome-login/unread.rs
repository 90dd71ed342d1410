//! A warning about input on stdin that a login without `--stdin` does not read.

use cli::Output;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{FileType, fstat};
use std::io::{self, IsTerminal};

/// Warns when something is piped in that only `--stdin` would read.
pub fn tell_of_unread_stdin(output: &Output) {
    if !may_be_meant() {
        return;
    }
    let output = output.clone();
    // Input may come late, so a thread waits for it. The thread ends with the login.
    std::thread::spawn(move || {
        let stdin = io::stdin();
        let mut ready = [PollFd::new(&stdin, PollFlags::IN)];
        if poll(&mut ready, None).is_ok() && ready[0].revents().contains(PollFlags::IN) {
            output.warning("stdin is not read without --stdin, and there is something in it");
        }
    });
}

/// Returns whether stdin may be meant as input. A terminal, a device and an empty file are not.
fn may_be_meant() -> bool {
    let stdin = io::stdin();
    !stdin.is_terminal()
        && fstat(&stdin).is_ok_and(|found| match FileType::from_raw_mode(found.st_mode) {
            FileType::Fifo | FileType::Socket => true,
            FileType::RegularFile => found.st_size > 0,
            _ => false,
        })
}
