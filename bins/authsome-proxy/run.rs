//! A proxy for a shell: started as `authsome run` starts it, told on stdout.

use crate::args::Args;
use cli::helpers::Warnings;
use cli::{Context, Status};
use helper::Child;
use proto::ops::proxy::Opened;
use proto::{Object, Result, codec};
use std::io::BufRead;

pub fn run(args: Args, context: &Context) -> Result<Status> {
    context.refuse_inside_session("authsome-proxy")?;
    let open = args.session.open(&context.profile)?;
    let child = context.proxy()?;
    let answer = child.link().call("open", codec::to_object(&open), &mut Warnings(context))??;
    let opened: Opened = codec::from_object("the proxy's answer to open", answer)?;
    context.output.document(&serde_json::Value::Object(codec::to_object(&opened)));
    let tell = |child: &Child| -> Result<()> {
        let counters: Object = child.link().request("status", &Object::new())?;
        context.output.document(&serde_json::Value::Object(counters));
        Ok(())
    };
    // The end of stdin says that nobody needs the proxy any more.
    for line in std::io::stdin().lock().split(b'\n') {
        if line.is_err() {
            break;
        }
        if args.status {
            tell(&child)?;
        }
    }
    if args.status {
        tell(&child)?;
    }
    Ok(0)
}
