//! The definition of a connection: found, applied to its instance, and the one that was confirmed.

use crate::vault::lock;
use crate::world::login_command;
use proto::record::{Bound, Connection};
use proto::{Code, Error, Key, Object, ProviderName, Result};
use provider::{Catalog, CatalogError, Definition};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// The definitions. A session keeps those that it began with.
pub struct Definitions {
    folder: Option<PathBuf>,
    /// The catalog of the session, once there is one.
    frozen: Mutex<Option<std::result::Result<Catalog, CatalogError>>>,
    read: Mutex<HashMap<ProviderName, Arc<Definition>>>,
}

impl Definitions {
    /// `folder` holds the user's own definitions; it need not be there.
    pub fn new(folder: Option<PathBuf>) -> Definitions {
        Definitions { folder, frozen: Mutex::default(), read: Mutex::default() }
    }

    /// Begins a session. Later changes of definitions count for the next session.
    pub(crate) fn freeze(&self) {
        *lock(&self.frozen) = Some(self.open().and_then(Catalog::frozen));
        lock(&self.read).clear();
    }

    /// By name or alias.
    pub(crate) fn find(&self, name: &ProviderName) -> Result<Arc<Definition>> {
        if let Some(definition) = lock(&self.read).get(name) {
            return Ok(definition.clone());
        }
        let frozen = lock(&self.frozen);
        let found = match &*frozen {
            Some(catalog) => catalog.as_ref().map_err(Clone::clone).and_then(|catalog| catalog.find(name.as_str())),
            None => self.open().and_then(|catalog| catalog.find(name.as_str())),
        };
        let definition = Arc::new(found.map_err(unusable)?.definition);
        lock(&self.read).insert(name.clone(), definition.clone());
        Ok(definition)
    }

    fn open(&self) -> std::result::Result<Catalog, CatalogError> {
        Catalog::open(self.folder.as_deref())
    }

    /// The definition with the connection's base URL; not compared with what was confirmed.
    pub(crate) fn of_instance(&self, record: &Connection) -> Result<Definition> {
        let definition = self.find(&record.provider)?;
        definition.with_base_url(record.base_url.as_deref()).map_err(|error| {
            Error::invalid(error.to_string()).hint(format!("authsome inspect {} shows it", definition.name))
        })
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
    let scope = definition.bound().map_err(|error| {
        Error::invalid(format!("{}: api_url {error}", definition.name))
            .hint(format!("authsome inspect {} shows it", definition.name))
    })?;
    Ok(Bound {
        token_url: scope.token_url,
        revocation_url: scope.revocation_url,
        device_authorization_url: scope.device_authorization_url,
        issuer: scope.issuer,
        resource: scope.resource,
        targets: scope.targets,
        places: Some(scope.places),
        variables: Some(scope.variables),
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
