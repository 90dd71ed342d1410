//! One login page at a time: logins of one person take turns at the callback's port.
//!
//! The lock is the system's, on a file that stays: it ends with the process, however that ends.
//! Whoever else listens on the port is none of ours and is not waited for.

use proto::Result;
use std::fs::File;
use std::path::Path;

/// The right to listen; dropping it lets the next one in.
pub struct Turn(#[expect(dead_code, reason = "held for its lock")] File);

/// Never waits: `None` while another login has the port.
pub fn try_take(locks: &Path, port: u16) -> Result<Option<Turn>> {
    Ok(cli::lock::file(locks, &format!("port-{port}"))?.map(Turn))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_login_per_port_and_the_next_when_it_lets_go() {
        let home = tempfile::tempdir().unwrap();
        let locks = home.path().join("locks");
        let held = try_take(&locks, 7998).unwrap();
        assert!(held.is_some() && try_take(&locks, 7998).unwrap().is_none());
        assert!(try_take(&locks, 7999).unwrap().is_some());
        drop(held);
        assert!(try_take(&locks, 7998).unwrap().is_some());
    }
}
