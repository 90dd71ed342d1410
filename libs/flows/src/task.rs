//! One op at work: its definition, and the tools to do it with.

use crate::Tools;
use proto::{Error, Object, Result};
use provider::Definition;
use provider::definition::OAuth;

pub(crate) struct Task<'a> {
    pub(crate) tools: &'a Tools<'a>,
    pub(crate) definition: Definition,
}

impl<'a> Task<'a> {
    pub(crate) fn new(tools: &'a Tools<'a>, definition: &Object) -> Result<Task<'a>> {
        let definition = provider::given(definition.clone()).map_err(|why| {
            Error::invalid(format!("the definition cannot be used: {why}")).hint("authsome inspect PROVIDER shows it")
        })?;
        Ok(Task { tools, definition })
    }

    /// The provider's name, for messages and commands.
    pub(crate) fn name(&self) -> String {
        proto::redact::shown(&self.definition.name)
    }

    pub(crate) fn oauth(&self) -> Result<&OAuth> {
        self.definition.oauth.as_ref().ok_or_else(|| self.broken("it has no \"oauth\" section"))
    }

    /// The definition does not allow what is asked.
    pub(crate) fn broken(&self, why: impl std::fmt::Display) -> Error {
        let name = self.name();
        Error::invalid(format!("the definition of {name} cannot be used: {why}"))
            .hint(format!("authsome inspect {name}"))
    }

    pub(crate) fn now(&self) -> i64 {
        self.tools.clock.now()
    }
}
