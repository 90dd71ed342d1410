//! What servers say of themselves, and what is not believed.

use crate::script::Script;
use oauth::Error;
use oauth::metadata::{Resource, Server, resource, server};

fn ask(script: &Script, issuer: &str) -> Result<Server, Error> {
    server(script, &Default::default(), issuer, false)
}

fn ask_resource(script: &Script, named: Option<&str>) -> Result<Resource, Error> {
    resource(script, &Default::default(), "https://mcp.test/mcp", named, false)
}

/// The places of an error that found nothing, each with what it said.
fn tried(error: Error) -> Vec<(String, String)> {
    let Error::NowhereFound { tried, .. } = error else { panic!("{error:?}") };
    tried.into_iter().map(|tried| (tried.place, tried.said.to_string())).collect()
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
    assert_eq!(tried(ask(&nowhere, "https://as.test/tenant").unwrap_err()).len(), 3);
}

#[test]
fn the_definitions_headers_go_along_but_for_those_that_authenticate_or_frame() {
    let headers =
        [("notion-version", "1"), ("authorization", "Bearer x"), ("host", "evil.test"), ("content-length", "9")];
    let headers = headers.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    let script = Script::new().json(200, &document("https://as.test", ""));
    server(&script, &headers, "https://as.test", false).unwrap();
    assert_eq!(script.header_names(0), ["accept", "accept-encoding", "notion-version"]);
}

#[test]
fn a_document_about_another_issuer_is_not_believed() {
    for other in ["https://evil.test", "https://as.test/a", "https://AS.test", "https://as.test//"] {
        let script = Script::new().json(200, &document(other, ""));
        assert!(ask(&script, "https://as.test").is_err(), "{other}");
        assert_eq!(script.count(), 1, "the next place must not be tried");
    }
}

#[test]
fn a_server_without_s256_is_of_no_use() {
    for rest in [r#","code_challenge_methods_supported":["plain"]"#, r#","code_challenge_methods_supported":[]"#] {
        let nothing = |script: Script| script.then(404, "text/html", "");
        let script = nothing(nothing(Script::new().json(200, &document("https://as.test/a", rest))));
        let tried = tried(ask(&script, "https://as.test/a").unwrap_err());
        assert!(tried[0].1.contains("without the code challenge method S256"), "{rest} {tried:?}");
    }
    let good =
        r#","code_challenge_methods_supported":["plain","S256"],"authorization_response_iss_parameter_supported":true"#;
    let found = ask(&Script::new().json(200, &document("https://as.test", good)), "https://as.test").unwrap();
    assert!(found.sends_iss);
    assert!(ask(&Script::new(), "http://as.test").is_err());
}

#[test]
fn whatever_stands_at_the_first_places_the_third_is_asked() {
    for (status, body) in [
        (302, ""),
        (401, r#"{"error":"invalid_token"}"#),
        (404, r#"{"error":"not_found"}"#),
        (429, ""),
        (500, ""),
        (502, "bad gateway"),
        (503, ""),
        (200, ""),
        (200, "{}"),
        (200, "[]"),
        (200, "null"),
        (200, "ok"),
        (200, r#"{"issuer":null,"token_endpoint":"https://as.test/t"}"#),
        (200, r#"{"issuer":"https://as.test/a"}"#),
        (200, r#"{"issuer":"https://as.test/a","token_endpoint":"http://as.test/t"}"#),
    ] {
        let useless = |script: Script| script.then(status, "application/json", body);
        let script = useless(useless(Script::new())).json(200, &document("https://as.test/a", ""));
        assert!(ask(&script, "https://as.test/a").is_ok(), "{status} {body}");
    }
    let cut = || oauth::TransportError::Lost("the answer was cut off".into());
    let script = Script::new().fails(cut()).fails(cut()).json(200, &document("https://as.test/a", ""));
    assert!(ask(&script, "https://as.test/a").is_ok());
}

#[test]
fn a_search_that_finds_nothing_tells_what_each_place_said() {
    let script = Script::new()
        .then(502, "text/plain", "bad gateway")
        .json(200, "{}")
        .json(404, r#"{"error":"not_found","error_description":"no such page"}"#);
    let error = ask(&script, "https://as.test/a").unwrap_err();
    assert!(error.is_passing(), "the gateway may be back");
    let tried = tried(error);
    for (n, (place, word)) in [
        ("https://as.test/.well-known/oauth-authorization-server/a", "a failure of the server"),
        ("https://as.test/.well-known/openid-configuration/a", "a document without issuer"),
        ("https://as.test/a/.well-known/openid-configuration", "not_found"),
    ]
    .iter()
    .enumerate()
    {
        assert_eq!(tried[n].0, *place);
        assert!(tried[n].1.contains(word), "{tried:?}");
    }
}

#[test]
fn a_host_that_is_not_there_is_asked_once() {
    let script = Script::new().fails(oauth::TransportError::NotSent("connection refused".into()));
    assert!(matches!(ask(&script, "https://as.test/a").unwrap_err(), Error::NotSent(_)));
}

#[test]
fn an_issuer_with_and_without_its_slash_is_one() {
    for (asked, own) in [("https://as.test/", "https://as.test"), ("https://as.test", "https://as.test/")] {
        let found = ask(&Script::new().json(200, &document(own, "")), asked).unwrap();
        assert_eq!(found.issuer, own);
    }
}

#[test]
fn an_optional_field_of_another_shape_is_as_if_left_out() {
    for value in
        ["null", r#""""#, "7", "[]", "{}", "true", r#""http://as.test/x""#, r#""/x""#, r#""https://a:b@as.test/""#]
    {
        let rest: String = ["registration_endpoint", "revocation_endpoint", "device_authorization_endpoint"]
            .map(|field| format!(r#","{field}":{value}"#))
            .concat();
        let found = ask(&Script::new().json(200, &document("https://as.test", &rest)), "https://as.test").unwrap();
        assert!(found.registration.is_none() && found.revocation.is_none() && found.device_authorization.is_none());
    }
    for value in ["null", r#""""#, "7", "{}", "true"] {
        let rest = [
            "token_endpoint_auth_methods_supported",
            "code_challenge_methods_supported",
            "scopes_supported",
            "authorization_response_iss_parameter_supported",
        ]
        .map(|field| format!(r#","{field}":{}"#, if field.ends_with("parameter_supported") { "null" } else { value }))
        .concat();
        let found = ask(&Script::new().json(200, &document("https://as.test", &rest)), "https://as.test").unwrap();
        assert_eq!(found.token_auth_methods, ["client_secret_basic"], "{value}");
        assert!(found.scopes.is_empty() && !found.sends_iss, "{value}");
    }
    let body =
        r#"{"resource":"https://mcp.test/mcp","authorization_servers":null,"scopes_supported":["a",7,null,"b c"]}"#;
    let found = ask_resource(&Script::new().json(200, body), None).unwrap();
    assert_eq!(found.scopes, ["a", "b", "c"]);
    assert!(found.authorization_servers.is_empty());
}

#[test]
fn the_place_that_a_challenge_names_is_asked_first_and_only_over_https() {
    let named = "https://elsewhere.test/about-mcp";
    let script = Script::new().json(200, r#"{"resource":"https://mcp.test/mcp"}"#);
    assert!(ask_resource(&script, Some(named)).is_ok());
    assert_eq!(script.sent(0).line, format!("GET {named}"));
    let script = Script::new().json(200, r#"{"resource":"https://mcp.test/mcp"}"#);
    assert!(ask_resource(&script, Some("http://elsewhere.test/about-mcp")).is_ok());
    assert_eq!(script.sent(0).line, "GET https://mcp.test/.well-known/oauth-protected-resource/mcp");
    let script = Script::new().json(200, r#"{"resource":"https://evil.test/mcp"}"#);
    assert!(ask_resource(&script, Some(named)).is_err(), "what it says must be about this resource");
}

#[test]
fn a_resource_names_its_servers() {
    let script = Script::new().json(
        200,
        r#"{"resource":"https://mcp.test/mcp","authorization_servers":["https://as.test"],"scopes_supported":["read"]}"#,
    );
    let found = ask_resource(&script, None).unwrap();
    assert_eq!(found.authorization_servers, ["https://as.test"]);
    assert_eq!(found.scopes, ["read"]);
    assert_eq!(script.sent(0).line, "GET https://mcp.test/.well-known/oauth-protected-resource/mcp");
}

#[test]
fn the_origins_own_document_serves_a_resource_below_it() {
    let script = Script::new().then(404, "text/plain", "").json(200, r#"{"resource":"https://mcp.test"}"#);
    assert!(ask_resource(&script, None).is_ok());
    assert_eq!(script.sent(1).line, "GET https://mcp.test/.well-known/oauth-protected-resource");
}

#[test]
fn a_document_about_another_resource_is_not_believed() {
    for other in ["https://evil.test/mcp", "https://mcp.test/other", "http://mcp.test/mcp"] {
        let body = format!(r#"{{"resource":"{other}","authorization_servers":["https://evil.test"]}}"#);
        let script = Script::new().json(200, &body);
        assert!(ask_resource(&script, None).is_err(), "{other}");
    }
}
