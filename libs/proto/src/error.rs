//! The one table of error codes and exit statuses, and the error that travels on the wire.
//!
//! Programs compare codes, never text. Every program ends with the status found here.

use serde::{Deserialize, Serialize};

/// The result of everything that can fail with an error meant for a person.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! codes {
    ($($(#[$meta:meta])* $variant:ident = $text:literal => $status:literal;)*) => {
        /// What went wrong, for programs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$meta])* #[serde(rename = $text)] $variant,)*
        }

        impl Code {
            /// Every code, in the order of the table in the manual.
            pub const ALL: &[Code] = &[$(Code::$variant),*];

            /// The word on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text,)* }
            }

            /// The exit status of a program that ends with this code.
            pub fn exit_status(self) -> u8 {
                match self { $(Code::$variant => $status,)* }
            }
        }
    };
}

codes! {
    /// The record changed since it was read.
    Conflict = "conflict" => 1;
    /// The other side does not know this op, or the provider has no such endpoint.
    Unsupported = "unsupported" => 1;
    /// What was given cannot be right: usage, a definition, a value.
    Invalid = "invalid" => 2;
    /// More than one answer, and nothing says which.
    Ambiguous = "ambiguous" => 2;
    /// No definition of that name.
    NoProvider = "no-provider" => 3;
    /// Refused: by the provider, by the person, or because it may not be.
    Denied = "denied" => 4;
    /// The person said no to a question.
    Declined = "declined" => 4;
    /// A person would have to answer, and there is none.
    NeedsInteraction = "needs-interaction" => 4;
    /// Not connected, or no such record.
    NotFound = "not-found" => 5;
    /// A renewal failed; `outcome` says how.
    RefreshFailed = "refresh-failed" => 6;
    /// A file, a network or a helper does not answer.
    Unavailable = "unavailable" => 7;
    /// Another process holds the lock.
    Locked = "locked" => 7;
    /// Another process listens on the port.
    PortInUse = "port-in-use" => 7;
    /// Nothing happened in time.
    Timeout = "timeout" => 7;
    /// Ended by the person (Ctrl-C).
    Cancelled = "cancelled" => 130;
    /// A fault of ours, or a code this build does not know (serde wants it last).
    #[serde(other)]
    Internal = "internal" => 1;
}

/// How a renewal failed (`refresh`'s `outcome`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The refresh token is dead: log in again.
    Reauthorize,
    /// The OAuth client is wrong: mend the configuration.
    FixConfig,
    /// The provider was not reached, or said that it failed or is busy: the same token may be tried
    /// at `retry_at`.
    RetryAt,
    /// The request was sent and no whole answer came: the provider may have rotated the token.
    Lost,
}

/// What was being done to what, and the command that mends it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    pub code: Code,
    /// Lower case, no full stop, never a secret.
    pub message: String,
    /// What to do about it, usually a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Unix seconds; with [`Outcome::RetryAt`], when the time is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<i64>,
    /// The word with which a provider refused (RFC 6749 §5.2). The message may hold more of what it
    /// said, which is for whoever asked: nobody stores that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The choices, with [`Code::Ambiguous`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// The way asked for instead, with [`Code::Declined`] as the answer to an ask.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub use_instead: Option<String>,
}

impl Error {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Error {
            code,
            message: message.into(),
            hint: None,
            outcome: None,
            retry_at: None,
            error: None,
            choices: Vec::new(),
            use_instead: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The login command in its hint, made to mean the connection at `key`: who wrote it, such as a
    /// flow, knows the provider alone.
    #[must_use]
    pub fn about(mut self, key: &crate::Key) -> Self {
        let (command, flags) = (format!("authsome login {}", key.provider), key.flags());
        if let Some(hint) = self.hint.as_mut().filter(|hint| !hint.contains(" --connection "))
            && let Some(end) = hint.find(&command).map(|at| at + command.len())
            && hint[end..].chars().next().is_none_or(|next| matches!(next, ' ' | ',' | ';' | ')'))
        {
            hint.insert_str(end, &flags);
        }
        self
    }

    #[must_use]
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = Some(outcome);
        self
    }

    #[must_use]
    pub fn retry_at(mut self, at: i64) -> Self {
        self.retry_at = Some(at);
        self
    }

    #[must_use]
    pub fn choices(mut self, choices: impl IntoIterator<Item = String>) -> Self {
        self.choices = choices.into_iter().collect();
        self
    }

    /// Returns an error about a fault of the program. Its hint asks for a report.
    pub fn internal(message: impl Into<String>) -> Self {
        Error::new(Code::Internal, message).hint("a fault of authsome: report it, with what AUTHSOME_TRACE=1 shows")
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Error::new(Code::Invalid, message)
    }

    pub fn unavailable(message: impl Into<String>) -> Self {
        Error::new(Code::Unavailable, message)
    }

    /// `op` is not in this helper's vocabulary.
    pub fn unsupported(op: &str) -> Self {
        Error::new(Code::Unsupported, format!("unknown op {:?}", crate::redact::shown(op)))
            .hint("authsome whoami shows which helpers serve; those of one release know the same ops")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_code_is_internal_and_an_unknown_field_is_ignored() {
        let text = r#"{"code":"from-the-future","message":"m","severity":9}"#;
        let error: Error = serde_json::from_str(text).unwrap();
        assert_eq!(error.code, Code::Internal);
        assert_eq!(error.code.exit_status(), 1);
    }

    #[test]
    fn a_login_command_in_a_hint_means_the_connection_it_is_about() {
        let key: crate::Key = "home/notion/work".parse().unwrap();
        for (hint, about) in [
            ("authsome login notion", "authsome login notion --connection work --profile home"),
            ("authsome login notion --force", "authsome login notion --connection work --profile home --force"),
            (
                "mend it: authsome login notion, then",
                "mend it: authsome login notion --connection work --profile home, then",
            ),
            ("authsome login notion --connection other", "authsome login notion --connection other"),
            ("authsome login notion_dcr", "authsome login notion_dcr"),
            ("register the redirect URI", "register the redirect URI"),
        ] {
            assert_eq!(Error::internal("m").hint(hint).about(&key).hint.as_deref(), Some(about));
        }
    }

    #[test]
    fn every_code_survives_the_wire() {
        for code in Code::ALL {
            let text = serde_json::to_string(code).unwrap();
            assert_eq!(text, format!("{:?}", code.as_str()));
            assert_eq!(serde_json::from_str::<Code>(&text).unwrap(), *code);
        }
    }
}
