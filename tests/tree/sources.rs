//! What every source file must be like, and what the leaves must not touch.

use crate::files;

/// The longest file that a reader holds in mind.
const LONGEST: usize = 400;

/// Libraries that touch no terminal, home, environment or runtime; and what of that is allowed.
const LEAVES: &[(&str, &[&str])] =
    &[("host", &[]), ("proto", &[]), ("provider", &[]), ("oauth", &[]), ("mitm", &["tokio"])];

const NOT_IN_A_LEAF: &[&str] =
    &["std::env", "env::var", "println!", "eprint", "print!(", "dbg!", "tokio", "stdin()", "stdout()", "stderr()"];

fn sources() -> Vec<String> {
    ["bins", "libs", "benches"].into_iter().flat_map(files::sources).collect()
}

#[test]
fn every_file_opens_by_saying_what_it_is() {
    let silent = sources()
        .into_iter()
        .filter(|path| !files::read(path).starts_with("//!") && !files::read(path).starts_with("/*!"));
    files::none(silent.map(|path| format!("{path} does not open with //!")).collect());
}

#[test]
fn no_file_is_longer_than_a_reader_holds_in_mind() {
    let lengths = sources().into_iter().map(|path| (files::read(&path).lines().count(), path));
    let long = lengths.filter(|(lines, _)| *lines > LONGEST);
    files::none(long.map(|(lines, path)| format!("{path} has {lines} lines; {LONGEST} is the most")).collect());
}

#[test]
fn unsafe_code_is_forbidden_but_in_one_module() {
    let mut complaints = Vec::new();
    let libraries = files::names("libs").into_iter().map(|name| format!("libs/{name}/src/lib.rs"));
    let programs = files::names("bins").into_iter().map(|name| format!("bins/{name}/main.rs"));
    for path in libraries.chain(programs) {
        let wanted = if path == "libs/cli/src/lib.rs" { "#![deny(unsafe_code)]" } else { "#![forbid(unsafe_code)]" };
        if !files::read(&path).contains(&format!("\n{wanted}\n")) {
            complaints.push(format!("{path} has no {wanted}"));
        }
    }
    let may = |path: &String| path == "libs/cli/src/kernel.rs" || path.starts_with("libs/cli/src/kernel/");
    for path in sources().into_iter().filter(|path| !may(path)) {
        let source = files::read(&path);
        let mut code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
        if code.any(|line| line.contains("unsafe ") || line.contains("allow(unsafe_code)")) {
            complaints.push(format!("{path} has unsafe code, which belongs in libs/cli/src/kernel.rs"));
        }
    }
    files::none(complaints);
}

#[test]
fn the_leaves_touch_no_terminal_no_environment_and_no_runtime() {
    let mut complaints = Vec::new();
    for (library, allowed) in LEAVES {
        for path in files::sources(&format!("libs/{library}/src")) {
            let source = files::read(&path);
            for (number, line) in files::without_tests(&source).lines().enumerate() {
                let code = !line.trim_start().starts_with("//");
                let found = NOT_IN_A_LEAF.iter().find(|word| code && line.contains(**word) && !allowed.contains(word));
                complaints.extend(found.map(|word| format!("{path}:{}: {word} in a leaf", number + 1)));
            }
        }
    }
    files::none(complaints);
}
