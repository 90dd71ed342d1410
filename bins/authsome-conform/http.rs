//! One HTTP request by hand, for the proxy's address.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(5);

/// Of a status line, in bytes.
const LONGEST: u64 = 8 * 1024;

/// Sends `request` as it is; the status of the answer (RFC 9112 §4).
pub fn status(address: &str, request: &str) -> Result<u16, String> {
    let socket: SocketAddr = address.parse().map_err(|_| format!("{address:?} is no address"))?;
    if !socket.ip().is_loopback() {
        return Err(format!("{address} is not on this machine alone"));
    }
    let failed = |error: std::io::Error| format!("{address}: {error}");
    let mut stream = TcpStream::connect_timeout(&socket, LIMIT).map_err(failed)?;
    stream.set_read_timeout(Some(LIMIT)).map_err(failed)?;
    stream.set_write_timeout(Some(LIMIT)).map_err(failed)?;
    stream.write_all(request.as_bytes()).map_err(failed)?;
    let mut line = String::new();
    BufReader::new(stream.take(LONGEST)).read_line(&mut line).map_err(failed)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.ok_or_else(|| format!("{address} did not answer with HTTP"))
}
