//! What servers say of themselves, and what is not believed.

use crate::script::Script;
use oauth::Error;
use oauth::metadata::{Server, resource, server};

fn ask(script: &Script, issuer: &str) -> Result<Server, Error> {
    server(script, &Default::default(), issuer, false)
}

fn document(issuer: &str, rest: &str) -> String {
    format!(
        r#"{{"issuer":"{issuer}","authorization_endpoint":"https://as.test/a","token_endpoint":"https://as.test/t"{rest}}}"#
    )
}

#[test]
fn the_well_known_path_goes_before_the_issuers_own() {
    let script = Script::new()
        .then(404, "text/html", "")
        .then(404, "text/html", "")
        .json(200, &document("https://as.test/tenant", r#","registration_endpoint":"https://as.test/r""#));
    let found = ask(&script, "https://as.test/tenant").unwrap();
    assert_eq!(found.registration.unwrap().as_str(), "https://as.test/r");
    assert_eq!(found.token_auth_methods, ["client_secret_basic"]);
    for (n, line) in [
        "GET https://as.test/.well-known/oauth-authorization-server/tenant",
        "GET https://as.test/.well-known/openid-configuration/tenant",
        "GET https://as.test/tenant/.well-known/openid-configuration",
    ]
    .iter()
    .enumerate()
    {
        assert_eq!(script.sent(n).line, *line);
    }
}

#[test]
fn a_site_that_answers_every_path_with_a_page_has_no_document_there() {
    let page = |script: Script| script.then(200, "text/html", "<!doctype html><title>App</title>");
    let script = page(page(Script::new())).json(200, &document("https://as.test/tenant", ""));
    assert!(ask(&script, "https://as.test/tenant").is_ok());
    let nowhere = page(page(page(Script::new())));
    assert!(ask(&nowhere, "https://as.test/tenant").unwrap_err().is_missing());
}

#[test]
fn the_definitions_headers_go_along_but_for_those_that_authenticate_or_frame() {
    let headers =
        [("notion-version", "1"), ("authorization", "Bearer x"), ("host", "evil.test"), ("content-length", "9")];
    let headers = headers.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    let script = Script::new().json(200, &document("https://as.test", ""));
    server(&script, &headers, "https://as.test", false).unwrap();
    assert_eq!(script.header_names(0), ["accept", "notion-version"]);
}

#[test]
fn a_document_about_another_issuer_is_not_believed() {
    for other in ["https://evil.test", "https://as.test/", "https://AS.test"] {
        let script = Script::new().json(200, &document(other, ""));
        assert!(ask(&script, "https://as.test").is_err(), "{other}");
        assert_eq!(script.count(), 1, "the next place must not be tried");
    }
}

#[test]
fn endpoints_must_be_https_and_pkce_must_be_s256() {
    for rest in [
        r#","registration_endpoint":"http://as.test/r""#,
        r#","revocation_endpoint":"http://169.254.169.254/""#,
        r#","code_challenge_methods_supported":["plain"]"#,
        r#","code_challenge_methods_supported":[]"#,
    ] {
        assert!(
            ask(&Script::new().json(200, &document("https://as.test", rest)), "https://as.test").is_err(),
            "{rest}"
        );
    }
    let good =
        r#","code_challenge_methods_supported":["plain","S256"],"authorization_response_iss_parameter_supported":true"#;
    let found = ask(&Script::new().json(200, &document("https://as.test", good)), "https://as.test").unwrap();
    assert!(found.sends_iss);
    assert!(ask(&Script::new(), "http://as.test").is_err());
}

#[test]
fn a_redirect_or_a_failing_server_ends_the_search() {
    for status in [302, 500, 429] {
        let script = Script::new().then(status, "text/html", "");
        assert!(ask(&script, "https://as.test").is_err());
        assert_eq!(script.count(), 1, "{status}");
    }
}

#[test]
fn a_resource_names_its_servers() {
    let script = Script::new().json(
        200,
        r#"{"resource":"https://mcp.test/mcp","authorization_servers":["https://as.test"],"scopes_supported":["read"]}"#,
    );
    let found = resource(&script, &Default::default(), "https://mcp.test/mcp", false).unwrap();
    assert_eq!(found.authorization_servers, ["https://as.test"]);
    assert_eq!(found.scopes, ["read"]);
    assert_eq!(script.sent(0).line, "GET https://mcp.test/.well-known/oauth-protected-resource/mcp");
}

#[test]
fn the_origins_own_document_serves_a_resource_below_it() {
    let script = Script::new().then(404, "text/plain", "").json(200, r#"{"resource":"https://mcp.test"}"#);
    assert!(resource(&script, &Default::default(), "https://mcp.test/mcp", false).is_ok());
    assert_eq!(script.sent(1).line, "GET https://mcp.test/.well-known/oauth-protected-resource");
}

#[test]
fn a_document_about_another_resource_is_not_believed() {
    for other in ["https://evil.test/mcp", "https://mcp.test/other", "http://mcp.test/mcp"] {
        let body = format!(r#"{{"resource":"{other}","authorization_servers":["https://evil.test"]}}"#);
        let script = Script::new().json(200, &body);
        assert!(resource(&script, &Default::default(), "https://mcp.test/mcp", false).is_err(), "{other}");
    }
}
