//! Calls to the kernel and the C library that need a promise, and those that every program with a secret makes.
//!
//! With its submodule, the only module of the project with `unsafe` in it.

pub mod inherited;

use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal};
use std::process::Command;

/// Makes this process undumpable (prctl(2), `PR_SET_DUMPABLE`): it leaves no core dump, and other processes of
/// the user can neither trace it nor read its memory, its environment or its descriptors in `/proc`.
///
/// This state ends at the next exec, so it does not change a command that this process becomes or starts.
pub fn harden() {
    // It fails only on kernels without this setting.
    let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Orphans of the session's child come to this process, so that ancestry still tells who they are.
pub fn adopt_orphans() {
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// The hard limit of file locks inside a session. Outside of sessions there is no limit.
const SESSION_LOCKS: u64 = 1 << 62;

/// Marks `command`, and whatever descends from it, as inside a session, for good.
///
/// The mark is the hard limit `RLIMIT_LOCKS` (getrlimit(2)), which kernels since 2.4.25 keep and do not use. A
/// process inherits it whatever becomes of its environment, its ancestors and its namespaces, and may lower but
/// not raise it, unless it has `CAP_SYS_RESOURCE` outside of all user namespaces.
#[allow(unsafe_code)]
pub fn mark_as_session(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    let before_exec = || {
        let present = rustix::process::getrlimit(Resource::Locks).maximum;
        let limit = Some(present.map_or(SESSION_LOCKS, |present| present.min(SESSION_LOCKS)));
        // An emulated kernel may refuse. Ancestry then tells who is inside a session.
        let _ = rustix::process::setrlimit(Resource::Locks, Rlimit { current: limit, maximum: limit });
        Ok(())
    };
    // SAFETY: the closure runs between fork and exec and makes two system calls; it allocates nothing, takes no
    // lock and touches no memory of another thread.
    unsafe { command.pre_exec(before_exec) };
}

/// Returns whether this process, or one that it descends from, was started with [`mark_as_session`].
pub fn is_marked_as_session() -> bool {
    rustix::process::getrlimit(Resource::Locks).maximum.is_some_and(|limit| limit <= SESSION_LOCKS)
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

/// Pages that hold nothing any more go back to the system. By itself the C library gives back only
/// what is free at the end of its heap; any other one does as it does.
#[allow(unsafe_code)]
pub fn give_back_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it takes a number and the allocator's own locks, and moves nothing that is in use.
    unsafe {
        libc::malloc_trim(0)
    };
}

/// Bytes of this process that are in memory.
pub fn resident_memory() -> u64 {
    // proc_pid_statm(5): the second word, in pages. Where there is no /proc, nothing is known.
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|words| words.split(' ').nth(1)?.parse::<u64>().ok());
    pages.unwrap_or(0) * rustix::param::page_size() as u64
}

#[cfg(test)]
#[cfg(target_env = "gnu")]
mod tests {
    use super::*;

    #[test]
    fn what_many_left_behind_goes_back_though_a_few_remain() {
        let mut boxes: Vec<Box<[u8; 4096]>> = (0..16_384).map(|_| Box::new([1; 4096])).collect();
        let full = resident_memory();
        let mut number = 0;
        boxes.retain(|_| {
            number += 1;
            number % 64 == 0
        });
        give_back_memory();
        let left = resident_memory();
        assert!(full > 64 << 20 && left < full - (48 << 20), "{full} bytes, then {left}");
        assert_eq!(boxes.len(), 256);
    }
}
