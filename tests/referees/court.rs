//! A home whose provider is one of the referees' servers.

use crate::referee::{Referee, text_of};
use crate::world::World;
use serde_json::{Value, json};
use testkit::{Browser, Config, Output, Page, Running};

/// What both servers know their client by.
pub const CLIENT: &str = r#"{"client_id":"confidential","client_secret":"referee-client-secret-0123456789"}"#;

/// The person's side: a home, an opener, an https API that believes the server.
pub struct Court {
    pub world: World,
    pub url: String,
    _server: Running,
}

impl Court {
    /// `complete` makes the definition from the server's address; `whose` is its userinfo path.
    pub fn new(referee: Referee, access_seconds: u32, whose: &'static str, complete: fn(&str) -> Value) -> Court {
        let config = Config { api_url: vec!["api.referee.test".to_owned()], ..Config::plain() };
        let mut world = World::new("spare", config);
        let callback = std::fs::read_to_string(world.home.authsome().join("config.json")).unwrap();
        let callback: Value = serde_json::from_str(&callback).unwrap();
        let redirect_uri = format!("{}/auth/callback/oauth", callback["callback"].as_str().unwrap());
        let (server, url) = referee.serve(&world.home, &redirect_uri, access_seconds);
        let mut definition = complete(&url);
        let place = url.strip_prefix("http://").unwrap();
        let common = json!({"schema_version": 1, "name": "referee", "display_name": "Referee", "auth_type": "oauth2",
            "api_url": ["api.referee.test", place], "allow_loopback_http": true,
            "export": {"env": {"REFEREE_TOKEN": "access_token"}}});
        definition.as_object_mut().unwrap().extend(common.as_object().unwrap().clone());
        definition["oauth"]["userinfo"] = json!({"url": format!("{url}{whose}"), "id": "/sub", "label": "/sub"});
        world.home.write_definition("referee", &definition).unwrap();
        world.name = "referee".to_owned();
        let at = format!("{url}{whose}");
        // The API's own thread serves others meanwhile.
        world.api.accept_if(move |token| {
            std::thread::scope(|scope| scope.spawn(|| is_accepted(&at, token)).join().unwrap())
        });
        Court { world, url, _server: server }
    }

    /// A login with the client from stdin; `person` goes through the provider's pages.
    pub fn log_in(&self, args: &[&str], person: impl FnOnce(&Browser, Page) -> Page) -> (Page, Output) {
        let before = self.world.opened().len();
        let mut running = self.world.start_login(&[&["--stdin"], args].concat());
        running.write(CLIENT).unwrap();
        running.close_stdin();
        let browser = Browser::new().unwrap();
        let page = person(&browser, browser.open(&self.world.opened_as(before + 1)).unwrap());
        (page, running.finish().unwrap())
    }

    /// The access token as `export` gives it, renewed if it is due.
    pub fn exported(&self) -> String {
        let output = self.world.home.run(&["export", "referee", "--format", "json"]).unwrap().expect_code(0);
        output.json()["REFEREE_TOKEN"].as_str().unwrap_or_else(|| panic!("{}", output.stdout)).to_owned()
    }

    pub fn is_accepted(&self, whose: &str, token: &str) -> bool {
        is_accepted(&format!("{}{whose}", self.url), token)
    }

    /// Access tokens that live for two seconds, used for longer: each use gets a living one.
    pub fn renews(&self, whose: &str) {
        let first = self.exported();
        assert!(self.is_accepted(whose, &first));
        let mut last = first;
        for round in 0..3 {
            std::thread::sleep(std::time::Duration::from_millis(2500));
            assert!(!self.is_accepted(whose, &last), "round {round}: it should have run out");
            let next = self.exported();
            assert_ne!(next, last, "round {round}");
            assert!(self.is_accepted(whose, &next), "round {round}");
            last = next;
        }
        std::thread::sleep(std::time::Duration::from_millis(2500));
        let curl = ["curl", "-sf", "https://api.referee.test/v1/thing"];
        self.world.run(&curl).expect_code(0);
        let seen = self.world.seen_authorization().unwrap();
        assert!(self.is_accepted(whose, seen.strip_prefix("Bearer ").unwrap()), "{seen}");
    }

    /// After `revoke` the server takes neither token.
    pub fn revokes(&self, whose: &str) {
        let token = self.exported();
        assert!(self.is_accepted(whose, &token));
        self.world.home.run(&["revoke", "referee", "--yes"]).unwrap().expect_code(0);
        assert!(!self.is_accepted(whose, &token), "the token outlived its revocation");
        self.world.home.run(&["get", "referee"]).unwrap().expect_code(5);
    }
}

fn is_accepted(at: &str, token: &str) -> bool {
    let authorization = format!("Bearer {token}");
    let answer = Browser::new().unwrap().request("GET", at, &[("Authorization", &authorization)], b"").unwrap();
    answer.status == 200
}

/// A page that says that the login ended connected.
pub fn assert_connected(page: &Page, output: Output) -> Output {
    assert!(page.body.contains("Connected to Referee"), "{}: {}", page.url, text_of(&page.body));
    output.expect_code(0)
}
