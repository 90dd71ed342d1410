//! Clients that register themselves.

use crate::stage::{NOW, REDIRECT, Stage, code, connection, login, token};
use flows::{Allowed, TransportError};
use http::Response;
use proto::{Code, Error, Outcome};
use serde_json::{Value, json};
use std::time::Duration;

/// Nothing but an API: all else is discovered.
fn bare() -> Value {
    json!({"name":"acme","display_name":"Acme","auth_type":"oauth2","flow":"dcr_pkce","api_url":["mcp.acme.test/mcp"],"oauth":{}})
}

fn bound() -> Value {
    json!({"token_url":null,"revocation_url":null,"targets":["mcp.acme.test/mcp"]})
}

fn client(redirect_uri: &str, expires_at: Option<i64>) -> Value {
    json!({"client_id":"old","registered":true,"redirect_uri":redirect_uri,"token_auth":"none","bound":bound(),
        "expires_at":expires_at,"discovered":found()})
}

/// What a record keeps of the discovery.
fn found() -> Value {
    json!({"authorization_url":"https://as.acme.test/authorize","token_url":"https://as.acme.test/token",
        "device_authorization_url":null,"revocation_url":"https://as.acme.test/revoke",
        "registration_endpoint":"https://as.acme.test/register","resource":"https://mcp.acme.test/mcp"})
}

trait Discovered {
    fn discovered(self) -> Self;
    fn known(self) -> Self;
    fn registered(self, id: &str) -> Self;
}

impl Discovered for Stage {
    fn discovered(self) -> Stage {
        self.provider(200, json!({"resource":"https://mcp.acme.test/mcp","authorization_servers":["https://as.acme.test"]}))
            .provider(
                200,
                json!({"issuer":"https://as.acme.test","authorization_endpoint":"https://as.acme.test/authorize",
                    "token_endpoint":"https://as.acme.test/token","registration_endpoint":"https://as.acme.test/register",
                    "revocation_endpoint":"https://as.acme.test/revoke","code_challenge_methods_supported":["S256"],
                    "token_endpoint_auth_methods_supported":["client_secret_basic","none"],
                    "authorization_response_iss_parameter_supported":true}),
            )
    }

    /// A made-up code is wrong, the client is not.
    fn known(self) -> Stage {
        self.provider(400, json!({"error":"invalid_grant"}))
    }

    fn registered(self, id: &str) -> Stage {
        self.provider(201, json!({"client_id":id,"token_endpoint_auth_method":"none"})).host("keep-client", json!({}))
    }
}

fn from_as() -> Value {
    json!({"iss":"https://as.acme.test","secret":{"code":"S3CRET-code"}})
}

#[test]
fn everything_is_found_the_client_is_kept_and_the_code_is_bound_to_the_resource() {
    let stage = Stage::new().discovered().registered("c1").host("authorize", from_as()).provider(200, token());
    let reply = stage.run("login", login(bare(), Value::Null)).unwrap();
    assert_eq!(
        stage.lines(),
        [
            "GET https://mcp.acme.test/.well-known/oauth-protected-resource/mcp",
            "GET https://as.acme.test/.well-known/oauth-authorization-server",
            "POST https://as.acme.test/register",
            "POST https://as.acme.test/token",
        ]
    );
    assert_eq!(stage.kinds(), ["keep-client", "authorize"]);
    let kept = &stage.asked("keep-client")[0]["client"];
    assert_eq!((&kept["client_id"], &kept["registered"]), (&json!("c1"), &json!(true)));
    assert_eq!((&kept["redirect_uri"], &kept["bound"]), (&json!(REDIRECT), &bound()));
    let url = stage.asked("authorize")[0]["url"].to_string();
    assert!(url.contains("resource=https%3A%2F%2Fmcp.acme.test%2Fmcp"), "{url}");
    assert!(stage.body(3).contains("resource=https%3A%2F%2Fmcp.acme.test%2Fmcp"));
    assert_eq!((&reply["record"]["discovered"], &kept["discovered"]), (&found(), &found()));
}

#[test]
fn a_renewal_goes_where_the_login_went_without_asking_again() {
    let mut op = connection(bare(), client(REDIRECT, None));
    op["record"]["discovered"] =
        json!({"token_url":"https://as.acme.test/token","revocation_url":"https://as.acme.test/revoke"});
    let stage = Stage::new().provider(200, token());
    stage.run("refresh", op.clone()).unwrap();
    assert_eq!(stage.lines(), ["POST https://as.acme.test/token"]);
    let stage = Stage::new().provider(200, json!({})).provider(200, json!({}));
    stage.run("revoke", op).unwrap();
    assert_eq!(stage.lines(), ["POST https://as.acme.test/revoke"; 2]);
}

#[test]
fn a_renewal_whose_record_has_no_endpoints_finds_them_again() {
    let stage = Stage::new().answers_after(Duration::from_secs(1)).discovered().provider(200, token());
    stage.run("refresh", connection(bare(), client(REDIRECT, None))).unwrap();
    assert_eq!(stage.lines()[2], "POST https://as.acme.test/token");
    let left: Vec<u64> = (0..3).filter_map(|n| Some(stage.within(n)?.as_secs())).collect();
    assert_eq!(left, [17, 16, 15], "all of it ends before the host stops waiting");
}

#[test]
fn a_renewal_that_spent_its_time_on_finding_endpoints_sends_no_refresh_token() {
    let stage = Stage::new().answers_after(Duration::from_secs(2)).discovered();
    let error = stage.run("refresh", connection(bare(), client(REDIRECT, None))).unwrap_err();
    assert_eq!(error.outcome, Some(Outcome::RetryAt));
    assert_eq!(stage.lines().len(), 2);
}

#[test]
fn endpoints_that_cannot_be_found_spend_no_refresh_token_and_log_nobody_out() {
    let refused = || json!({"error":"invalid_token"});
    // Five places were asked: the resource's two, the resource itself, and two of its origin's server.
    let always = |status: u16, body: Value| (0..5).fold(Stage::new(), |stage, _| stage.provider(status, body.clone()));
    let lost = || TransportError::Lost("timeout".into());
    for (stage, outcome) in [
        (Stage::new().network(TransportError::NotSent("no route".into())), Outcome::RetryAt),
        ((0..5).fold(Stage::new(), |stage, _| stage.network(lost())), Outcome::RetryAt),
        (always(503, json!({})), Outcome::RetryAt),
        (always(500, json!({})), Outcome::RetryAt),
        (always(200, json!({})), Outcome::FixConfig),
        (always(401, refused()), Outcome::FixConfig),
    ] {
        let error = stage.run("refresh", connection(bare(), client(REDIRECT, None))).unwrap_err();
        assert_eq!(error.outcome, Some(outcome), "{error:?}");
        assert!(stage.lines().iter().all(|line| line.starts_with("GET ")), "{:?}", stage.lines());
    }
}

#[test]
fn the_stored_client_is_used_while_it_lives_and_fits() {
    let stage = Stage::new().discovered().known().host("authorize", from_as()).provider(200, token());
    stage.run("login", login(bare(), client(REDIRECT, Some(NOW + 3600)))).unwrap();
    assert!(!stage.body(2).contains("S3CRET"), "asked with a made-up code: {}", stage.body(2));
    assert!(stage.asked("authorize")[0]["url"].to_string().contains("client_id=old"));
    for stale in
        [client("http://127.0.0.1:9999/other", None), client(REDIRECT, Some(NOW + 10)), json!({"client_id":""})]
    {
        let stage = Stage::new().discovered().registered("c2").host("authorize", from_as()).provider(200, token());
        stage.run("login", login(bare(), stale)).unwrap();
        assert!(stage.asked("authorize")[0]["url"].to_string().contains("client_id=c2"));
    }
}

/// A client with a secret that was made where `token_url` is.
fn confidential(registered: bool, token_url: &str) -> Value {
    let mut client = client(REDIRECT, None);
    client["registered"] = registered.into();
    client["token_auth"] = "body".into();
    client["discovered"]["token_url"] = token_url.into();
    client["secret"] = json!({"client_secret":"S3CRET-client"});
    client
}

#[test]
fn the_secret_of_a_registered_client_goes_to_no_other_server() {
    let stage = Stage::new().discovered().registered("c2").host("authorize", from_as()).provider(200, token());
    stage.run("login", login(bare(), confidential(true, "https://before.acme.test/token"))).unwrap();
    assert!((0..stage.lines().len()).all(|n| !stage.body(n).contains("S3CRET-client")), "{:?}", stage.lines());
    assert_eq!(stage.asked("keep-client")[0]["client"]["discovered"], found());
    assert!(stage.notes()[0].contains("registering a new one"), "{:?}", stage.notes());
}

#[test]
fn a_client_of_the_persons_own_goes_to_another_server_after_a_yes() {
    let own = || confidential(false, "https://before.acme.test/token");
    let stage = Stage::new().discovered().host_refuses("confirm", Error::new(Code::Declined, "no"));
    assert_eq!(stage.run("login", login(bare(), own())).unwrap_err().code, Code::Denied);
    let asked = stage.asked("confirm")[0]["text"].to_string();
    assert!(asked.contains("tokens: https://as.acme.test/token"), "{asked}");

    let stage = Stage::new().discovered().host("confirm", json!({})).host("keep-client", json!({}));
    let stage = stage.host("authorize", from_as()).provider(200, token());
    stage.run("login", login(bare(), own())).unwrap();
    assert_eq!(stage.asked("keep-client")[0]["client"]["discovered"], found());
    assert!(stage.body(2).contains("S3CRET-client"));
}

#[test]
fn a_forgotten_client_is_registered_anew_once() {
    let forgotten = || json!({"error":"invalid_client"});
    // Before the person is sent to a page that says "unknown client" and leads nowhere.
    let stage = Stage::new().discovered().provider(401, forgotten()).registered("c2");
    let stage = stage.host("authorize", from_as()).provider(200, token());
    stage.run("login", login(bare(), client(REDIRECT, None))).unwrap();
    assert_eq!(stage.kinds(), ["keep-client", "authorize"]);
    assert_eq!(stage.notes().len(), 1);

    // While the person was there.
    let stage = Stage::new()
        .discovered()
        .known()
        .host("authorize", from_as())
        .provider(401, forgotten())
        .registered("c2")
        .host("authorize", from_as())
        .provider(200, token());
    stage.run("login", login(bare(), client(REDIRECT, None))).unwrap();
    assert_eq!(stage.kinds(), ["authorize", "keep-client", "authorize"]);
    assert_eq!(stage.notes().len(), 1);

    let stage = Stage::new().discovered().registered("c1").host("authorize", from_as()).provider(401, forgotten());
    assert_eq!(stage.run("login", login(bare(), Value::Null)).unwrap_err().code, Code::Denied);
}

#[test]
fn an_announced_iss_must_come() {
    let stage = Stage::new().discovered().registered("c1").host("authorize", code());
    let error = stage.run("login", login(bare(), Value::Null)).unwrap_err();
    assert_eq!(error.code, Code::Denied);
    assert_eq!(stage.lines().len(), 3, "no code may be exchanged");
}

#[test]
fn a_server_before_rfc_9728_is_found_at_the_origin() {
    let stage = Stage::new()
        .provider(404, json!({}))
        .provider(404, json!({}))
        .provider(404, json!({}))
        .provider(
            200,
            json!({"issuer":"https://mcp.acme.test","authorization_endpoint":"https://mcp.acme.test/authorize",
                "token_endpoint":"https://mcp.acme.test/token","registration_endpoint":"https://mcp.acme.test/register"}),
        )
        .registered("c1")
        .host("authorize", code())
        .provider(200, token());
    stage.run("login", login(bare(), Value::Null)).unwrap();
    assert_eq!(stage.lines()[3], "GET https://mcp.acme.test/.well-known/oauth-authorization-server");
}

#[test]
fn endpoints_of_the_definition_need_no_discovery() {
    let mut own = bare();
    own["oauth"] = json!({"authorization_url":"https://acme.test/a","token_url":"https://acme.test/t",
        "registration_endpoint":"https://acme.test/r"});
    let stage = Stage::new().registered("c1").host("authorize", code()).provider(200, token());
    let reply = stage.run("login", login(own, Value::Null)).unwrap();
    assert_eq!(stage.lines(), ["POST https://acme.test/r", "POST https://acme.test/t"]);
    assert!(!reply["record"].as_object().unwrap().contains_key("discovered"));
}

#[test]
fn a_secret_of_the_registered_client_is_kept_as_one() {
    let stage = Stage::new()
        .discovered()
        .provider(
            201,
            json!({"client_id":"c1","client_secret":"S3CRET-registered","client_secret_expires_at":NOW + 86400,
                "registration_access_token":"S3CRET-rat","token_endpoint_auth_method":"client_secret_basic"}),
        )
        .host("keep-client", json!({}))
        .host("authorize", from_as())
        .provider(200, token());
    stage.run("login", login(bare(), Value::Null)).unwrap();
    let kept = &stage.asked("keep-client")[0]["client"];
    assert_eq!(kept["secret"], json!({"client_secret":"S3CRET-registered"}));
    assert_eq!((&kept["token_auth"], &kept["expires_at"]), (&json!("basic"), &json!(NOW + 86400)));
    assert!(stage.header(3, "authorization").unwrap().starts_with("Basic "));
}

/// Returns a login that names no scopes.
fn scopeless(definition: Value) -> Value {
    let mut op = login(definition, Value::Null);
    op["scopes"] = json!([]);
    op
}

fn challenged(challenge: &str) -> Response<Vec<u8>> {
    Response::builder().status(401).header("www-authenticate", challenge).body(Vec::new()).unwrap()
}

fn about_resource(scopes: Value) -> Value {
    json!({"resource":"https://mcp.acme.test/mcp","authorization_servers":["https://as.acme.test/"],
        "scopes_supported":scopes})
}

fn about_server(scopes: Value) -> Value {
    json!({"issuer":"https://as.acme.test","authorization_endpoint":"https://as.acme.test/authorize",
        "token_endpoint":"https://as.acme.test/token","registration_endpoint":"https://as.acme.test/register",
        "scopes_supported":scopes})
}

/// The parameter of the page that the person is sent to, and what was registered.
fn asked_for(stage: &Stage, name: &str) -> Option<String> {
    let url = url::Url::parse(stage.asked("authorize")[0]["url"].as_str().unwrap()).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

#[test]
fn without_scopes_in_the_definition_those_that_the_resource_tells_are_asked_for() {
    let supported = || json!(["read", "write"]);
    for (challenge, supported, of_server, scope, prompt) in [
        (r#"Bearer scope="notes files""#, supported(), json!([]), Some("notes files"), None),
        (
            r#"Bearer scope="notes""#,
            supported(),
            json!(["offline_access"]),
            Some("notes offline_access"),
            Some("consent"),
        ),
        ("Bearer", supported(), json!(null), Some("read write"), None),
        ("Bearer", supported(), json!(["offline_access", "x"]), Some("read write offline_access"), Some("consent")),
        ("Basic scope=\"x\"", json!(null), json!(["offline_access"]), None, None),
    ] {
        let stage = Stage::new()
            .provider_raw(challenged(challenge))
            .provider(200, about_resource(supported))
            .provider(200, about_server(of_server))
            .registered("c1")
            .host("authorize", code())
            .provider(200, token());
        stage.run("login", scopeless(bare())).unwrap();
        assert_eq!(stage.lines()[0], "GET https://mcp.acme.test/mcp", "the resource itself is asked, without a token");
        assert_eq!(stage.header(0, "authorization"), None);
        assert_eq!(asked_for(&stage, "scope").as_deref(), scope, "{challenge}");
        assert_eq!(asked_for(&stage, "prompt").as_deref(), prompt, "{challenge}");
        let registered: Value = serde_json::from_str(&stage.body(3)).unwrap();
        assert_eq!(registered.get("scope").and_then(Value::as_str), scope, "{challenge}");
    }
}

#[test]
fn a_resource_that_names_its_metadata_in_a_challenge_alone_is_asked_there() {
    let challenge = r#"Bearer error="invalid_token", resource_metadata="https://meta.acme.test/about""#;
    let nothing = |stage: Stage| stage.provider(404, json!({"error":"not_found"}));
    let stage = nothing(nothing(Stage::new()))
        .provider_raw(challenged(challenge))
        .provider(200, about_resource(json!([])))
        .provider(200, about_server(json!([])))
        .registered("c1")
        .host("authorize", code())
        .provider(200, token());
    stage.run("login", login(bare(), Value::Null)).unwrap();
    assert_eq!(stage.lines()[3], "GET https://meta.acme.test/about");
    assert_eq!(asked_for(&stage, "scope").as_deref(), Some("read"), "what is asked for otherwise stands");
}

#[test]
fn a_login_whose_metadata_is_nowhere_says_what_each_place_answered() {
    let stage = Stage::new()
        .provider(404, json!({"error":"not_found"}))
        .provider(502, json!({}))
        .provider(404, json!({}))
        .provider(200, json!([]))
        .provider(401, json!({}));
    let error = stage.run("login", login(bare(), Value::Null)).unwrap_err();
    assert_eq!(error.code, Code::Unavailable);
    assert_eq!(
        error.message,
        "acme has no usable authorization server metadata at any of its places \
         (https://mcp.acme.test/.well-known/oauth-protected-resource/mcp: status 404, not_found; \
         https://mcp.acme.test/.well-known/oauth-protected-resource: status 502, a failure of the server; \
         https://mcp.acme.test/.well-known/oauth-authorization-server: status 200, something else; \
         https://mcp.acme.test/.well-known/openid-configuration: status 401, a document without it)"
    );
}

#[test]
fn a_field_that_a_login_needs_and_metadata_has_not_is_named() {
    let mut server = about_server(json!([]));
    server["authorization_endpoint"] = json!("http://as.acme.test/authorize");
    let stage = Stage::new().provider(200, about_resource(json!([]))).provider(200, server);
    let error = stage.run("login", login(bare(), Value::Null)).unwrap_err();
    assert!(error.message.ends_with("of https://as.acme.test has no usable authorization_endpoint"), "{error:?}");
}

#[test]
fn an_iss_with_another_slash_than_the_metadata_is_the_same_server() {
    let mut answer = from_as();
    answer["iss"] = json!("https://as.acme.test/");
    let stage = Stage::new().discovered().registered("c1").host("authorize", answer).provider(200, token());
    stage.run("login", login(bare(), Value::Null)).unwrap();
}

#[test]
fn a_client_that_is_named_by_a_number_is_kept() {
    let stage = Stage::new()
        .discovered()
        .provider(201, json!({"client_id":4711,"token_endpoint_auth_method":"none","client_secret_expires_at":"0"}))
        .host("keep-client", json!({}))
        .host("authorize", from_as())
        .provider(200, token());
    stage.run("login", login(bare(), Value::Null)).unwrap();
    assert_eq!(stage.asked("keep-client")[0]["client"]["client_id"], "4711");
}

#[test]
fn what_metadata_names_leads_into_no_private_network_unless_the_definition_says_so() {
    for (field, elsewhere) in
        [("none", Allowed::Public), ("private_network", Allowed::Private), ("allow_loopback_http", Allowed::Loopback)]
    {
        let mut definition = bare();
        if field != "none" {
            definition[field] = json!(true);
        }
        let stage = Stage::new().discovered().registered("c1").host("authorize", from_as()).provider(200, token());
        stage.run("login", login(definition, Value::Null)).unwrap();
        let allowed: Vec<_> = (0..4).filter_map(|n| stage.allowed(n)).collect();
        // The first is what the definition itself names.
        assert_eq!(allowed, [Allowed::Private, elsewhere, elsewhere, elsewhere], "{field}");
    }
}
