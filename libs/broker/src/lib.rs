//! Role `credential`: a request in, headers out; and the renewal of what is in the vault.
//!
//! It knows which connection a request means, whether its token lives, and how to renew one
//! without two renewals side by side. It stores nothing itself (a [`Vault`] does), speaks
//! no OAuth ([`Flows`] do), and carries no request.

#![forbid(unsafe_code)]

mod choice;
mod definitions;
mod flight;
mod flows;
mod journal;
mod lease;
mod life;
mod locks;
mod renewal;
mod report;
mod resolve;
mod routes;
mod service;
mod session;
mod usable;
mod vault;
mod world;

#[cfg(test)]
mod model;

pub use definitions::Definitions;
pub use flows::{Flows, StartFlow, StartedFlows};
pub use proto::time::{Clock, SystemClock};
pub use service::Broker;
pub use vault::{Held, StartVault, StartedVault, Vault};
pub use world::World;
