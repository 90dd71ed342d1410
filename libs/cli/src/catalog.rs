//! The definitions, with the errors and warnings a person reads.

use crate::Context;
use proto::record::Bound;
use proto::{Code, Error, Object, ProviderName, Result};
use provider::{Catalog, CatalogError, Definition, Entry};

impl Context {
    /// Bundled definitions and those in the home.
    pub fn catalog(&self) -> Result<Catalog> {
        Catalog::open(Some(&self.home.providers())).map_err(explained)
    }

    /// The definition called `name`, or by that alias; warns about what it does not understand.
    pub fn provider(&self, name: &str) -> Result<Entry> {
        let entry = self.catalog()?.find(name).map_err(explained)?;
        self.warn_about(&entry);
        Ok(entry)
    }

    /// The name that `alias` stands for; itself when no definition that can be read has it.
    pub fn canonical_name(&self, alias: &ProviderName) -> ProviderName {
        let found = self.catalog().ok().and_then(|catalog| catalog.find(alias.as_str()).ok());
        found.and_then(|entry| name_of(&entry.definition).ok()).unwrap_or_else(|| alias.clone())
    }

    pub fn warn_about(&self, entry: &Entry) {
        for warning in &entry.warnings {
            self.output.warning(&warning.to_string());
        }
        if let Some(path) = &entry.passed_over {
            self.output.warning(&format!("{} is empty and was passed over", path.display()));
        }
    }
}

/// The provider's name as a part of a key.
pub fn name_of(definition: &Definition) -> Result<ProviderName> {
    definition.name.parse()
}

/// What a person confirms by logging in under this definition.
pub fn bound(definition: &Definition) -> Result<Bound> {
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

/// With the code of the one table and the command that mends it.
pub fn explained(error: CatalogError) -> Error {
    let code = match error {
        CatalogError::Unknown { .. } => Code::NoProvider,
        CatalogError::Broken(_) => Code::Invalid,
        CatalogError::Exposed { .. } | CatalogError::Foreign { .. } => Code::Denied,
        CatalogError::Unreadable { .. } => Code::Unavailable,
    };
    let explained = Error::new(code, error.to_string());
    match error.hint() {
        Some(hint) => explained.hint(hint),
        None => explained,
    }
}
