//! The table of inherited variables by which a client can be led past the session's proxy or its roots. Each row says
//! which programs read the variable and what the command gets. `environment` acts by the table and `man authsome-run`
//! shows it.
//!
//! A name belongs here only if its program's own documentation has it. Nothing here acts.

/// A decision about some variables.
#[derive(Debug)]
pub struct Row {
    /// The names of the variables. In front of a name, `*` stands for any beginning.
    pub names: &'static [&'static str],
    /// The programs that read them.
    pub read_by: &'static str,
    pub action: Action,
}

/// The ways to treat an inherited variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Every command gets this value.
    Set(Value),
    /// The command gets this value if the variable was inherited. Its program prefers it to the common variables.
    Replace(Value),
    /// The command does not get it.
    Drop,
    /// The command gets it without the settings of git that name a proxy.
    DropGitProxy,
    /// The command gets it, and the person is warned when it contains one of these.
    WarnOf(&'static [&'static str]),
    /// The command gets it, and the person is warned when the file that it names has one of these settings. The first
    /// text is the file's name where the variable names a directory.
    WarnOfFile(&'static str, &'static [&'static str]),
    /// The command gets it, and the person is warned when it leads a client of a connected provider to another host.
    WarnOfHost,
    /// The command gets it, for this reason.
    Keep(&'static str),
}

/// A value of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// The proxy's address, with its password.
    Proxy,
    /// The hosts that clients reach without the proxy.
    Direct,
    /// A file with all roots: those of the system, the person and the session.
    Roots,
    /// A file with the extra roots of the person and the root of the session.
    ExtraRoots,
    /// The text `1`.
    One,
}

use Action::{Drop, DropGitProxy, Keep, Replace, Set, WarnOf, WarnOfFile, WarnOfHost};
use Value::{Direct, ExtraRoots, One, Proxy, Roots};

/// The rows of the table. The first row that has a name decides.
pub const TABLE: &[Row] = &[
    Row {
        names: &["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"],
        read_by: "most clients",
        action: Set(Proxy),
    },
    Row { names: &["NO_PROXY", "no_proxy"], read_by: "most clients", action: Set(Direct) },
    Row { names: &["NODE_USE_ENV_PROXY"], read_by: "Node from 22.21 and 24 on", action: Set(One) },
    Row { names: &["SSL_CERT_FILE"], read_by: "OpenSSL, Go, rustls, Ruby, httpx, uv", action: Set(Roots) },
    Row { names: &["CURL_CA_BUNDLE"], read_by: "curl", action: Set(Roots) },
    Row { names: &["REQUESTS_CA_BUNDLE"], read_by: "requests", action: Set(Roots) },
    Row { names: &["GIT_SSL_CAINFO"], read_by: "git", action: Set(Roots) },
    Row { names: &["CARGO_HTTP_CAINFO"], read_by: "cargo", action: Set(Roots) },
    Row { names: &["PIP_CERT"], read_by: "pip", action: Set(Roots) },
    Row { names: &["npm_config_cafile"], read_by: "npm", action: Set(Roots) },
    Row { names: &["AWS_CA_BUNDLE"], read_by: "AWS", action: Set(Roots) },
    Row { names: &["HTTPLIB2_CA_CERTS"], read_by: "httplib2", action: Set(Roots) },
    Row { names: &["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"], read_by: "gRPC", action: Set(Roots) },
    Row { names: &["NIX_SSL_CERT_FILE"], read_by: "Nix", action: Set(Roots) },
    Row { names: &["CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE"], read_by: "gcloud", action: Set(Roots) },
    Row { names: &["NODE_EXTRA_CA_CERTS"], read_by: "Node, Bun", action: Set(ExtraRoots) },
    Row { names: &["DENO_CERT"], read_by: "Deno", action: Set(ExtraRoots) },
    Row { names: &["CARGO_HTTP_PROXY"], read_by: "cargo", action: Replace(Proxy) },
    Row { names: &["PIP_PROXY"], read_by: "pip", action: Replace(Proxy) },
    Row {
        names: &["npm_config_proxy", "npm_config_http_proxy", "npm_config_https_proxy"],
        read_by: "npm, axios",
        action: Replace(Proxy),
    },
    Row { names: &["npm_config_noproxy", "npm_config_no_proxy"], read_by: "npm, axios", action: Replace(Direct) },
    Row { names: &["YARN_HTTP_PROXY", "YARN_HTTPS_PROXY"], read_by: "Yarn from 2 on", action: Replace(Proxy) },
    Row {
        names: &["GLOBAL_AGENT_HTTP_PROXY", "GLOBAL_AGENT_HTTPS_PROXY"],
        read_by: "global-agent in Node",
        action: Replace(Proxy),
    },
    Row { names: &["GLOBAL_AGENT_NO_PROXY"], read_by: "global-agent in Node", action: Replace(Direct) },
    Row { names: &["grpc_proxy"], read_by: "gRPC", action: Replace(Proxy) },
    Row { names: &["no_grpc_proxy"], read_by: "gRPC", action: Replace(Direct) },
    Row { names: &["ws_proxy", "wss_proxy"], read_by: "curl", action: Replace(Proxy) },
    Row {
        names: &["*_HTTP_PROXY", "*_HTTPS_PROXY", "*_ALL_PROXY"],
        read_by: "others, by custom",
        action: Replace(Proxy),
    },
    Row { names: &["*_NO_PROXY"], read_by: "others, by custom", action: Replace(Direct) },
    Row { names: &["BUNDLE_SSL_CA_CERT"], read_by: "Bundler", action: Replace(Roots) },
    Row { names: &["PERL_LWP_SSL_CA_FILE", "HTTPS_CA_FILE"], read_by: "Perl's LWP", action: Replace(Roots) },
    Row { names: &["WEBSOCKET_CLIENT_CA_BUNDLE"], read_by: "websocket-client", action: Replace(Roots) },
    Row { names: &["JULIA_SSL_CA_ROOTS_PATH"], read_by: "Julia", action: Replace(Roots) },
    Row { names: &["YARN_HTTPS_CA_FILE_PATH"], read_by: "Yarn from 2 on", action: Replace(Roots) },
    Row { names: &["HEX_CACERTS_PATH"], read_by: "Hex", action: Replace(Roots) },
    Row { names: &["npm_config_ca"], read_by: "npm", action: Drop },
    Row {
        names: &[
            "CLOUDSDK_PROXY_TYPE",
            "CLOUDSDK_PROXY_ADDRESS",
            "CLOUDSDK_PROXY_PORT",
            "CLOUDSDK_PROXY_USERNAME",
            "CLOUDSDK_PROXY_PASSWORD",
            "CLOUDSDK_PROXY_RDNS",
        ],
        read_by: "gcloud",
        action: Drop,
    },
    Row { names: &["GIT_HTTP_PROXY_AUTHMETHOD"], read_by: "git", action: Drop },
    Row { names: &["GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS"], read_by: "git", action: DropGitProxy },
    Row {
        names: &["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "MAVEN_OPTS", "GRADLE_OPTS"],
        read_by: "Java",
        action: WarnOf(&["proxyHost", "ProxyHost", "nonProxyHosts", "useSystemProxies", "javax.net.ssl.trustStore"]),
    },
    Row { names: &["NODE_OPTIONS"], read_by: "Node", action: WarnOf(&["--no-use-env-proxy"]) },
    Row {
        names: &["CURL_HOME"],
        read_by: "curl",
        action: WarnOfFile(".curlrc", &["proxy", "preproxy", "noproxy", "cacert", "capath"]),
    },
    Row {
        names: &["WGETRC"],
        read_by: "wget",
        action: WarnOfFile(
            "",
            &["http_proxy", "https_proxy", "no_proxy", "use_proxy", "ca_certificate", "ca_directory"],
        ),
    },
    Row {
        names: &["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"],
        read_by: "git, cargo",
        action: WarnOfFile("", &["proxy"]),
    },
    Row {
        names: &["npm_config_userconfig", "npm_config_globalconfig"],
        read_by: "npm",
        action: WarnOfFile("", &["proxy", "http-proxy", "https-proxy", "noproxy", "ca"]),
    },
    Row { names: &["PIP_CONFIG_FILE"], read_by: "pip", action: WarnOfFile("", &["proxy"]) },
    Row { names: &["CARGO_HOME"], read_by: "cargo", action: WarnOfFile("config.toml", &["proxy"]) },
    Row {
        names: &["UV_CONFIG_FILE"],
        read_by: "uv",
        action: WarnOfFile("", &["http-proxy", "https-proxy", "no-proxy"]),
    },
    Row {
        names: &["*_BASE_URL", "*_API_BASE", "*_API_BASE_URL", "*_API_URL", "*_API_HOST"],
        read_by: "SDKs of providers",
        action: WarnOfHost,
    },
    Row {
        names: &["SSL_CERT_DIR", "GIT_SSL_CAPATH", "PERL_LWP_SSL_CA_PATH", "HTTPS_CA_DIR"],
        read_by: "OpenSSL, Go, git, Perl's LWP",
        action: Keep("its roots are trusted besides"),
    },
    Row {
        names: &["DENO_TLS_CA_STORE", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS"],
        read_by: "Deno, uv",
        action: Keep("the session's root is trusted all the same"),
    },
    Row {
        names: &[
            "GIT_SSL_NO_VERIFY",
            "NODE_TLS_REJECT_UNAUTHORIZED",
            "PYTHONHTTPSVERIFY",
            "npm_config_strict_ssl",
            "PIP_TRUSTED_HOST",
            "UV_INSECURE_HOST",
            "BUNDLE_SSL_VERIFY_MODE",
        ],
        read_by: "git, Node, Python, npm, pip, uv, Bundler",
        action: Keep("the proxy checks the provider's certificate all the same"),
    },
    Row {
        names: &["AUTHSOME_JSON", "AUTHSOME_QUIET", "AUTHSOME_TRACE", "AUTHSOME_EXEC_PATH"],
        read_by: "authsome",
        action: Drop,
    },
];

/// The other things that a process inherits, and what the command gets of them.
pub const KERNEL: &[(&str, &str)] = &[
    ("ignored signals", "the same ones; `run` itself takes back SIGCHLD, and heeds all that are not ignored"),
    ("blocked signals", "the same ones; `run` itself blocks none"),
    ("stdin, stdout, stderr", "the same; a closed one is `/dev/null`"),
    ("other descriptors", "the same ones; no helper gets them"),
    ("limits", "the same, but for `RLIMIT_LOCKS`, by which authsome knows who is inside a session"),
    ("niceness, umask, working directory", "the same"),
    ("terminal, process group", "the same; when the terminal goes away, so does the session, but under nohup(1)"),
];

impl Row {
    /// Returns whether this row is about the variable. Upper and lower case count as equal, since programs differ about
    /// them.
    pub fn is_about(&self, variable: &str) -> bool {
        self.names.iter().any(|name| match name.strip_prefix('*') {
            Some(end) => {
                let at = variable.len().checked_sub(end.len()).filter(|at| *at > 0);
                at.and_then(|at| variable.get(at..)).is_some_and(|found| found.eq_ignore_ascii_case(end))
            }
            None => name.eq_ignore_ascii_case(variable),
        })
    }
}

/// Returns the row that decides about a variable.
pub fn row(variable: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.is_about(variable))
}

/// Returns the table in Markdown, as the manual has it.
#[allow(dead_code)] // The generator of the manual includes this file.
pub fn markdown() -> String {
    let mut text = String::from("| variable | read by | what the command gets |\n|---|---|---|\n");
    for row in TABLE {
        let names: Vec<String> = row.names.iter().map(|name| format!("`{name}`")).collect();
        text.push_str(&format!("| {} | {} | {} |\n", names.join(", "), row.read_by, row.action.told()));
    }
    text.push_str("\n| inherited otherwise | what the command gets |\n|---|---|\n");
    KERNEL.iter().for_each(|(what, gets)| text.push_str(&format!("| {what} | {gets} |\n")));
    text
}

impl Action {
    fn told(self) -> String {
        let words = |words: &[&str]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        match self {
            Set(value) => value.told().to_owned(),
            Replace(value) => format!("if inherited, {}", value.told()),
            Drop => "nothing".to_owned(),
            DropGitProxy => "the same, without settings of a proxy".to_owned(),
            WarnOf(parts) => format!("the same, with a warning of {}", words(parts)),
            WarnOfFile("", settings) => format!("the same, with a warning if the file sets {}", words(settings)),
            WarnOfFile(file, settings) => {
                format!("the same, with a warning if `{file}` there sets {}", words(settings))
            }
            WarnOfHost => "the same, with a warning if it leads a connected provider's client elsewhere".to_owned(),
            Keep(why) => format!("the same: {why}"),
        }
    }
}

impl Value {
    fn told(self) -> &'static str {
        match self {
            Proxy => "the session's proxy",
            Direct => "loopback and your exceptions",
            Roots => "all roots",
            ExtraRoots => "your extra roots and the session's",
            One => "`1`",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_has_two_decisions() {
        for (at, row) in TABLE.iter().enumerate() {
            for name in row.names.iter().filter(|name| !name.starts_with('*')) {
                let first = TABLE.iter().position(|other| other.is_about(name));
                assert_eq!(first, Some(at), "{name}");
            }
        }
    }

    #[test]
    fn a_name_is_found_in_any_case_and_by_its_end() {
        assert_eq!(row("NPM_CONFIG_HTTPS_PROXY").unwrap().action, Replace(Proxy));
        assert_eq!(row("Https_Proxy").unwrap().action, Set(Proxy));
        assert_eq!(row("UV_HTTPS_PROXY").unwrap().action, Replace(Proxy));
        assert_eq!(row("ACME_BASE_URL").unwrap().action, WarnOfHost);
        assert!(row("_BASE_URL").is_none() && row("PATH").is_none() && row("ÄÖ_URL").is_none());
    }
}
