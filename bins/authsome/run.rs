//! From a name to a program, and into it.

use crate::args::{Args, Request};
use crate::commands::{COMMANDS, is_bundled};
use crate::help;
use cli::{Config, Globals, Home, Output, exec_path};
use proto::{Error, Result};
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Answers by itself, or becomes the command (then it never returns `Ok`).
pub fn run(args: Args, output: &Output) -> Result<u8> {
    let exec_path = args.exec_path.clone().or_else(|| std::env::var_os("AUTHSOME_EXEC_PATH").map(PathBuf::from));
    match args.request {
        Request::Help => output.text(&help::short()),
        Request::Version => output.line(concat!("authsome ", env!("CARGO_PKG_VERSION"))),
        Request::ExecPath => exec_path_line(exec_path.as_deref(), output)?,
        Request::Nothing => return Err(Error::invalid("no command given").hint("authsome help")),
        Request::Command { name, rest } if name == "help" => {
            return help_about(&rest, exec_path.as_deref(), &args.globals, output);
        }
        Request::Command { name, rest } => {
            return become_command(&name, rest, exec_path.as_deref(), &args.globals);
        }
    }
    Ok(0)
}

fn exec_path_line(exec_path: Option<&Path>, output: &Output) -> Result<()> {
    let bundled = exec_path::bundled();
    match exec_path.or(bundled.first().map(PathBuf::as_path)) {
        Some(directory) => output.line(&directory.display().to_string()),
        None => {
            return Err(Error::unavailable("cannot tell where this program is")
                .hint("authsome --exec-path=DIR COMMAND names the directory of its programs"));
        }
    }
    Ok(())
}

fn help_about(rest: &[OsString], exec_path: Option<&Path>, globals: &Globals, output: &Output) -> Result<u8> {
    match rest {
        [] => output.text(&help::short()),
        // Asked of help itself: it is no program with a help of its own.
        [word] if word == "help" || word == "-h" || word == "--help" => output.text(&help::short()),
        [flag] if flag == "-a" || flag == "--all" => output.text(&help::all(exec_path)),
        [name] => return become_command(&name.to_string_lossy(), vec!["--help".into()], exec_path, globals),
        _ => return Err(Error::invalid("help takes one command, or -a").hint("authsome help -a")),
    }
    Ok(0)
}

fn become_command(name: &str, mut rest: Vec<OsString>, exec_path: Option<&Path>, globals: &Globals) -> Result<u8> {
    let program = match find(name, exec_path)? {
        Some(program) => program,
        None => {
            let (program, mut words) = find_alias(name, exec_path, globals)?.ok_or_else(|| unknown(name, exec_path))?;
            words.append(&mut rest);
            rest = words;
            program
        }
    };
    let mut command = Command::new(&program);
    command.args(rest);
    pass_on(&mut command, globals, exec_path);
    cli::kernel::inherited::pass_on(&mut command);
    let error = command.exec();
    Err(cli::files::cannot("run", &program, &error))
}

/// A bundled command is never looked for in PATH, so that nothing there can take its place.
fn find(name: &str, exec_path: Option<&Path>) -> Result<Option<PathBuf>> {
    if !is_bundled(name) {
        let beside = exec_path::bundled();
        let first: Vec<&Path> = exec_path.into_iter().chain(beside.iter().map(PathBuf::as_path)).collect();
        return Ok(first.into_iter().map(Some).chain([None]).find_map(|first| exec_path::find_subcommand(name, first)));
    }
    let program = format!("authsome-{name}");
    match exec_path.map(|directory| directory.join(&program)).filter(|path| path.is_file()) {
        Some(path) => Ok(Some(path)),
        None => exec_path::find_bundled(&program).map(Some),
    }
}

/// A word of the person's own: the command it stands for, with its first arguments.
fn find_alias(name: &str, exec_path: Option<&Path>, globals: &Globals) -> Result<Option<(PathBuf, Vec<OsString>)>> {
    let (config, _) = Config::load(&Home::locate(globals.home.as_deref())?)?;
    let Some(line) = config.aliases.get(name) else { return Ok(None) };
    let mut words = line.split_whitespace();
    let command = words.next().unwrap_or_default();
    // One step only: an alias of an alias could go round in circles.
    let program = find(command, exec_path)?.ok_or_else(|| {
        Error::invalid(format!("the alias {name:?} stands for {command:?}, which is no command"))
            .hint("authsome help -a")
    })?;
    Ok(Some((program, words.map(OsString::from).collect())))
}

fn unknown(name: &str, exec_path: Option<&Path>) -> Error {
    let drop_ins = exec_path::drop_ins(exec_path);
    let known = COMMANDS
        .iter()
        .map(|command| command.name)
        .chain(drop_ins.iter().map(|(name, _)| name.as_str()))
        .chain(["help"]);
    let error = Error::invalid(format!("{:?} is not an authsome command", proto::redact::shown(name)));
    match provider::nearest::one(name, known) {
        Some(nearest) => error.hint(format!("did you mean: authsome {nearest}")),
        None => error.hint("authsome help -a"),
    }
}

/// The dispatcher's own flags reach the command, drop-ins too, by environment.
fn pass_on(command: &mut Command, globals: &Globals, exec_path: Option<&Path>) {
    if let Some(home) = &globals.home {
        command.env("AUTHSOME_HOME", std::path::absolute(home).unwrap_or_else(|_| home.clone()));
    }
    if let Some(profile) = &globals.profile {
        command.env("AUTHSOME_PROFILE", profile.as_str());
    }
    if let Some(directory) = exec_path {
        command.env("AUTHSOME_EXEC_PATH", directory);
    }
    for (wanted, variable) in
        [(globals.json, "AUTHSOME_JSON"), (globals.quiet, "AUTHSOME_QUIET"), (globals.no_color, "NO_COLOR")]
    {
        if wanted {
            command.env(variable, "1");
        }
    }
}
