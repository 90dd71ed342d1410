//! Both ends of the pipe between an authsome program and a helper.
//!
//! [`serve`] is a helper's whole main loop; [`Link`] is the host's end; [`Child`] is the adapter
//! that puts a process behind a link. Generic over `Read` and `Write`, so that both ends run in
//! one test. It knows the shape of lines, not the meaning of an op, and chooses no program: which
//! executable serves a role is the caller's business.
//!
//! Two levels of failure everywhere: [`Broken`] means that the wire broke, [`proto::Error`] that
//! the other side said `err`.

#![forbid(unsafe_code)]

mod asks;
mod channel;
mod child;
mod incoming;
mod link;
mod read;
mod serve;
mod text;
pub mod vault;

pub use asks::{Asks, NoAsks};
pub use channel::Channel;
pub use child::{Child, Spawned};
pub use link::{Broken, Event, Link};
pub use read::{Lines, ReadError};
pub use serve::{Answer, Host, Service, serve};

use std::sync::Arc;

/// Called with each line, redacted, when `AUTHSOME_TRACE=1`. `None` means no trace.
pub type Tracer = Option<Arc<dyn Fn(Direction, &str) + Send + Sync>>;

/// Which way a traced line went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    ToHelper,
    FromHelper,
}

fn trace(tracer: &Tracer, direction: Direction, line: &[u8]) {
    if let Some(tracer) = tracer {
        tracer(direction, &proto::line::traced(line.strip_suffix(b"\n").unwrap_or(line)));
    }
}
