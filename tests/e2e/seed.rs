//! The page about Notion, command by command, as it stands there.

use crate::world::World;
use std::os::unix::fs::PermissionsExt;
use testkit::{Browser, Config};

#[test]
fn the_page_about_notion_is_true_word_for_word_for_an_ordinary_user_whatever_the_umask() {
    // One after the other: each is at the port that the page names.
    for umask in ["022", "002"] {
        the_page(umask);
    }
}

fn the_page(umask: &'static str) {
    let mut world =
        World::with_default_callback("notion", Config { consent: testkit::Consent::Ask, ..Config::notion() });
    world.home.become_user().unwrap();
    world.home.set_umask(umask);
    let sh = |line: &str| world.home.run_program("sh", &["-c", line]).unwrap();

    // "authsome login notion": the first time a local form, then a second window at the provider.
    let running = world.start_login(&[]);
    let form = world.opened_as(1);
    assert!(form.starts_with("http://127.0.0.1:7998/"), "{form}");
    let saved = world.fill_form(&form).unwrap();
    assert_eq!(saved.status, 200, "{}", saved.body);
    let second = world.opened_as(2);
    assert!(second.starts_with("http://127.0.0.1:7998/"), "the opener's argument is public: {second}");
    let consent = Browser::new().unwrap().open(&second).unwrap();
    assert!(consent.url.starts_with(&format!("{}/authorize?", world.server.url())), "{}", consent.url);
    let page = consent.press("Allow").unwrap();
    assert!(page.url.starts_with("http://127.0.0.1:7998/auth/callback/oauth?"), "{}", page.url);
    assert!(
        page.body.contains("Connected") && page.body.contains("Ada&#39;s workspace")
            || page.body.contains("Ada's workspace"),
        "{}",
        page.body
    );
    running.finish().unwrap().expect_code(0);
    let asked = world.server.last_authorization().unwrap();
    assert_eq!(asked["owner"], "user");
    assert_eq!(asked["redirect_uri"], "http://127.0.0.1:7998/auth/callback/oauth");
    assert!(!asked.contains_key("code_challenge"), "Notion's flow does not use PKCE");

    // "Verify".
    assert_eq!(sh("authsome get notion --field status").expect_code(0).stdout, "connected\n");

    // "Multiple accounts": the client is reused, so each opens the provider's window only.
    for name in ["personal", "work"] {
        let before = world.opened().len();
        let running = world.start_login(&["--connection", name]);
        let window = Browser::new().unwrap().open(&world.opened_as(before + 1)).unwrap();
        window.press("Allow").unwrap();
        running.finish().unwrap().expect_code(0);
        assert_eq!(
            sh(&format!("authsome get notion --connection {name} --field status")).expect_code(0).stdout,
            "connected\n"
        );
    }

    // "Use the token", under the proxy.
    let script = "printf %s \"$NOTION_ACCESS_TOKEN\" > seen; exec curl -s https://api.notion.test/v1/users/me";
    world.run(&["sh", "-c", script]).expect_code(0);
    assert_eq!(std::fs::read_to_string(world.home.work().join("seen")).unwrap(), "authsome-proxy-managed");
    world.assert_real_token();

    // "Use the token", in the environment; a refresh token is never exported.
    let exported = sh("eval \"$(authsome export notion --format env)\"; env | grep ^NOTION").expect_code(0).stdout;
    let (name, token) = exported.trim().split_once('=').unwrap();
    assert_eq!(name, "NOTION_ACCESS_TOKEN");
    assert!(world.server.is_valid(token), "{exported}");

    // "Override the bundled definition", twice.
    std::fs::remove_file(world.home.authsome().join("providers/notion.json")).unwrap();
    let bundled = sh("authsome list | grep '^notion '").expect_code(0).stdout;
    assert!(bundled.contains("bundled"), "{bundled}");
    for _ in 0..2 {
        sh("authsome inspect notion > ~/.authsome/providers/notion.json").expect_code(0);
        let listed = sh("authsome list   # source now shows \"custom\" for notion").expect_code(0).stdout;
        assert!(
            listed.lines().filter(|line| line.starts_with("notion ")).all(|line| line.contains("custom")),
            "{listed}"
        );
    }
    let mode = std::fs::metadata(world.home.authsome().join("providers/notion.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o666 & !u32::from_str_radix(umask, 8).unwrap(), "the umask is the one that was meant");

    // The same in a home that is as fresh as it can be.
    sh("rm -r ~/.authsome; authsome list").expect_code(0);
    sh("authsome inspect notion > ~/.authsome/providers/notion.json").expect_code(0);
    let listed = sh("authsome list | grep '^notion '").expect_code(0).stdout;
    assert!(listed.contains("custom"), "{listed}");
}

#[test]
fn the_bundled_definition_says_what_the_page_says_at_a_glance() {
    let world = World::new("other", Config::notion());
    let notion = world.home.run(&["inspect", "notion"]).unwrap().expect_code(0).json();
    assert_eq!((&notion["name"], &notion["display_name"]), (&"notion".into(), &"Notion".into()));
    assert_eq!((&notion["auth_type"], &notion["flow"]), (&"oauth2".into(), &"pkce".into()));
    for unsupported in ["pkce", "supports_device_code", "supports_dcr"] {
        assert_eq!(notion["oauth"][unsupported], false, "{unsupported}");
    }
    assert_eq!(notion["oauth"]["scopes"], serde_json::json!([]));
    assert_eq!(notion["api_url"], serde_json::json!(["api.notion.com"]));
    assert_eq!(notion["export"]["env"]["access_token"][0], "NOTION_ACCESS_TOKEN");
    assert_eq!(notion["export"]["env"]["refresh_token"][0], "NOTION_REFRESH_TOKEN");
    assert_eq!(notion["oauth"]["authorization_url"], "https://api.notion.com/v1/oauth/authorize");
    assert_eq!(notion["dashboard_url"], "https://www.notion.so/my-integrations");
}
