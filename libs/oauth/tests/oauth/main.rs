//! What `oauth` sends and what it makes of answers, over a transport that plays a script.

#![allow(clippy::unwrap_used)]

mod assertion;
mod authorize;
mod device;
mod metadata;
mod odd_answers;
mod register;
mod revoke;
mod script;
mod vendors;
