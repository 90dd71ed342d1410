//! What was sent beside what arrived.

use crate::client::{Alone, Tls};
use crate::connected;
use crate::reader::{self, Read};
use crate::wire::{ANSWER, Wire};
use std::io::{ErrorKind, Read as _, Write};
use std::net::Shutdown;
use std::time::Duration;

/// After so long without a byte nothing more is expected.
pub const SILENCE: Duration = Duration::from_millis(300);

/// Time for a hidden request to be seen, before the client says that it sends no more.
const PAUSE: Duration = Duration::from_millis(40);

pub struct Court {
    pub wire: Wire,
    pub proxy: Alone,
    _world: crate::world::World,
}

impl Court {
    pub fn new() -> Court {
        let world = connected();
        let wire = Wire::start(&world.home.work());
        let proxy = Alone::at(&world, wire.address, &wire.site.roots);
        Court { wire, proxy, _world: world }
    }

    /// What the upstream read, if that is right.
    pub fn judge(&self, sent: &[u8]) -> Result<Vec<Read>, String> {
        self.judge_within(SILENCE, sent)
    }

    /// The same, with a longer time for the answers to what is whole.
    pub fn judge_within(&self, silence: Duration, sent: &[u8]) -> Result<Vec<Read>, String> {
        let asked = reader::read(sent);
        let mut client = self.proxy.connect();
        let patience = if asked.whole() > 0 { silence } else { PAUSE };
        client.sock.set_read_timeout(Some(patience)).unwrap();
        let _ = client.write_all(sent).and_then(|()| client.flush());
        let mut answered = answers(&mut client, asked.whole());
        client.conn.send_close_notify();
        let _ = client.flush().and_then(|()| client.sock.shutdown(Shutdown::Write));
        client.sock.set_read_timeout(Some(SILENCE)).unwrap();
        answered += answers(&mut client, 0);
        let got = self.wire.take().map_err(|fault| format!("the upstream got {fault}"))?.requests;
        let mut left: Vec<&Read> = asked.requests.iter().collect();
        for request in &got {
            // One may be refused and the next one served, perhaps on another connection.
            let Some(at) = left.iter().position(|asked| is_beginning(request, asked)) else {
                return Err(format!("the upstream read {request:?}, which was not sent"));
            };
            left.remove(at);
        }
        if answered > asked.whole() {
            return Err(format!("{answered} answers to {} requests", asked.whole()));
        }
        Ok(got)
    }
}

fn is_beginning(got: &Read, asked: &Read) -> bool {
    // A recipient drops these (RFC 9110 §6.5.1); who merges them would be led astray.
    let framing = ["transfer-encoding", "content-length", "host"];
    let harmless = !got.trailers.iter().any(|name| framing.contains(&name.as_str()));
    let whole = !got.is_whole || asked.is_whole && asked.body.len() == got.body.len();
    harmless && whole && asked.asked == got.asked && asked.body.starts_with(&got.body)
}

/// How many of the upstream's answers come until there are enough, the end, or silence.
pub fn answers(client: &mut Tls, enough: usize) -> usize {
    let (mut came, mut part) = (Vec::<u8>::new(), [0; 4096]);
    loop {
        let end = &ANSWER.as_bytes()[ANSWER.len() - 6..];
        let count = came.windows(end.len()).filter(|window| *window == end).count();
        if enough > 0 && count >= enough {
            return count;
        }
        match client.read(&mut part) {
            Ok(0) => return count,
            Ok(more) => came.extend(&part[..more]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return count,
        }
    }
}
