//! Processes of a run: started, told apart, measured.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// This program again, in another part; killed when dropped.
pub struct Part {
    child: Child,
    pub addresses: Vec<SocketAddr>,
}

impl Part {
    pub fn start(name: &str, directory: &Path, more: &[String]) -> Part {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg(name).arg(directory).args(more).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Part { addresses: line.split_whitespace().map(|word| word.parse().unwrap()).collect(), child }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processor time that each thread of a process has used, to the nanosecond; `stat` counts in
/// hundredths of a second, which is too coarse for short rounds.
pub struct Processor(HashMap<String, u64>);

impl Processor {
    pub fn of(pid: u32) -> Processor {
        let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        let spent = threads.filter_map(|thread| {
            let thread = thread.ok()?;
            let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
            let name = thread.file_name().into_string().ok()?;
            Some((name, text.split(' ').next()?.parse().ok()?))
        });
        Processor(spent.collect())
    }

    /// Microseconds since `earlier`; a thread that ended meanwhile is not counted.
    pub fn since(&self, earlier: &Processor) -> f64 {
        let spent = self.0.iter().map(|(thread, now)| now - earlier.0.get(thread).unwrap_or(&0));
        spent.sum::<u64>() as f64 / 1000.0
    }
}

/// Instructions of a process while `perf stat` looks on; None where that is missing or the machine
/// does not count.
pub struct Instructions(Option<Child>);

impl Instructions {
    pub fn count(pid: u32) -> Instructions {
        let mut command = Command::new("perf");
        command.args(["stat", "-x,", "-e", "instructions", "-p", &pid.to_string()]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        Instructions(child.ok())
    }

    pub fn end(self) -> Option<f64> {
        let child = self.0?;
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).ok()?;
        let said = child.wait_with_output().ok()?.stderr;
        String::from_utf8_lossy(&said).split(',').next()?.trim().parse().ok()
    }
}

/// Resident memory, in KiB.
pub fn memory(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Open file descriptors.
pub fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

/// So many for this process and those it starts from now on, or as many as it may have.
pub fn allow_descriptors(count: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let count = count as u64;
    let most = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    let raised = Rlimit { current: Some(count), maximum: Some(count.max(most)) };
    let kept = Rlimit { current: Some(count.min(most)), maximum: Some(most) };
    // Only root may raise the second.
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => count as usize,
        Err(_) => setrlimit(Resource::Nofile, kept).map_or(1024, |()| count.min(most) as usize),
    }
}

pub fn child_of(pid: u32) -> u32 {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    children.split_whitespace().next().unwrap().parse().unwrap()
}
