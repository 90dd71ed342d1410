//! One session, from the proxy's start to the command's status.

use crate::args::Args;
use crate::{child, environment, node, roots, signals};
use cli::session::Session;
use cli::{Context, Status};
use helper::{Asks, Child};
use proto::ops::credential::Open;
use proto::ops::proxy::{Mode, Opened, Settings};
use proto::{Code, Error, Object, Result, codec};
use std::process::Command;

pub fn run(args: Args, context: &Context) -> Result<Status> {
    context.refuse_inside_session("run")?;
    let open = open(&args, context)?;
    // Before anything is started, so that no signal finds a half-made session.
    let signals = signals::Signals::hold()?;
    cli::kernel::adopt_orphans();
    let session = Session::begin(&context.home)?;
    let proxy = context.proxy()?;
    session.proxy(proxy.id())?;
    let opened = open_proxy(&proxy, &open, context)?;
    let roots = roots::write(&session, &opened.ca)?;
    if let Some(warning) = node::warning(&args.command) {
        context.output.warning(&warning);
    }
    let Some((program, rest)) = args.command.split_first() else {
        return Err(Error::invalid("no command given"));
    };
    let mut command = Command::new(program);
    command.args(rest);
    environment::prepare(&mut command, &opened, &roots);
    let status = child::run(command, &signals, &session, &proxy, &context.output);
    // The proxy ends first, then its files go.
    drop(proxy);
    drop(session);
    status
}

fn open(args: &Args, context: &Context) -> Result<Open> {
    let upstream_ca = args.upstream_ca.as_ref().map(|path| {
        let absolute = std::fs::canonicalize(path)
            .map_err(|error| Error::invalid(format!("--upstream-ca {}: {error}", path.display())));
        absolute.map(|path| path.display().to_string())
    });
    let settings = Settings {
        mode: if args.strict { Mode::Strict } else { Mode::Connected },
        allow: args.allow.clone(),
        connect_to: args.connect_to.iter().map(|pair| (pair.from.clone(), pair.to.clone())).collect(),
        upstream_ca: upstream_ca.transpose()?,
        allow_private: args.allow_private,
        listen: None,
        no_connection_header: args.no_connection_header,
    };
    let mut open =
        Open { profile: context.profile.clone(), only: args.only.clone(), proxy: Some(settings), ..Open::default() };
    for chosen in &args.connections {
        if let Some(first) = &chosen.first {
            open.choose.insert(chosen.provider.clone(), first.clone());
        }
        if let Some(grant) = &chosen.grant {
            open.grant.insert(chosen.provider.clone(), grant.clone());
        }
    }
    Ok(open)
}

fn open_proxy(proxy: &Child, open: &Open, context: &Context) -> Result<Opened> {
    let answer = proxy.link().call("open", codec::to_object(open), &mut Warnings(context))??;
    codec::from_object("the proxy's answer to open", answer)
}

/// What the proxy notes while it opens, such as a provider whose connection is ambiguous.
struct Warnings<'a>(&'a Context);

impl Asks for Warnings<'_> {
    fn ask(&mut self, kind: &str, _: Object, _: &dyn Fn() -> bool) -> Result<Object> {
        Err(Error::new(Code::Unsupported, format!("a proxy asks nothing, not even {:?}", proto::redact::shown(kind))))
    }

    fn note(&mut self, text: &str) {
        self.0.output.warning(text);
    }
}
