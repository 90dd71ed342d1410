//! The outside world, for tests and for `authsome demo`: an OAuth server, an https API, a
//! scripted browser, a home to run programs in, a terminal, and a search for leaked secrets.
//!
//! It uses no other authsome crate, so it judges them from outside, and nothing that a person
//! installs for daily work links it. Every server listens on 127.0.0.1 on a port of the kernel's
//! choice, runs on a thread of its own, and is gone when its value is dropped: a test is a plain
//! function. What fails for reasons of the machine is an [`std::io::Error`].
//!
//! It keeps every secret it sees in clear and prints them in assertions. Only made-up ones belong here.
#![forbid(unsafe_code)]

mod api;
mod browser;
mod ca;
mod client;
mod fault;
mod home;
pub mod jwt;
mod oauth;
mod pty;
mod record;
mod recorder;
mod reply;
mod scan;
mod serve;
mod tap;
mod wait;

pub use api::{Alpn, Api};
pub use browser::{Browser, Page};
pub use ca::Ca;
pub use fault::{Endpoint, Fault, Times};
pub use home::{Home, Output, Running};
pub use oauth::{ClientAuth, Config, Consent, Issued, OAuthServer, Pkce, Refresh, Style, TokenBody};
pub use pty::Pty;
pub use record::{Recorded, fingerprint};
pub use recorder::{Recorder, Seen, scan_processes};
pub use rustix::process::Signal;
pub use scan::{Finding, Form, scan};
pub use wait::{free_port, wait_until};
