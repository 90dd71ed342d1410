//! A client that says bytes: CONNECT, TLS, and whatever a test wants.

use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use testkit::Running;

use crate::HOST;
use crate::world::World;

pub type Tls = StreamOwned<ClientConnection, TcpStream>;

/// `authsome-proxy` by itself, for clients that are started elsewhere.
pub struct Alone {
    pub running: Running,
    address: String,
    password: String,
    config: Arc<ClientConfig>,
    roots: PathBuf,
}

impl Alone {
    pub fn start(world: &World) -> Alone {
        let pem = world.home.work().join("upstream.pem");
        world.ca.write_pem(&pem).unwrap();
        Alone::at(world, world.api.addr(), &pem)
    }

    /// The provider is reached at `address`, vouched for by `roots`.
    pub fn at(world: &World, address: SocketAddr, roots: &Path) -> Alone {
        let connect_to = format!("{HOST}:443={address}");
        let args = ["--connect-to", &connect_to, "--upstream-ca", roots.to_str().unwrap()];
        let mut running = world.home.spawn("authsome-proxy", &args).unwrap();
        running.see("}\n").unwrap();
        let opened: Value = serde_json::from_str(&running.stdout()).unwrap();
        let ca = opened["ca"].as_str().unwrap();
        let file = world.home.work().join("session.pem");
        std::fs::write(&file, ca).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap()).unwrap();
        let config =
            ClientConfig::builder_with_provider(mitm::provider()).with_safe_default_protocol_versions().unwrap();
        Alone {
            running,
            address: opened["address"].as_str().unwrap().to_owned(),
            password: opened["secret"]["password"].as_str().unwrap().to_owned(),
            config: Arc::new(config.with_root_certificates(roots).with_no_client_auth()),
            roots: file,
        }
    }

    /// For a program that reads them: `HTTPS_PROXY`, `SSL_CERT_FILE`.
    pub fn variables(&self) -> [(&'static str, String); 2] {
        let proxy = format!("http://authsome:{}@{}", self.password, self.address);
        [("HTTPS_PROXY", proxy), ("SSL_CERT_FILE", self.roots.display().to_string())]
    }

    /// A TLS connection to the provider's host.
    pub fn connect(&self) -> Tls {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let user = base64(&format!("authsome:{}", self.password));
        let connect =
            format!("CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\nProxy-Authorization: Basic {user}\r\n\r\n");
        stream.write_all(connect.as_bytes()).unwrap();
        let head = head(&mut stream);
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let name = ServerName::try_from(HOST).unwrap();
        StreamOwned::new(ClientConnection::new(self.config.clone(), name).unwrap(), stream)
    }

    /// The real proxy under the program that started it.
    pub fn pid(&self) -> u32 {
        let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.running.id())).unwrap();
        children.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Open file descriptors.
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid())).unwrap().count()
    }

    /// Resident memory and its peak, in KiB.
    pub fn memory(&self) -> (u64, u64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().trim_end_matches(" kB").parse().unwrap()
        };
        (field("VmRSS:"), field("VmHWM:"))
    }
}

/// Up to the blank line, which is read, too.
pub fn head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// One request on a connection that stays open; the response's head and body.
pub fn ask(stream: &mut Tls, request: &str) -> (String, Vec<u8>) {
    stream.write_all(request.as_bytes()).unwrap();
    stream.flush().unwrap();
    let head = head(stream);
    let length = head
        .to_ascii_lowercase()
        .lines()
        .find_map(|line| Some(line.strip_prefix("content-length: ")?.parse().unwrap()));
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).unwrap();
    (head, body)
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::prelude::BASE64_STANDARD.encode(text)
}
