//! Whole stories through the installed programs, against an OAuth server and an API on loopback.
#![allow(clippy::unwrap_used)]

mod damage;
mod demo;
mod intruder;
mod login;
mod paths;
mod person;
mod revoke;
mod run;
mod secrets;
mod seed;
mod sessions;
mod shown;
mod world;
