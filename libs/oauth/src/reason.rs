//! What the word in a rejection means, in whoever's spelling.

/// The meaning of an `error` (RFC 6749 §4.1.2.1 and §5.2, RFC 7009 §2.2.1, RFC 8628 §3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The code or refresh token is dead.
    InvalidGrant,
    /// The client is unknown, or its secret is wrong.
    InvalidClient,
    RedirectMismatch,
    AccessDenied,
    InvalidScope,
    AuthorizationPending,
    SlowDown,
    ExpiredToken,
    /// The server revokes no tokens of this kind (RFC 7009 §2.2.1).
    UnsupportedTokenType,
    /// The server's own trouble: nothing was done.
    Temporary,
    Other,
}

impl Reason {
    /// Standard words, and those of vendors that say the same in their own.
    pub fn of(error: &str) -> Reason {
        match error {
            "invalid_grant" | "invalid_token" => Reason::InvalidGrant,
            // GitHub.
            "bad_refresh_token" | "bad_verification_code" => Reason::InvalidGrant,
            // Slack.
            "invalid_refresh_token"
            | "token_revoked"
            | "token_expired"
            | "invalid_auth"
            | "account_inactive"
            | "invalid_code"
            | "code_already_used"
            | "not_authed" => Reason::InvalidGrant,
            // HubSpot.
            "BAD_REFRESH_TOKEN" | "BAD_AUTH_CODE" => Reason::InvalidGrant,
            "invalid_client" | "unauthorized_client" => Reason::InvalidClient,
            // GitHub, Slack, HubSpot.
            "incorrect_client_credentials"
            | "bad_client_secret"
            | "invalid_client_id"
            | "bad_client_id"
            | "BAD_CLIENT_ID"
            | "BAD_CLIENT_SECRET" => Reason::InvalidClient,
            "redirect_uri_mismatch" | "bad_redirect_uri" | "invalid_redirect_uri" => Reason::RedirectMismatch,
            "access_denied" | "authorization_declined" => Reason::AccessDenied,
            "invalid_scope" => Reason::InvalidScope,
            "authorization_pending" => Reason::AuthorizationPending,
            "slow_down" => Reason::SlowDown,
            "expired_token" => Reason::ExpiredToken,
            "unsupported_token_type" => Reason::UnsupportedTokenType,
            "server_error" | "temporarily_unavailable" | "ratelimited" | "rate_limited" => Reason::Temporary,
            _ => Reason::Other,
        }
    }
}
