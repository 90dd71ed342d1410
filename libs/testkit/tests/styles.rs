//! The server with other providers' manners.
#![allow(clippy::unwrap_used)]

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use testkit::{Browser, Ca, Config, OAuthServer, Page};

const CALLBACK: &str = "http://127.0.0.1:9/callback";
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("Content-Type", "application/json");

fn encode(params: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish()
}

fn post(server: &OAuthServer, path: &str, headers: &[(&str, &str)], body: &str) -> Page {
    let url = format!("{}{path}", server.url());
    Browser::new().unwrap().request("POST", &url, headers, body.as_bytes()).unwrap()
}

fn json_of(page: &Page) -> Value {
    serde_json::from_str(&page.body).unwrap_or_else(|_| panic!("no JSON: {}", page.body))
}

fn code(server: &OAuthServer, extra: &[(&str, &str)]) -> String {
    let query = [("response_type", "code"), ("client_id", "client"), ("redirect_uri", CALLBACK)];
    let url = format!("{}/authorize?{}", server.url(), encode(&[&query, extra].concat()));
    let page = Browser::new().unwrap().open(&url).unwrap();
    let url = url::Url::parse(&page.url).unwrap();
    url.query_pairs().find(|(name, _)| name == "code").unwrap_or_else(|| panic!("{url}")).1.into_owned()
}

#[test]
fn notion_wants_basic_json_its_version_and_the_owner() {
    let server = OAuthServer::start(Config::notion()).unwrap();
    let basic = format!("Basic {}", BASE64_STANDARD.encode("client:client-secret-notion"));
    let headers = [JSON, ("Authorization", basic.as_str()), ("Notion-Version", "2022-06-28")];
    let code = code(&server, &[("owner", "user")]);
    let body = json!({ "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK }).to_string();
    for missing in 0..headers.len() {
        let mut fewer = headers.to_vec();
        fewer.remove(missing);
        assert!(post(&server, "/token", &fewer, &body).status >= 400, "without {:?}", headers[missing].0);
    }
    let token = json_of(&post(&server, "/token", &headers, &body));
    assert_eq!((&token["workspace_name"], &token["bot_id"]), (&json!("Ada's workspace"), &json!("bot-1")));
    assert_eq!((&token["expires_in"], token["refresh_token"].is_string()), (&Value::Null, true));
    let renew = json!({ "grant_type": "refresh_token", "refresh_token": token["refresh_token"] }).to_string();
    let renewed = json_of(&post(&server, "/token", &headers, &renew));
    assert_ne!(renewed["refresh_token"], token["refresh_token"]);
    let revoke = json!({ "token": renewed["access_token"] }).to_string();
    assert_eq!(post(&server, "/revoke", &headers, &revoke).status, 200);
    assert!(!server.is_valid(renewed["access_token"].as_str().unwrap()));
}

#[test]
fn slack_nests_the_token_says_no_with_200_and_revokes_by_bearer() {
    let server = OAuthServer::start(Config::slack()).unwrap();
    let client = [("client_id", "client"), ("client_secret", "client-secret-slack"), ("redirect_uri", CALLBACK)];
    let redeem = |code: &str| {
        let body = encode(&[&client[..], &[("grant_type", "authorization_code"), ("code", code)]].concat());
        post(&server, "/token", &[FORM], &body)
    };
    let refused = redeem("no such code");
    assert_eq!((refused.status, json_of(&refused)), (200, json!({ "ok": false, "error": "invalid_code" })));
    let answer = json_of(&redeem(&code(&server, &[("user_scope", "channels:read,chat:write")])));
    let user = &answer["authed_user"];
    assert_eq!((&answer["ok"], &answer["access_token"], &user["id"]), (&json!(true), &Value::Null, &json!("U0ADA")));
    assert_eq!(user["scope"], "channels:read,chat:write");
    let renew = |token: &Value| {
        let grant = [("grant_type", "refresh_token"), ("refresh_token", token.as_str().unwrap())];
        json_of(&post(&server, "/token", &[FORM], &encode(&[&client[..2], &grant].concat())))
    };
    let renewed = renew(&user["refresh_token"]);
    let access = renewed["access_token"].as_str().unwrap();
    assert_eq!(renew(&user["refresh_token"])["error"], "invalid_refresh_token");
    let issued = server.issue();
    let bearer = format!("Bearer {}", issued.access_token);
    assert_eq!(json_of(&post(&server, "/revoke", &[("Authorization", &bearer)], ""))["revoked"], true);
    assert_eq!(json_of(&post(&server, "/revoke", &[("Authorization", &bearer)], ""))["ok"], false);
    assert!(!server.is_valid(access) && !server.is_valid(&issued.access_token));
}

#[test]
fn github_answers_with_a_form_unless_json_is_asked_for_and_errs_with_200() {
    let server = OAuthServer::start(Config::github()).unwrap();
    let client = [("client_id", "client"), ("client_secret", "client-secret-github"), ("redirect_uri", CALLBACK)];
    let redeem = |code: &str, headers: &[(&str, &str)]| {
        let body = encode(&[&client[..], &[("grant_type", "authorization_code"), ("code", code)]].concat());
        post(&server, "/token", &[&[FORM], headers].concat(), &body)
    };
    let refused = redeem("no such code", &[]);
    assert_eq!(refused.status, 200);
    assert!(refused.body.contains("error=bad_verification_code"), "{}", refused.body);
    let granted = redeem(&code(&server, &[("scope", "repo read:org")]), &[]);
    assert!(granted.header("content-type").unwrap().starts_with("application/x-www-form-urlencoded"));
    assert!(granted.body.contains("access_token=gho_") && granted.body.contains("scope=repo%2Cread%3Aorg"));
    let json = redeem(&code(&server, &[]), &[("Accept", "application/json")]);
    let bearer = format!("bearer {}", json_of(&json)["access_token"].as_str().unwrap());
    let who = post(&server, "/userinfo", &[("Authorization", &bearer)], "");
    assert_eq!(json_of(&who)["email"], "ada");
    let (definition, here) = (server.definition("demo"), server.url().replace("http://", ""));
    assert_eq!(definition["api_url"], json!(["api.github.test", here]), "the token goes to userinfo too");
    assert_eq!(post(&server, "/userinfo", &[("Authorization", "Bearer x")], "").status, 401);
}

#[test]
fn a_client_registers_itself_until_its_secret_runs_out() {
    let server = OAuthServer::start(Config { registered_ttl: Some(60), ..Config::mcp() }).unwrap();
    let ask = json!({ "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "client_secret_post" }).to_string();
    let client = json_of(&post(&server, "/register", &[JSON], &ask));
    assert!(client["client_secret_expires_at"].as_u64().unwrap() > client["client_id_issued_at"].as_u64().unwrap());
    let text = |name: &str| client[name].as_str().unwrap().to_owned();
    let machine = [
        ("grant_type", "client_credentials"),
        ("client_id", &text("client_id")),
        ("client_secret", &text("client_secret")),
    ];
    let body = encode(&machine);
    assert_eq!(post(&server, "/token", &[FORM], &body).status, 200);
    server.advance(Duration::from_secs(60));
    assert_eq!(json_of(&post(&server, "/token", &[FORM], &body))["error"], "invalid_client");
    let bad = json!({ "redirect_uris": [] }).to_string();
    assert_eq!(json_of(&post(&server, "/register", &[JSON], &bad))["error"], "invalid_redirect_uri");
}

#[test]
fn a_public_client_registers_logs_in_for_a_resource_and_is_forgotten() {
    let server = OAuthServer::start(Config::mcp()).unwrap();
    let ask = json!({ "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none" }).to_string();
    let client = json_of(&post(&server, "/register", &[JSON], &ask));
    assert_eq!(client["client_secret"], Value::Null);
    let id = client["client_id"].as_str().unwrap();
    let verifier = "x".repeat(50);
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes()));
    let resource = ("resource", "https://mcp.demo.test/mcp");
    let asked = [
        ("response_type", "code"),
        ("client_id", id),
        ("redirect_uri", CALLBACK),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let open = |query: &[(&str, &str)]| {
        let page = Browser::new().unwrap().open(&format!("{}/authorize?{}", server.url(), encode(query))).unwrap();
        url::Url::parse(&page.url).unwrap().query_pairs().into_owned().collect::<Vec<_>>()
    };
    assert_eq!(open(&asked)[0], ("error".to_owned(), "invalid_target".to_owned()));
    let back = open(&[&asked[..], &[resource]].concat());
    let code = &back.iter().find(|(name, _)| name == "code").unwrap().1;
    let body = encode(&[
        ("grant_type", "authorization_code"),
        ("client_id", id),
        ("redirect_uri", CALLBACK),
        ("code", code),
        ("code_verifier", &verifier),
        resource,
    ]);
    server.forget_clients();
    assert_eq!(json_of(&post(&server, "/token", &[FORM], &body))["error"], "invalid_client");
}

#[test]
fn its_metadata_and_its_definition_agree() {
    let server = OAuthServer::start(Config::mcp()).unwrap();
    let read = |path: &str| json_of(&Browser::new().unwrap().open(&format!("{}{path}", server.url())).unwrap());
    let (metadata, definition) = (read("/.well-known/oauth-authorization-server"), server.definition("demo"));
    let oauth = &definition["oauth"];
    assert_eq!(metadata["issuer"], server.url());
    for (told, defined) in [
        ("issuer", "issuer"),
        ("authorization_endpoint", "authorization_url"),
        ("token_endpoint", "token_url"),
        ("revocation_endpoint", "revocation_url"),
        ("registration_endpoint", "registration_endpoint"),
    ] {
        assert_eq!(metadata[told], oauth[defined], "{told}");
    }
    let resource = read("/.well-known/oauth-protected-resource/mcp");
    assert_eq!((&resource["resource"], &resource["authorization_servers"][0]), (&oauth["resource"], &oauth["issuer"]));
    assert_eq!((&definition["flow"], &definition["allow_loopback_http"]), (&json!("dcr_pkce"), &json!(true)));
}

#[test]
fn a_machine_is_known_by_its_signature() {
    let server = OAuthServer::start(Config::plain()).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims = |change: &[(&str, Value)]| {
        let mut claims = json!({
            "iss": "robot@example.test", "aud": format!("{}/token", server.url()),
            "iat": now, "exp": now + 600, "scope": "read",
        });
        change.iter().for_each(|(name, value)| claims[*name] = value.clone());
        claims
    };
    let send = |assertion: &str| {
        let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
        json_of(&post(&server, "/token", &[FORM], &encode(&[("grant_type", grant), ("assertion", assertion)])))
    };
    let good = send(&sign(&claims(&[])));
    assert!(server.is_valid(good["access_token"].as_str().unwrap_or_else(|| panic!("{good}"))));
    assert_eq!((&good["scope"], &good["refresh_token"]), (&json!("read"), &Value::Null));
    let bad =
        [("aud", json!("https://evil.test")), ("exp", json!(now - 1)), ("exp", json!(now + 4000)), ("iss", json!(""))];
    for case in bad {
        assert_eq!(send(&sign(&claims(std::slice::from_ref(&case))))["error"], "invalid_grant", "{case:?}");
    }
    let forged = sign(&claims(&[])).replace(".ey", ".eY");
    assert_eq!(send(&forged)["error"], "invalid_grant");
}

fn sign(claims: &Value) -> String {
    let lines = testkit::jwt::KEY_PEM.lines().filter(|line| !line.starts_with('-'));
    let key = RsaKeyPair::from_pkcs8(&BASE64_STANDARD.decode(lines.collect::<String>()).unwrap()).unwrap();
    let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(&json!({ "alg": "RS256", "typ": "JWT" })), encode(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn over_https_it_is_trusted_by_its_ca_alone() {
    let ca = Ca::new().unwrap();
    let server = OAuthServer::start(Config { ca: Some(ca.clone()), ..Config::plain() }).unwrap();
    let url = format!("{}/.well-known/oauth-authorization-server", server.url());
    assert!(url.starts_with("https://127.0.0.1:"));
    assert_eq!(Browser::with(Some(&ca), &[]).unwrap().open(&url).unwrap().status, 200);
    assert!(Browser::with(Some(&Ca::new().unwrap()), &[]).unwrap().open(&url).is_err());
    assert_eq!(server.definition("demo")["allow_loopback_http"], false);
}

#[test]
fn a_device_token_request_may_be_json_with_the_code_alone() {
    let server = OAuthServer::start(Config { device_json: true, ..Config::plain() }).unwrap();
    let told = json_of(&post(&server, "/device_authorization", &[FORM], "client_id=client"));
    assert!(server.device_verify(told["user_code"].as_str().unwrap(), true));
    let body = json!({ "device_code": told["device_code"] }).to_string();
    assert!(json_of(&post(&server, "/token", &[JSON], &body))["access_token"].is_string());
}
