//! What was sent beside what arrived.

use crate::client::{Alone, Tls};
use crate::connected;
use crate::reader::{self, Reading};
use crate::wire::{ANSWER, Wire};
use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

/// After so long without a byte nothing more is expected. Only cases that leave a request unfinished
/// take this long.
pub const SILENCE: Duration = Duration::from_millis(300);

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
    pub fn judge(&self, sent: &[u8]) -> Result<Reading, String> {
        let asked = reader::read(sent);
        let mut client = self.proxy.connect();
        client.sock.set_read_timeout(Some(SILENCE)).unwrap();
        let _ = client.write_all(sent).and_then(|()| client.flush());
        let answered = answers(&mut client, asked.whole());
        drop(client);
        let mut got = Reading::default();
        for connection in self.wire.take() {
            let reading = reader::read(&connection);
            if let Some(fault) = reading.fault {
                return Err(format!("the upstream got a doubtful {fault}: {:?}", String::from_utf8_lossy(&connection)));
            }
            got.requests.extend(reading.requests);
        }
        for (at, request) in got.requests.iter().enumerate() {
            let same = asked.requests.get(at).is_some_and(|asked| {
                let begins = asked.body.starts_with(&request.body) && asked.line == request.line;
                // A recipient drops these (RFC 9110 §6.5.1); who merges them would be led astray.
                let framing = ["transfer-encoding", "content-length", "host"];
                let harmless = !request.trailers.iter().any(|name| framing.contains(&name.as_str()));
                begins && harmless && (!request.is_whole || asked.is_whole && asked.body.len() == request.body.len())
            });
            if !same {
                return Err(format!("the upstream read {request:?}, which was not sent"));
            }
        }
        if answered > asked.whole() {
            return Err(format!("{answered} answers to {} requests", asked.whole()));
        }
        Ok(got)
    }
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
