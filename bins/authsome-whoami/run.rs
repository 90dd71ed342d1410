//! Where things are and who serves which role.

use crate::args::Args;
use cli::{Context, Status, exec_path, session};
use proto::Result;
use serde_json::json;

pub fn run(_: Args, context: &Context) -> Result<Status> {
    let path = |role: &str, drop_in: Option<&str>| {
        let found = match drop_in {
            None => exec_path::find_bundled(&format!("authsome-{role}")),
            Some(name) => exec_path::find_helper(role, name),
        };
        found.map(|path| path.display().to_string())
    };
    let config = &context.config;
    let vault = path("vault", config.vault.as_deref())?;
    let credential = path("credential", config.credential.as_deref())?;
    let proxy = path("proxy", config.proxy.as_deref())?;
    let rows = context.vault()?.list(&format!("{}/", context.profile))?;
    let connections = rows.iter().filter(|row| row.key.connection_name().is_some()).count();
    let home = context.home.path().display().to_string();
    let inside = session::inside(&context.home);
    if context.output.is_json() {
        context.output.pretty(&json!({"version": env!("CARGO_PKG_VERSION"), "home": home, "profile": context.profile,
            "vault": vault, "credential": credential, "proxy": proxy, "connections": connections, "inside_session": inside}));
        return Ok(0);
    }
    context.output.text(&format!(
        "home:        {home}\nprofile:     {}\nconnections: {connections}\nvault:       {vault}\ncredential:  {credential}\nproxy:       {proxy}\n\
         session:     {}\n",
        context.profile,
        if inside { "inside one (secrets are not shown here)" } else { "none" }
    ));
    Ok(0)
}
