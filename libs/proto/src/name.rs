//! Names and keys. A name that parsed needs no further check anywhere.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

const MAX_NAME: usize = 64;

fn check(what: &str, text: &str) -> Result<()> {
    let mut bytes = text.bytes();
    let first_is_good = bytes.next().is_some_and(|b| b.is_ascii_alphanumeric());
    let rest_is_good = bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    if first_is_good && rest_is_good && text.len() <= MAX_NAME {
        return Ok(());
    }
    Err(Error::invalid(format!("{what} {:?} is not a name", crate::redact::shown(text)))
        .hint("a name is a letter or digit, then up to 63 of letters, digits, '.', '_' and '-'"))
}

macro_rules! name {
    ($(#[$meta:meta])* $type:ident, $what:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Default for $type {
            /// The name used when none is given.
            fn default() -> Self {
                $type("default".to_owned())
            }
        }

        impl FromStr for $type {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self> {
                check($what, text)?;
                Ok($type(text.to_owned()))
            }
        }

        impl TryFrom<String> for $type {
            type Error = Error;
            fn try_from(text: String) -> Result<Self> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// A separate namespace of connections (`--profile`).
    ProfileName, "profile"
);
name!(
    /// A connection of a provider (`--connection work`).
    ConnectionName, "connection"
);

impl ProfileName {
    /// What means it on a command line: ` --profile home`, or nothing where it is meant anyway.
    pub fn flag(&self) -> String {
        if *self == ProfileName::default() { String::new() } else { format!(" --profile {self}") }
    }
}

/// The name of a provider's definition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProviderName(String);

impl ProviderName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProviderName {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        check("provider", text)?;
        Ok(ProviderName(text.to_owned()))
    }
}

impl TryFrom<String> for ProviderName {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<ProviderName> for String {
    fn from(name: ProviderName) -> String {
        name.0
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The last part of a [`Key`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    Connection(ConnectionName),
    /// `@client`: the OAuth client for the next login.
    Client,
    /// `@default`: which connection is meant when none is named.
    Default,
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Slot::Connection(name) => name.fmt(f),
            Slot::Client => f.write_str("@client"),
            Slot::Default => f.write_str("@default"),
        }
    }
}

/// `profile/provider/name`: where a record lies in the vault.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key {
    pub profile: ProfileName,
    pub provider: ProviderName,
    pub slot: Slot,
}

impl Key {
    pub fn connection(profile: &ProfileName, provider: &ProviderName, name: &ConnectionName) -> Key {
        Key::at(profile, provider, Slot::Connection(name.clone()))
    }

    pub fn client(profile: &ProfileName, provider: &ProviderName) -> Key {
        Key::at(profile, provider, Slot::Client)
    }

    pub fn default_of(profile: &ProfileName, provider: &ProviderName) -> Key {
        Key::at(profile, provider, Slot::Default)
    }

    fn at(profile: &ProfileName, provider: &ProviderName, slot: Slot) -> Key {
        Key { profile: profile.clone(), provider: provider.clone(), slot }
    }

    /// What a login needs beside the provider to mean this: ` --connection work --profile home`, or
    /// nothing where the names are those used when none is given. (Other commands may mean another
    /// connection by none.)
    pub fn flags(&self) -> String {
        let connection = self.connection_name().filter(|name| **name != ConnectionName::default());
        connection.map(|name| format!(" --connection {name}")).unwrap_or_default() + &self.profile_flag()
    }

    /// ` --profile home`, or nothing.
    pub fn profile_flag(&self) -> String {
        self.profile.flag()
    }

    /// The connection's name, unless this is a reserved key.
    pub fn connection_name(&self) -> Option<&ConnectionName> {
        match &self.slot {
            Slot::Connection(name) => Some(name),
            _ => None,
        }
    }
}

impl FromStr for Key {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let &[profile, provider, name] = parts.as_slice() else {
            return Err(Error::invalid(format!("key {:?} is not profile/provider/name", crate::redact::shown(text)))
                .hint("such as default/notion/work"));
        };
        let slot = match name {
            "@client" => Slot::Client,
            "@default" => Slot::Default,
            _ => Slot::Connection(name.parse()?),
        };
        Ok(Key { profile: profile.parse()?, provider: provider.parse()?, slot })
    }
}

impl TryFrom<String> for Key {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Key> for String {
    fn from(key: Key) -> String {
        key.to_string()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.profile, self.provider, self.slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_with_paths_controls_or_reserved_marks_are_refused() {
        let long = "a".repeat(65);
        for bad in ["", ".", "-x", "_x", "a/b", "a\0", "a b", "@client", "../x", "ä", &long] {
            assert!(bad.parse::<ConnectionName>().is_err(), "{bad:?}");
        }
        for good in ["a", "0", "work", "notion_dcr", "a.b-c_d"] {
            assert!(good.parse::<ConnectionName>().is_ok(), "{good:?}");
        }
    }

    #[test]
    fn only_names_that_are_not_the_usual_ones_need_flags() {
        for (key, flags) in [
            ("default/notion/default", ""),
            ("default/notion/work", " --connection work"),
            ("home/notion/default", " --profile home"),
            ("home/notion/work", " --connection work --profile home"),
            ("home/notion/@client", " --profile home"),
        ] {
            assert_eq!(key.parse::<Key>().unwrap().flags(), flags, "{key}");
        }
    }

    proptest! {
        #[test]
        fn a_key_that_parsed_prints_as_it_came(text in "\\PC{0,40}|[a-z@]{1,8}/[a-z.]{1,8}/[@a-z]{1,8}") {
            if let Ok(key) = text.parse::<Key>() {
                prop_assert_eq!(key.to_string(), text);
            }
        }
    }
}
