//! Starting the program that serves a role. Defaults and drop-ins take the same road.

use crate::{Context, exec_path, kernel};
use helper::{Asks, Child, NoAsks, Spawned, vault::Vault};
use proto::{Object, Result};
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// Variables a helper gets besides `AUTHSOME_*` and `SSL_CERT_*`.
const PASSED: &[&str] = &["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"];

/// Of the person's desktop and agents, for a helper with a window or a hardware token.
const DESKTOP: &[&str] = &[
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "SSH_AUTH_SOCK",
    "GNUPGHOME",
];

/// The person's own proxy. A session's is the proxy that a helper stands behind: never passed on.
const PROXY: &[&str] =
    &["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"];

/// The configured vault, started.
pub struct VaultProcess {
    vault: Vault,
    _child: Child,
}

impl std::ops::Deref for VaultProcess {
    type Target = Vault;
    fn deref(&self) -> &Vault {
        &self.vault
    }
}

/// The configured vault on its way up.
pub struct StartedVault(Spawned);

impl StartedVault {
    pub fn ready(self) -> Result<VaultProcess> {
        let child = self.0.greet()?;
        Ok(VaultProcess { vault: Vault::new(child.link().clone()), _child: child })
    }
}

impl Context {
    /// Starts the configured vault.
    pub fn vault(&self) -> Result<VaultProcess> {
        self.start_vault()?.ready()
    }

    /// The same without waiting until it is up.
    pub fn start_vault(&self) -> Result<StartedVault> {
        self.spawn("vault", self.config.vault.as_deref()).map(StartedVault)
    }

    /// Starts the configured credential source.
    pub fn credential(&self) -> Result<Child> {
        Ok(self.start_credential()?.greet()?)
    }

    /// The same without waiting until it is up.
    pub fn start_credential(&self) -> Result<Spawned> {
        self.spawn("credential", self.config.credential.as_deref())
    }

    /// Starts the configured proxy.
    pub fn proxy(&self) -> Result<Child> {
        self.helper("proxy", self.config.proxy.as_deref())
    }

    /// Starts the helper of a flow: the bundled one for the flows it knows, else a drop-in. It gets TERM when the
    /// calling thread ends.
    pub fn flow(&self, flow: &str) -> Result<Child> {
        let bundled = self.helper("flow", None)?;
        if bundled.link().hello().flows.iter().any(|known| known == flow) {
            return Ok(bundled);
        }
        self.helper("flow", Some(flow))
    }

    fn helper(&self, role: &str, drop_in: Option<&str>) -> Result<Child> {
        Ok(self.spawn(role, drop_in)?.greet()?)
    }

    fn spawn(&self, role: &str, drop_in: Option<&str>) -> Result<Spawned> {
        let program = match drop_in {
            None => exec_path::find_bundled(&format!("authsome-{role}"))?,
            Some(name) => exec_path::find_helper(role, name)?,
        };
        let mut command = command(&program, self.home.path());
        if role == "flow" {
            // One that is stopped does not see that its host is gone, and would send a token when it goes on.
            kernel::die_with_parent(&mut command);
        }
        Ok(Child::spawn(command, role, self.tracer.clone())?)
    }
}

/// Returns the command of a helper as every host starts it: in `/`, without arguments yet, and with only those
/// variables that `authsome-protocol(7)` lists.
pub fn command(program: impl AsRef<OsStr>, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/").env_clear();
    command.envs(std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_passed)));
    command.env("AUTHSOME_HOME", home);
    command
}

fn is_passed(name: &str) -> bool {
    let in_session = || std::env::var_os("AUTHSOME_PROXY_MODE").is_some();
    PASSED.contains(&name)
        || DESKTOP.contains(&name)
        || name.starts_with("AUTHSOME_")
        || name.starts_with("SSL_CERT_")
        || (PROXY.contains(&name) && !in_session())
}

/// Of a helper that asks nothing: its notes are warnings, such as of a provider whose connection is ambiguous.
pub struct Warnings<'a>(pub &'a Context);

impl Asks for Warnings<'_> {
    fn ask(&mut self, kind: &str, body: Object, alive: &dyn Fn() -> bool) -> Result<Object> {
        NoAsks.ask(kind, body, alive)
    }

    fn note(&mut self, text: &str) {
        self.0.output.warning(text);
    }
}
