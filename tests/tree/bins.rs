//! A program is complete: listed, documented, completed, and played.

use crate::commands::COMMANDS;
use crate::{files, programs};
use std::collections::BTreeSet;

/// Names and paths of `[[bin]]` in the root Cargo.toml.
fn bins() -> Vec<(String, String)> {
    let manifest: toml::Table = toml::from_str(&files::read("Cargo.toml")).unwrap();
    let text = |bin: &toml::Value, key: &str| bin[key].as_str().unwrap().to_owned();
    manifest["bin"].as_array().unwrap().iter().map(|bin| (text(bin, "name"), text(bin, "path"))).collect()
}

/// Folders of `bins/` but the dispatcher's.
fn folders() -> Vec<String> {
    files::names("bins").into_iter().filter(|name| name != "authsome").collect()
}

fn short(bin: &str) -> &str {
    bin.strip_prefix("authsome-").unwrap_or(bin)
}

#[test]
fn every_folder_of_bins_is_a_bin_of_cargo_toml() {
    let bins = bins();
    let mut complaints = Vec::new();
    for folder in files::names("bins") {
        let path = format!("bins/{folder}/main.rs");
        if !bins.contains(&(folder.clone(), path.clone())) {
            complaints.push(format!("{folder} has no [[bin]] in Cargo.toml with path = {path:?}"));
        }
    }
    for (name, path) in &bins {
        if !files::exists(path) {
            complaints.push(format!("Cargo.toml has a [[bin]] {name}, and there is no {path}"));
        }
    }
    files::none(complaints);
}

#[test]
fn every_program_is_named_as_its_folder() {
    let strangers = folders().into_iter().filter(|folder| !folder.starts_with("authsome-"));
    files::none(strangers.map(|folder| format!("bins/{folder} is not named authsome-<command>")).collect());
}

#[test]
fn every_program_has_the_same_three_files() {
    let mut complaints = Vec::new();
    for folder in files::names("bins") {
        let missing = ["main.rs", "args.rs", "run.rs"]
            .into_iter()
            .filter(|file| !files::exists(&format!("bins/{folder}/{file}")));
        complaints.extend(missing.map(|file| format!("bins/{folder} has no {file}")));
    }
    files::none(complaints);
}

#[test]
fn every_program_is_in_the_command_table() {
    let folders: BTreeSet<String> = folders().iter().map(|folder| short(folder).to_owned()).collect();
    let listed: BTreeSet<String> = COMMANDS.iter().map(|command| command.name.to_owned()).collect();
    let mut complaints: Vec<String> =
        folders.difference(&listed).map(|name| format!("{name} is in no line of bins/authsome/commands.rs")).collect();
    complaints.extend(
        listed
            .difference(&folders)
            .map(|name| format!("bins/authsome/commands.rs lists {name}, and there is no bins/authsome-{name}")),
    );
    files::none(complaints);
}

#[test]
fn the_table_sums_a_program_up_as_its_own_help_does() {
    let mut complaints = Vec::new();
    for program in programs::all() {
        let about = program.get_about().unwrap_or_default().to_string();
        let name = programs::short_name(&program);
        let Some(command) = COMMANDS.iter().find(|command| command.name == name) else { continue };
        if command.summary != about {
            complaints.push(format!(
                "bins/authsome/commands.rs sums {name} up as {:?}, bins/authsome-{name}/args.rs as {about:?}",
                command.summary
            ));
        }
    }
    files::none(complaints);
}

#[test]
fn every_program_has_a_page_of_the_manual_and_its_prose() {
    let mut complaints = Vec::new();
    for bin in files::names("bins") {
        let wanted = [format!("man/src/{}.md", short(&bin)), format!("man/{bin}.1")];
        complaints
            .extend(wanted.into_iter().filter(|path| !files::exists(path)).map(|path| format!("{bin} has no {path}")));
    }
    files::none(complaints);
}

#[test]
fn every_program_has_a_story() {
    let mut complaints = Vec::new();
    for bin in files::names("bins") {
        let directory = format!("tests/cli/{}", short(&bin));
        let stories = files::names(&directory).into_iter().filter(|file| file.ends_with(".md"));
        let told = |file: &String| files::read(&format!("{directory}/{file}")).contains("\n$ ");
        if !stories.into_iter().any(|file| told(&file)) {
            complaints.push(format!("{bin} has no story with a command in {directory}/"));
        }
    }
    files::none(complaints);
}

#[test]
fn every_story_is_played() {
    let runner = files::read("tests/cli/main.rs");
    let list = runner.split("commands! {").nth(1).and_then(|rest| rest.split('}').next()).unwrap_or_default();
    let played: BTreeSet<&str> = list.split_whitespace().collect();
    let bins = files::names("bins");
    let missing = bins.iter().map(|bin| short(bin)).filter(|name| !played.contains(name));
    files::none(missing.map(|name| format!("{name} is not in commands! of tests/cli/main.rs")).collect());
}
