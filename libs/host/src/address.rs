//! Which addresses may be dialled, for everyone who dials.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where an address leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Public,
    /// Loopback, RFC 1918, CGNAT (RFC 6598), unique local (RFC 4193) and other networks that are
    /// not the internet: only where the policy says so.
    Private,
    /// Link-local, cloud metadata, multicast, unspecified, reserved: never.
    Never,
}

/// How far from the internet a request may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Allowed {
    #[default]
    Public,
    /// To public addresses and to this machine.
    Loopback,
    /// To public addresses, this machine and every private network.
    Private,
}

/// Returns the first of the addresses that may not be dialled, and where it leads. One such address condemns all
/// addresses of a name, since such an answer is no accident.
pub fn forbidden(ips: impl IntoIterator<Item = IpAddr>, allowed: Allowed) -> Option<(IpAddr, Reach)> {
    let may = |ip: &IpAddr, reach: Reach| match (reach, allowed) {
        (Reach::Public, _) | (Reach::Private, Allowed::Private) => true,
        (Reach::Private, Allowed::Loopback) => ip.to_canonical().is_loopback(),
        (Reach::Private, Allowed::Public) | (Reach::Never, _) => false,
    };
    ips.into_iter().map(|ip| (ip, reach(ip))).find(|(ip, reach)| !may(ip, *reach))
}

/// An IPv4 address inside an IPv6 one (mapped, NAT64, 6to4) is judged as itself.
pub fn reach(ip: IpAddr) -> Reach {
    match ip.to_canonical() {
        IpAddr::V4(v4) => reach_v4(v4),
        IpAddr::V6(v6) => match embedded(v6) {
            Some(v4) => reach_v4(v4),
            None => reach_v6(v6),
        },
    }
}

/// Metadata services outside the link-local ranges: Alibaba, Azure, Oracle.
const METADATA_V4: [Ipv4Addr; 3] =
    [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(192, 0, 0, 192)];

/// Amazon and Google.
const METADATA_V6: [Ipv6Addr; 2] =
    [Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)];

fn reach_v4(ip: Ipv4Addr) -> Reach {
    if METADATA_V4.contains(&ip) {
        return Reach::Never;
    }
    match ip.octets() {
        [0, ..] | [169, 254, ..] | [224..=255, ..] => Reach::Never,
        [10 | 127, ..] | [172, 16..=31, ..] | [192, 168, ..] => Reach::Private,
        [100, 64..=127, ..] | [198, 18..=19, ..] | [192, 0, 0, _] => Reach::Private,
        _ => Reach::Public,
    }
}

fn reach_v6(ip: Ipv6Addr) -> Reach {
    if METADATA_V6.contains(&ip) {
        return Reach::Never;
    }
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Reach::Private,
        // ::/96 holds the unspecified address and the IPv4-compatible ones that no one uses.
        [0, 0, 0, 0, 0, 0, ..] | [0xfe80..=0xfebf, ..] | [0xff00..=0xffff, ..] => Reach::Never,
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Reach::Private,
        // Teredo and ORCHID: tunnels whose end is hidden.
        [0x2001, 0, ..] | [0x2001, 0x20..=0x2f, ..] => Reach::Never,
        _ => Reach::Public,
    }
}

fn embedded(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match ip.segments() {
        // NAT64, RFC 6052 and RFC 8215.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x64, 0xff9b, 1, _, _, _, high, low] => Some(v4(high, low)),
        // 6to4, RFC 3056.
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Reach {
        reach(text.parse().unwrap())
    }

    #[test]
    fn metadata_services_are_never_dialled_in_any_spelling() {
        for ip in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
        ] {
            assert_eq!(of(ip), Reach::Never, "{ip}");
        }
    }

    #[test]
    fn addresses_that_are_no_host_are_never_dialled() {
        for ip in ["0.0.0.0", "::", "fe80::1", "224.0.0.1", "255.255.255.255", "ff02::1", "::7f00:1", "2001::1"] {
            assert_eq!(of(ip), Reach::Never, "{ip}");
        }
    }

    #[test]
    fn networks_that_are_not_the_internet_are_private() {
        for ip in [
            "127.0.0.1",
            "127.255.0.1",
            "::1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "100.64.0.1",
            "fd12::1",
            "198.18.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
        ] {
            assert_eq!(of(ip), Reach::Private, "{ip}");
        }
    }

    #[test]
    fn one_address_that_is_forbidden_condemns_all() {
        let first = |ips: &[&str], allowed| {
            forbidden(ips.iter().map(|ip| ip.parse().unwrap()), allowed).map(|(ip, reach)| (ip.to_string(), reach))
        };
        let ips = ["1.1.1.1", "127.0.0.1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254"];
        assert_eq!(first(&ips, Allowed::Public), Some(("127.0.0.1".to_owned(), Reach::Private)));
        assert_eq!(first(&ips, Allowed::Loopback), Some(("10.0.0.1".to_owned(), Reach::Private)));
        assert_eq!(first(&ips, Allowed::Private), Some(("169.254.169.254".to_owned(), Reach::Never)));
        assert_eq!(first(&ips[..3], Allowed::Loopback), None);
        assert_eq!(first(&ips[..4], Allowed::Private), None);
    }

    #[test]
    fn the_internet_is_public() {
        for ip in ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::101:101", "9.9.9.9"] {
            assert_eq!(of(ip), Reach::Public, "{ip}");
        }
    }
}
