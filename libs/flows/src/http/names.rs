//! Name resolution with a judge: each address is judged after it was resolved, and the judged address is the one that
//! is dialled.

use super::{Settings, Variable};
use host::{Allowed, Reach};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, SocketAddr};

/// An address that may not be dialled, and where it leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("it leads to {0}, which is never dialled")]
    Never(IpAddr),
    #[error("it leads to {0}, a private address")]
    Private(IpAddr),
}

/// Refuses the addresses if one of them may not be dialled.
pub(super) fn judge(ips: impl IntoIterator<Item = IpAddr>, allowed: Allowed) -> Result<(), Refused> {
    match host::forbidden(ips, allowed) {
        None => Ok(()),
        Some((ip, Reach::Never)) => Err(Refused::Never(ip)),
        Some((ip, _)) => Err(Refused::Private(ip)),
    }
}

/// The system's resolver with a judge behind it.
pub(super) struct JudgedNames {
    allowed: Allowed,
    /// The person's own proxies, which may be anywhere.
    proxies: Vec<String>,
}

impl JudgedNames {
    pub(super) fn new(allowed: Allowed, settings: &Settings) -> JudgedNames {
        let variables = settings.https_proxy.iter().chain(&settings.http_proxy);
        JudgedNames { allowed, proxies: variables.filter_map(host_of).collect() }
    }
}

impl Resolve for JudgedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let judged = !self.proxies.iter().any(|proxy| proxy.eq_ignore_ascii_case(name.as_str()));
        let allowed = if judged { Some(self.allowed) } else { None };
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if let Some(allowed) = allowed {
                judge(addresses.iter().map(SocketAddr::ip), allowed)?;
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Returns the host of a proxy variable. As with curl, the scheme may be missing.
fn host_of(variable: &Variable) -> Option<String> {
    let value = variable.value.trim();
    let parsed = url::Url::parse(value).ok().filter(url::Url::has_host);
    parsed.or_else(|| url::Url::parse(&format!("http://{value}")).ok())?.host_str().map(str::to_owned)
}
