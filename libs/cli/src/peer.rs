//! The user at the other end of a connection that came in over loopback.
//!
//! A port on loopback is open to every user of the machine. The kernel knows the user of each TCP socket, so a listener
//! can turn away connections of other users. [`Peers`] judges many connections by one reading of the kernel's table
//! (proc_pid_net_tcp(5)); [`uid`] looks up a single one.

mod one;

pub use one::uid;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::net::{IpAddr, SocketAddr};

const TABLES: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];

/// The users connected to one listener, read from the kernel at one moment.
///
/// One reading takes a few milliseconds, so a listener judges all waiting connections by one. Each must have been
/// accepted before the reading.
#[derive(Debug, Default)]
pub struct Peers(HashMap<String, Owner>);

/// The owner of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// The user with this effective id.
    User(u32),
    /// The program closed it, and the table no longer tells whose it was.
    Closed,
}

impl Peers {
    /// Reads the users connected to `listener`. It fails when `/proc` is missing or hidden.
    pub fn read(listener: SocketAddr) -> io::Result<Peers> {
        let mut peers = Peers::default();
        for (index, table) in TABLES.into_iter().enumerate() {
            match File::open(table) {
                Ok(file) => peers.take(BufReader::new(file), listener)?,
                // A kernel without IPv6 has one table.
                Err(error) if index > 0 && error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(peers)
    }

    /// Returns whether `peer`, the other end of an accepted connection, is foreign: it belongs to a user who is neither
    /// this process's own nor root, or it was closed already.
    ///
    /// A tunnel of ssh ends in a process of root or of the user who logged in. A socket that is not in the table
    /// belongs to another system that shares this loopback (Windows beside WSL), and is not foreign.
    pub fn is_foreign(&self, peer: SocketAddr) -> bool {
        let own = rustix::process::geteuid().as_raw();
        match self.0.get(&in_table(peer)) {
            Some(Owner::User(user)) => *user != own && *user != 0,
            Some(Owner::Closed) => true,
            None => false,
        }
    }

    /// Takes the rows whose remote end is `listener`.
    fn take(&mut self, table: impl BufRead, listener: SocketAddr) -> io::Result<()> {
        let listener = in_table(listener);
        for line in table.lines().skip(1) {
            let line = line?;
            let columns: Vec<&str> = line.split_whitespace().collect();
            let [_, local, remote, _, _, _, _, user, _, inode, ..] = columns[..] else { continue };
            let Ok(user) = user.parse() else { continue };
            if as_ipv4(remote) == listener {
                // A socket that no program holds any more has no inode, and the table gives it to root.
                let owner = if inode == "0" { Owner::Closed } else { Owner::User(user) };
                self.0.insert(as_ipv4(local).to_owned(), owner);
            }
        }
        Ok(())
    }
}

/// Returns an address as the kernel writes it: words of 32 bits in the machine's byte order, then the port, in hex.
fn in_table(address: SocketAddr) -> String {
    let octets = match address.ip().to_canonical() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let words: String = octets.chunks_exact(4).map(word).collect();
    format!("{words}:{:04X}", address.port())
}

fn word(octets: &[u8]) -> String {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(octets);
    format!("{:08X}", u32::from_ne_bytes(bytes))
}

/// Returns an address of the table without the prefix by which an IPv6 socket holds an IPv4 address
/// (`::ffff:127.0.0.1`).
fn as_ipv4(address: &str) -> &str {
    let mapped = format!("{:016X}{}", 0, word(&[0, 0, 0xff, 0xff]));
    address.strip_prefix(&mapped).unwrap_or(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    /// The kernel's heading and one row for a client of 127.0.0.1:7998, as a little-endian machine writes it.
    fn listed(row: &str) -> bool {
        let table = format!("  sl  local_address rem_address st …\n   0: {row} 1 0000000000000000 20 4 0 10 -1\n");
        let mut peers = Peers::default();
        peers.take(table.as_bytes(), "127.0.0.1:7998".parse().unwrap()).unwrap();
        peers.is_foreign("127.0.0.1:40000".parse().unwrap())
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn another_users_socket_is_foreign_and_roots_and_ones_own_are_not() {
        let own = rustix::process::geteuid().as_raw();
        let row =
            |user: u32| format!("0100007F:9C40 0100007F:1F3E 01 00000000:00000000 00:00000000 00000000 {user} 0 77");
        assert!(listed(&row(own + 1)));
        assert!(!listed(&row(own)) && !listed(&row(0)));
        assert!(!listed(&row(own + 1).replace(":1F3E", ":1F3F")), "it is connected to another port");
        let mapped = row(own + 1).replace("0100007F", "0000000000000000FFFF00000100007F");
        assert!(listed(&mapped));
        assert!(listed(&row(0).replace(" 77", " 0")), "closed, and root's in name alone");
    }

    #[test]
    fn connections_of_this_user_are_found_and_are_not_foreign() {
        for listener in ["127.0.0.1:0", "[::1]:0"] {
            // A machine without IPv6 has nothing to show there.
            let Ok(listener) = TcpListener::bind(listener) else { continue };
            let address = listener.local_addr().unwrap();
            let _client = TcpStream::connect(address).unwrap();
            let (_stream, peer) = listener.accept().unwrap();
            let peers = Peers::read(address).unwrap();
            let own = rustix::process::geteuid().as_raw();
            assert_eq!(peers.0.get(&in_table(peer)), Some(&Owner::User(own)));
            assert!(!peers.is_foreign(peer));
        }
    }
}
