//! A Node that would go past the proxy.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

/// Commands that are Node, or start it.
const NODE: &[&str] = &["node", "npx", "tsx", "ts-node"];

/// `NODE_USE_ENV_PROXY` is understood from 22.21 and 24.0 on.
pub fn warning(command: &[OsString]) -> Option<String> {
    let name = Path::new(command.first()?).file_name()?.to_str()?;
    if !NODE.contains(&name) {
        return None;
    }
    let node = if name == "node" { command.first()?.clone() } else { "node".into() };
    let output = Command::new(node).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    ignores_proxy(&version)?.then(|| {
        format!(
            "Node {version} ignores the proxy variables in fetch(), so its requests carry the placeholder to the provider's own host; \
             use Node 22.21 or 24 and newer, or a client that takes a proxy"
        )
    })
}

fn ignores_proxy(version: &str) -> Option<bool> {
    let mut numbers = version.strip_prefix('v')?.split('.').map(|part| part.parse::<u32>().ok());
    let (major, minor) = (numbers.next()??, numbers.next()??);
    Some(match major {
        ..22 => true,
        22 => minor < 21,
        23 => true,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::ignores_proxy;

    #[test]
    fn the_versions_that_know_the_variable_are_told_from_those_that_do_not() {
        for (version, ignores) in
            [("v20.20.2", true), ("v22.20.0", true), ("v22.21.0", false), ("v23.1.0", true), ("v24.0.0", false)]
        {
            assert_eq!(ignores_proxy(version), Some(ignores), "{version}");
        }
        assert_eq!(ignores_proxy("nonsense"), None);
    }
}
