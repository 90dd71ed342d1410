//! How a login tells how it goes: lines for a person, or one JSON line per event.

use cli::Output;
use proto::ops::flow::Device;
use serde_json::{Value, json};

/// The teller.
pub struct Events<'a>(pub &'a Output);

impl Events<'_> {
    pub fn note(&self, text: &str) {
        self.tell(text, || json!({"event": "note", "text": text}));
    }

    /// The addresses of a step, whole: the local one (for a tunnel), and the provider's (to paste back from).
    pub fn addresses(&self, local: &str, port: u16, provider: Option<&str>) {
        let mut text = format!("Open this address in a browser on this machine:\n  {local}\n");
        if over_ssh() {
            text.push_str(&format!("From another machine, first: ssh -L {port}:127.0.0.1:{port} THIS-MACHINE\n"));
        }
        if let Some(provider) = provider {
            text.push_str(&format!("Or open this one anywhere, and paste the address you end at:\n  {provider}\n"));
        }
        self.tell(text.trim_end(), || json!({"event": "open", "url": local, "provider_url": provider}));
    }

    /// What the login now waits for.
    pub fn waiting(&self, what: &str) {
        self.tell(
            &format!("Waiting for {what} … (Ctrl-C ends the login)"),
            || json!({"event": "waiting", "for": what}),
        );
    }

    pub fn device(&self, device: &Device) {
        let text = format!(
            "Open {} and enter the code\n\n    {}\n",
            proto::redact::shown(&device.verification_uri),
            proto::redact::shown(&device.user_code)
        );
        self.tell(&text, || {
            json!({"event": "device", "user_code": device.user_code, "verification_uri": device.verification_uri,
                   "verification_uri_complete": device.verification_uri_complete, "expires_at": device.expires_at})
        });
    }

    /// The end: connected.
    pub fn connected(&self, already: bool, summary: &Value, text: &str) {
        if self.0.is_json() {
            let mut event = json!({"event": if already { "already-connected" } else { "connected" }});
            if let (Some(event), Some(summary)) = (event.as_object_mut(), summary.as_object()) {
                event.extend(summary.clone());
            }
            return self.0.document(&event);
        }
        self.0.note(text);
    }

    fn tell(&self, text: &str, event: impl FnOnce() -> Value) {
        if self.0.is_json() { self.0.document(&event()) } else { self.0.note(text) }
    }
}

fn over_ssh() -> bool {
    std::env::var_os("SSH_CONNECTION").is_some()
}
