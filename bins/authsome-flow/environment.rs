//! What the user's environment says of the network: the only place that this program reads it.

use flows::http::{Settings, Variable};
use std::path::PathBuf;

/// Lower case wins, as with curl; an empty value is none.
pub fn settings() -> Settings {
    let all = variable(&["all_proxy", "ALL_PROXY"]);
    Settings {
        https_proxy: variable(&["https_proxy", "HTTPS_PROXY"]).or_else(|| all.clone()),
        http_proxy: variable(&["http_proxy", "HTTP_PROXY"]).or(all),
        no_proxy: variable(&["no_proxy", "NO_PROXY"]).map(|variable| variable.value),
        cert_file: path("SSL_CERT_FILE"),
        cert_dir: path("SSL_CERT_DIR"),
    }
}

fn variable(names: &[&str]) -> Option<Variable> {
    let set =
        names.iter().filter_map(|name| Some(Variable { name: (*name).to_owned(), value: std::env::var(name).ok()? }));
    set.into_iter().find(|variable| !variable.value.trim().is_empty())
}

fn path(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
