//! Runs the `console` blocks of a Markdown file as one story in one throw-away home.
//!
//! A line `$ command` is run by `sh` with the programs under test first on PATH; the lines after it
//! are what it prints, stdout and stderr as a terminal shows them; `? 5` is its status when not 0.
//! In expected output `[..]` stands for any text within a line, a line `...` for any lines.
//! A `file` block (```file PATH) is written first; `<!-- env NAME=VALUE -->` sets a variable.

use std::path::Path;
use std::process::Stdio;
use testkit::Home;

/// One command with what it should print.
#[derive(Debug, Default)]
struct Step {
    command: String,
    expected: Vec<String>,
    status: i32,
}

/// Plays every story of a directory; names the file and the command that went otherwise.
pub fn play_directory(directory: &Path) {
    let mut files: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "md"));
    files.sort();
    assert!(!files.is_empty(), "no stories in {}", directory.display());
    let failures: Vec<String> = files.iter().filter_map(|file| play(file).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Plays one file; the number of commands it ran.
pub fn play(file: &Path) -> Result<usize, String> {
    let text = std::fs::read_to_string(file).unwrap();
    let mut home = Home::new(programs()).unwrap();
    let steps = read(&text, &mut home);
    for step in &steps {
        run(step, &home).map_err(|what| format!("{}: {what}", file.display()))?;
    }
    Ok(steps.len())
}

/// Where cargo put the programs under test.
pub fn programs() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_authsome")).parent().unwrap()
}

fn read(text: &str, home: &mut Home) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut block: Option<String> = None;
    let mut file = String::new();
    for line in text.lines() {
        if let Some(variable) = line.strip_prefix("<!-- env ").and_then(|rest| rest.strip_suffix(" -->")) {
            let (name, value) = variable.split_once('=').unwrap();
            home.set_env(name, value);
        }
        match (&block, line.strip_prefix("```")) {
            (None, Some(kind)) => block = Some(kind.to_owned()),
            (Some(kind), Some(_)) => {
                if let Some(path) = kind.strip_prefix("file ") {
                    let path = home.path().join(path);
                    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                    std::fs::write(&path, std::mem::take(&mut file)).unwrap();
                    private(home);
                }
                block = None;
            }
            (Some(kind), None) if kind == "console" => console_line(line, &mut steps),
            (Some(kind), None) if kind.starts_with("file ") => file.push_str(&format!("{line}\n")),
            _ => {}
        }
    }
    steps
}

/// A home that a `file` block made is made as authsome itself makes it.
fn private(home: &Home) {
    use std::os::unix::fs::PermissionsExt;
    for directory in [home.authsome(), home.authsome().join("providers")] {
        if directory.exists() {
            std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o700)).unwrap();
        }
    }
}

fn console_line(line: &str, steps: &mut Vec<Step>) {
    if let Some(command) = line.strip_prefix("$ ") {
        return steps.push(Step { command: command.to_owned(), ..Step::default() });
    }
    let Some(step) = steps.last_mut() else { panic!("output before a command: {line}") };
    match (line.strip_prefix("> "), line.strip_prefix("? ")) {
        (Some(more), _) if step.expected.is_empty() => step.command.push_str(&format!("\n{more}")),
        (_, Some(status)) => step.status = status.parse().unwrap(),
        _ => step.expected.push(line.to_owned()),
    }
}

fn run(step: &Step, home: &Home) -> Result<(), String> {
    let mut command = home.command("sh");
    command.args(["-c", &format!("exec 2>&1\n{}", step.command)]).stdin(Stdio::null());
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let got: Vec<&str> = text.lines().collect();
    let status = output.status.code().unwrap_or(-1);
    let expected: Vec<&str> = step.expected.iter().map(String::as_str).collect();
    if status == step.status && fits(&expected, &got) {
        return Ok(());
    }
    Err(format!(
        "$ {}\n--- expected (status {})\n{}\n--- got (status {status})\n{}",
        step.command,
        step.status,
        step.expected.join("\n"),
        text
    ))
}

fn fits(expected: &[&str], got: &[&str]) -> bool {
    match (expected, got) {
        ([], []) => true,
        (["...", rest @ ..], _) => (0..=got.len()).any(|skipped| fits(rest, &got[skipped..])),
        ([wanted, rest @ ..], [line, more @ ..]) => line_fits(wanted, line) && fits(rest, more),
        _ => false,
    }
}

fn line_fits(wanted: &str, line: &str) -> bool {
    let mut parts = wanted.trim_end().split("[..]");
    let line = line.trim_end();
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}
