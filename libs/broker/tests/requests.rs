//! What a request gets, and what it does not.
#![allow(clippy::unwrap_used)]

mod common;

use common::{acme, acme_bound, rig};
use proto::Code;
use serde_json::{Value, json};

const API: &str = "https://api.acme.test/v1/things";

#[test]
fn a_request_to_a_target_gets_the_token_and_a_lease_without_it() {
    let rig = rig();
    rig.connect("default/acme/default", 3600);
    let answer = rig.broker().resolve(API).unwrap();
    assert_eq!(answer["set"], json!([{"in":"header","name":"authorization","from":"authorization"}]));
    assert_eq!(answer["secret"], json!({"authorization":"Bearer a0"}));
    assert_eq!((&answer["provider"], &answer["connection"]), (&json!("acme"), &json!("default")));
    assert_eq!(answer["fresh_ms"], 1000);
    let lease = answer["lease"].as_str().unwrap();
    assert!(lease.starts_with("default/acme/default@") && !lease.contains("a0"), "{lease}");
}

#[test]
fn look_alikes_other_ports_and_plain_http_get_nothing() {
    let rig = rig();
    rig.connect("default/acme/default", 3600);
    let broker = rig.broker();
    for (url, code) in [
        ("https://acme.test/v1", Code::NotFound),
        ("https://api.acme.test.attacker.test/v1", Code::NotFound),
        ("https://evilapi.acme.test/v1", Code::NotFound),
        ("https://api.acme.test:8443/v1", Code::NotFound),
        ("http://api.acme.test:80/v1", Code::Denied),
        ("http://api.acme.test:443/v1", Code::Denied),
        ("https://api.acme.test%00.attacker.test/v1", Code::Invalid),
        ("https://api.acme.test/token", Code::Denied),
        ("https://api.acme.test//%74oken/", Code::Denied),
        ("https://api.acme.test/v1;x/things", Code::Denied),
    ] {
        assert_eq!(broker.resolve(url).unwrap_err().code, code, "{url}");
    }
}

#[test]
fn the_former_places_of_a_changed_definition_are_told() {
    let rig = rig();
    rig.connect("default/acme/default", 3600);
    let routes = rig.broker().call("routes", json!({})).unwrap();
    assert_eq!(routes["routes"][0].get("former"), None);
    rig.define(acme(json!({"api_url": ["api.moved.test"]})));
    let routes = rig.broker().call("routes", json!({})).unwrap();
    assert_eq!(routes["routes"][0]["targets"], json!([{"host":"api.moved.test","port":443}]));
    assert_eq!(routes["routes"][0]["former"], json!([{"host":"api.acme.test","port":443}]));
}

#[test]
fn providers_with_too_many_places_for_one_line_are_left_out_and_the_others_served() {
    let rig = rig();
    rig.connect("default/acme/default", 3600);
    for name in ["p1", "p2", "p3", "p4", "p5"] {
        let place = |number| format!("h{number}.{name}.test/{}", "a".repeat(900));
        let places: Vec<String> = (0..256).map(place).collect();
        rig.define(json!({"name":name,"display_name":"P","auth_type":"api_key","flow":"api_key","api_url":places,
            "api_key":{"header_name":"X-Api-Key"}}));
        let record = json!({"provider":name,"flow":"api_key","status":"connected","bound":{"targets":[]}});
        rig.store.set(&format!("default/{name}/default"), record, json!({"api_key":"k1"}));
    }
    let broker = rig.broker();
    let routes = broker.call("routes", json!({})).unwrap();
    assert!(routes.to_string().len() < proto::MAX_LINE);
    let count = routes["routes"].as_array().unwrap().len();
    assert!((2..6).contains(&count), "{count}");
    assert_eq!(broker.resolve(API).unwrap()["secret"], json!({"authorization":"Bearer a0"}));
}

#[test]
fn an_api_key_goes_where_its_definition_says() {
    let rig = rig();
    rig.define(
        json!({"name":"keyed","display_name":"K","auth_type":"api_key","flow":"api_key","api_url":["api.keyed.test"],
        "api_key":{"header_name":"X-Api-Key","header_prefix":null}}),
    );
    rig.define(
        json!({"name":"query","display_name":"Q","auth_type":"api_key","flow":"api_key","api_url":["api.query.test"],
        "api_key":{"query_param":"key"}}),
    );
    for name in ["keyed", "query"] {
        let bound = json!({"token_url":null,"revocation_url":null,"targets":[format!("api.{name}.test")]});
        let record = json!({"provider":name,"flow":"api_key","status":"connected","bound":bound});
        rig.store.set(&format!("default/{name}/default"), record, json!({"api_key":"k1"}));
    }
    let broker = rig.broker();
    let answer = broker.resolve("https://api.keyed.test/").unwrap();
    assert_eq!(answer["secret"], json!({"x-api-key":"k1"}));
    let answer = broker.resolve("https://api.query.test/").unwrap();
    assert_eq!(answer["set"], json!([{"in":"query","name":"key","from":"key"}]));
    assert_eq!(answer["secret"], json!({"key":"k1"}));
}

#[test]
fn one_credential_is_offered_in_each_place_that_its_definition_lists() {
    let rig = rig();
    rig.define(
        json!({"name":"many","display_name":"M","auth_type":"api_key","flow":"api_key","api_url":["api.many.test"],
        "places":[{"header":"x-api-key"}, {"header":"Authorization","scheme":"Bearer"}, {"query":"key"},
            {"basic":"password","user":"u"}]}),
    );
    let record = json!({"provider":"many","flow":"api_key","status":"connected",
        "bound":{"token_url":null,"revocation_url":null,"targets":["api.many.test"]}});
    rig.store.set("default/many/default", record, json!({"api_key":"k1"}));
    let answer = rig.broker().resolve("https://api.many.test/").unwrap();
    assert_eq!(answer["set"], json!([{"in":"header","name":"x-api-key","from":"x-api-key"}]));
    assert_eq!(
        answer["alternatives"],
        json!([
            {"in":"header","name":"authorization","from":"authorization.1"},
            {"in":"query","name":"key","from":"key.2"},
            {"in":"header","name":"authorization","from":"authorization.3","half":"password"},
        ])
    );
    let values =
        json!({"x-api-key":"k1","authorization.1":"Bearer k1","key.2":"k1","authorization.3":"Basic dTprMQ=="});
    assert_eq!(answer["secret"], values);
}

#[test]
fn a_definition_that_puts_the_credential_elsewhere_in_a_request_gets_none_until_it_is_confirmed() {
    let rig = rig();
    let keyed = |place: Value| {
        json!({"name":"keyed","display_name":"K","auth_type":"api_key","flow":"api_key",
            "api_url":["api.keyed.test"],"places":[place]})
    };
    let connect = |places: Value| {
        let mut bound = json!({"token_url":null,"revocation_url":null,"targets":["api.keyed.test"]});
        bound.as_object_mut().unwrap().extend((!places.is_null()).then(|| ("places".to_owned(), places)));
        let record = json!({"provider":"keyed","flow":"api_key","status":"connected","bound":bound});
        rig.store.set("default/keyed/default", record, json!({"api_key":"k1"}));
    };
    // A header that the site shows back.
    rig.define(keyed(json!({"header":"Origin"})));
    connect(json!(["x-api-key:"]));
    assert_eq!(rig.broker().resolve("https://api.keyed.test/").unwrap_err().code, Code::Denied);
    connect(json!(["origin:"]));
    assert!(rig.broker().resolve("https://api.keyed.test/").is_ok());
    connect(Value::Null);
    assert!(rig.broker().resolve("https://api.keyed.test/").is_ok(), "a record of an older program says no places");
}

#[test]
fn a_definition_that_is_changed_during_a_session_counts_from_the_next_one() {
    let rig = rig();
    rig.connect("default/acme/default", 3600);
    let broker = rig.broker();
    rig.define(acme(json!({"export":{"env":{"access_token":["ACME_OTHER"]}},"places":[{"header":"Origin"}]})));
    let env = |broker: &common::Process| broker.call("routes", json!({})).unwrap()["routes"][0]["env"].clone();
    assert_eq!(broker.resolve(API).unwrap()["set"][0]["name"], "authorization");
    assert_eq!(env(&broker), json!({"ACME_ACCESS_TOKEN":"authsome-proxy-managed"}));
    assert_eq!(env(&rig.broker()), json!({"ACME_OTHER":"authsome-proxy-managed"}));
}

#[test]
fn a_variable_of_an_odd_name_is_set_only_where_the_login_confirmed_it() {
    let rig = rig();
    rig.define(acme(json!({"export":{"env":{"access_token":["ACME_TOKEN","STRANGE"]}}})));
    rig.connect("default/acme/default", 3600);
    let mut record = rig.store.record("default/acme/default");
    for (confirmed, set) in [(json!([]), 0), (json!(["STRANGE=access_token"]), 2)] {
        record["bound"]["variables"] = confirmed;
        rig.store.set("default/acme/default", record.clone(), json!({"access_token":"a0"}));
        let routes = rig.broker().call("routes", json!({})).unwrap();
        assert_eq!(routes["routes"][0]["env"].as_object().unwrap().len(), set);
    }
}

#[test]
fn a_connection_that_no_request_can_use_takes_no_variable_and_its_requests_are_refused_all_the_same() {
    let now = proto::time::now();
    let ended = json!({"renewable": false, "expires_at": now - 3600});
    let cases = [
        ("invalid", json!({"status":"invalid"}), json!({})),
        ("expired", ended, json!({})),
        ("changed", json!({}), json!({"oauth":{"token_url":"https://other.test/token"}})),
    ];
    for (what, record, definition) in cases {
        let rig = rig();
        rig.connect("default/acme/default", 3600);
        let mut changed = rig.store.record("default/acme/default");
        changed.as_object_mut().unwrap().extend(common::object(record));
        rig.store.set("default/acme/default", changed, json!({"access_token":"a0"}));
        rig.define(acme(definition));
        let broker = rig.broker();
        let route = broker.call("routes", json!({})).unwrap()["routes"][0].clone();
        assert_eq!((&route["env"], &route["targets"][0]["host"]), (&json!({}), &json!("api.acme.test")), "{what}");
        let error = broker.resolve(API).unwrap_err();
        assert_eq!(error.hint.as_deref(), Some("authsome login acme --force"), "{what}: {error}");
        // A neighbour that can be used has the variables.
        rig.define(acme(json!({})));
        rig.connect("default/acme/work", 3600);
        let route = rig.open(json!({"grant":{"acme":"*"}})).call("routes", json!({})).unwrap()["routes"][0].clone();
        assert_eq!(route["env"], json!({"ACME_ACCESS_TOKEN":"authsome-proxy-managed"}), "{what}");
    }
}

#[test]
fn two_accounts_are_ambiguous_until_something_says_which() {
    let rig = rig();
    rig.connect("default/acme/personal", 3600);
    rig.connect("default/acme/work", 3600);
    let error = rig.broker().resolve(API).unwrap_err();
    assert_eq!((error.code, error.choices), (Code::Ambiguous, vec!["personal".to_owned(), "work".to_owned()]));
    let routes = rig.broker().call("routes", json!({})).unwrap();
    assert_eq!(routes["routes"][0]["connection"], Value::Null);
    assert_eq!(routes["routes"][0]["choices"], json!(["personal", "work"]));

    let chosen = rig.open(json!({"choose":{"acme":"work"}})).resolve(API).unwrap();
    assert_eq!(chosen["connection"], "work");
    rig.store.set("default/acme/@default", json!({"connection":"personal"}), json!({}));
    assert_eq!(rig.broker().resolve(API).unwrap()["connection"], "personal");
}

#[test]
fn a_request_chooses_only_among_what_was_granted() {
    let rig = rig();
    for name in ["default", "work", "secret"] {
        rig.connect(&format!("default/acme/{name}"), 3600);
    }
    let ask = |open: Value, name: &str| {
        let body = json!({"request": common::request(API), "connection": name});
        rig.open(open).call("resolve", body).map(|answer| answer["connection"].clone()).map_err(|error| error.code)
    };
    let granted = json!({"grant":{"acme":["default","work"]}});
    assert_eq!(ask(granted.clone(), "work"), Ok(json!("work")));
    assert_eq!(ask(granted, "secret"), Err(Code::Denied));
    assert_eq!(ask(json!({}), "work"), Err(Code::Denied));
    assert_eq!(ask(json!({}), "default"), Ok(json!("default")), "what it would get anyway");
    assert_eq!(ask(json!({"grant":{"acme":"*"}}), "secret"), Ok(json!("secret")));
    assert_eq!(ask(json!({"grant":{"acme":"*"}}), "gone"), Err(Code::NotFound));
}

#[test]
fn a_named_connection_that_is_missing_ends_the_session_before_it_begins() {
    let rig = rig();
    rig.connect("default/acme/default", 3600);
    let broker = rig.unopened(true, Box::new(broker::SystemClock));
    let open = |choose: Value| broker.call("open", json!({"profile":"default","choose":choose})).unwrap_err();
    let error = open(json!({"acme":"work"}));
    assert_eq!((error.code, error.hint.as_deref()), (Code::NotFound, Some("authsome login acme --connection work")));
    assert_eq!(error.message, "acme has no connection \"work\"");
    let error = open(json!({"nobody":"work"}));
    assert_eq!((error.code, error.message.as_str()), (Code::NotFound, "there is no provider \"nobody\""));
    let grant = json!({"profile":"default","choose":{"acme":"default"},"grant":{"acme":["default","gone"]}});
    assert_eq!(broker.call("open", grant).unwrap_err().code, Code::NotFound);
    assert_eq!(broker.resolve(API).unwrap_err().code, Code::Invalid, "open comes first");
}

#[test]
fn a_target_once_routed_stays_routed_after_a_logout() {
    let rig = rig();
    rig.connect("default/acme/default", 3600);
    let broker = rig.broker();
    broker.resolve(API).unwrap();
    rig.store.remove("default/acme/default");
    let routes = broker.call("routes", json!({})).unwrap();
    assert_eq!(routes["routes"][0]["targets"], json!([{"host":"api.acme.test","port":443}]));
    let error = broker.resolve(API).unwrap_err();
    assert_eq!((error.code, error.hint.as_deref()), (Code::NotFound, Some("authsome login acme")));
}

#[test]
fn a_login_and_a_new_default_elsewhere_are_seen_by_a_running_session() {
    let rig = rig();
    let broker = rig.broker();
    assert_eq!(broker.call("routes", json!({})).unwrap()["routes"], json!([]));
    rig.connect("default/acme/default", 3600);
    rig.connect("default/acme/work", 3600);
    let routes = broker.call("routes", json!({})).unwrap();
    assert_eq!(routes["routes"][0]["connection"], "default");
    let unchanged = broker.call("routes", json!({"if_changed": routes["rev"]})).unwrap();
    assert_eq!(unchanged, json!({"unchanged": true}));
    rig.store.set("default/acme/@default", json!({"connection":"work"}), json!({}));
    let routes = broker.call("routes", json!({"if_changed": routes["rev"]})).unwrap();
    assert_eq!(routes["routes"][0]["connection"], "work");
}

#[test]
fn a_route_names_its_auth_endpoints_and_gives_the_child_placeholders_only() {
    let rig = rig();
    rig.define(acme(json!({"export":{"env":{"ACME_TOKEN":"access_token","ACME_REFRESH":"refresh_token"}}})));
    rig.connect("default/acme/default", 3600);
    let routes = rig.broker().call("routes", json!({})).unwrap();
    let route = &routes["routes"][0];
    assert_eq!(route["env"], json!({"ACME_TOKEN": "authsome-proxy-managed"}));
    assert_eq!(route["places"], json!([{"in":"header","name":"authorization"}]));
    let except =
        json!([{"host":"acme.test","port":443,"path":"/a"},{"host":"api.acme.test","port":443,"path":"/token"}]);
    assert_eq!(route["except"], except);
}

#[test]
fn the_login_endpoints_that_were_discovered_get_no_credential_either() {
    let rig = rig();
    rig.define(json!({"name":"mcp","display_name":"M","auth_type":"oauth2","flow":"dcr_pkce",
        "api_url":["mcp.test"],"oauth":{"issuer":"https://mcp.test"}}));
    let discovered = json!({"authorization_url":"https://mcp.test/authorize","token_url":"https://mcp.test/token",
        "device_authorization_url":"https://mcp.test/device","revocation_url":"https://mcp.test/revoke",
        "registration_endpoint":"https://mcp.test/register","resource":"https://mcp.test/"});
    let bound = json!({"issuer":"https://mcp.test","targets":["mcp.test"]});
    let record = json!({"provider":"mcp","flow":"dcr_pkce","status":"connected","bound":bound,"discovered":discovered});
    rig.store.set("default/mcp/default", record, json!({"access_token":"m"}));
    let broker = rig.broker();
    for path in ["authorize", "token", "device", "revoke", "register", "%74oken/"] {
        let error = broker.resolve(&format!("https://mcp.test/{path}")).unwrap_err();
        assert_eq!(error.code, Code::Denied, "{path}");
    }
    assert_eq!(broker.header("https://mcp.test/mcp").unwrap(), "Bearer m");
    let routes = broker.call("routes", json!({})).unwrap();
    assert_eq!(routes["routes"][0]["except"].as_array().unwrap().len(), 5);
}

#[test]
fn a_definition_that_changed_gets_nothing_before_it_is_confirmed() {
    for change in [
        json!({"api_url":["api.acme.test","attacker.test"]}),
        json!({"oauth":{"token_url":"https://attacker.test/token"}}),
        json!({"oauth":{"revocation_url":"https://attacker.test/revoke"}}),
        json!({"oauth":{"device_authorization_url":"https://attacker.test/device"}}),
        json!({"oauth":{"issuer":"https://attacker.test"}}),
        json!({"oauth":{"resource":"https://attacker.test"}}),
    ] {
        let rig = rig();
        rig.connect("default/acme/default", 3600);
        rig.define(acme(change.clone()));
        let broker = rig.broker();
        let error = broker.resolve(API).unwrap_err();
        assert_eq!(
            (error.code, error.hint.as_deref()),
            (Code::Denied, Some("authsome login acme --force")),
            "{change}"
        );
        assert_eq!(broker.call("token", json!({"provider":"acme"})).unwrap_err().code, Code::Denied);
        let attacked = broker.resolve("https://attacker.test/v1");
        assert!(attacked.is_err(), "{attacked:?}");
    }
}

#[test]
fn a_token_of_one_instance_is_not_for_another() {
    let rig = rig();
    rig.define(
        json!({"name":"ghe","display_name":"G","auth_type":"oauth2","flow":"pkce","base_url":"https://ghe.test",
        "api_url":["api.ghe.test"],"oauth":{"authorization_url":"{base_url}/a","token_url":"{base_url}/t"}}),
    );
    let record = |base: &str, target: &str| {
        json!({"provider":"ghe","flow":"pkce","status":"connected","base_url":base,
            "bound":{"token_url":format!("{base}/t"),"revocation_url":null,"targets":[target]}})
    };
    rig.store.set("default/ghe/default", record("https://ghe.test", "api.ghe.test"), json!({"access_token":"public"}));
    rig.store.set("default/ghe/corp", record("https://ghe.corp.test", "ghe.corp.test"), json!({"access_token":"corp"}));
    let broker = rig.open(json!({"grant":{"ghe":"*"}}));
    let ask = |url: &str, name: &str| {
        let answer = broker.call("resolve", json!({"request": common::request(url), "connection": name}));
        answer.map(|answer| answer["secret"]["authorization"].clone()).map_err(|error| error.code)
    };
    assert_eq!(ask("https://api.ghe.test/x", "default"), Ok(json!("Bearer public")));
    assert_eq!(ask("https://ghe.corp.test/api/v3/x", "corp"), Ok(json!("Bearer corp")));
    assert_eq!(ask("https://api.ghe.test/x", "corp"), Err(Code::Denied));
    assert_eq!(ask("https://ghe.corp.test/api/v3/x", "default"), Err(Code::Denied));
}

#[test]
fn a_session_of_one_provider_knows_no_other() {
    let rig = rig();
    rig.connect("default/acme/default", 3600);
    rig.define(
        json!({"name":"keyed","display_name":"K","auth_type":"api_key","flow":"api_key","api_url":["api.keyed.test"],
        "api_key":{"header_name":"X-Api-Key"}}),
    );
    let record = json!({"provider":"keyed","flow":"api_key","status":"connected",
        "bound":{"token_url":null,"revocation_url":null,"targets":["api.keyed.test"]}});
    rig.store.set("default/keyed/default", record, json!({"api_key":"k1"}));
    let broker = rig.open(json!({"only":["keyed"]}));
    let routes = broker.call("routes", json!({})).unwrap()["routes"].clone();
    assert_eq!((routes.as_array().unwrap().len(), &routes[0]["provider"]), (1, &json!("keyed")));
    assert_eq!(broker.resolve(API).unwrap_err().code, Code::NotFound);
}

#[test]
fn a_session_of_a_provider_that_is_not_connected_does_not_begin() {
    let rig = rig();
    rig.connect("default/acme/default", 3600);
    let error = rig.open(json!({"only":["acme","notion"]})).call("routes", json!({})).unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (Code::NotFound, "notion is not connected"));
    assert_eq!(error.hint.as_deref(), Some("authsome login notion"));
}

#[test]
fn a_session_of_a_profile_in_which_nothing_is_kept_does_not_begin() {
    let rig = rig();
    rig.connect("home/acme/default", 3600);
    let broker = rig.unopened(true, Box::new(broker::SystemClock));
    broker.call("open", json!({"profile":"hoem"})).unwrap();
    let error = broker.call("routes", json!({})).unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (Code::NotFound, "there is no profile \"hoem\""));
    assert_eq!(error.choices, ["home"]);
    // The default one is there before anything is.
    assert_eq!(rig.broker().call("routes", json!({})).unwrap()["routes"], json!([]));
}

#[test]
fn a_connection_whose_requests_will_be_refused_is_told_with_the_command_that_mends_it() {
    let rig = rig();
    rig.connect("default/acme/default", 3600);
    let mut record = rig.store.record("default/acme/default");
    record["status"] = json!("invalid");
    rig.store.set("default/acme/default", record, json!({"access_token": "x"}));
    let told = rig.broker().notes("routes", json!({}));
    let why = "the connection default of acme is no longer valid";
    assert_eq!(told, [format!("acme is left out: {why} (authsome login acme --force)")]);
}

#[test]
fn a_session_that_names_a_connection_that_no_request_can_use_does_not_begin() {
    let ended = json!({"renewable": false, "expires_at": proto::time::now() - 3600});
    let cases = [
        ("invalid", json!({"status":"invalid"}), json!({}), "is no longer valid"),
        ("expired", ended, json!({}), "has expired and cannot be renewed"),
        (
            "changed",
            json!({}),
            json!({"oauth":{"token_url":"https://other.test/token"}}),
            "sends credentials elsewhere",
        ),
    ];
    for (what, record, definition, why) in cases {
        let rig = rig();
        rig.connect("default/acme/default", 3600);
        let mut changed = rig.store.record("default/acme/default");
        changed.as_object_mut().unwrap().extend(common::object(record));
        rig.store.set("default/acme/default", changed, json!({"access_token":"a0"}));
        rig.define(acme(definition));
        let by_name = [
            json!({"only":["acme"]}),
            json!({"choose":{"acme":"default"}}),
            json!({"grant":{"acme":["default"]}}),
            json!({"grant":{"acme":"*"}}),
        ];
        for open in by_name {
            let error = rig.open(open.clone()).call("routes", json!({})).unwrap_err();
            assert!(error.message.contains(why), "{what} {open}: {error}");
            assert_eq!(error.hint.as_deref(), Some("authsome login acme --force"), "{what} {open}");
        }
        let told = rig.broker().notes("routes", json!({}));
        assert!(told.len() == 1 && told[0].starts_with("acme is left out: ") && told[0].contains(why), "{told:?}");
        // A request may choose a neighbour that can be used.
        rig.define(acme(json!({})));
        rig.connect("default/acme/work", 3600);
        for open in [json!({"choose":{"acme":"work"}}), json!({"only":["acme"],"grant":{"acme":"*"}})] {
            assert!(rig.open(open.clone()).call("routes", json!({})).is_ok(), "{what} {open}");
        }
    }
}

#[test]
fn a_connection_that_is_named_and_ends_during_a_session_leaves_the_session_standing() {
    let rig = rig();
    rig.connect("default/acme/default", 3600);
    let broker = rig.open(json!({"only":["acme"]}));
    broker.call("routes", json!({})).unwrap();
    let mut record = rig.store.record("default/acme/default");
    record["status"] = json!("invalid");
    rig.store.set("default/acme/default", record, json!({"access_token": "x"}));
    let routes = broker.call("routes", json!({})).unwrap();
    assert_eq!(routes["routes"][0]["targets"][0]["host"], "api.acme.test");
}

#[test]
fn profiles_do_not_see_each_other() {
    let rig = rig();
    rig.connect("other/acme/default", 3600);
    assert_eq!(rig.broker().resolve(API).unwrap_err().code, Code::NotFound);
}

#[test]
fn what_would_mend_a_choice_names_the_profile_that_it_is_in() {
    let rig = rig();
    rig.connect("home/acme/personal", 3600);
    rig.connect("home/acme/work", 3600);
    let broker = rig.unopened(true, Box::new(broker::SystemClock));
    broker.call("open", json!({"profile":"home"})).unwrap();
    for error in [broker.resolve(API).unwrap_err(), broker.call("token", json!({"provider":"acme"})).unwrap_err()] {
        let hint = "--connection NAME, or authsome connection set-default acme NAME --profile home";
        assert_eq!((error.code, error.hint.as_deref()), (Code::Ambiguous, Some(hint)));
    }
}

#[test]
fn token_gives_the_access_token_and_nothing_that_renews_it() {
    let rig = rig();
    rig.define(acme(json!({"aliases":["ac"]})));
    rig.connect("default/acme/default", 3600);
    for name in ["acme", "ac"] {
        let given = rig.broker().call("token", json!({"provider":name})).unwrap();
        assert_eq!(given["key"], "default/acme/default");
        assert_eq!(given["env"], json!({"ACME_ACCESS_TOKEN":"access_token"}));
        assert_eq!(given["secret"], json!({"access_token":"a0"}));
        assert!(!given.to_string().contains("r0"));
    }
    let error = rig.broker().call("token", json!({"provider":"notion"})).unwrap_err();
    assert_eq!((error.code, error.hint.as_deref()), (Code::NotFound, Some("authsome login notion")));
    assert_eq!(rig.broker().call("token", json!({"provider":"notoin"})).unwrap_err().code, Code::NoProvider);
}

#[test]
fn a_broken_definition_leaves_the_others_working() {
    let rig = rig();
    rig.connect("default/acme/default", 3600);
    std::fs::write(rig.home.path().join("broken.json"), "{").unwrap();
    let record = json!({"provider":"broken","flow":"pkce","status":"connected","bound":acme_bound()});
    rig.store.set("default/broken/default", record, json!({"access_token":"x"}));
    assert_eq!(rig.broker().header(API).unwrap(), "Bearer a0");
}

#[test]
fn a_credential_that_would_break_out_of_its_header_is_refused() {
    let rig = rig();
    rig.connect("default/acme/default", 3600);
    let record = rig.store.record("default/acme/default");
    rig.store.set("default/acme/default", record, json!({"access_token":"a\r\nx-evil: 1"}));
    let error = rig.broker().resolve(API).unwrap_err();
    assert_eq!(error.code, Code::Denied);
    assert!(!error.message.contains("evil"), "{error}");
}

#[test]
fn unknown_ops_and_wrong_shapes_are_answered() {
    let broker = rig().broker();
    assert_eq!(broker.call("dance", json!({})).unwrap_err().code, Code::Unsupported);
    assert_eq!(broker.call("resolve", json!({"request":1})).unwrap_err().code, Code::Invalid);
    assert_eq!(broker.call("report", json!({"lease":"x","status":401})).unwrap_err().code, Code::Invalid);
}
