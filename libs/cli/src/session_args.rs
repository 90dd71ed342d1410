//! The flags of a session, for those who start one: `run`, and `authsome-proxy` by itself.

use proto::ops::credential::{Grant, Open, Star};
use proto::ops::proxy::{Mode, Settings};
use proto::{ConnectionName, Error, ProfileName, ProviderName, Result};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

/// Which credentials a session may use, and where its proxy may go.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct SessionArgs {
    /// Connection to use of a provider; NAME,NAME or * lets a request choose by X-Authsome-Connection
    #[arg(long = "connection", value_name = "PROVIDER=NAME")]
    pub connections: Vec<Chosen>,
    /// Only these providers, separated by commas
    #[arg(long, value_name = "PROVIDER", value_delimiter = ',')]
    pub only: Option<Vec<ProviderName>>,
    /// Refuse requests that no provider has a rule for
    #[arg(long)]
    pub strict: bool,
    /// Host that is let through over https although --strict, at port 443 or the one that is named
    #[arg(long, value_name = "HOST[:PORT]", requires = "strict")]
    pub allow: Vec<String>,
    /// Let the proxy dial private and loopback addresses
    #[arg(long, env = "AUTHSOME_ALLOW_PRIVATE", hide_env = true, value_parser = clap::builder::FalseyValueParser::new())]
    pub allow_private: bool,
    /// Dial this loopback address for HOST:PORT; routing and certificates keep HOST
    #[arg(long, value_name = "HOST:PORT=LOOPBACK:PORT")]
    pub connect_to: Vec<ConnectTo>,
    /// Trust these certificates, too, for connections to providers
    #[arg(long, value_name = "FILE")]
    pub upstream_ca: Option<PathBuf>,
    /// Listen on this address instead of a loopback port of the system's choice, as for containers
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Let --listen take an address that is neither loopback nor private
    #[arg(long, requires = "listen")]
    pub i_know: bool,
    /// Leave out the response header that names the connection used
    #[arg(long)]
    pub no_connection_header: bool,
}

impl SessionArgs {
    /// The body of the proxy's `open`.
    pub fn open(&self, profile: &ProfileName) -> Result<Open> {
        let upstream_ca = self.upstream_ca.as_ref().map(|path| {
            // A helper's working directory is another one.
            let absolute = std::fs::canonicalize(path);
            let absolute = absolute.map_err(|error| {
                Error::invalid(format!("--upstream-ca {}: {error}", path.display()))
                    .hint("--upstream-ca FILE, certificates in PEM")
            });
            absolute.map(|path| path.display().to_string())
        });
        if let Some(address) = self.listen.filter(|address| !self.i_know && is_public(address.ip())) {
            return Err(Error::invalid(format!("--listen {address}: other machines may reach that address, and only the session's password would stop them"))
                .hint("a private address, or --i-know"));
        }
        let settings = Settings {
            mode: if self.strict { Mode::Strict } else { Mode::Connected },
            allow: self.allow.clone(),
            connect_to: self.connect_to.iter().map(|pair| (pair.from.clone(), pair.to.clone())).collect(),
            upstream_ca: upstream_ca.transpose()?,
            allow_private: self.allow_private,
            listen: self.listen.map(|address| address.to_string()),
            no_connection_header: self.no_connection_header,
        };
        let mut open =
            Open { profile: profile.clone(), only: self.only.clone(), proxy: Some(settings), ..Open::default() };
        for chosen in &self.connections {
            if let Some(first) = &chosen.first {
                open.choose.insert(chosen.provider.clone(), first.clone());
            }
            if let Some(grant) = &chosen.grant {
                open.grant.insert(chosen.provider.clone(), grant.clone());
            }
        }
        Ok(open)
    }
}

/// All addresses at once are public, too.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => !v4.is_loopback() && !v4.is_private() && !v4.is_link_local(),
        IpAddr::V6(v6) => !v6.is_loopback() && !v6.is_unique_local() && !v6.is_unicast_link_local(),
    }
}

/// `notion=work`, `notion=work,personal` or `notion=*`.
#[derive(Debug, Clone)]
pub struct Chosen {
    pub provider: ProviderName,
    /// The first one named.
    pub first: Option<ConnectionName>,
    pub grant: Option<Grant>,
}

impl FromStr for Chosen {
    type Err = Error;

    fn from_str(text: &str) -> Result<Chosen> {
        let (provider, names) = text.split_once('=').ok_or_else(|| Error::invalid("not PROVIDER=NAME"))?;
        let provider = provider.parse()?;
        if names == "*" {
            return Ok(Chosen { provider, first: None, grant: Some(Grant::All(Star::Star)) });
        }
        let names = names.split(',').map(str::parse).collect::<Result<Vec<ConnectionName>>>()?;
        let grant = (names.len() > 1).then(|| Grant::Named(names.clone()));
        Ok(Chosen { provider, first: names.into_iter().next(), grant })
    }
}

/// `api.demo.test:443=127.0.0.1:40123`.
#[derive(Debug, Clone)]
pub struct ConnectTo {
    pub from: String,
    pub to: String,
}

impl FromStr for ConnectTo {
    type Err = Error;

    fn from_str(text: &str) -> Result<ConnectTo> {
        let (from, to) = text.split_once('=').ok_or_else(|| Error::invalid("not HOST:PORT=LOOPBACK:PORT"))?;
        let from: host::Authority = from.parse().map_err(|error: host::BadHost| Error::invalid(error.to_string()))?;
        let address: SocketAddr = to.parse().map_err(|_| Error::invalid("the target is no ADDRESS:PORT"))?;
        if !address.ip().is_loopback() {
            return Err(Error::invalid("the target is not a loopback address"));
        }
        Ok(ConnectTo { from: from.to_string(), to: address.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_connection_named_is_used_and_the_others_may_be_chosen() {
        let chosen: Chosen = "notion=work,personal".parse().unwrap();
        assert_eq!(chosen.first.unwrap().as_str(), "work");
        assert!(matches!(chosen.grant, Some(Grant::Named(names)) if names.len() == 2));
        assert!("notion=*".parse::<Chosen>().unwrap().first.is_none());
        assert!("notion=../x".parse::<Chosen>().is_err());
    }

    #[test]
    fn a_public_address_is_listened_on_by_who_knows_only() {
        for (address, public) in [
            ("127.0.0.1:0", false),
            ("172.17.0.1:8080", false),
            ("[::1]:1", false),
            ("[fd00::1]:1", false),
            ("0.0.0.0:1", true),
            ("[::]:1", true),
            ("192.0.2.1:1", true),
            ("[::ffff:8.8.8.8]:1", true),
        ] {
            let args = SessionArgs { listen: Some(address.parse().unwrap()), ..SessionArgs::default() };
            assert_eq!(args.open(&ProfileName::default()).is_err(), public, "{address}");
            let knowing = SessionArgs { i_know: true, ..args };
            assert!(knowing.open(&ProfileName::default()).is_ok(), "{address}");
        }
    }

    #[test]
    fn connections_are_led_to_this_machine_only() {
        assert!("api.demo.test:443=127.0.0.1:1".parse::<ConnectTo>().is_ok());
        assert!("api.demo.test:443=192.0.2.1:1".parse::<ConnectTo>().is_err());
    }
}
