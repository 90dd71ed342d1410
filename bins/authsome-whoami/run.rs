//! Where things are and who serves which role.

use crate::args::Args;
use cli::{Context, Status, exec_path, session};
use proto::Result;
use serde_json::json;

pub fn run(_: Args, context: &Context) -> Result<Status> {
    let config = &context.config;
    let programs = [("vault", &config.vault), ("credential", &config.credential), ("proxy", &config.proxy)];
    let programs = programs.map(|(role, drop_in)| program(role, drop_in.as_deref()));
    // A vault that cannot be read is when this command is needed most.
    let connections = connections(context);
    let known = connections.as_ref().ok();
    let home = context.home.path().display().to_string();
    let inside = session::inside(&context.home);
    let [vault, credential, proxy] = programs.each_ref().map(|program| program.as_ref().ok());
    if context.output.is_json() {
        context.output.pretty(&json!({"version": env!("CARGO_PKG_VERSION"), "home": home, "profile": context.profile,
            "vault": vault, "credential": credential, "proxy": proxy, "connections": known, "inside_session": inside}));
    } else {
        let count = known.map_or("unknown".to_owned(), usize::to_string);
        let [vault, credential, proxy] = [vault, credential, proxy].map(|path| path.map_or("missing", String::as_str));
        let session = if inside { "inside one (secrets are not shown here)" } else { "none" };
        context.output.text(&format!(
            "home:        {home}\nprofile:     {}\nconnections: {count}\nvault:       {vault}\n\
             credential:  {credential}\nproxy:       {proxy}\nsession:     {session}\n",
            context.profile,
        ));
    }
    programs.into_iter().collect::<Result<Vec<_>>>()?;
    connections.map(|_| 0)
}

fn program(role: &str, drop_in: Option<&str>) -> Result<String> {
    let found = match drop_in {
        None => exec_path::find_bundled(&format!("authsome-{role}")),
        Some(name) => exec_path::find_helper(role, name),
    };
    found.map(|path| path.display().to_string())
}

fn connections(context: &Context) -> Result<usize> {
    let rows = context.vault()?.list(&format!("{}/", context.profile))?;
    Ok(rows.iter().filter(|row| row.key.connection_name().is_some()).count())
}
