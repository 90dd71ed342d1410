//! What a run needs: certificates, a home with connected providers, the session's proxy.

use crate::process::child_of;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use testkit::{Home, Running};

/// Names that the upstream's certificate bears. Hosts below the first get a credential; of the
/// second only `/v1`, so that its other paths are plain forwarding.
pub const NAMES: &[&str] = &["*.bench.test", "p.plain.test", "127.0.0.1"];
pub const REAL: &str = "sk-bench-0123456789abcdef0123456789";

/// Hosts `h0.bench.test` and on.
pub const HOSTS: usize = 10_000;

/// Routes of the session.
pub const ROUTES: usize = 200;

/// `roots.pem`, `site.pem`, `site.key`. As with the sites of the world, an intermediate authority vouches
/// for the leaf, and the root for that.
pub fn certificates(directory: &Path) {
    let root_key = KeyPair::generate().unwrap();
    let root = authority("root");
    fs::write(directory.join("roots.pem"), root.self_signed(&root_key).unwrap().pem()).unwrap();
    let (middle, middle_key) = (authority("intermediate"), KeyPair::generate().unwrap());
    let issued = middle.signed_by(&middle_key, &Issuer::new(root, root_key)).unwrap();
    let site = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(NAMES.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    let leaf = leaf.signed_by(&site, &Issuer::new(middle, middle_key)).unwrap();
    fs::write(directory.join("site.pem"), leaf.pem() + &issued.pem()).unwrap();
    fs::write(directory.join("site.key"), site.serialize_pem()).unwrap();
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// A client's TLS that trusts what is in the file or the text.
pub fn trusting(pem: &str, protocols: &[&str]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let config = ClientConfig::builder_with_provider(mitm::provider()).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    // Every handshake is a whole one, on all ways.
    config.resumption = rustls::client::Resumption::disabled();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    Arc::new(config)
}

/// A home with [`ROUTES`] connected providers.
pub fn home() -> Home {
    let home = Home::new(programs()).unwrap();
    let definition = |name: &str, host: &str| {
        json!({"schema_version": 1, "name": name, "display_name": name, "auth_type": "api_key", "flow": "api_key",
            "api_url": [host], "api_key": {"header_name": "Authorization", "header_prefix": "Bearer", "env_var": "BENCH_KEY"},
            "export": {"env": {"BENCH_KEY": "api_key"}}})
    };
    home.write_definition("bench", &definition("bench", "*.bench.test")).unwrap();
    home.write_definition("plain", &definition("plain", "p.plain.test/v1")).unwrap();
    for number in 2..ROUTES {
        let name = format!("route{number}");
        home.write_definition(&name, &definition(&name, &format!("{name}.routes.test"))).unwrap();
    }
    for name in ["bench", "plain"] {
        let login = ["login", name, "--stdin", "--no-check", "--quiet"];
        home.run_with_input(&login, REAL).unwrap().expect_code(0);
    }
    connect_alike(&home);
    home
}

/// The other providers get bench's record under their own name, all through one helper.
fn connect_alike(home: &Home) {
    let known = home.run_program("authsome-vault", &["get", "bench"]).unwrap().expect_code(0).json();
    let names = (2..ROUTES).map(|number| (format!("route{number}"), format!("route{number}.routes.test")));
    let lines = names.enumerate().map(|(id, (name, host))| {
        let mut record = known.clone();
        let bound = record.to_string().replace("*.bench.test", &host).replace("bench", &name);
        record = serde_json::from_str(&bound).unwrap();
        record.as_object_mut().unwrap().retain(|field, _| field != "key" && field != "rev");
        let put = json!({"v": 1, "id": id + 1, "op": "put", "key": format!("default/{name}/default"),
            "record": record, "secret": {"api_key": REAL}});
        format!("{put}\n")
    });
    let lines: String = lines.collect();
    let answers = home.run_program_with_input("authsome-vault", &["--authsome-helper=vault"], &lines).unwrap();
    assert_eq!(answers.stdout.matches("\"ok\"").count(), ROUTES - 2, "{}", answers.stdout);
}

/// `authsome-proxy`, as for programs that are started elsewhere.
pub struct OwnProxy {
    _running: Running,
    pub pid: u32,
    pub address: SocketAddr,
    pub password: String,
    pub ca: String,
}

impl OwnProxy {
    /// So many of the hosts `h0.bench.test` and on lead to the upstream.
    pub fn start(home: &Home, directory: &Path, hosts: usize, one: SocketAddr, two: SocketAddr) -> OwnProxy {
        let roots = directory.join("roots.pem").display().to_string();
        let hosts = (0..hosts).map(|number| format!("h{number}.bench.test"));
        let hosts = hosts.chain(["a.bench.test".to_owned(), "p.plain.test".to_owned()]);
        let mut args: Vec<String> = hosts.map(|host| format!("--connect-to={host}:443={one}")).collect();
        args.push(format!("--connect-to=two.bench.test:443={two}"));
        args.push(format!("--upstream-ca={roots}"));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let mut running = home.spawn("authsome-proxy", &args).unwrap();
        running.see("}\n").unwrap();
        let opened: Value = serde_json::from_str(&running.stdout()).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        OwnProxy {
            pid: child_of(running.id()),
            _running: running,
            address: text(&opened["address"]).parse().unwrap(),
            password: text(&opened["secret"]["password"]),
            ca: text(&opened["ca"]),
        }
    }
}

pub fn programs() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_authsome")).parent().unwrap().to_owned()
}
