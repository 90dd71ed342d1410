//! Settings that are kept although they lead a client elsewhere: past the proxy, or to a host that is not the
//! provider's. They may be what the person wants, so the person is told and decides.

use crate::inherited::{Action, Row, row};
use proto::ops::credential::{Route, Target};
use std::collections::BTreeMap;
use std::path::Path;

/// The ends of variables that hold a credential, the longest first. The text before the end names the SDK.
const CREDENTIAL_ENDS: &[&str] = &["_ACCESS_TOKEN", "_API_TOKEN", "_API_KEY", "_TOKEN", "_KEY"];

/// The most bytes that are read of a configuration file, far above any real one.
const LARGEST_FILE_BYTES: u64 = 1 << 20;

/// Returns a line for each inherited variable that leads elsewhere.
pub fn warnings(inherited: &BTreeMap<String, String>, routes: &[Route]) -> Vec<String> {
    let warning = |(name, value): (&String, &String)| {
        let row = row(name).filter(|_| !value.is_empty())?;
        match row.action {
            Action::WarnOf(parts) => {
                let part = parts.iter().find(|part| value.contains(**part))?;
                Some(format!("{name} has {part}, which {} prefers to the session's proxy and roots", row.read_by))
            }
            Action::WarnOfFile(file, settings) => {
                let path = if file.is_empty() { value.into() } else { Path::new(value).join(file) };
                let setting = setting_in(&path, settings)?;
                Some(format!(
                    "{} ({name}) sets {setting}, which {} prefers to the session's",
                    path.display(),
                    row.read_by
                ))
            }
            Action::WarnOfHost => led_to_another_host(name, value, row, routes),
            _ => None,
        }
    };
    inherited.iter().filter_map(warning).collect()
}

/// Returns the first of `settings` that the file has. A setting stands at the beginning of a line, before ` `, `=` or
/// `:`.
fn setting_in(path: &Path, settings: &[&'static str]) -> Option<&'static str> {
    let is_small = |metadata: &std::fs::Metadata| metadata.is_file() && metadata.len() <= LARGEST_FILE_BYTES;
    std::fs::metadata(path).ok().filter(is_small)?;
    let text = String::from_utf8_lossy(&std::fs::read(path).ok()?).to_ascii_lowercase();
    let keys =
        text.lines().filter_map(|line| line.trim_start_matches([' ', '\t', '-']).split([' ', '\t', '=', ':']).next());
    // wget takes `-` for `_`, and upper case.
    let keys: Vec<String> = keys.map(|key| key.replace('_', "-")).collect();
    settings.iter().find(|setting| keys.contains(&setting.replace('_', "-"))).copied()
}

/// Returns a warning about a variable such as `OPENAI_BASE_URL` beside `OPENAI_API_KEY` when its host is not the
/// provider's.
fn led_to_another_host(name: &str, value: &str, row: &Row, routes: &[Route]) -> Option<String> {
    let reads = |route: &&Route| {
        let mut sdks =
            route.env.keys().filter_map(|variable| CREDENTIAL_ENDS.iter().find_map(|end| variable.strip_suffix(end)));
        sdks.any(|sdk| row.names.iter().any(|end| name.strip_prefix(sdk) == end.strip_prefix('*')))
    };
    let route = routes.iter().find(reads)?;
    let address = if value.contains("://") { value.to_owned() } else { format!("https://{value}") };
    let host = url::Url::parse(&address).ok()?.host_str()?.to_owned();
    if route.targets.iter().any(|target| is_host_of(&host, target)) {
        return None;
    }
    let provider = &route.provider;
    Some(format!(
        "{name} leads to {host}, which is no host of {provider}: no credential goes there (unset {name}, or leave {provider} out by --only)"
    ))
}

fn is_host_of(host: &str, target: &Target) -> bool {
    match target.host.strip_prefix('*') {
        Some(below) => host.ends_with(below),
        None => host == target.host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn openai() -> Route {
        Route {
            provider: "openai".parse().unwrap(),
            connection: None,
            choices: Vec::new(),
            targets: vec![Target { host: "api.openai.com".to_owned(), port: 443, path: None }],
            except: Vec::new(),
            former: Vec::new(),
            env: [("OPENAI_API_KEY".to_owned(), "x".to_owned())].into(),
            places: Vec::new(),
            private_network: false,
        }
    }

    fn told(name: &str, value: &str) -> Vec<String> {
        warnings(&[(name.to_owned(), value.to_owned())].into(), &[openai()])
    }

    #[test]
    fn a_base_url_of_another_host_is_told_and_one_of_the_providers_own_is_not() {
        for name in ["OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_API_HOST"] {
            let told = told(name, "http://localhost:11434/v1");
            assert!(told.len() == 1 && told[0].contains(&format!("{name} leads to localhost")), "{told:?}");
        }
        for (name, value) in [
            ("OPENAI_BASE_URL", "https://api.openai.com/v1"),
            ("OPENAI_API_HOST", "api.openai.com"),
            ("ACME_BASE_URL", "https://acme.test"),
            ("MY_OPENAI_BASE_URL", "https://acme.test"),
            ("OPENAI_BASE_URL", ""),
        ] {
            assert_eq!(told(name, value), [] as [String; 0], "{name}={value}");
        }
    }

    #[test]
    fn javas_own_proxy_is_told_and_other_options_are_not() {
        assert_eq!(told("JAVA_TOOL_OPTIONS", "-Xmx1g -Dhttps.proxyHost=a").len(), 1);
        assert_eq!(told("_JAVA_OPTIONS", "-Djavax.net.ssl.trustStore=a").len(), 1);
        assert_eq!(told("JAVA_TOOL_OPTIONS", "-Xmx1g"), [] as [String; 0]);
    }

    #[test]
    fn a_proxy_in_a_file_that_a_variable_names_is_told() {
        let folder = tempfile::tempdir().unwrap();
        for (variable, file, text, said) in [
            ("WGETRC", "wgetrc", "# https_proxy = a\nHTTPS-Proxy = http://a\n", Some("https_proxy")),
            ("WGETRC", "wgetrc", "# https_proxy = a\n", None),
            ("CURL_HOME", ".curlrc", "--proxy http://a\n", Some("proxy")),
            ("CURL_HOME", ".curlrc", "silent\n", None),
            ("npm_config_userconfig", "npmrc", "https-proxy=http://a\n", Some("https-proxy")),
            ("GIT_CONFIG_GLOBAL", "gitconfig", "[http]\n\tproxy = http://a\n", Some("proxy")),
            ("PIP_CONFIG_FILE", "pip.conf", "[global]\nproxy: http://a\n", Some("proxy")),
            ("CARGO_HOME", "config.toml", "[http]\nproxy = \"a\"\n", Some("proxy")),
        ] {
            let path = folder.path().join(file);
            std::fs::write(&path, text).unwrap();
            let is_folder = ["CURL_HOME", "CARGO_HOME"].contains(&variable);
            let value = if is_folder { folder.path() } else { &path };
            let told = told(variable, value.to_str().unwrap());
            assert_eq!(told.len(), usize::from(said.is_some()), "{variable}: {told:?}");
            assert!(said.is_none_or(|said| told[0].contains(&format!("sets {said},"))), "{told:?}");
        }
    }
}
