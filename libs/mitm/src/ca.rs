//! The session's certificate authority: made in memory, never written, good for one day and for
//! the hosts it was made for alone. It decides nothing about who is intercepted.

use crate::limits::LEAVES;
use crate::tls::{Http, ServerSide, provider};
use host::Host;
use quick_cache::sync::Cache;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType, SerialNumber,
};
use ring::rand::{SecureRandom, SystemRandom};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::ResolvesServerCert;
use rustls::sign::{CertifiedKey, SigningKey};
use std::net::IpAddr;
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

/// Why no certificate authority or certificate could be made; the texts hold no key.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    #[error("cannot make a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error("cannot set up TLS: {0}")]
    Tls(#[from] rustls::Error),
    #[error("cannot read the system's random numbers")]
    Random,
}

/// A host that the authority may speak for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permitted {
    /// This host alone. (As a name constraint, RFC 5280 §4.2.1.10, a domain takes in its
    /// subdomains; [`SessionCa::permits`] does not.)
    Host(Host),
    /// Every name below this domain, as `*.example.com`.
    Below(Host),
}

/// One authority per session.
pub struct SessionCa {
    permitted: Vec<Permitted>,
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    not_after: OffsetDateTime,
    /// One key for all leaves: they live and die together, and a key per host buys nothing.
    leaf_key: KeyPair,
    leaf_signer: Arc<dyn SigningKey>,
    server: ServerSide,
    leaves: Cache<Host, Leaf>,
}

#[derive(Clone)]
struct Leaf {
    one: Arc<ServerConfig>,
    two: Arc<ServerConfig>,
}

impl SessionCa {
    /// An authority for `permitted` hosts; with none of them an IP address, all addresses are
    /// excluded, since constraints on names leave addresses free.
    pub fn new(permitted: Vec<Permitted>) -> Result<SessionCa, CaError> {
        let now = now();
        let not_after = now + Duration::hours(24);
        let key = KeyPair::generate()?;
        let params = authority(&permitted, now, not_after)?;
        let pem = params.self_signed(&key)?.pem();
        let leaf_key = KeyPair::generate()?;
        let der = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
        Ok(SessionCa {
            permitted,
            issuer: Issuer::new(params, key),
            pem,
            not_after,
            leaf_signer: provider().key_provider.load_private_key(der)?,
            leaf_key,
            server: ServerSide::new()?,
            leaves: Cache::new(LEAVES),
        })
    }

    /// The authority's certificate, for the clients' trust stores.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Whether clients will accept this authority's certificate for a host.
    pub fn permits(&self, host: &Host) -> bool {
        self.permitted.iter().any(|permitted| match permitted {
            Permitted::Host(known) => known == host,
            Permitted::Below(suffix) => match (host.domain(), suffix.domain()) {
                (Some(name), Some(suffix)) => name.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.')),
                _ => false,
            },
        })
    }

    /// A handshake is about to begin.
    pub(crate) fn prepare(&self) {
        self.server.prepare();
    }

    /// The configuration that shows `host`'s certificate, minted at its first use, once.
    pub(crate) fn server_config(&self, host: &Host, http: Http) -> Result<Arc<ServerConfig>, CaError> {
        let leaf = self.leaves.get_or_insert_with(host, || self.leaf(host))?;
        Ok(match http {
            Http::One => leaf.one,
            Http::Two => leaf.two,
        })
    }

    fn leaf(&self, host: &Host) -> Result<Leaf, CaError> {
        let certificate = self.mint(host)?;
        let key = CertifiedKey::new(vec![certificate], self.leaf_signer.clone());
        let resolver: Arc<dyn ResolvesServerCert> = Arc::new(rustls::sign::SingleCertAndKey::from(key));
        Ok(Leaf { one: self.server.config(resolver.clone(), Http::One), two: self.server.config(resolver, Http::Two) })
    }

    fn mint(&self, host: &Host) -> Result<CertificateDer<'static>, CaError> {
        let mut params = CertificateParams::default();
        // No common name: old clients match it, and name constraints do not reach it.
        params.distinguished_name = DistinguishedName::new();
        params.subject_alt_names = vec![match host.ip() {
            Some(ip) => SanType::IpAddress(ip),
            None => SanType::DnsName(host.to_string().try_into()?),
        }];
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.not_before = self.not_after - Duration::hours(25);
        params.not_after = self.not_after;
        // rcgen derives serials from the key, which all leaves share; NSS refuses repeated ones.
        params.serial_number = Some(serial()?);
        Ok(params.signed_by(&self.leaf_key, &self.issuer)?.der().clone())
    }
}

fn authority(
    permitted: &[Permitted],
    now: OffsetDateTime,
    not_after: OffsetDateTime,
) -> Result<CertificateParams, CaError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "authsome session");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(constraints(permitted));
    // A clock a little behind ours must not refuse the session.
    params.not_before = now - Duration::hours(1);
    params.not_after = not_after;
    params.serial_number = Some(serial()?);
    Ok(params)
}

fn constraints(permitted: &[Permitted]) -> NameConstraints {
    let (mut names, mut addresses) = (Vec::new(), Vec::new());
    for entry in permitted {
        let (Permitted::Host(host) | Permitted::Below(host)) = entry;
        match host.ip() {
            Some(ip @ IpAddr::V4(_)) => addresses.push(GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(ip, 32))),
            Some(ip) => addresses.push(GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(ip, 128))),
            None => names.push(GeneralSubtree::DnsName(host.to_string())),
        }
    }
    // A kind of name without any permitted subtree is unconstrained.
    if names.is_empty() {
        names.push(GeneralSubtree::DnsName("none.invalid".to_owned()));
    }
    let excluded_subtrees = match addresses.is_empty() {
        false => Vec::new(),
        true => vec![
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([0; 4], 0)),
            GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix([0; 16], 0)),
        ],
    };
    names.extend(addresses);
    NameConstraints { permitted_subtrees: names, excluded_subtrees }
}

fn serial() -> Result<SerialNumber, CaError> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| CaError::Random)?;
    // RFC 5280 §4.1.2.2: positive, so the top bit stays clear.
    bytes[0] &= 0x7f;
    Ok(SerialNumber::from_slice(&bytes))
}

/// `time` is linked without its clock.
fn now() -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + std::time::UNIX_EPOCH.elapsed().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::RootCertStore;
    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::ServerCertVerifier;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{ServerName, UnixTime};

    fn host(text: &str) -> Host {
        text.parse().unwrap()
    }

    /// What a client that trusts the authority says of a leaf, minted by force for any host.
    fn accepts(ca: &SessionCa, name: &str) -> bool {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(ca.pem().as_bytes()).unwrap()).unwrap();
        let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider()).build().unwrap();
        let leaf = ca.mint(&host(name)).unwrap();
        let name = ServerName::try_from(name.trim_matches(['[', ']']).to_owned()).unwrap();
        verifier.verify_server_cert(&leaf, &[], &name, &[], UnixTime::now()).is_ok()
    }

    #[test]
    fn a_stolen_authority_vouches_for_no_other_name_and_for_no_address() {
        let permitted = [Permitted::Host(host("api.test")), Permitted::Below(host("apps.test"))];
        let ca = SessionCa::new(permitted.to_vec()).unwrap();
        for name in ["api.test", "a.apps.test"] {
            assert!(accepts(&ca, name), "{name}");
        }
        for name in ["evil.test", "test", "xapi.test", "127.0.0.1", "[::1]"] {
            assert!(!accepts(&ca, name), "{name}");
        }
    }

    #[test]
    fn addresses_are_permitted_one_by_one() {
        let ca =
            SessionCa::new(vec![Permitted::Host(host("127.0.0.1")), Permitted::Host(host("[2001:db8::1]"))]).unwrap();
        for name in ["127.0.0.1", "[2001:db8::1]"] {
            assert!(accepts(&ca, name), "{name}");
        }
        for name in ["127.0.0.2", "[2001:db8::2]", "api.test"] {
            assert!(!accepts(&ca, name), "{name}");
        }
    }

    #[test]
    fn an_authority_for_nothing_vouches_for_nothing() {
        let ca = SessionCa::new(Vec::new()).unwrap();
        for name in ["api.test", "127.0.0.1"] {
            assert!(!accepts(&ca, name), "{name}");
        }
    }

    #[test]
    fn leaves_have_serials_of_their_own() {
        let ca = SessionCa::new(vec![Permitted::Host(host("api.test"))]).unwrap();
        assert_ne!(ca.mint(&host("api.test")).unwrap(), ca.mint(&host("api.test")).unwrap());
    }
}
