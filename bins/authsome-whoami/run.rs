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
    // A vault that cannot be read is when this command is needed most.
    let connections = connections(context);
    let known = connections.as_ref().ok();
    let home = context.home.path().display().to_string();
    let inside = session::inside(&context.home);
    if context.output.is_json() {
        context.output.pretty(&json!({"version": env!("CARGO_PKG_VERSION"), "home": home, "profile": context.profile,
            "vault": vault, "credential": credential, "proxy": proxy, "connections": known, "inside_session": inside}));
        return connections.map(|_| 0);
    }
    let count = known.map_or("unknown".to_owned(), usize::to_string);
    context.output.text(&format!(
        "home:        {home}\nprofile:     {}\nconnections: {count}\nvault:       {vault}\ncredential:  {credential}\nproxy:       {proxy}\n\
         session:     {}\n",
        context.profile,
        if inside { "inside one (secrets are not shown here)" } else { "none" }
    ));
    connections.map(|_| 0)
}

fn connections(context: &Context) -> Result<usize> {
    let rows = context.vault()?.list(&format!("{}/", context.profile))?;
    Ok(rows.iter().filter(|row| row.key.connection_name().is_some()).count())
}
