//! The definition of a connection: found, applied to its instance, and the one that was confirmed.

use crate::vault::lock;
use crate::world::login_command;
use proto::record::{Bound, Connection};
use proto::{Code, Error, Key, Object, ProviderName, Result};
use provider::{Catalog, CatalogError, Definition};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long a definition that was read is taken as it is: a changed file counts within a second.
const FRESH: Duration = Duration::from_secs(1);

/// The catalog, read at most once a second per provider.
pub struct Definitions {
    folder: Option<PathBuf>,
    read: Mutex<HashMap<ProviderName, (Instant, Arc<Definition>)>>,
}

impl Definitions {
    /// `folder` holds the user's own definitions; it need not be there.
    pub fn new(folder: Option<PathBuf>) -> Definitions {
        Definitions { folder, read: Mutex::default() }
    }

    /// By name or alias.
    pub(crate) fn find(&self, name: &ProviderName) -> Result<Arc<Definition>> {
        let now = Instant::now();
        if let Some((at, definition)) = lock(&self.read).get(name)
            && now.duration_since(*at) < FRESH
        {
            return Ok(definition.clone());
        }
        let catalog = Catalog::open(self.folder.as_deref()).map_err(unusable)?;
        let definition = Arc::new(catalog.find(name.as_str()).map_err(unusable)?.definition);
        lock(&self.read).insert(name.clone(), (now, definition.clone()));
        Ok(definition)
    }

    /// The definition with the connection's base URL; not compared with what was confirmed.
    pub(crate) fn of_instance(&self, record: &Connection) -> Result<Definition> {
        let definition = self.find(&record.provider)?;
        definition.with_base_url(record.base_url.as_deref()).map_err(|error| Error::invalid(error.to_string()))
    }

    /// The definition of a connection, exactly as the person confirmed it at login.
    pub(crate) fn confirmed(&self, key: &Key, record: &Connection) -> Result<Definition> {
        let definition = self.of_instance(record)?;
        if record.bound.confirms(&bound(&definition)?) {
            return Ok(definition);
        }
        Err(Error::new(
            Code::Denied,
            format!(
                "the definition of {} sends credentials elsewhere, or in another way, than when {} was connected",
                key.provider, key.slot
            ),
        )
        .hint(login_command(key, " --force")))
    }
}

pub(crate) fn bound(definition: &Definition) -> Result<Bound> {
    let scope = definition.bound().map_err(|error| Error::invalid(format!("{}: api_url {error}", definition.name)))?;
    Ok(Bound {
        token_url: scope.token_url,
        revocation_url: scope.revocation_url,
        device_authorization_url: scope.device_authorization_url,
        issuer: scope.issuer,
        resource: scope.resource,
        targets: scope.targets,
        places: Some(scope.places),
        rest: Object::new(),
    })
}

fn unusable(error: CatalogError) -> Error {
    let code = match error {
        CatalogError::Unknown { .. } => Code::NoProvider,
        CatalogError::Broken(_) => Code::Invalid,
        CatalogError::Exposed { .. } | CatalogError::Foreign { .. } => Code::Denied,
        CatalogError::Unreadable { .. } => Code::Unavailable,
    };
    let unusable = Error::new(code, error.to_string());
    match error.hint() {
        Some(hint) => unusable.hint(hint),
        None => unusable,
    }
}
