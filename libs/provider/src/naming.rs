//! The variables that a definition may name.
//!
//! A program may have written the definition, and its variables are set for every command of a session. So
//! a variable that an interpreter, a loader or a package manager obeys is never allowed.

/// The judgement on a variable's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Naming {
    /// The name begins with the provider's own (`NAME_…`) or ends as a credential's does.
    Usual,
    /// Any other name. The variable is set only after a person confirmed it.
    Odd,
    /// The name cannot be a variable's, or programs obey the variable.
    Never,
}

/// Judges `variable` in a definition of `provider`.
pub(crate) fn naming(variable: &str, provider: &str) -> Naming {
    let upper = variable.to_ascii_uppercase();
    let own = upper.strip_prefix(&crate::variable_stem(provider)).is_some_and(|rest| rest.starts_with('_'));
    let credential = CREDENTIAL.iter().any(|suffix| upper.ends_with(suffix));
    if !is_well_formed(variable) || is_obeyed(&upper, own, credential) {
        return Naming::Never;
    }
    if own || credential { Naming::Usual } else { Naming::Odd }
}

/// The ends of names of variables that hold a credential.
const CREDENTIAL: &[&str] = &["_TOKEN", "_KEY", "_APIKEY", "_SECRET", "_PAT", "_PASSWORD"];

/// The variables that shells, loaders, interpreters, compilers, package managers and clients obey, by their manuals.
const OBEYED: &[&str] = &[
    "BASH_ENV",
    "BROWSER",
    "CC",
    "CDPATH",
    "CLASSPATH",
    "CXX",
    "DOCKER_CERT_PATH",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "EDITOR",
    "ENV",
    "FPATH",
    "GCONV_PATH",
    "GEM_HOME",
    "GEM_PATH",
    "GNUPGHOME",
    "GOENV",
    "GOFLAGS",
    "GONOSUMDB",
    "GOPATH",
    "GOPRIVATE",
    "GOPROXY",
    "GOROOT",
    "GOSUMDB",
    "GOTOOLCHAIN",
    "HELM_HOME",
    "HOME",
    "HOSTALIASES",
    "IFS",
    "JAVA_HOME",
    "KUBECONFIG",
    "LESSCLOSE",
    "LESSOPEN",
    "LOCPATH",
    "LUA_CPATH",
    "LUA_INIT",
    "LUA_PATH",
    "MAKEFILES",
    "MAKEFLAGS",
    "MANPAGER",
    "NLSPATH",
    "NODE_PATH",
    "OPENSSL_CONF",
    "OPENSSL_ENGINES",
    "OPENSSL_MODULES",
    "PAGER",
    "PATH",
    "PERL5DB",
    "PERL5LIB",
    "PERLLIB",
    "PHPRC",
    "PHP_INI_SCAN_DIR",
    "PROMPT_COMMAND",
    "PS4",
    "RUBYLIB",
    "RUBYOPT",
    "RUSTC",
    "RUSTDOC",
    "RUSTFLAGS",
    "SHELL",
    "SSH_ASKPASS",
    "SSH_AUTH_SOCK",
    "SUDO_ASKPASS",
    "TERMINFO",
    "TMPDIR",
    "VISUAL",
    "WGETRC",
    "ZDOTDIR",
];

/// The beginnings of names that belong to the loader, to authsome, to git and to TLS, whatever follows.
const NEVER: &[&str] = &["LD_", "DYLD_", "AUTHSOME_", "GIT_", "SSL_"];

/// The beginnings of the names of settings of tools. A credential of such a tool is allowed.
const SETTINGS: &[&str] = &[
    "BUNDLE_",
    "CARGO_",
    "CONDA_",
    "CORECLR_",
    "CURL_",
    "DOTNET_",
    "JDK_",
    "LC_",
    "MAVEN_",
    "NODE_",
    "NPM_CONFIG_",
    "PERL5",
    "PIP_",
    "POETRY_",
    "PYTHON",
    "R_",
    "UV_",
    "XDG_",
    "YARN_",
];

/// The ends of names that lead a program elsewhere or give it code.
const LEADS: &[&str] = &[
    "_PROXY",
    "_OPTIONS",
    "_OPTS",
    "_PRELOAD",
    "_WRAPPER",
    "_CA_BUNDLE",
    "_CERT_FILE",
    "_INDEX_URL",
    "_CONFIG_FILE",
    "_STARTUP",
];

/// Returns whether some program obeys the variable. A `_BASE_URL` leads a client to a host, so a provider may set only
/// its own.
fn is_obeyed(upper: &str, own: bool, credential: bool) -> bool {
    let begins = |beginnings: &[&str]| beginnings.iter().any(|beginning| upper.starts_with(beginning));
    OBEYED.contains(&upper)
        || begins(NEVER)
        || (begins(SETTINGS) && !credential)
        || LEADS.iter().any(|end| upper.ends_with(end))
        || (upper.ends_with("_BASE_URL") && !own)
}

fn is_well_formed(variable: &str) -> bool {
    !variable.is_empty()
        && !variable.starts_with(|c: char| c.is_ascii_digit())
        && variable.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_cannot_take_over_a_variable_that_programs_obey() {
        for name in [
            "PATH",
            "LD_PRELOAD",
            "LD_X_TOKEN",
            "https_proxy",
            "NODE_OPTIONS",
            "NODE_PATH",
            "BASH_ENV",
            "AUTHSOME_HOME",
            "PIP_INDEX_URL",
            "PIP_EXTRA_INDEX_URL",
            "GOPROXY",
            "PYTHONPATH",
            "PYTHONSTARTUP",
            "RUSTC_WRAPPER",
            "CARGO_BUILD_RUSTC",
            "ZDOTDIR",
            "DOCKER_HOST",
            "KUBECONFIG",
            "OPENSSL_CONF",
            "GCONV_PATH",
            "OPENAI_BASE_URL",
            "npm_config_registry",
            "JAVA_TOOL_OPTIONS",
            "REQUESTS_CA_BUNDLE",
            "GIT_ASKPASS",
            "SSL_CERT_FILE",
            "1X",
            "",
            "A-B",
            "A B",
            "X=Y",
        ] {
            assert_eq!(naming(name, "acme"), Naming::Never, "{name}");
        }
    }

    #[test]
    fn the_providers_own_variables_and_those_of_credentials_are_usual_and_the_rest_is_odd() {
        for (name, provider) in [
            ("GH_TOKEN", "github"),
            ("NOTION_ACCESS_TOKEN", "x"),
            ("OPENAI_API_KEY", "x"),
            ("DD_APP_KEY", "datadog"),
            ("ACME_ANYTHING", "acme"),
            ("OPENAI_BASE_URL", "openai"),
            ("NOTION_DCR_X", "notion-dcr"),
            ("CARGO_REGISTRY_TOKEN", "crates"),
            ("NODE_AUTH_TOKEN", "npm"),
            ("PYTHON_INDEX_TOKEN", "x"),
        ] {
            assert_eq!(naming(name, provider), Naming::Usual, "{name}");
        }
        for name in ["ACME", "token", "GITLAB_HOST", "MY_ADDRESS", "ACMEX_URL"] {
            assert_eq!(naming(name, "acme"), Naming::Odd, "{name}");
        }
        // A definition does not own another program's variables by having its name.
        assert_eq!(naming("PIP_INDEX_URL", "pip"), Naming::Never);
        assert_eq!(naming("NODE_OPTIONS", "node"), Naming::Never);
    }
}
