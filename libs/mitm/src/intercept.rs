//! The inside of an intercepted CONNECT: TLS with the session's certificate, and the HTTP version
//! that the upstream speaks.

use crate::client::Ending;
use crate::core::{Core, Link};
use crate::hold::Hold;
use crate::limits::HANDSHAKE;
use crate::stream::Io;
use crate::tls::{H2, HTTP_11, Http};
use crate::upstream::Key;
use crate::{Refusal, http1, http2};
use host::Host;
use rustls::ProtocolVersion;
use rustls::server::{Acceptor, ClientHello};
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;

pub(crate) async fn serve(core: Arc<Core>, stream: Io, key: Key, ending: Ending) {
    // A client that speaks no TLS, or none in time, is not told: there is no language for it.
    let Ok(Ok(start)) = timeout(HANDSHAKE, LazyConfigAcceptor::new(Acceptor::default(), Hold::new(stream))).await
    else {
        return;
    };
    let hello = Hello::read(&start.client_hello(), &key.authority.host);
    let link = agree(&core, key, hello).await;
    let Ok(config) = core.ca.server_config(&link.key.authority.host, link.http) else { return };
    let Ok(Ok(mut stream)) = timeout(HANDSHAKE, start.into_stream(config)).await else { return };
    stream.get_mut().0.handshake_is_over();
    // Before TLS 1.3 the last word is ours, and the client waits for it (RFC 5246 §7.3).
    if stream.get_ref().1.protocol_version() != Some(ProtocolVersion::TLSv1_3) && stream.flush().await.is_err() {
        return;
    }
    match link.http {
        Http::One => http1::server::serve(&core, &link, Box::new(stream), ending).await,
        Http::Two => http2::serve(core, Arc::new(link), stream, ending).await,
    }
}

/// What a client said in its first message.
struct Hello {
    /// It named the host of its CONNECT. A client that names no server contradicts nobody.
    names_host: bool,
    offers_one: bool,
    offers_two: bool,
}

impl Hello {
    fn read(hello: &ClientHello<'_>, host: &Host) -> Hello {
        let offers = |protocol: &[u8]| hello.alpn().is_some_and(|mut offered| offered.any(|other| other == protocol));
        let same = |name: &str| name.parse::<Host>().is_ok_and(|name| name == *host);
        Hello { names_host: hello.server_name().is_none_or(same), offers_one: offers(HTTP_11), offers_two: offers(H2) }
    }

    /// The version when the upstream's is not known.
    fn fallback(&self) -> Http {
        if self.offers_one || !self.offers_two { Http::One } else { Http::Two }
    }
}

/// A connection of one HTTP version, and what to answer on it if there is nothing to forward to.
async fn agree(core: &Core, key: Key, hello: Hello) -> Link {
    let mut link = Link::new(key, hello.fallback());
    if !hello.names_host {
        let host = &link.key.authority.host;
        link.misdirected = Some(Refusal::misdirected(format!("the TLS server name is another than {host}")));
    } else if hello.offers_two {
        match core.upstreams.version(&link.key).await {
            Ok(http) => link.http = http,
            Err(error) => link.unreachable = Mutex::new(Some(error.refusal())),
        }
    }
    link
}
