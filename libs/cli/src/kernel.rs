//! The kernel calls that need a promise, and the ones every program with a secret makes.
//!
//! The only module of the project with `unsafe` in it.

use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal};
use std::process::Command;

/// No core dump, no ptrace by others, no `/proc/<pid>/environ`: for a program that holds a secret.
pub fn harden() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    // Both can only fail on kernels where the thing to switch off does not exist.
    let _ = rustix::process::setrlimit(Resource::Core, none);
    let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Orphans of the session's child come to this process, so that ancestry still tells who they are.
pub fn adopt_orphans() {
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// `command` gets TERM when this thread ends, however it ends.
#[allow(unsafe_code)]
pub fn die_with_parent(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    let parent = rustix::process::getpid();
    let before_exec = move || {
        rustix::process::set_parent_process_death_signal(Some(Signal::TERM))?;
        // The parent may have died between the fork and the line above.
        if rustix::process::getppid() != Some(parent) {
            return Err(std::io::Error::other("its parent is gone"));
        }
        Ok(())
    };
    // SAFETY: the closure runs between fork and exec and makes two system calls; it allocates
    // nothing on the way that returns Ok, takes no lock and touches no memory of another thread.
    unsafe { command.pre_exec(before_exec) };
}
