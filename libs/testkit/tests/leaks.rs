//! The search finds a planted secret in every shape, and nothing where nothing is.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::time::Duration;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use testkit::{Finding, Form, Home, Recorder, scan, scan_processes, wait_until};

const SECRET: &str = "s3cr?t/ÿ\"~x";

fn found(content: &[u8]) -> Vec<Form> {
    let home = Home::new("/usr/bin").unwrap();
    fs::write(home.work().join("file"), content).unwrap();
    scan(home.root(), &["some other secret", SECRET])
        .unwrap()
        .into_iter()
        .map(|Finding { place, secret, form }| {
            assert!(place.ends_with("/work/file") && secret == 1);
            form
        })
        .collect()
}

#[test]
fn nothing_is_found_where_nothing_is() {
    assert_eq!(found(b"s3cr?t/ is but a beginning, dDNzY3I is another"), []);
}

#[test]
fn a_secret_is_found_as_it_is_between_any_bytes() {
    let bytes = [b"\x00\xffs3cr".as_slice(), SECRET.as_bytes(), b"\x00"].concat();
    assert_eq!(found(&bytes), [Form::Raw]);
}

#[test]
fn a_secret_is_found_in_urls_forms_and_json() {
    assert_eq!(found(b"https://x/?key=s3cr%3Ft%2F%C3%BF%22%7Ex&y=1"), [Form::Percent]);
    assert_eq!(found(b"https://x/?key=s3cr%3Ft%2F%C3%BF%22~x"), [Form::Percent]);
    assert_eq!(found(b"https://x/?key=s3cr%3ft%2f%c3%bf%22~x"), [Form::Percent]);
    assert_eq!(found(serde_json::json!({ "token": SECRET }).to_string().as_bytes()), [Form::Json]);
}

#[test]
fn a_secret_is_found_in_base64_wherever_it_begins_and_ends() {
    for before in ["", "i", "id", "id:"] {
        for after in ["", "!", "!!", "!!!"] {
            let text = format!("{before}{SECRET}{after}");
            assert_eq!(found(BASE64_STANDARD.encode(&text).as_bytes()), [Form::Base64], "{text}");
            assert_eq!(found(BASE64_URL_SAFE_NO_PAD.encode(&text).as_bytes()), [Form::Base64], "{text}");
        }
    }
}

#[test]
fn a_secret_is_found_in_hex_and_in_a_files_name() {
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(found(hex.as_bytes()), [Form::Hex]);
    let home = Home::new("/usr/bin").unwrap();
    fs::write(home.work().join("key-hunter-2.txt"), "").unwrap();
    assert_eq!(scan(home.root(), &["hunter-2"]).unwrap().len(), 1);
}

#[test]
fn links_and_pipes_do_not_lead_astray() {
    let home = Home::new("/usr/bin").unwrap();
    std::os::unix::fs::symlink("/", home.work().join("everything")).unwrap();
    home.run_program("mkfifo", &["pipe"]).unwrap().expect_code(0);
    assert_eq!(scan(home.root(), &["hunter-2"]).unwrap(), []);
}

#[test]
fn a_secret_in_argv_or_environ_is_found() {
    let mut home = Home::new("/usr/bin").unwrap();
    home.set_env("TOKEN", "environ-secret");
    let running = home.spawn("sh", &["-c", "sleep 60; : argv-secret"]).unwrap();
    let look = || scan_processes(&[running.id(), u32::MAX], &["argv-secret", "environ-secret"]);
    assert!(wait_until(Duration::from_secs(5), || look().len() == 2), "{:?}", look());
    let places: Vec<_> = look().into_iter().map(|finding| (finding.place, finding.secret)).collect();
    assert!(places[0].0.starts_with("argv of ") && places[0].1 == 0);
    assert!(places[1].0.starts_with("environ of ") && places[1].1 == 1);
}

#[test]
fn descendants_are_recorded_while_they_live_and_strangers_are_not() {
    let home = Home::new("/usr/bin").unwrap();
    let script = "sleep 0.3; sh -c 'sleep 0.1; : deep-secret'; env TOKEN=environ-secret sleep 0.1";
    let running = home.spawn("sh", &["-c", script]).unwrap();
    let stranger = home.spawn("sh", &["-c", "sleep 60; : stranger-secret"]).unwrap();
    let recorder = Recorder::start(running.id()).unwrap();
    assert!(!running.finish().unwrap().stdout.contains("secret"));
    let found = recorder.findings(&["deep-secret", "environ-secret", "stranger-secret"]);
    assert!(found.iter().any(|finding| finding.secret == 0 && finding.place.starts_with("argv")), "{found:?}");
    assert!(found.iter().any(|finding| finding.secret == 1 && finding.place.starts_with("environ")), "{found:?}");
    assert!(found.iter().all(|finding| finding.secret != 2));
    assert!(recorder.seen().iter().any(|process| process.argv.starts_with("sleep ")));
    drop(stranger);
}
