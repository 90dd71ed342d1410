//! An upstream that keeps the bytes it got, and answers each request that it could read.

use crate::HOST;
use crate::reader::{Read, read};
use crate::site::Site;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read as _, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// The end of its answers.
pub const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Its threads end with the connections, or with the test.
pub struct Wire {
    pub address: SocketAddr,
    pub site: Site,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    connections: Mutex<Vec<Arc<Mutex<Connection>>>>,
    once: Mutex<Option<String>>,
}

#[derive(Default)]
struct Connection {
    bytes: Vec<u8>,
    /// Requests that were taken, the last perhaps before it was whole.
    taken: usize,
}

impl Wire {
    pub fn start(directory: &Path) -> Wire {
        let site = Site::new(directory, HOST);
        let certificate = CertificateDer::from_pem_file(&site.certificate).unwrap();
        let key = PrivateKeyDer::from_pem_file(&site.key).unwrap();
        let config =
            ServerConfig::builder_with_provider(mitm::provider()).with_safe_default_protocol_versions().unwrap();
        let config = Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared: Arc<Shared> = Arc::default();
        let all = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (own, config) = (Arc::<Mutex<Connection>>::default(), Arc::clone(&config));
                all.connections.lock().unwrap().push(Arc::clone(&own));
                let all = Arc::clone(&all);
                std::thread::spawn(move || serve(stream, config, &own, &all.once));
            }
        });
        Wire { address, site, shared }
    }

    /// This is the answer to the next request, whoever sends it.
    pub fn answer_once(&self, bytes: String) {
        *self.shared.once.lock().unwrap() = Some(bytes);
    }

    /// What began since the last time. An error is what could be read in two ways.
    pub fn take(&self) -> Result<Seen, String> {
        let mut seen = Seen::default();
        for connection in self.shared.connections.lock().unwrap().iter() {
            let mut connection = connection.lock().unwrap();
            let reading = read(&connection.bytes);
            if let Some(fault) = reading.fault {
                let bytes = std::mem::take(&mut *connection).bytes;
                return Err(format!("a doubtful {fault}: {:?}", String::from_utf8_lossy(&bytes)));
            }
            let all = reading.requests.len();
            if all > connection.taken {
                seen.bytes.extend(&connection.bytes);
                seen.requests.extend(reading.requests.into_iter().skip(connection.taken));
                connection.taken = all;
            }
        }
        Ok(seen)
    }
}

#[derive(Default)]
pub struct Seen {
    pub requests: Vec<Read>,
    /// All that ever came on their connections.
    pub bytes: Vec<u8>,
}

fn serve(stream: TcpStream, config: Arc<ServerConfig>, all: &Mutex<Connection>, once: &Mutex<Option<String>>) {
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    let (mut own, mut part, mut answered) = (Vec::new(), [0; 16 << 10], 0);
    while let Ok(count @ 1..) = stream.read(&mut part) {
        own.extend(&part[..count]);
        all.lock().unwrap().bytes.extend(&part[..count]);
        let whole = read(&own).whole();
        for _ in answered..whole {
            let answer = once.lock().unwrap().take();
            if stream.write_all(answer.as_deref().unwrap_or(ANSWER).as_bytes()).is_err() {
                return;
            }
        }
        let _ = stream.flush();
        answered = whole;
    }
}
