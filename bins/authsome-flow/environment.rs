//! What the user's environment says of the network: the only place that this program reads it.

use flows::http::Settings;
use std::path::PathBuf;

/// Lower case wins, as with curl; an empty value is none.
pub fn settings() -> Settings {
    let all = text(&["all_proxy", "ALL_PROXY"]);
    Settings {
        https_proxy: text(&["https_proxy", "HTTPS_PROXY"]).or_else(|| all.clone()),
        http_proxy: text(&["http_proxy", "HTTP_PROXY"]).or(all),
        no_proxy: text(&["no_proxy", "NO_PROXY"]),
        cert_file: path("SSL_CERT_FILE"),
        cert_dir: path("SSL_CERT_DIR"),
    }
}

fn text(names: &[&str]) -> Option<String> {
    names.iter().filter_map(|name| std::env::var(name).ok()).find(|value| !value.trim().is_empty())
}

fn path(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
