//! The user behind one connection, looked up with `sock_diag(7)`. It takes some microseconds, however many connections
//! there are. A kernel without this module gives no answer.

use rustix::net::netlink::{SOCK_DIAG, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Returns the user ID of the program that holds the client's end of an accepted connection, as this
/// process's user namespace has it.
///
/// `local` is the accepted socket's own address and `peer` its peer's. `None` where the client's end is
/// already closed, is on another machine or in another network namespace, or cannot be looked up.
pub fn uid(local: SocketAddr, peer: SocketAddr) -> Option<u32> {
    let canonical = |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
    let socket = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, SocketFlags::CLOEXEC, Some(SOCK_DIAG)).ok()?;
    // Seen from the client, its own address is `peer`.
    let request = request(canonical(peer), canonical(local))?;
    sendto(&socket, &request, SendFlags::empty(), &SocketAddrNetlink::new(0, 0)).ok()?;
    let mut answer = [0; 512];
    let (length, _) = recv(&socket, &mut answer[..], RecvFlags::DONTWAIT).ok()?;
    read(&answer[..length])
}

const REQUEST: usize = 72;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 1;
const TCP: u8 = 6;

/// States of a socket that a program still holds, as `tcp_states.h` numbers them.
const ESTABLISHED: u8 = 1;
const CLOSE_WAIT: u8 = 8;

/// Reads the user ID from an answer of the kernel. The answer is a netlink header (16 bytes), then struct
/// inet_diag_msg: family, state, timer, retransmissions, the addresses (48), expiry, two queues, the user ID.
fn read(answer: &[u8]) -> Option<u32> {
    if u16::from_ne_bytes(*answer.get(4..)?.first_chunk()?) != SOCK_DIAG_BY_FAMILY {
        return None;
    }
    let held = matches!(*answer.get(17)?, ESTABLISHED | CLOSE_WAIT);
    let uid = u32::from_ne_bytes(*answer.get(80..)?.first_chunk()?);
    held.then_some(uid)
}

/// Returns a request to the kernel: struct nlmsghdr, then struct inet_diag_req_v2.
fn request(own: SocketAddr, other: SocketAddr) -> Option<[u8; REQUEST]> {
    let (family, own_ip, other_ip) = match (own.ip(), other.ip()) {
        (IpAddr::V4(own), IpAddr::V4(other)) => (AddressFamily::INET, padded(own), padded(other)),
        (IpAddr::V6(own), IpAddr::V6(other)) => (AddressFamily::INET6, own.octets(), other.octets()),
        _ => return None,
    };
    let mut request = [0; REQUEST];
    request[..4].copy_from_slice(&u32::try_from(REQUEST).ok()?.to_ne_bytes());
    request[4..6].copy_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    request[6..8].copy_from_slice(&NLM_F_REQUEST.to_ne_bytes());
    request[16] = u8::try_from(family.as_raw()).ok()?;
    request[17] = TCP;
    request[20..24].copy_from_slice(&u32::MAX.to_ne_bytes()); // in any state
    request[24..26].copy_from_slice(&own.port().to_be_bytes());
    request[26..28].copy_from_slice(&other.port().to_be_bytes());
    request[28..44].copy_from_slice(&own_ip);
    request[44..60].copy_from_slice(&other_ip);
    request[64..].copy_from_slice(&[0xff; 8]); // no cookie
    Some(request)
}

fn padded(ip: Ipv4Addr) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&ip.octets());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    /// A client of a listener at `listening`, connected by way of `dialled`.
    fn pair(listening: &str, dialled: &str) -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind(listening).unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = TcpStream::connect((dialled, port)).unwrap();
        (client, listener.accept().unwrap().0)
    }

    #[test]
    fn a_client_on_this_machine_is_the_user_who_runs_it() {
        let own = rustix::process::geteuid().as_raw();
        for (listening, dialled) in [("127.0.0.1:0", "127.0.0.1"), ("[::1]:0", "::1"), ("[::]:0", "127.0.0.1")] {
            let (_client, accepted) = pair(listening, dialled);
            let (local, peer) = (accepted.local_addr().unwrap(), accepted.peer_addr().unwrap());
            assert_eq!(uid(local, peer), Some(own), "{listening}");
        }
    }

    #[test]
    fn of_a_client_that_is_gone_nothing_is_known() {
        let (client, accepted) = pair("127.0.0.1:0", "127.0.0.1");
        let (local, peer) = (accepted.local_addr().unwrap(), accepted.peer_addr().unwrap());
        drop(client);
        drop(accepted);
        assert_eq!(uid(local, peer), None);
        assert_eq!(uid("192.0.2.1:1".parse().unwrap(), "192.0.2.2:2".parse().unwrap()), None);
    }

    #[test]
    fn another_user_is_told_by_the_answer() {
        let mut answer = vec![0; 88];
        answer[4..6].copy_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
        answer[17] = ESTABLISHED;
        answer[80..84].copy_from_slice(&1001_u32.to_ne_bytes());
        assert_eq!(read(&answer), Some(1001));
        // The kernel gives a socket that no program holds to root.
        answer[17] = 4;
        assert_eq!(read(&answer), None);
        for length in 0..84 {
            assert_eq!(read(&answer[..length]), None);
        }
    }
}
