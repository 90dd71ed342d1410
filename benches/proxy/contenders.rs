//! Who is measured: the floors, the proxy and, where it is installed, the best known peer.

use crate::load::Way;
use crate::process::Part;
use crate::stage::{self, OwnProxy, REAL};
use crate::upstream::BODY;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use testkit::Home;

/// What `tokio::io::copy_bidirectional` takes if it is not told otherwise.
const COPIED: usize = 8 << 10;

/// Four TLS records: the better floor for large bodies.
const COPIED_AT_LARGE: usize = 64 << 10;

/// The upstream, and what a proxy needs to be started for it. What is started is killed with it.
pub struct Scene {
    upstream: Part,
    directory: PathBuf,
    home: Home,
}

impl Scene {
    pub fn new() -> Scene {
        let home = stage::home();
        let directory = home.work();
        stage::certificates(&directory);
        Scene { upstream: Part::start("upstream", &directory, &[]), directory, home }
    }

    pub fn one(&self) -> SocketAddr {
        self.upstream.addresses[0]
    }

    fn roots(&self) -> String {
        fs::read_to_string(self.directory.join("roots.pem")).unwrap()
    }

    pub fn direct(&self) -> Way {
        self.direct_to(self.one())
    }

    pub fn direct_to(&self, address: SocketAddr) -> Way {
        let tls = stage::trusting(&self.roots(), &["http/1.1"]);
        Way { name: "direct", address, proxy: None, target: None, tls, injects: false }
    }

    pub fn direct_http2(&self) -> Way {
        let tls = stage::trusting(&self.roots(), &["h2"]);
        Way { address: self.upstream.addresses[1], tls, ..self.direct() }
    }

    pub fn relay(&self) -> Relay {
        Relay::start(self, COPIED)
    }

    pub fn relay_for_large(&self) -> Relay {
        Relay::start(self, COPIED_AT_LARGE)
    }

    /// So many of the hosts `h0.bench.test` and on lead to the upstream.
    pub fn own(&self, hosts: usize) -> Own {
        self.own_before(self.one(), hosts)
    }

    /// Before another upstream.
    pub fn own_before(&self, upstream: SocketAddr, hosts: usize) -> Own {
        let proxy = OwnProxy::start(&self.home, &self.directory, hosts, upstream, self.upstream.addresses[1]);
        let tls = stage::trusting(&proxy.ca, &["http/1.1"]);
        let password = Some(Some(proxy.password.clone()));
        let way = Way { name: "authsome", address: proxy.address, proxy: password, target: None, tls, injects: true };
        Own { way, pid: proxy.pid, proxy }
    }

    pub fn nginx(&self) -> Option<Nginx> {
        Nginx::start(&self.directory)
    }

    pub fn mitmproxy(&self) -> Option<Mitmproxy> {
        Mitmproxy::start(&self.directory, self.one())
    }
}

pub struct Relay {
    pub way: Way,
    pub pid: u32,
    _part: Part,
}

impl Relay {
    fn start(scene: &Scene, buffer: usize) -> Relay {
        let part = Part::start("relay", &scene.directory, &[scene.one().to_string(), buffer.to_string()]);
        let tls = stage::trusting(&fs::read_to_string(scene.directory.join("relay.pem")).unwrap(), &["http/1.1"]);
        let address = part.addresses[0];
        let way = Way { name: "relay", address, proxy: Some(None), target: None, tls, injects: false };
        Relay { way, pid: part.id(), _part: part }
    }
}

pub struct Own {
    pub way: Way,
    pub pid: u32,
    proxy: OwnProxy,
}

impl Own {
    pub fn http2(&self) -> Way {
        Way { tls: stage::trusting(&self.proxy.ca, &["h2"]), ..self.way.clone() }
    }
}

/// An upstream of other people's making, where it is on PATH: one worker, the same certificate, and an
/// answer of the same size.
pub struct Nginx {
    _process: Peer,
    pub address: SocketAddr,
}

impl Nginx {
    fn start(directory: &Path) -> Option<Nginx> {
        let address = SocketAddr::from(([127, 0, 0, 1], testkit::free_port().unwrap()));
        let body = "x".repeat(BODY);
        let configuration = format!(
            "daemon off; master_process off; pid nginx.pid; error_log stderr crit; events {{}}
             http {{ access_log off; keepalive_requests 1000000;
               client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
               map $http_authorization $ok {{ \"Bearer {REAL}\" 1; default \"\"; }}
               server {{ listen {address} ssl; ssl_certificate site.pem; ssl_certificate_key site.key;
                 ssl_protocols TLSv1.3; default_type application/json; add_header x-auth-ok $ok;
                 location / {{ return 200 {body}; }} }} }}"
        );
        fs::write(directory.join("nginx.conf"), configuration).unwrap();
        let mut command = Command::new("nginx");
        let process = Peer::start(command.arg("-p").arg(directory).args(["-c", "nginx.conf"]), address, || true)?;
        Some(Nginx { _process: process, address })
    }
}

/// Other people's server; killed when dropped.
struct Peer(Child);

impl Peer {
    /// None if it is not installed, or does not listen in time.
    fn start(command: &mut Command, address: SocketAddr, is_ready: impl Fn() -> bool) -> Option<Peer> {
        let peer = Peer(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?);
        let listens = || is_ready() && std::net::TcpStream::connect(address).is_ok();
        testkit::wait_until(Duration::from_secs(20), listens).then_some(peer)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where `mitmdump` is on PATH. It injects nothing, which flatters it.
pub struct Mitmproxy {
    _process: Peer,
    pub way: Way,
}

impl Mitmproxy {
    fn start(directory: &Path, upstream: SocketAddr) -> Option<Mitmproxy> {
        let address = SocketAddr::from(([127, 0, 0, 1], testkit::free_port().unwrap()));
        let set = [format!("confdir={}", directory.display()), format!("listen_port={}", address.port())];
        let mut command = Command::new("mitmdump");
        command.args(["-q", "--ssl-insecure", "--set", "listen_host=127.0.0.1", "--set", &set[0], "--set", &set[1]]);
        let authority = directory.join("mitmproxy-ca-cert.pem");
        let process = Peer::start(&mut command, address, || authority.is_file())?;
        let tls = stage::trusting(&fs::read_to_string(&authority).unwrap(), &["http/1.1"]);
        let way = Way { name: "mitmproxy", address, proxy: Some(None), target: Some(upstream), tls, injects: false };
        Some(Mitmproxy { _process: process, way })
    }
}
