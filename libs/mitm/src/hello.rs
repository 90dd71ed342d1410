//! The check of a tunnel's first message in a strict session: it must be a ClientHello for the host of the CONNECT. The
//! bytes after it are not looked at.

use crate::Refusal;
use crate::http1::wire::Wire;
use crate::limits::HANDSHAKE;
use crate::stream::Io;
use host::{Authority, Host};
use http::StatusCode;
use rustls::server::Acceptor;
use std::future::poll_fn;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

/// A fatal alert, `unrecognized_name` (RFC 6066 §3). A TLS client can be told no more.
const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];

/// Returns the client's stream, from its first byte on, when that is a ClientHello for the host of `to`.
pub(crate) async fn checked(client: Io, to: &Authority) -> Result<Io, Refusal> {
    let mut wire = Wire::upstream(client);
    let named = match timeout(HANDSHAKE, server_name(&mut wire)).await {
        Ok(named) => named,
        Err(_) => return Err(refused(to, "a client that says nothing")),
    };
    let Some(named) = named else { return Err(refused(to, "what is not TLS")) };
    // A client sends no server name for an address (RFC 6066 §3).
    let same = match &named {
        None => to.host.ip().is_some(),
        Some(name) => name.parse::<Host>().is_ok_and(|name| name == to.host),
    };
    if same {
        return Ok(wire.into_io());
    }
    let mut client = wire.into_io();
    // The client may be gone already.
    let _ = client.write_all(&UNRECOGNIZED_NAME).await;
    let _ = client.shutdown().await;
    Err(refused(to, "TLS for another name, or for none"))
}

/// Reads the server name of a ClientHello, if it has one. The outer `None` means that it is no ClientHello. The bytes
/// that were read stay in `wire`.
async fn server_name(wire: &mut Wire) -> Option<Option<String>> {
    let mut acceptor = Acceptor::default();
    loop {
        let before = wire.input.len();
        if poll_fn(|cx| wire.poll_fill(cx)).await.ok()? == 0 {
            return None;
        }
        let mut fresh = &wire.input[before..];
        while !fresh.is_empty() {
            acceptor.read_tls(&mut fresh).ok()?;
            if let Some(accepted) = acceptor.accept().ok()? {
                return Some(accepted.client_hello().server_name().map(str::to_owned));
            }
        }
    }
}

fn refused(to: &Authority, what: &str) -> Refusal {
    let message = format!("{what}, in a tunnel to {to}, and this session is strict");
    Refusal::new(StatusCode::FORBIDDEN, "no-rule", message).fix(format!("speak TLS to {} by that name", to.host))
}
