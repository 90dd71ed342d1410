//! What a command costs before it does anything, and what a full vault adds: `cargo bench --bench start-bench`.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use helper::Child;
use helper::vault::Vault;
use proto::ops::vault::Expect;
use proto::{Object, Secrets};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;
use testkit::Home;

const TIMES: usize = 200;

fn main() {
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let programs = Path::new(env!("CARGO_BIN_EXE_authsome")).parent().unwrap();
    let [one, thousand, most] = [1, 1000, 10_000].map(|count| full(programs, count));
    let login = ["login", "openai", "--stdin", "--no-check", "--quiet"];
    one.run_with_input(&login, "sk-proj-0123456789abcdef0123456789").unwrap().expect_code(0);
    let get = &["authsome", "get", "notion", "--field", "status"][..];
    let rows = [
        Row::new(&one, "", get, "≤ 5 ms"),
        Row::new(&one, "", &["authsome", "export", "openai"], "≤ 5 ms"),
        Row::new(&thousand, ", 1,000 connections", get, "≤ 1.5 times the first"),
        Row::new(&thousand, ", 1,000 connections", &["authsome", "list"], "≤ 20 ms"),
        Row::new(&most, ", 10,000 connections", get, "≤ 20 ms"),
        Row::new(&one, "", &["authsome", "run", "--", "true"], "≤ 30 ms over `true`"),
        Row::new(&one, "", &["true"], "the floor"),
    ];
    println!("| command | median | p95 | fastest | peak memory | target |\n|---|---|---|---|---|---|");
    measured(rows).iter().for_each(Row::print);
}

/// A home with so many connections of one provider, the last of which is the default.
fn full(programs: &Path, count: usize) -> Home {
    let home = Home::new(programs).unwrap();
    let child = Child::start(home.command("authsome-vault"), "vault", None).unwrap();
    let vault = Vault::new(child.link().clone());
    let put = |name: &str, record: Object, secret: Secrets| {
        let key = format!("default/notion/{name}").parse().unwrap();
        vault.put(&key, Expect::Anything, record, secret).unwrap();
    };
    for number in 1..=count {
        let secret = Secrets::new().with("access_token", "a".repeat(50)).with("refresh_token", "r".repeat(50));
        put(&format!("c{number}"), connection(number), secret);
    }
    put("@default", object(json!({"connection": format!("c{count}")})), Secrets::new());
    home
}

/// As a login writes it.
fn connection(number: usize) -> Object {
    let now = proto::time::now();
    object(json!({
        "provider": "notion", "flow": "pkce", "status": "connected", "scopes": ["read_content", "update_content"],
        "account": {"id": format!("workspace-{number}"), "label": format!("Workspace {number}")},
        "obtained_at": now, "expires_at": now + 86_400, "renewable": true, "client_id": "0123456789abcdef",
        "redirect_uri": "http://127.0.0.1:7998/auth/callback/oauth", "token_auth": "basic",
        "bound": {"token_url": "https://api.notion.com/v1/oauth/token",
            "revocation_url": "https://api.notion.com/v1/oauth/revoke", "targets": ["api.notion.com"]},
    }))
}

fn object(value: Value) -> Object {
    let Value::Object(object) = value else { unreachable!("made as an object") };
    object
}

struct Row<'a> {
    home: &'a Home,
    with: &'static str,
    words: &'a [&'a str],
    target: &'static str,
    /// In milliseconds.
    times: Vec<f64>,
}

/// All in turn, so that what else the machine does falls on all alike.
fn measured<const N: usize>(mut rows: [Row; N]) -> [Row; N] {
    for _ in 0..TIMES {
        rows.iter_mut().for_each(Row::time);
    }
    rows.iter_mut().for_each(|row| row.times.sort_by(f64::total_cmp));
    rows
}

impl<'a> Row<'a> {
    fn new(home: &'a Home, with: &'static str, words: &'a [&'a str], target: &'static str) -> Row<'a> {
        Row { home, with, words, target, times: Vec::with_capacity(TIMES) }
    }

    fn time(&mut self) {
        let mut command = self.command();
        let start = Instant::now();
        assert!(command.status().unwrap().success(), "{:?}", self.words);
        self.times.push(start.elapsed().as_secs_f64() * 1e3);
    }

    fn print(&self) {
        let [median, p95, fastest] = [TIMES / 2, TIMES * 95 / 100, 0].map(|at| self.times[at]);
        let (words, with, target) = (self.words.join(" "), self.with, self.target);
        let peak = peak(self.command());
        println!("| `{words}`{with} | {median:.1} ms | {p95:.1} ms | {fastest:.1} ms | {peak} | {target} |");
    }

    fn command(&self) -> Command {
        let mut command = self.home.command(self.words[0]);
        command.args(&self.words[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
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
