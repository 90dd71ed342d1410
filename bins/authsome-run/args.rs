//! The command line of `authsome run`.

use proto::ops::credential::{Grant, Star};
use proto::{ConnectionName, Error, ProviderName, Result};
use std::ffi::OsString;
use std::path::PathBuf;

/// Run a command that uses credentials without seeing them
///
/// The command gets placeholders; a local proxy puts the real credential on its https requests to
/// the providers' own hosts. Its exit status is passed on.
#[derive(Debug, clap::Parser)]
#[command(name = "authsome run", bin_name = "authsome run", version)]
pub struct Args {
    /// Connection to use of a provider; NAME,NAME or * lets a request choose by X-Authsome-Connection
    #[arg(long = "connection", value_name = "PROVIDER=NAME")]
    pub connections: Vec<Chosen>,
    /// Only these providers, separated by commas
    #[arg(long, value_name = "PROVIDER", value_delimiter = ',')]
    pub only: Option<Vec<ProviderName>>,
    /// Refuse requests that no provider has a rule for
    #[arg(long)]
    pub strict: bool,
    /// Host that is let through although --strict
    #[arg(long, value_name = "HOST")]
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
    /// Leave out the response header that names the connection used
    #[arg(long)]
    pub no_connection_header: bool,
    /// Command to run, with its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
    #[command(flatten)]
    pub globals: cli::Globals,
}

/// `notion=work`, `notion=work,personal` or `notion=*`.
#[derive(Debug, Clone)]
pub struct Chosen {
    pub provider: ProviderName,
    /// The first one named.
    pub first: Option<ConnectionName>,
    pub grant: Option<Grant>,
}

impl std::str::FromStr for Chosen {
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

impl std::str::FromStr for ConnectTo {
    type Err = Error;

    fn from_str(text: &str) -> Result<ConnectTo> {
        let (from, to) = text.split_once('=').ok_or_else(|| Error::invalid("not HOST:PORT=LOOPBACK:PORT"))?;
        let from: host::Authority = from.parse().map_err(|error: host::BadHost| Error::invalid(error.to_string()))?;
        let address: std::net::SocketAddr = to.parse().map_err(|_| Error::invalid("the target is no ADDRESS:PORT"))?;
        if !address.ip().is_loopback() {
            return Err(Error::invalid("the target is not a loopback address"));
        }
        Ok(ConnectTo { from: from.to_string(), to: address.to_string() })
    }
}
