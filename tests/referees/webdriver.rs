//! As much of WebDriver (W3C) as these tests need: one Chromium window, driven over JSON.

use crate::referee::on_path;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use testkit::{Browser, Home, Running, wait_until};

/// Where W3C puts an element's id.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser window; it and its driver end with the value.
pub struct Window {
    http: Browser,
    session: String,
    _driver: Running,
}

impl Window {
    /// Its profile and caches lie in `home`, and go with it.
    pub fn open(home: &Home, width: u32, height: u32) -> Window {
        let mut command = Command::new(on_path("chromedriver").unwrap());
        command.arg("--port=0").env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.env("HOME", home.path()).env("TMPDIR", home.tmp());
        let mut driver = home.spawn_command(command).unwrap();
        driver.see("started successfully on port ").unwrap();
        let told = driver.stdout();
        let port = told.split("successfully on port ").nth(1).unwrap().trim().trim_end_matches('.');
        let http = Browser::new().unwrap();
        let args = [
            "--headless=new".to_owned(),
            // As root, in a container, there is no sandbox to be had.
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-background-networking".to_owned(),
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", home.tmp().join("chromium").display()),
        ];
        let wish = json!({"capabilities": {"alwaysMatch": {"browserName": "chrome",
            "goog:chromeOptions": {"binary": on_path("chromium").unwrap(), "args": args}}}});
        let base = format!("http://127.0.0.1:{port}/session");
        let made = call(&http, "POST", &base, &wish).unwrap_or_else(|why| panic!("no window: {why}"));
        let session = format!("{base}/{}", made["sessionId"].as_str().unwrap());
        Window { http, session, _driver: driver }
    }

    pub fn go(&self, url: &str) {
        self.post("/url", json!({"url": url})).unwrap();
    }

    /// As [`Window::go`], where nobody may be listening any more.
    pub fn try_go(&self, url: &str) -> Result<(), String> {
        self.post("/url", json!({"url": url})).map(drop)
    }

    pub fn url(&self) -> String {
        self.get("/url").as_str().unwrap().to_owned()
    }

    pub fn title(&self) -> String {
        self.get("/title").as_str().unwrap().to_owned()
    }

    /// What a person reads.
    pub fn text(&self) -> String {
        self.run("return document.body.innerText").as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the text can be read.
    pub fn see(&self, text: &str) {
        let seen = wait_until(Duration::from_secs(20), || self.text().contains(text));
        assert!(seen, "no {text:?} on {}: {}", self.url(), self.text());
    }

    pub fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", json!({"script": script, "args": []})).unwrap()
    }

    /// Strikes keys, wherever the focus is.
    pub fn keys(&self, text: &str) {
        let strokes: Vec<Value> = text
            .chars()
            .flat_map(|key| [json!({"type": "keyDown", "value": key}), json!({"type": "keyUp", "value": key})])
            .collect();
        self.post("/actions", json!({"actions": [{"type": "key", "id": "keyboard", "actions": strokes}]})).unwrap();
    }

    pub fn click(&self, css: &str) {
        self.post(&format!("/element/{}/click", self.element(css)), json!({})).unwrap();
    }

    /// The name that a screen reader says.
    pub fn label(&self, css: &str) -> String {
        self.get(&format!("/element/{}/computedlabel", self.element(css))).as_str().unwrap().to_owned()
    }

    /// As if the person's desktop were dark.
    pub fn be_dark(&self) {
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": "dark"}]});
        self.post("/goog/cdp/execute", json!({"cmd": "Emulation.setEmulatedMedia", "params": media})).unwrap();
    }

    /// The width of a telephone: a desktop's window cannot be as narrow.
    pub fn be_narrow(&self) {
        let metrics = json!({"width": 320, "height": 640, "deviceScaleFactor": 2, "mobile": true});
        self.post("/goog/cdp/execute", json!({"cmd": "Emulation.setDeviceMetricsOverride", "params": metrics}))
            .unwrap();
    }

    /// Kept as `target/screenshots/NAME.png`.
    pub fn screenshot(&self, name: &str) {
        use base64::Engine;
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        let picture = self.get("/screenshot");
        let png = base64::engine::general_purpose::STANDARD.decode(picture.as_str().unwrap()).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), png).unwrap();
    }

    fn element(&self, css: &str) -> String {
        let found = self.post("/element", json!({"using": "css selector", "value": css})).unwrap();
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    fn get(&self, path: &str) -> Value {
        call(&self.http, "GET", &format!("{}{path}", self.session), &Value::Null).unwrap()
    }

    fn post(&self, path: &str, body: Value) -> Result<Value, String> {
        call(&self.http, "POST", &format!("{}{path}", self.session), &body)
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let _ = call(&self.http, "DELETE", &self.session, &Value::Null);
    }
}

fn call(http: &Browser, method: &str, url: &str, body: &Value) -> Result<Value, String> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let headers = [("Content-Type", "application/json")];
    let answer = http.request(method, url, &headers, body.as_bytes()).map_err(|error| error.to_string())?;
    let mut answer: Value = serde_json::from_str(&answer.body).map_err(|_| answer.body.clone())?;
    let value = answer["value"].take();
    match value.get("error") {
        Some(error) => Err(format!("{error}: {}", value["message"])),
        None => Ok(value),
    }
}
