//! The flows as a host sees them: ops in, asks answered, replies out, over a scripted provider.
#![allow(clippy::unwrap_used)] // a test that unwraps what is not there fails, as it should

mod api_key;
mod check;
mod dcr_pkce;
mod device_code;
mod machines;
mod network;
mod pkce;
mod readers;
mod refresh;
mod revoke;
mod server;
mod stage;
