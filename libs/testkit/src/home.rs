//! A home to run the real programs in: nothing of this machine's user reaches them.

mod output;
mod running;

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::pty::Pty;
pub use output::Output;
pub use running::Running;
pub(crate) use running::pid;

/// A throw-away home; removed when dropped.
///
/// The environment is HOME, AUTHSOME_HOME (`$HOME/.authsome`), PATH (the programs', the drop-ins',
/// then `/usr/bin:/bin`), TMPDIR, LANG, and what [`Home::set_env`] adds. Directories are 0700.
///
/// ```
/// let home = testkit::Home::new("/usr/bin")?;
/// let output = home.run_program("sh", &["-c", "echo $HOME; echo oops >&2; exit 3"])?;
/// assert_eq!((output.code, output.stderr.as_str()), (Some(3), "oops\n"));
/// assert_eq!(output.stdout.trim(), home.path().to_str().unwrap());
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Home {
    root: TempDir,
    programs: PathBuf,
    env: Vec<(String, String)>,
    limit: Duration,
    /// The user and group to run the programs as, when the test is root.
    user: Option<u32>,
    umask: Option<&'static str>,
}

/// The ID of `nobody`, an ordinary user.
const NOBODY: u32 = 65534;

impl Home {
    /// `programs`: the directory of the programs under test, as of `env!("CARGO_BIN_EXE_authsome")`.
    pub fn new(programs: impl AsRef<Path>) -> io::Result<Home> {
        let root = TempDir::with_prefix("authsome-home-")?;
        fs::set_permissions(root.path(), Permissions::from_mode(0o700))?;
        let home = Home {
            root,
            programs: programs.as_ref().to_owned(),
            env: Vec::new(),
            limit: Duration::from_secs(30),
            user: None,
            umask: None,
        };
        for dir in [home.path(), home.authsome(), home.work(), home.tmp(), home.drop_ins()] {
            DirBuilder::new().mode(0o700).create(dir)?;
        }
        Ok(home)
    }

    /// `$HOME`.
    pub fn path(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// `$AUTHSOME_HOME`.
    pub fn authsome(&self) -> PathBuf {
        self.path().join(".authsome")
    }

    /// The working directory of every program.
    pub fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// `$TMPDIR`.
    pub fn tmp(&self) -> PathBuf {
        self.root.path().join("tmp")
    }

    /// On PATH after the programs under test.
    pub fn drop_ins(&self) -> PathBuf {
        self.root.path().join("drop-ins")
    }

    /// All of it, for [`crate::scan`].
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// Adds or replaces a variable for the programs run from now on.
    pub fn set_env(&mut self, name: &str, value: &str) {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value.to_owned()));
    }

    /// Runs the programs from now on as a user who is not root, whoever runs the test, and gives that
    /// user what the home holds.
    pub fn become_user(&mut self) -> io::Result<()> {
        if fs::metadata("/proc/self")?.uid() != 0 {
            return Ok(());
        }
        self.user = Some(NOBODY);
        if !self.programs.ancestors().all(|path| fs::metadata(path).is_ok_and(|found| found.mode() & 0o001 != 0)) {
            self.programs = copy_programs(&self.programs, &self.root.path().join("programs"))?;
        }
        self.hand_over(self.root.path())
    }

    /// Gives a file, or all of a directory, to the user that the programs run as.
    pub fn hand_over(&self, path: &Path) -> io::Result<()> {
        let Some(user) = self.user else { return Ok(()) };
        chown(path, Some(user), Some(user))?;
        if !path.is_dir() {
            return Ok(());
        }
        fs::read_dir(path)?.try_for_each(|entry| self.hand_over(&entry?.path()))
    }

    /// Sets the umask under which the programs run, in octal.
    pub fn set_umask(&mut self, umask: &'static str) {
        self.umask = Some(umask);
    }

    /// How long a program may run before it is killed; 30 s unless told.
    pub fn set_limit(&mut self, limit: Duration) {
        self.limit = limit;
    }

    /// A program under test, or else one of PATH, ready to be given arguments.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let beside = self.programs.join(program.as_ref());
        let program = if beside.is_file() { beside.as_os_str() } else { program.as_ref() };
        let mut command = match self.umask {
            None => Command::new(program),
            Some(umask) => {
                let mut command = Command::new("/bin/sh");
                command.args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\"")]).arg(program);
                command
            }
        };
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
            .env_clear()
            .env("HOME", self.path())
            .env("AUTHSOME_HOME", self.authsome())
            .env("PATH", format!("{}:{}:/usr/bin:/bin", self.programs.display(), self.drop_ins().display()))
            .env("TMPDIR", self.tmp())
            .env("LANG", "C.UTF-8")
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(self.work());
        command
    }

    /// `authsome ARGS…` to its end, with nothing on stdin.
    pub fn run(&self, args: &[&str]) -> io::Result<Output> {
        self.run_program("authsome", args)
    }

    /// `authsome ARGS…` with this text on stdin.
    pub fn run_with_input(&self, args: &[&str], input: &str) -> io::Result<Output> {
        self.run_program_with_input("authsome", args, input)
    }

    /// As [`Home::run`], for any program. One that outlives the limit is an error that shows what it wrote.
    pub fn run_program(&self, program: &str, args: &[&str]) -> io::Result<Output> {
        self.run_program_with_input(program, args, "")
    }

    pub fn run_program_with_input(&self, program: &str, args: &[&str], input: &str) -> io::Result<Output> {
        let mut running = self.spawn(program, args)?;
        // A program may end without reading; that is for its status to tell.
        let _ = running.write(input);
        running.close_stdin();
        running.finish()
    }

    /// A program that goes on while the test does something else.
    pub fn spawn(&self, program: &str, args: &[&str]) -> io::Result<Running> {
        let mut command = self.command(program);
        command.args(args);
        self.spawn_command(command)
    }

    /// The same with a command of one's own making.
    pub fn spawn_command(&self, command: Command) -> io::Result<Running> {
        Running::start(command, self.limit)
    }

    /// A program on a terminal of its own.
    pub fn pty(&self, program: &str, args: &[&str]) -> io::Result<Pty> {
        let mut command = self.command(program);
        command.args(args);
        Pty::start(command, self.limit)
    }

    /// `$AUTHSOME_HOME/providers/NAME.json`.
    pub fn write_definition(&self, name: &str, definition: &Value) -> io::Result<PathBuf> {
        let dir = self.authsome().join("providers");
        if !dir.is_dir() {
            DirBuilder::new().mode(0o700).create(&dir)?;
        }
        write(dir.join(format!("{name}.json")), &format!("{definition:#}\n"), 0o600)
    }

    /// `$AUTHSOME_HOME/config.json`.
    pub fn write_config(&self, config: &Value) -> io::Result<PathBuf> {
        write(self.authsome().join("config.json"), &format!("{config:#}\n"), 0o600)
    }

    /// An executable on PATH. A script begins with `#!/bin/sh`.
    pub fn drop_in(&self, name: &str, script: &str) -> io::Result<PathBuf> {
        write(self.drop_ins().join(name), script, 0o700)
    }
}

fn write(path: PathBuf, text: &str, mode: u32) -> io::Result<PathBuf> {
    fs::write(&path, text)?;
    fs::set_permissions(&path, Permissions::from_mode(mode))?;
    Ok(path)
}

/// Copies the programs to a place where every user may run them.
fn copy_programs(from: &Path, to: &Path) -> io::Result<PathBuf> {
    DirBuilder::new().mode(0o755).create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let is_ours = entry.file_name().to_string_lossy().starts_with("authsome") && entry.path().extension().is_none();
        if is_ours && entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(to.to_owned())
}
