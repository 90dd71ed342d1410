//! The proxy's own "no": one shape, so that a program can tell it from the provider's answer.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

/// Present on every response that the proxy made itself; removed from every other.
pub const ERROR_HEADER: HeaderName = HeaderName::from_static("x-authsome-error");

/// Rendered as one JSON object `{"code","message","fix","docs"}` with [`ERROR_HEADER`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub status: StatusCode,
    /// Lower-case words joined by `-`; for programs.
    pub code: String,
    /// What was refused; for people. Never a secret.
    pub message: String,
    /// The command or change that mends it.
    pub fix: Option<String>,
    /// Where to read more.
    pub docs: Option<String>,
}

impl Refusal {
    pub fn new(status: StatusCode, code: impl Into<String>, message: impl Into<String>) -> Refusal {
        Refusal { status, code: code.into(), message: message.into(), fix: None, docs: None }
    }

    pub fn fix(mut self, fix: impl Into<String>) -> Refusal {
        self.fix = Some(fix.into());
        self
    }

    pub fn docs(mut self, url: impl Into<String>) -> Refusal {
        self.docs = Some(url.into());
        self
    }

    /// 421: the parties named in one request are not one and the same (RFC 9110 §15.5.20).
    pub(crate) fn misdirected(message: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::MISDIRECTED_REQUEST, "misdirected", message)
            .fix("open one CONNECT per host and name that host in TLS and in the request")
    }

    pub(crate) fn malformed(message: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, "malformed", message)
            .fix("mend the client: only what every server reads alike is passed on (RFC 9112, RFC 9113)")
    }

    pub(crate) fn placeholder(message: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::FORBIDDEN, "placeholder", message).fix(
            "put the placeholder where the provider takes its credential: authsome inspect PROVIDER shows the places",
        )
    }

    pub(crate) fn response(&self) -> Response<Bytes> {
        let body = serde_json::json!({
            "code": self.code, "message": self.message, "fix": self.fix, "docs": self.docs,
        });
        let mut response = Response::new(Bytes::from(body.to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // A code with characters that no header holds is the policy's mistake; the body has it whole.
        let code = HeaderValue::from_str(&self.code).unwrap_or(HeaderValue::from_static("refused"));
        headers.insert(ERROR_HEADER, code);
        if self.status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            headers.insert(header::PROXY_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"authsome\""));
        }
        response
    }
}
