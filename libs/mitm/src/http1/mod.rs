//! HTTP/1 on both legs (RFC 9112), read strictly and passed on as it came: every field line keeps
//! its place and spelling, chunks and trailers go through untouched. One task carries a request and
//! its response; nothing here knows what a credential is.

pub(crate) mod body;
mod chunks;
mod deliver;
pub(crate) mod exchange;
pub(crate) mod head;
mod left;
pub(crate) mod lines;
mod refused;
mod response;
pub(crate) mod server;
pub(crate) mod wire;
