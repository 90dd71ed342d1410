//! The bodies of the ops, role by role. Shapes only; who does what is the roles' business.

pub mod credential;
pub mod flow;
pub mod proxy;
pub mod vault;
