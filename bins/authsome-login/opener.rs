//! Opening a browser window. The opener only ever gets the address of our private file: see `redirect`.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Whether a window could appear for this person: `$BROWSER`, or a display that is not another machine's.
pub fn can_open() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    is_set("BROWSER") || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

/// An opener that fails does so in less; one that is the browser itself goes on.
const FAILS_WITHIN: Duration = Duration::from_millis(700);

/// Starts an opener; true when one could be started and did not fail at once. No shell is used.
pub fn open(url: &str) -> bool {
    openers().iter().any(|opener| {
        let words = words(opener, url);
        let Some((program, args)) = words.split_first() else { return false };
        Command::new(program)
            .args(args)
            // A Ctrl-C ends the login, and not the browser that it opened.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .is_ok_and(works)
    })
}

fn works(mut child: Child) -> bool {
    let end = Instant::now() + FAILS_WITHIN;
    while Instant::now() < end {
        if let Ok(Some(status)) = child.try_wait() {
            return status.success();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    // Reaped by a thread, so that no zombie stays while the login waits.
    std::thread::spawn(move || child.wait());
    true
}

/// The address in the place of `%s`, else at the end.
fn words(opener: &str, url: &str) -> Vec<String> {
    let mut words: Vec<String> = opener.split_whitespace().map(|word| word.replace("%s", url)).collect();
    if !words.is_empty() && !opener.contains("%s") {
        words.push(url.to_owned());
    }
    words
}

/// `$BROWSER` is a list, as xdg-open reads it.
fn openers() -> Vec<String> {
    match std::env::var("BROWSER") {
        Ok(list) if !list.is_empty() => list.split(':').map(str::to_owned).collect(),
        _ => ["xdg-open", "gio open", "wslview"].map(str::to_owned).to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn the_address_stands_where_the_person_put_it() {
        assert_eq!(words("firefox", "http://a/"), ["firefox", "http://a/"]);
        assert_eq!(words("firefox --url=%s -P work", "http://a/"), ["firefox", "--url=http://a/", "-P", "work"]);
        assert_eq!(words(" ", "http://a/"), [""; 0]);
    }
}
