//! One session, from the proxy's start to the command's status.

use crate::args::Args;
use crate::{child, environment, roots, session_line, signals};
use cli::helpers::Warnings;
use cli::session::Session;
use cli::{Context, Status};
use helper::Child;
use proto::ops::credential::Open;
use proto::ops::proxy::Opened;
use proto::{Error, ProviderName, Result, codec};
use std::collections::BTreeSet;
use std::process::Command;

pub fn run(args: Args, context: &Context) -> Result<Status> {
    context.refuse_inside_session("run")?;
    let mut open = args.session.open(&context.profile)?;
    choose_here(&mut open, context);
    // Before anything is started, so that no signal finds a half-made session.
    let signals = signals::Signals::hold()?;
    cli::kernel::adopt_orphans();
    let session = Session::begin(&context.home)?;
    let proxy = context.proxy()?;
    session.proxy(proxy.id())?;
    let opened = open_proxy(&proxy, &open, context)?;
    let (roots, unusable) = roots::write(&session, &opened.ca)?;
    let Some((program, rest)) = args.command.split_first() else {
        return Err(Error::invalid("no command given").hint("authsome run -- COMMAND"));
    };
    let mut command = Command::new(program);
    command.args(rest);
    let files = environment::Roots { all: &roots.all, extra: &roots.extra };
    let led_elsewhere = environment::prepare(&mut command, &opened, &files, args.session.strict);
    unusable.iter().chain(&led_elsewhere).for_each(|warning| context.output.warning(warning));
    context.output.aside(|| Some(session_line::who_is_in(&opened, &context.profile)));
    context.output.aside(|| session_line::typing_is_possible(&opened).map(str::to_owned));
    let status = child::run(command, &signals, &session, &proxy, &context.output);
    if matches!(status, Ok(child::Ended::Command(_))) {
        context.output.aside(|| session_line::nothing_injected(&opened, &proxy));
    }
    // The proxy ends first, then its files go.
    drop(proxy);
    child::reap();
    drop(session);
    status.map(child::Ended::status)
}

/// The directory's word for those providers of the session that the command line says nothing of.
fn choose_here(open: &mut Open, context: &Context) {
    let here = context.choices();
    if here.is_empty() {
        return;
    }
    let names = |said: Vec<&ProviderName>| -> BTreeSet<ProviderName> {
        said.into_iter().map(|name| context.canonical_name(name)).collect()
    };
    let named = names(open.choose.keys().chain(open.grant.keys()).collect());
    let only = open.only.as_ref().map(|only| names(only.iter().collect()));
    for (provider, connection) in here {
        let included = only.as_ref().is_none_or(|only| only.contains(provider));
        if included && !named.contains(provider) {
            open.choose.insert(provider.clone(), connection.clone());
        }
    }
}

fn open_proxy(proxy: &Child, open: &Open, context: &Context) -> Result<Opened> {
    let answer = proxy.link().call("open", codec::to_object(open), &mut Warnings(context))??;
    codec::from_object("the proxy's answer to open", answer)
}
