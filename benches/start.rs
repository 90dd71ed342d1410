//! What a command costs before it does anything: `cargo bench --bench start-bench`.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::process::{Command, Stdio};
use std::time::Instant;
use testkit::Home;

const TIMES: usize = 200;

fn main() {
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let programs = std::path::Path::new(env!("CARGO_BIN_EXE_authsome")).parent().unwrap();
    let home = Home::new(programs).unwrap();
    let login = ["login", "openai", "--stdin", "--no-check", "--quiet"];
    home.run_with_input(&login, "sk-bench-0123456789abcdef0123456789").unwrap().expect_code(0);
    println!("| command | p50 | p95 | peak memory | target |\n|---|---|---|---|---|");
    row(&home, &["authsome", "get", "openai", "--field", "status"], "≤ 5 ms");
    row(&home, &["authsome", "export", "openai"], "≤ 5 ms");
    row(&home, &["authsome", "run", "--", "true"], "≤ 30 ms");
    row(&home, &["true"], "the floor");
    let sizes: u64 = std::fs::read_dir(programs)
        .unwrap()
        .flatten()
        .filter(|file| {
            file.file_name().to_str().is_some_and(|name| name.starts_with("authsome") && !name.contains('.'))
        })
        .map(|file| file.metadata().unwrap().len())
        .sum();
    println!("\nAll programs together: {:.1} MiB (≤ 60 MiB).", sizes as f64 / f64::from(1 << 20));
}

fn row(home: &Home, words: &[&str], target: &str) {
    let command = || {
        let mut command = home.command(words[0]);
        command.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let mut times: Vec<f64> = (0..TIMES)
        .map(|_| {
            let mut command = command();
            let start = Instant::now();
            assert!(command.status().unwrap().success(), "{words:?}");
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let (p50, p95) = (times[TIMES / 2], times[TIMES * 95 / 100]);
    println!("| `{}` | {p50:.1} ms | {p95:.1} ms | {} | {target} |", words.join(" "), peak(command()));
}

/// GNU time tells the largest process of the tree, where it is installed.
fn peak(command: Command) -> String {
    let mut time = Command::new("/usr/bin/time");
    time.args(["-f", "%M"]).arg(command.get_program()).args(command.get_args()).env_clear();
    time.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = time.stdin(Stdio::null()).stdout(Stdio::null()).output();
    let kibibytes = output.ok().and_then(|output| String::from_utf8_lossy(&output.stderr).trim().parse::<f64>().ok());
    kibibytes.map_or("–".to_owned(), |kibibytes| format!("{:.1} MiB", kibibytes / 1024.0))
}
