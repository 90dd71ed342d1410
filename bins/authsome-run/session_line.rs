//! The lines that tell a person at a terminal about a session: its connections, and afterwards that no credential was
//! used.

use helper::Child;
use proto::ops::credential::Route;
use proto::ops::proxy::{Counted, Opened};
use proto::{Object, PLACEHOLDER, ProfileName};
use std::io::IsTerminal;
use std::path::Path;

/// The kernel's switch for typing into one's own terminal (`TIOCSTI`, ioctl_tty(2)). It is 0 where that is forbidden.
/// Kernels before 6.2 have no switch and allow it.
const TYPING: &str = "/proc/sys/dev/tty/legacy_tiocsti";

/// Returns the line before the command starts. It names the connections of the session.
pub fn who_is_in(opened: &Opened, profile: &ProfileName) -> String {
    let names: Vec<String> = opened.routes.iter().filter_map(name).collect();
    match names.is_empty() {
        false => format!("In this session: {}", names.join(", ")),
        true => format!("No connection is in this session: authsome login PROVIDER{}", profile.flag()),
    }
}

/// Returns the name of a route's connection: `notion/work`, or `notion` alone for the connection `default`. It is
/// `None` when several connections could be meant, and when none can be used: the route then sets no variables.
fn name(route: &Route) -> Option<String> {
    let connection = route.connection.as_ref().filter(|_| !route.env.is_empty())?;
    let is_default = *connection == Default::default();
    Some(if is_default { route.provider.to_string() } else { format!("{}/{connection}", route.provider) })
}

/// Returns the line after a command that had a placeholder but made no request with a credential.
pub fn nothing_injected(opened: &Opened, proxy: &Child) -> Option<String> {
    if !opened.env.values().any(|value| value.contains(PLACEHOLDER)) {
        return None;
    }
    let counted: Counted = proxy.link().request("status", &Object::new()).ok()?;
    let refused: u64 = counted.refused.values().sum();
    let refused = if refused > 0 { format!(" ({refused} refused)") } else { String::new() };
    (counted.injected == 0).then(|| {
        format!(
            "No request of this session got a credential{refused}. Some clients go past the proxy: man authsome-run"
        )
    })
}

/// Returns a warning where the command could type into the terminal that `run` was started from, and a switch of the
/// kernel ends that. A session without a connection protects nothing from its command, and says nothing.
pub fn typing_is_possible(opened: &Opened) -> Option<&'static str> {
    let has_terminal = std::io::stdin().is_terminal() || std::io::stdout().is_terminal();
    let anyone_is_in = opened.routes.iter().any(|route| name(route).is_some());
    let text = "This kernel lets the command type into this terminal, for your shell to run afterwards: \
                sudo sysctl dev.tty.legacy_tiocsti=0 ends that";
    (has_terminal && anyone_is_in && is_on(Path::new(TYPING))).then_some(text)
}

/// Returns whether a switch of the kernel is there, and not at 0.
fn is_on(switch: &Path) -> bool {
    std::fs::read_to_string(switch).is_ok_and(|text| text.trim() != "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_that_the_kernel_does_not_have_is_not_advised() {
        let directory = tempfile::tempdir().unwrap();
        let switch = directory.path().join("legacy_tiocsti");
        assert!(!is_on(&switch));
        for (text, on) in [("0\n", false), ("1\n", true)] {
            std::fs::write(&switch, text).unwrap();
            assert_eq!(is_on(&switch), on, "{text:?}");
        }
    }
}
