//! A user who is not root and has no capability: where the tests run as root, it is `nobody`.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use testkit::{Home, Output, Running};

const NOBODY: u32 = 65534;

/// A person with a home.
pub struct Person {
    pub home: Home,
    /// `None` when the tests themselves do not run as root.
    uid: Option<u32>,
}

impl Person {
    pub fn new() -> Person {
        let home = Home::new(Path::new(env!("CARGO_BIN_EXE_authsome")).parent().unwrap()).unwrap();
        let uid = (fs::metadata("/proc/self").unwrap().uid() == 0).then_some(NOBODY);
        Person { home, uid }
    }

    /// Has the home's programs be found in `programs`.
    pub fn with(programs: &Path) -> Person {
        Person { home: Home::new(programs).unwrap(), ..Person::new() }
    }

    /// Starts a program as this person, who owns all that is in the home by then.
    pub fn start(&self, program: &str, args: &[&str]) -> Running {
        let mut command = self.home.command(program);
        command.args(args);
        self.become_person(&mut command);
        self.home.spawn_command(command).unwrap()
    }

    /// `authsome ARGS…` to its end with this on stdin.
    pub fn run(&self, args: &[&str], input: &str) -> Output {
        let mut running = self.start("authsome", args);
        let _ = running.write(input);
        running.close_stdin();
        running.finish().unwrap()
    }

    /// Takes the right to write from all that is in `$AUTHSOME_HOME`, or gives it back.
    pub fn make_home_writable(&self, writable: bool) {
        let mode = |is_dir: bool| if is_dir { 0o500 } else { 0o400 } | if writable { 0o200 } else { 0 };
        each(&self.home.authsome(), &|path| {
            fs::set_permissions(path, Permissions::from_mode(mode(path.is_dir()))).unwrap();
        });
    }

    fn become_person(&self, command: &mut Command) {
        if let Some(uid) = self.uid {
            each(self.home.root(), &|path| lchown(path, Some(uid), Some(uid)).unwrap());
            command.uid(uid).gid(uid);
        }
    }
}

fn each(path: &Path, act: &dyn Fn(&Path)) {
    if path.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| each(&entry.unwrap().path(), act));
    }
    act(path);
}
