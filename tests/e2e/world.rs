//! The outside world of one test.

use serde_json::json;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;
use testkit::{Api, Browser, Ca, Config, Home, OAuthServer, Page, Running, free_port, wait_until};

/// Notes what stood in its arguments, and then the address that a browser would go to.
const OPENER: &str = r#"#!/bin/sh
printf '%s\n' "$*" >> "$HOME/opener-arguments"
page="${1#file://}"
address=$(sed -n 's/.*http-equiv="refresh" content="0; url=\([^"]*\)".*/\1/p' "$page")
printf '%s\n' "$address" >> "$HOME/opened"
"#;

/// A provider with its API, and a home that knows it.
pub struct World {
    pub server: OAuthServer,
    pub api: Api,
    pub ca: Ca,
    pub home: Home,
    pub name: String,
    config: Config,
}

impl World {
    /// A provider called `name`; its callback is on a port of its own.
    pub fn new(name: &str, config: Config) -> World {
        let world = World::with_default_callback(name, config);
        world.home.write_config(&json!({"callback": format!("http://127.0.0.1:{}", free_port().unwrap())})).unwrap();
        world
    }

    /// The same at the port that apps are registered with, which only one test at a time can have.
    pub fn with_default_callback(name: &str, config: Config) -> World {
        let server = OAuthServer::start(config.clone()).unwrap();
        let ca = Ca::new().unwrap();
        let api = Api::start(&ca, &config.api_url[0]).unwrap();
        api.accept_if(server.validator());
        let mut home = Home::new(programs()).unwrap();
        home.write_definition(name, &server.definition(name)).unwrap();
        // An opener that notes where the file it was given leads, instead of showing it.
        let opener = home.drop_ins().join("opener");
        std::fs::write(&opener, OPENER).unwrap();
        std::fs::set_permissions(&opener, std::fs::Permissions::from_mode(0o755)).unwrap();
        home.set_env("BROWSER", opener.to_str().unwrap());
        World { server, api, ca, home, name: name.to_owned(), config }
    }

    /// The arguments of the openers so far, as any user of the machine could read them.
    pub fn opener_arguments(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.home.path().join("opener-arguments")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The addresses to which openers were led so far.
    pub fn opened(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.home.path().join("opened")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The `count`th address to which an opener was led, once it is there.
    pub fn opened_as(&self, count: usize) -> String {
        assert!(wait_until(Duration::from_secs(20), || self.opened().len() >= count), "no window {count} was opened");
        self.opened()[count - 1].clone()
    }

    /// Types the OAuth client into the form at `url`.
    pub fn fill_form(&self, url: &str) -> io::Result<Page> {
        let secret = self.config.client_secret.clone().unwrap_or_default();
        Browser::new()?
            .open(url)?
            .submit(&[("client_id", self.config.client_id.as_str()), ("client_secret", secret.as_str())])
    }

    /// A whole login as a person does it the first time: the form, then the provider.
    pub fn log_in(&self, args: &[&str]) {
        let before = self.opened().len();
        let running = self.start_login(args);
        self.fill_form(&self.opened_as(before + 1)).unwrap();
        Browser::new().unwrap().open(&self.opened_as(before + 2)).unwrap();
        running.finish().unwrap().expect_code(0);
    }

    /// A later one, with the client of the first: the provider's window alone.
    pub fn log_in_again(&self, args: &[&str]) {
        let before = self.opened().len();
        let running = self.start_login(args);
        Browser::new().unwrap().open(&self.opened_as(before + 1)).unwrap();
        running.finish().unwrap().expect_code(0);
    }

    pub fn start_login(&self, args: &[&str]) -> Running {
        let mut whole = vec!["login", self.name.as_str()];
        whole.extend(args);
        self.home.spawn("authsome", &whole).unwrap()
    }

    /// The client for logins without a form, on stdin.
    pub fn client_json(&self) -> String {
        json!({"client_id": self.config.client_id, "client_secret": self.config.client_secret}).to_string()
    }

    /// Logs in with the client from stdin; only the provider's window is opened.
    pub fn connect(&self, args: &[&str]) {
        let before = self.opened().len();
        let mut whole = vec!["--stdin"];
        whole.extend(args);
        let mut running = self.start_login(&whole);
        running.write(&self.client_json()).unwrap();
        running.close_stdin();
        Browser::new().unwrap().open(&self.opened_as(before + 1)).unwrap();
        running.finish().unwrap().expect_code(0);
    }

    /// `run` with what makes the made-up API reachable.
    pub fn run_args(&self, command: &[&str]) -> Vec<String> {
        let pem = self.home.work().join("upstream.pem");
        self.ca.write_pem(&pem).unwrap();
        self.home.hand_over(&pem).unwrap();
        let mut args = vec!["run".to_owned(), "--connect-to".to_owned(), self.api.connect_to()];
        args.extend(["--upstream-ca".to_owned(), pem.display().to_string(), "--".to_owned()]);
        args.extend(command.iter().map(|word| (*word).to_owned()));
        args
    }

    /// Runs `command` in a session.
    pub fn run(&self, command: &[&str]) -> testkit::Output {
        let args = self.run_args(command);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        self.home.run(&args).unwrap()
    }

    /// The last request's Authorization at the API.
    pub fn seen_authorization(&self) -> Option<String> {
        let requests = self.api.requests();
        requests.last().and_then(|request| request.header("authorization")).map(str::to_owned)
    }

    /// The API got a token that the provider issued.
    pub fn assert_real_token(&self) {
        let seen = self.seen_authorization().unwrap_or_default();
        let token = seen.strip_prefix("Bearer ").unwrap_or_default();
        assert!(self.server.is_valid(token), "the API received {seen:?}");
    }
}

pub fn programs() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_authsome")).parent().unwrap()
}
