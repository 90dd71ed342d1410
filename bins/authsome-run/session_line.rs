//! What a person at a terminal is told about a session: who is in it, and afterwards that nothing came of it.

use helper::Child;
use proto::ops::credential::Route;
use proto::ops::proxy::{Counted, Opened};
use proto::{Object, PLACEHOLDER, ProfileName};
use std::io::IsTerminal;

/// The kernel's switch: 0 where a program cannot type into its terminal (`TIOCSTI`, ioctl_tty(2)). Kernels before 6.2
/// do not have it, and let it.
const TYPING: &str = "/proc/sys/dev/tty/legacy_tiocsti";

/// Returns the line before the command: which connections are in.
pub fn who_is_in(opened: &Opened, profile: &ProfileName) -> String {
    let names: Vec<String> = opened.routes.iter().filter_map(name).collect();
    match names.is_empty() {
        false => format!("In this session: {}", names.join(", ")),
        true => format!("No connection is in this session: authsome login PROVIDER{}", profile.flag()),
    }
}

/// `notion/work`, and `notion` alone where the connection is called `default`. None when several could be meant.
fn name(route: &Route) -> Option<String> {
    let connection = route.connection.as_ref()?;
    let is_default = *connection == Default::default();
    Some(if is_default { route.provider.to_string() } else { format!("{}/{connection}", route.provider) })
}

/// Returns the line after a command that had a placeholder of which nothing came.
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

/// Returns a warning where the command could type into the terminal that `run` was started from.
pub fn typing_is_possible() -> Option<&'static str> {
    let has_terminal = std::io::stdin().is_terminal() || std::io::stdout().is_terminal();
    let is_off = std::fs::read_to_string(TYPING).is_ok_and(|text| text.trim() == "0");
    let text = "This kernel lets the command type into this terminal, for your shell to run afterwards: \
                sudo sysctl dev.tty.legacy_tiocsti=0 ends that";
    (has_terminal && !is_off).then_some(text)
}
