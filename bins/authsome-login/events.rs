//! How a login tells how it goes: lines for a person, or one JSON line per event.

use crate::page::About;
use crate::qr;
use cli::Output;
use proto::ops::flow::Device;
use serde_json::{Value, json};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};

/// The teller.
pub struct Events<'a>(pub &'a Output);

impl Events<'_> {
    pub fn note(&self, text: &str) {
        self.tell(text, || json!({"event": "note", "text": text}));
    }

    /// The addresses of a step, whole: the local one (for a tunnel), and the provider's (to paste back from).
    pub fn addresses(&self, local: &str, listener: SocketAddr, provider: Option<&str>) {
        let tunnel = format!("ssh -L {} THIS-MACHINE", forwarded(listener));
        let mut text = format!(
            "Open this address in a browser on this machine:\n  {local}\n\
             or on yours, once this tunnel stands:\n  {tunnel}\n"
        );
        if let Some(provider) = provider {
            text.push_str(&format!("Or open this one anywhere, and paste the address you end at:\n  {provider}\n"));
        }
        self.need(
            text.trim_end(),
            || json!({"event": "open", "url": local, "provider_url": provider, "tunnel": tunnel}),
        );
    }

    /// Tells where the person finds the values that a form asks for, and what to register there. The page says the
    /// same.
    pub fn source(&self, about: &About) {
        let place = about.dashboard_url.as_deref().map(proto::redact::shown);
        let text = match (&about.redirect_uri, &place) {
            (Some(uri), place) => {
                let place = place.as_deref().unwrap_or(&about.provider);
                format!("First create an OAuth app at {place}\nIt asks for a redirect URI, which is\n  {uri}")
            }
            (None, Some(place)) => format!("You find it at {place}"),
            (None, None) => return,
        };
        let docs = about.docs_url.as_deref().map(proto::redact::shown);
        let explained = docs.as_ref().map(|url| format!("\n{} explains it at {url}", about.provider));
        self.tell(
            &(text + &explained.unwrap_or_default()),
            || json!({"event": "form", "redirect_uri": about.redirect_uri, "dashboard_url": place, "docs_url": docs}),
        );
    }

    /// Tells that the person ended the terminal's input.
    pub fn terminal_closed(&self) {
        self.note("Nothing more is read from the terminal. The page still waits (Ctrl-C ends the login).");
    }

    /// Another login has the port.
    pub fn turn(&self, port: u16) {
        let text = format!("Another login is using port {port}; waiting for it … (Ctrl-C ends this one)");
        self.tell(&text, || json!({"event": "waiting", "for": "another login", "port": port}));
    }

    /// What the login now waits for.
    pub fn waiting(&self, what: &str) {
        self.tell(
            &format!("Waiting for {what} … (Ctrl-C ends the login)"),
            || json!({"event": "waiting", "for": what}),
        );
    }

    /// A code to enter elsewhere; `complete` is an address that already holds it.
    pub fn device(&self, device: &Device, complete: Option<&str>) {
        let mut text = format!("Open {} on any device and enter this code:\n\n", device.verification_uri);
        text.push_str(&framed(&proto::redact::shown(&device.user_code)));
        if let Some(complete) = complete {
            text.push_str(&format!("\nOr open {complete}\n"));
            text.extend(qr::for_terminal(complete).map(|code| format!("or scan it:\n\n{code}")));
        }
        self.need(text.trim_end_matches('\n'), || {
            json!({"event": "device", "user_code": device.user_code, "verification_uri": device.verification_uri,
                   "verification_uri_complete": complete, "expires_at": device.expires_at})
        });
    }

    /// The end: connected.
    pub fn connected(&self, already: bool, summary: &Value, text: &str) {
        if self.0.is_json() {
            let mut event = json!({"event": if already { "already-connected" } else { "connected" }});
            if let (Some(event), Some(summary)) = (event.as_object_mut(), summary.as_object()) {
                event.extend(summary.clone());
            }
            return self.0.progress(&event.to_string());
        }
        self.0.note(text);
    }

    /// What the login cannot go on without is also said when quiet.
    fn need(&self, text: &str, event: impl FnOnce() -> Value) {
        if self.0.is_json() {
            return self.0.progress(&event().to_string());
        }
        // Nobody is left to read it when stderr is gone.
        let _ = std::io::stderr().lock().write_all(format!("{text}\n").as_bytes());
    }

    fn tell(&self, text: &str, event: impl FnOnce() -> Value) {
        if self.0.is_json() { self.0.progress(&event().to_string()) } else { self.0.note(text) }
    }
}

/// The same address at both ends; ssh listens on 127.0.0.1 where none is named.
fn forwarded(listener: SocketAddr) -> String {
    let port = listener.port();
    let near = if listener.ip() == Ipv4Addr::LOCALHOST { port.to_string() } else { listener.to_string() };
    format!("{near}:{listener}")
}

/// Large enough to be read from across a desk, and still one word to copy.
fn framed(code: &str) -> String {
    let wide: String = code.chars().map(|letter| format!("{letter} ")).collect();
    let line = "─".repeat(wide.chars().count() + 5);
    format!("    ┌{line}┐\n    │   {wide}  │\n    └{line}┘\n    {code}\n")
}

#[cfg(test)]
mod tests {
    use super::forwarded;

    #[test]
    fn a_tunnel_ends_where_the_page_listens() {
        for (listener, tunnel) in [
            ("127.0.0.1:7998", "7998:127.0.0.1:7998"),
            ("[::1]:7999", "[::1]:7999:[::1]:7999"),
            ("127.0.0.2:80", "127.0.0.2:80:127.0.0.2:80"),
        ] {
            assert_eq!(forwarded(listener.parse().unwrap()), tunnel);
        }
    }
}
