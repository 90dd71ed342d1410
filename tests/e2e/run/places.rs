//! One credential that an API takes in several places: the command chooses by where it puts the placeholder.

use crate::world::World;
use serde_json::json;
use testkit::{Api, Config};

const KEY: &str = "AIza-key-of-the-test";

/// A provider with the manners of Google's Gemini: a header of its own, or a parameter.
fn gemini() -> World {
    let mut world = World::new("demo", Config { api_url: vec!["api.gemini.test".to_owned()], ..Config::default() });
    std::fs::remove_file(world.home.authsome().join("providers/demo.json")).unwrap();
    world.api = Api::start(&world.ca, "api.gemini.test").unwrap();
    let definition = json!({"name": "gemini", "display_name": "Gemini", "auth_type": "api_key", "flow": "api_key",
        "api_url": ["api.gemini.test"], "places": [{"header": "x-goog-api-key"}, {"query": "key"}],
        "export": {"env": {"api_key": ["GEMINI_API_KEY", "GOOGLE_API_KEY"]}}});
    world.home.write_definition("gemini", &definition).unwrap();
    world.home.set_env("GOOGLE_API_KEY", KEY);
    let login = ["login", "gemini", "--no-input", "--no-check"];
    world.home.run(&login).unwrap().expect_code(0);
    world
}

/// The header and the path of the one request that `arguments` to curl make; or the status of a refusal.
fn asked(world: &World, arguments: &str) -> Result<(Option<String>, String), String> {
    world.api.forget_requests();
    let script = format!("exec curl -sS -o /dev/null -w '%{{http_code}}' {arguments}");
    let status = world.run(&["sh", "-c", &script]).expect_code(0).stdout;
    let requests = world.api.requests();
    let Some(request) = requests.last() else { return Err(status) };
    Ok((request.header("x-goog-api-key").map(str::to_owned), request.target.clone()))
}

#[test]
fn the_key_goes_where_the_command_puts_the_placeholder_and_else_where_it_usually_does() {
    let world = gemini();
    let header = || Some(KEY.to_owned());
    let url = "https://api.gemini.test/v1/models";
    assert_eq!(asked(&world, url), Ok((header(), "/v1/models".to_owned())));
    let in_header = format!("-H \"x-goog-api-key: $GEMINI_API_KEY\" {url}");
    assert_eq!(asked(&world, &in_header), Ok((header(), "/v1/models".to_owned())));
    assert_eq!(asked(&world, &format!("\"{url}?key=$GOOGLE_API_KEY\"")), Ok((None, format!("/v1/models?key={KEY}"))));
}

#[test]
fn a_key_of_ones_own_stays_in_whichever_place_and_a_placeholder_elsewhere_is_refused() {
    let world = gemini();
    let url = "https://api.gemini.test/v1/models";
    assert_eq!(asked(&world, &format!("'{url}?key=own'")), Ok((None, "/v1/models?key=own".to_owned())));
    let elsewhere = format!("-H \"Authorization: Bearer $GEMINI_API_KEY\" {url}");
    assert_eq!(asked(&world, &elsewhere), Err("403".to_owned()));
    assert_eq!(asked(&world, &format!("\"{url}?token=$GEMINI_API_KEY\"")), Err("403".to_owned()));
}

#[test]
fn one_list_of_variables_serves_login_run_and_export() {
    // The login read the second of the list, since the first is not set.
    let world = gemini();
    let seen = world.run(&["sh", "-c", "echo $GEMINI_API_KEY $GOOGLE_API_KEY"]).expect_code(0).stdout;
    assert_eq!(seen, "authsome-proxy-managed authsome-proxy-managed\n", "a real key stays visible in no variable");
    let exported = world.home.run(&["export", "gemini"]).unwrap().expect_code(0).stdout;
    assert_eq!(exported, format!("export GEMINI_API_KEY='{KEY}'\nexport GOOGLE_API_KEY='{KEY}'\n"));
}

#[test]
fn the_variable_that_an_older_definition_names_for_login_is_the_one_of_the_session() {
    let mut world = gemini();
    let definition = json!({"name": "acme", "display_name": "Acme", "auth_type": "api_key", "flow": "api_key",
        "api_url": ["api.acme.test"], "api_key": {"env_var": "ACME_TOKEN"}});
    world.home.write_definition("acme", &definition).unwrap();
    world.home.set_env("ACME_TOKEN", "real-key-of-acme");
    world.home.run(&["login", "acme", "--no-input"]).unwrap().expect_code(0);
    let seen = world.run(&["sh", "-c", "env | grep ^ACME"]).expect_code(0).stdout;
    assert_eq!(seen, "ACME_TOKEN=authsome-proxy-managed\n");
}
