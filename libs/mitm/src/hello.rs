//! The first message of a tunnel in a strict session: TLS, and for the host of its CONNECT. What comes after it is
//! not looked at.

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

/// A fatal alert, `unrecognized_name` (RFC 6066 §3): all that a client of TLS can be told.
const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];

/// Returns the client's stream, from its first byte on, when that is a ClientHello for the host of `to`.
pub(crate) async fn checked(client: Io, to: &Authority) -> Result<Io, Refusal> {
    let mut wire = Wire::upstream(client);
    let named = match timeout(HANDSHAKE, server_name(&mut wire)).await {
        Ok(named) => named,
        Err(_) => return Err(refused(to, "a client that says nothing")),
    };
    let Some(named) = named else { return Err(refused(to, "what is not TLS")) };
    // An address is named by no server name (RFC 6066 §3).
    let same = match &named {
        None => to.host.ip().is_some(),
        Some(name) => name.parse::<Host>().is_ok_and(|name| name == to.host),
    };
    if same {
        return Ok(wire.into_io());
    }
    let mut client = wire.into_io();
    // It is told as far as it listens.
    let _ = client.write_all(&UNRECOGNIZED_NAME).await;
    let _ = client.shutdown().await;
    Err(refused(to, "TLS for another name, or for none"))
}

/// The server name of a ClientHello, if it has one; `None` of what is none. What was read stays in `wire`.
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
