//! Ignored signals, blocked signals and open descriptors that a program inherits. execve(2) keeps all three.
//!
//! They are noted and reset before `main`, because Rust's own start already changes one of them (SIGPIPE). So a
//! program can wait for its children, a signal can end it, and no helper holds a descriptor of the program that
//! started ours. The command of a session gets back what was found: see [`pass_on`].

use std::os::fd::RawFd;
use std::process::Command;
use std::sync::OnceLock;

/// The highest number of a signal on Linux (signal(7), `SIGRTMAX`).
const LAST_SIGNAL: i32 = 64;

/// The inherited state, as it was when this process started.
struct Inherited {
    /// The ignored signals. Bit `n - 1` stands for signal `n`.
    ignored: u64,
    blocked: libc::sigset_t,
    /// The descriptors above stderr that an exec keeps open.
    descriptors: Vec<RawFd>,
}

static INHERITED: OnceLock<Inherited> = OnceLock::new();

/// An entry of the section whose functions the loader calls before `main`, while there is one thread (ELF gABI,
/// "Initialization and Termination Functions").
#[used]
#[allow(unsafe_code)]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = before_main;

extern "C" fn before_main() {
    let inherited = Inherited { ignored: ignored(), blocked: unblock_all(), descriptors: descriptors() };
    // While SIGCHLD is ignored, the status of a child is lost and a wait for it fails (wait(2)).
    set(&[libc::SIGCHLD], libc::SIG_DFL);
    inherited.descriptors.iter().for_each(|descriptor| close_on_exec(*descriptor, true));
    let _ = INHERITED.set(inherited);
}

/// Returns whether `signal` was ignored when this process started, as after nohup(1) or a shell's `&`.
pub fn is_ignored(signal: i32) -> bool {
    INHERITED.get().is_some_and(|inherited| has(inherited.ignored, signal))
}

/// Makes `command` start with the ignored signals, the blocked signals and the descriptors that this process was
/// started with.
#[allow(unsafe_code)]
pub fn pass_on(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    let Some(inherited) = INHERITED.get() else { return };
    let before_exec = move || {
        inherited.descriptors.iter().for_each(|descriptor| close_on_exec(*descriptor, false));
        for signal in (1..=LAST_SIGNAL).filter(|signal| has(inherited.ignored, *signal)) {
            set(&[signal], libc::SIG_IGN);
        }
        block(&inherited.blocked);
        Ok(())
    };
    // SAFETY: the closure runs between fork and exec. It reads what was written before `main` and makes system calls;
    // it allocates nothing and takes no lock.
    unsafe { command.pre_exec(before_exec) };
}

fn has(signals: u64, signal: i32) -> bool {
    (1..=LAST_SIGNAL).contains(&signal) && signals & (1 << (signal - 1)) != 0
}

#[allow(unsafe_code)]
fn ignored() -> u64 {
    let is_ignored = |signal: &i32| {
        let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: with no new action the call only writes `action`, which is plain numbers and valid when zeroed.
        // For numbers that the C library reserves the call fails, and zero is the default action.
        let action = unsafe {
            libc::sigaction(*signal, std::ptr::null(), action.as_mut_ptr());
            action.assume_init()
        };
        action.sa_sigaction == libc::SIG_IGN
    };
    (1..=LAST_SIGNAL).filter(is_ignored).fold(0, |signals, signal| signals | 1 << (signal - 1))
}

#[allow(unsafe_code)]
fn set(signals: &[i32], action: libc::sighandler_t) {
    for signal in signals {
        // SAFETY: `action` is SIG_IGN or SIG_DFL, so no function of ours is called by a signal.
        unsafe { libc::signal(*signal, action) };
    }
}

/// Returns the signals that were blocked.
#[allow(unsafe_code)]
fn unblock_all() -> libc::sigset_t {
    let mut blocked = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
    let mut none = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: both are plain numbers and valid when zeroed; the calls write them and nothing else of ours.
    unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), blocked.as_mut_ptr());
        blocked.assume_init()
    }
}

#[allow(unsafe_code)]
fn block(signals: &libc::sigset_t) {
    // SAFETY: `signals` is a set that the kernel gave; nothing is written.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, signals, std::ptr::null_mut()) };
}

/// Returns the descriptors above stderr that an exec keeps open. Where there is no /proc, none are known.
#[allow(unsafe_code)]
fn descriptors() -> Vec<RawFd> {
    let names = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten().map(|entry| entry.file_name());
    let numbers = names.filter_map(|name| name.to_str()?.parse().ok());
    numbers
        .filter(|number| {
            // SAFETY: it reads the flags of a descriptor and touches no memory.
            let flags = unsafe { libc::fcntl(*number, libc::F_GETFD) };
            *number > libc::STDERR_FILENO && flags >= 0 && flags & libc::FD_CLOEXEC == 0
        })
        .collect()
}

#[allow(unsafe_code)]
fn close_on_exec(descriptor: RawFd, close: bool) {
    // SAFETY: it sets one flag of a descriptor and touches no memory. A number that is no descriptor gives an error.
    unsafe { libc::fcntl(descriptor, libc::F_SETFD, if close { libc::FD_CLOEXEC } else { 0 }) };
}
