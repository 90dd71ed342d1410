//! Opening a browser window. It only ever gets an address of our own page.

use std::process::{Command, Stdio};

/// Whether a window could appear for this person: `$BROWSER`, or a display that is not another machine's.
pub fn can_open() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let mac = cfg!(target_os = "macos") && !is_set("SSH_CONNECTION");
    is_set("BROWSER") || mac || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

/// Starts the opener and does not wait for it; true when one could be started. No shell is used.
pub fn open(url: &str) -> bool {
    openers().into_iter().any(|opener| {
        let mut words = opener.split_whitespace();
        let Some(program) = words.next() else { return false };
        Command::new(program)
            .args(words)
            .arg(url)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            // Reaped by a thread, so that no zombie stays while the login waits.
            .map(|mut child| drop(std::thread::spawn(move || child.wait())))
            .is_ok()
    })
}

/// `$BROWSER` is a list, as xdg-open reads it.
fn openers() -> Vec<String> {
    match std::env::var("BROWSER") {
        Ok(list) if !list.is_empty() => list.split(':').map(str::to_owned).collect(),
        _ if cfg!(target_os = "macos") => vec!["open".to_owned()],
        _ => ["xdg-open", "gio open", "wslview"].map(str::to_owned).to_vec(),
    }
}
