//! The programs as clap knows them: what `--help`, the manual and the completions have in common.

use crate::files;
use clap::{Arg, ArgAction, Command, CommandFactory, ValueHint};

macro_rules! programs {
    ($($module:ident $path:literal;)*) => {
        $(#[path = $path]
        #[allow(dead_code)]
        mod $module;)*

        /// Every program but the dispatcher, as `authsome-<name>`, in this order.
        pub fn all() -> Vec<Command> {
            vec![$($module::Args::command().name(concat!("authsome-", stringify!($module)))),*]
        }
    };
}

programs! {
    conform "../../bins/authsome-conform/args.rs";
    connection "../../bins/authsome-connection/args.rs";
    credential "../../bins/authsome-credential/args.rs";
    demo "../../bins/authsome-demo/args.rs";
    export "../../bins/authsome-export/args.rs";
    flow "../../bins/authsome-flow/args.rs";
    get "../../bins/authsome-get/args.rs";
    inspect "../../bins/authsome-inspect/args.rs";
    list "../../bins/authsome-list/args.rs";
    login "../../bins/authsome-login/args.rs";
    logout "../../bins/authsome-logout/args.rs";
    proxy "../../bins/authsome-proxy/args.rs";
    remove "../../bins/authsome-remove/args.rs";
    revoke "../../bins/authsome-revoke/args.rs";
    run "../../bins/authsome-run/args.rs";
    vault "../../bins/authsome-vault/args.rs";
    whoami "../../bins/authsome-whoami/args.rs";
}

/// `login` of `authsome-login`.
pub fn short_name(program: &Command) -> &'static str {
    word(program.get_name().trim_start_matches("authsome-"))
}

/// clap keeps its names for good.
fn word(text: &str) -> &'static str {
    text.to_owned().leak()
}

/// The dispatcher as one command, the programs being its subcommands.
pub fn composed() -> Command {
    let names: Vec<&str> = all().iter().map(short_name).collect();
    let help = Command::new("help")
        .about("Show a command's help")
        .arg(Arg::new("all").short('a').long("all").action(ArgAction::SetTrue).help("All commands, drop-ins too"))
        .arg(Arg::new("command").value_parser(names));
    let programs = all().into_iter().map(|program| {
        let name = short_name(&program);
        let program = visible(&program).name(name).bin_name(format!("authsome {name}"));
        if name != "run" {
            return program;
        }
        program.mut_arg("command", |command| command.value_hint(ValueHint::CommandWithArguments))
    });
    dispatcher().subcommands(programs).subcommand(help).disable_help_subcommand(true)
}

/// Without what is hidden, which the generators of completions would show.
fn visible(command: &Command) -> Command {
    let about = command.get_about().cloned().unwrap_or_default();
    let args = command.get_arguments().filter(|arg| !arg.is_hide_set()).cloned();
    let subcommands = command.get_subcommands().map(visible).collect::<Vec<_>>();
    Command::new(word(command.get_name()))
        .version(env!("CARGO_PKG_VERSION"))
        .about(about)
        .args(args)
        .subcommand_required(!subcommands.is_empty())
        .subcommands(subcommands)
}

/// The dispatcher reads its flags by hand; its help names them all, so they are taken from there.
pub fn dispatcher() -> Command {
    let help = crate::help::short();
    let options = help.split("\nOptions:\n").nth(1).expect("bins/authsome/help.rs has a section \"Options:\"");
    let mut command = Command::new("authsome")
        .version(env!("CARGO_PKG_VERSION"))
        .about(env!("CARGO_PKG_DESCRIPTION"))
        .disable_help_flag(true)
        .disable_version_flag(true);
    for line in options.lines().take_while(|line| line.starts_with("  ")) {
        command = command.arg(option(line.trim()));
    }
    command
}

/// `-q, --quiet         Say nothing but what was asked for`
fn option(line: &str) -> Arg {
    let (flags, help) = line.split_once("  ").unwrap_or_else(|| panic!("no help beside {line:?}"));
    let (short, long) = match flags.split_once(", ") {
        Some((short, long)) => (short.trim_start_matches('-').chars().next(), long),
        None => (None, flags),
    };
    let long = long.trim_start_matches("--");
    let end = long.find(['[', '=', ' ']).unwrap_or(long.len());
    let (name, value) = long.split_at(end);
    let arg = Arg::new(word(name)).long(word(name)).help(help.trim().to_owned());
    let arg = match short {
        Some(short) => arg.short(short),
        None => arg,
    };
    let value_name = word(value.trim_matches(|c: char| !c.is_ascii_uppercase()));
    let hint = if value_name == "DIR" { ValueHint::DirPath } else { ValueHint::Unknown };
    match value.chars().next() {
        None => arg.action(ArgAction::SetTrue),
        Some('[') => arg.value_name(value_name).value_hint(hint).num_args(0..=1).require_equals(true),
        Some(_) => arg.value_name(value_name).value_hint(hint),
    }
}

#[test]
fn the_dispatcher_takes_every_flag_that_its_help_names() {
    let args = files::read("bins/authsome/args.rs");
    let dispatcher = dispatcher();
    let named = dispatcher.get_arguments().filter_map(|arg| arg.get_long());
    let complaints = named.filter(|long| !args.contains(&format!("Long(\"{long}\")")));
    files::none(complaints.map(|long| format!("--{long} is in help.rs and not in bins/authsome/args.rs")).collect());
}

#[test]
fn its_help_names_every_flag_that_the_dispatcher_takes() {
    let args = files::read("bins/authsome/args.rs");
    let known = dispatcher();
    let taken = args.split("Long(\"").skip(1).filter_map(|rest| rest.split('"').next());
    let complaints = taken.filter(|long| !known.get_arguments().any(|arg| arg.get_long() == Some(long)));
    files::none(complaints.map(|long| format!("--{long} is in args.rs and not in bins/authsome/help.rs")).collect());
}

#[test]
fn every_bin_is_in_the_table_of_this_test() {
    let known: Vec<String> = all().iter().map(|program| program.get_name().to_owned()).collect();
    let bins = files::names("bins").into_iter().filter(|bin| bin != "authsome");
    let complaints = bins.filter(|bin| !known.contains(bin));
    files::none(complaints.map(|bin| format!("{bin} is in no line of programs! in tests/tree/programs.rs")).collect());
}

#[test]
fn no_command_line_contradicts_itself() {
    composed().debug_assert();
    all().into_iter().for_each(Command::debug_assert);
}
