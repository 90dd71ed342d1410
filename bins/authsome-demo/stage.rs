//! The made-up outside world: an OAuth server with Notion's manners, an https API, a home.

use serde_json::{Value, json};
use std::io;
use testkit::{Api, Ca, Config, Consent, Home, OAuthServer, free_port};

/// The API's name; it is in no DNS, so `--connect-to` says where it is.
pub const API: &str = "api.demo.test";

/// Variables by which a person's own browser is found.
const DESKTOP: &[&str] =
    &["BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"];

pub struct Stage {
    pub server: OAuthServer,
    pub api: Api,
    pub home: Home,
    /// Path of the API's certificate.
    pub api_ca: String,
}

impl Stage {
    /// Everything on loopback, at ports of the kernel's choice.
    pub fn build(own_browser: bool) -> io::Result<Stage> {
        let exe = std::env::current_exe()?;
        let programs = exe.parent().ok_or_else(|| io::Error::other("this program is in no directory"))?;
        let consent = if own_browser { Consent::Ask } else { Consent::Allow };
        let config = Config {
            api_url: vec![API.to_owned()],
            variable: "DEMO_ACCESS_TOKEN".to_owned(),
            consent,
            ..Config::notion()
        };
        let server = OAuthServer::start(config)?;
        let ca = Ca::new()?;
        let api = Api::start(&ca, API)?;
        api.accept_if(server.validator());
        let mut home = Home::new(programs)?;
        home.write_definition("demo", &definition(&server))?;
        home.write_config(&json!({"callback": format!("http://127.0.0.1:{}/auth/callback/oauth", free_port()?)}))?;
        let api_ca = home.work().join("api.pem");
        ca.write_pem(&api_ca)?;
        if own_browser {
            DESKTOP
                .iter()
                .filter_map(|name| Some((name, std::env::var(name).ok()?)))
                .for_each(|(name, value)| home.set_env(name, &value));
        } else {
            home.set_env("BROWSER", &format!("{} --scripted-browser", exe.display()));
        }
        Ok(Stage { server, api, home, api_ca: api_ca.display().to_string() })
    }
}

fn definition(server: &OAuthServer) -> Value {
    let mut definition = server.definition("demo");
    definition["display_name"] = json!("Demo");
    definition
}
