//! The referees, and whether they are installed.

use std::path::{Path, PathBuf};
use std::process::Command;
use testkit::{Home, Running};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Referee {
    OidcProvider,
    Authlib,
    Chromium,
}

impl Referee {
    pub const ALL: &[Referee] = &[Referee::OidcProvider, Referee::Authlib, Referee::Chromium];

    pub fn name(self) -> &'static str {
        match self {
            Referee::OidcProvider => "node-oidc-provider",
            Referee::Authlib => "Authlib",
            Referee::Chromium => "Chromium",
        }
    }

    pub fn is_installed(self) -> bool {
        match self {
            Referee::OidcProvider => {
                folder("oidc-provider").join("node_modules/oidc-provider").is_dir() && on_path("node").is_some()
            }
            Referee::Authlib => python().is_file(),
            Referee::Chromium => on_path("chromium").is_some() && on_path("chromedriver").is_some(),
        }
    }

    /// False, with nothing more to do for a test, where it is missing and need not be here.
    pub fn is_here(self) -> bool {
        let here = self.is_installed();
        assert!(here || !are_required(), "{} is not installed: .ci/referees", self.name());
        here
    }

    /// Starts a server of `tests/e2e`: its address. It ends with the value, at the latest.
    pub fn serve(self, home: &Home, redirect_uri: &str, access_seconds: u32) -> (Running, String) {
        let (program, script) = match self {
            Referee::OidcProvider => (on_path("node").unwrap(), folder("oidc-provider").join("server.mjs")),
            Referee::Authlib => (python(), folder("authlib").join("server.py")),
            Referee::Chromium => panic!("a browser is no server"),
        };
        let mut command = Command::new(program);
        command.arg(script).args([redirect_uri, &access_seconds.to_string()]);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", home.path());
        let mut running = home.spawn_command(command).unwrap();
        let address = running.word("http://127.0.0.1:").unwrap();
        (running, address)
    }
}

pub fn are_required() -> bool {
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|set| set == value);
    is("CI", "true") || is("AUTHSOME_REFEREES", "required")
}

pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|file| file.is_file())
}

fn python() -> PathBuf {
    folder("authlib").join(".venv/bin/python")
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e").join(name)
}

/// What stands on the page without its tags, for messages.
pub fn text_of(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for letter in html.bytes().take(20_000).map(char::from) {
        match letter {
            '<' => inside = true,
            '>' => inside = false,
            _ if !inside => text.push(letter),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
