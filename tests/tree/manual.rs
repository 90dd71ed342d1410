//! `man/`: for each program what clap knows of it, then the prose of `man/src`; and the pages that
//! are prose alone.

use crate::commands::{COMMANDS, Kind};
use crate::roff::{self, inline, roff};
use crate::{files, inherited, programs};
use clap::Command;
use clap_mangen::Man;
use std::collections::BTreeSet;
use std::fmt::Write;

/// Pages that are about no single program: the source's name and the section.
pub const PROSE: &[(&str, u8)] = &[("protocol", 7), ("definition", 5), ("config", 5)];

/// What the prose of every program must have.
const SECTIONS: &[&str] = &["Examples", "Exit status", "See also"];

/// A page by its file's name.
fn pages() -> Vec<(String, String)> {
    let mut pages = vec![("authsome.1".to_owned(), dispatcher())];
    pages.extend(programs::all().into_iter().map(|program| (format!("{}.1", program.get_name()), page(program))));
    pages.extend(PROSE.iter().map(|(name, section)| (format!("authsome-{name}.{section}"), prose(name, *section))));
    pages
}

/// The file with a program's prose.
fn source(program: &str) -> String {
    format!("man/src/{}.md", program.strip_prefix("authsome-").unwrap_or(program))
}

/// Where the prose of `run` has the table of what is inherited.
const INHERITED: &str = "<!-- The table of bins/authsome-run/inherited.rs stands here in the manual. -->";

/// The prose without its title; the title says what page this is.
fn body(program: &str) -> String {
    let path = source(program);
    let text = files::read(&path);
    let (title, body) = text.split_once('\n').unwrap_or_default();
    assert!(title.starts_with(&format!("# {program}")), "{path} begins with \"# {program}\"");
    assert!(program != "authsome-run" || body.contains(INHERITED), "{path} has the line {INHERITED}");
    body.replace(INHERITED, &inherited::markdown())
}

fn page(program: Command) -> String {
    let name = program.get_name().to_owned();
    let mut roff = start(&name, 1, &program.get_about().unwrap_or_default().to_string());
    synopsis(&mut roff, program.clone());
    roff.push_str(".SH DESCRIPTION\n");
    // Its first paragraph is the name's summary, which stands above.
    let help = program.get_long_about().unwrap_or_default().to_string();
    roff.push_str(&self::roff(help.split_once("\n\n").map_or("", |(_, more)| more)));
    let body = body(&name);
    // Prose before the first heading goes on with the description.
    let (description, sections) = body.split_at(body.find("\n## ").unwrap_or(body.len()));
    roff.push_str(&self::roff(description));
    subcommands(&mut roff, &program);
    roff.push_str(&rendered(|out| Man::new(program).render_options_section(out)));
    roff.push_str(&self::roff(sections));
    finish(roff)
}

/// The dispatcher's page has all commands in it.
fn dispatcher() -> String {
    let program = programs::dispatcher();
    let mut roff = start("authsome", 1, &program.get_about().unwrap_or_default().to_string());
    roff.push_str(".SH SYNOPSIS\n\\fBauthsome\\fR [\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARG\\fR]...\n");
    let body = body("authsome");
    let (description, sections) = body.split_at(body.find("\n## ").unwrap_or(body.len()));
    roff.push_str(".SH DESCRIPTION\n");
    roff.push_str(&self::roff(description));
    for (title, kind) in [("COMMANDS", Kind::Porcelain), ("PLUMBING", Kind::Plumbing)] {
        let _ = writeln!(roff, ".SH {title}");
        for command in COMMANDS.iter().filter(|command| command.kind == kind) {
            let _ = writeln!(roff, ".TP\n\\fBauthsome\\-{}\\fR(1)\n{}", command.name, inline(command.summary));
        }
    }
    roff.push_str(&rendered(|out| Man::new(program).render_options_section(out)));
    roff.push_str(&self::roff(sections));
    finish(roff)
}

fn prose(name: &str, section: u8) -> String {
    let program = format!("authsome-{name}");
    let text = files::read(&source(&program));
    let title = text.lines().next().unwrap_or_default();
    let summary = title.split_once(" - ").unwrap_or_else(|| panic!("man/src/{name}.md: \"# {program} - SUMMARY\"")).1;
    let mut roff = start(&program, section, summary);
    roff.push_str(".SH DESCRIPTION\n");
    roff.push_str(&self::roff(&body(&program)));
    finish(roff)
}

/// Title and name; no date, so that a page changes when its facts do.
fn start(name: &str, section: u8, summary: &str) -> String {
    let title = name.to_uppercase();
    let name = name.replace('-', "\\-");
    let version = env!("CARGO_PKG_VERSION");
    let summary = inline(summary);
    format!(".TH {title} {section} \"\" \"authsome {version}\" \"authsome\"\n.SH NAME\n{name} \\- {summary}\n")
}

/// As `--help` has it: mangen's own would repeat every option.
fn synopsis(roff: &mut String, mut program: Command) {
    let usage = program.render_usage().to_string();
    roff.push_str(".SH SYNOPSIS\n");
    for (at, line) in usage.trim_start_matches("Usage:").lines().map(str::trim).enumerate() {
        let _ = writeln!(roff, "{}{}", if at > 0 { ".br\n" } else { "" }, inline(&format!("`{line}`")));
    }
}

/// Each with its own synopsis and options: they have no pages of their own.
fn subcommands(roff: &mut String, program: &Command) {
    let mut built = program.clone();
    built.build();
    let mut named = built.get_subcommands().filter(|sub| sub.get_name() != "help").peekable();
    if named.peek().is_none() {
        return;
    }
    roff.push_str(".SH COMMANDS\n");
    for sub in named {
        let usage = sub.clone().render_usage().to_string();
        let _ = writeln!(roff, ".SS {}", inline(&format!("`{}`", usage.trim_start_matches("Usage:").trim())));
        let _ = writeln!(roff, "{}", inline(&sub.get_about().unwrap_or_default().to_string()));
        let own = sub.get_arguments().filter(|arg| arg.get_help_heading().is_none() && !arg.is_global_set());
        for arg in own.filter(|arg| !matches!(arg.get_id().as_str(), "help" | "version")) {
            let _ = writeln!(roff, ".TP\n{}", inline(&format!("`{arg}`")));
            let _ = writeln!(roff, "{}", inline(&arg.get_help().unwrap_or_default().to_string()));
        }
    }
}

/// What mangen writes, without the preamble that each of its parts begins with.
fn rendered(render: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    render(&mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let kept = text.lines().filter(|line| !line.starts_with(".ie \\n(.g") && !line.starts_with(".el .ds Aq"));
    kept.map(|line| format!("{line}\n")).collect()
}

fn finish(roff: String) -> String {
    let tables = if roff.contains("\n.TS\n") { roff::TABLES } else { "" };
    format!(
        "{tables}.\\\" Made by tests/tree from args.rs and man/src: change those.\n.ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n{roff}"
    )
}

#[test]
fn every_page_is_current() {
    files::none(
        pages().into_iter().filter_map(|(name, text)| files::is_current(&format!("man/{name}"), &text).err()).collect(),
    );
}

#[test]
fn no_page_is_nobodys() {
    // The picture is the README's.
    let others = ["src", "login-form.png"].map(str::to_owned);
    let known: BTreeSet<String> = pages().into_iter().map(|(name, _)| name).chain(others).collect();
    let sources: BTreeSet<String> = pages()
        .into_iter()
        .map(|(name, _)| source(name.rsplit_once('.').unwrap().0))
        .map(|path| path.trim_start_matches("man/src/").to_owned())
        .collect();
    let strangers = files::names("man").difference(&known).map(|name| format!("man/{name}")).collect::<Vec<_>>();
    let texts = files::names("man/src").difference(&sources).map(|name| format!("man/src/{name}")).collect::<Vec<_>>();
    files::none(strangers.into_iter().chain(texts).map(|file| format!("{file} is of no page; remove it")).collect());
}

#[test]
fn the_prose_of_every_program_has_its_sections() {
    let mut complaints = Vec::new();
    for program in std::iter::once("authsome".to_owned()).chain(programs::all().iter().map(|p| p.get_name().to_owned()))
    {
        let body = body(&program);
        let missing = SECTIONS.iter().filter(|section| !body.contains(&format!("\n## {section}\n")));
        complaints.extend(missing.map(|section| format!("{} has no section \"## {section}\"", source(&program))));
    }
    files::none(complaints);
}

#[test]
fn a_page_that_is_referred_to_is_there() {
    let known: BTreeSet<String> = pages().into_iter().map(|(name, _)| name).collect();
    let mut complaints = Vec::new();
    for name in files::names("man/src") {
        let text = files::read(&format!("man/src/{name}"));
        for (at, _) in text.match_indices("**authsome") {
            let Some((page, rest)) = text[at + 2..].split_once("**(") else { continue };
            let section = rest.split(')').next().unwrap_or_default();
            if section.len() == 1 && !known.contains(&format!("{page}.{section}")) {
                complaints.push(format!("man/src/{name} refers to {page}({section}), which is no page"));
            }
        }
    }
    files::none(complaints);
}

/// `authsome login notion --connection work` must be something that the program takes.
#[test]
fn every_flag_that_a_text_shows_is_taken_by_its_program() {
    let mut complaints = Vec::new();
    let texts = files::names("man/src").into_iter().map(|name| format!("man/src/{name}"));
    for path in texts.chain(["README.md", "CONTRIBUTING.md", "SECURITY.md", "ARCHITECTURE.md"].map(str::to_owned)) {
        for (program, flag) in shown_flags(&files::read(&path)) {
            if !takes(&program, &flag) {
                complaints.push(format!("{path} shows {program} with {flag}, which it does not take"));
            }
        }
    }
    files::none(complaints);
}

/// Program and flag, of every command line in code.
fn shown_flags(text: &str) -> Vec<(String, String)> {
    let mut shown = Vec::new();
    for code in text.lines().flat_map(|line| line.split(['`', '|', ';'])) {
        let mut words =
            code.split_whitespace().skip_while(|word| !word.trim_start_matches("\"$(").starts_with("authsome"));
        let Some(first) = words.next().map(|word| word.trim_start_matches("\"$(")) else { continue };
        let mut program = first.to_owned();
        for word in words.take_while(|word| *word != "--") {
            if program == "authsome" && word.chars().all(|c| c.is_ascii_lowercase()) {
                program = format!("authsome-{word}");
            } else if word.starts_with("--") {
                let flag = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).split('=').next();
                shown.push((program.clone(), flag.unwrap_or_default().to_owned()));
            }
        }
    }
    shown
}

fn takes(program: &str, flag: &str) -> bool {
    let long = flag.trim_start_matches("--");
    let standard = matches!(long, "help" | "version");
    // A helper's one argument is the protocol's, not the program's.
    if standard || long == "authsome-helper" {
        return true;
    }
    let has = |command: &Command| command.get_arguments().any(|arg| arg.get_long() == Some(long));
    match program {
        "authsome" => has(&programs::dispatcher()),
        "authsome-help" => long == "all",
        _ => match programs::all().iter().find(|known| known.get_name() == program) {
            Some(known) => has(known) || known.get_subcommands().any(has),
            // Somebody else's program, in an example.
            None => true,
        },
    }
}
