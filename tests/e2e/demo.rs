//! The demo as a person meets it: with their own browser, or with a reader that leaves early.

use crate::world::programs;
use std::os::unix::fs::PermissionsExt;
use testkit::{Browser, Home, Signal};

#[test]
fn with_ones_own_browser_the_login_is_seen_while_it_waits() {
    let mut home = Home::new(programs()).unwrap();
    let opener = home.drop_ins().join("opener");
    std::fs::write(&opener, "#!/bin/sh\nexit 0\n").unwrap();
    std::fs::set_permissions(&opener, std::fs::Permissions::from_mode(0o755)).unwrap();
    home.set_env("BROWSER", opener.to_str().unwrap());
    let mut demo = home.spawn("authsome", &["demo", "--browser"]).unwrap();
    demo.see("Waiting for the form").unwrap();
    let secret = demo.stdout().split("client secret \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let form = demo.word("http://127.0.0.1:").unwrap();
    Browser::new()
        .unwrap()
        .open(&form)
        .unwrap()
        .submit(&[("client_id", "client"), ("client_secret", &secret)])
        .unwrap();
    // Between the two windows stands the redirect URI to register.
    let windows = demo.words("http://127.0.0.1:", 3).unwrap();
    Browser::new().unwrap().open(&windows[2]).unwrap().press("Allow").unwrap();
    let output = demo.finish().unwrap().expect_code(0);
    assert!(output.stdout.contains("The agent never saw that token"), "{}", output.stdout);
    assert_eq!(std::fs::read_dir(home.tmp()).unwrap().count(), 0);
}

#[test]
fn a_ctrl_c_leaves_nothing_behind() {
    let mut home = Home::new(programs()).unwrap();
    home.set_env("BROWSER", "true");
    let mut demo = home.spawn("authsome", &["demo", "--browser"]).unwrap();
    demo.see("Waiting for the form").unwrap();
    demo.signal_group(Signal::INT).unwrap();
    let output = demo.finish().unwrap().expect_code(130);
    assert!(output.stderr.ends_with("error: cancelled\n"), "{}", output.stderr);
    assert_eq!(std::fs::read_dir(home.tmp()).unwrap().count(), 0);
}

#[test]
fn a_signal_to_the_demo_alone_ends_it_as_a_ctrl_c_does() {
    let mut home = Home::new(programs()).unwrap();
    home.set_env("BROWSER", "true");
    for signal in [Signal::TERM, Signal::HUP] {
        // At a person's turn, which would last for minutes, and in the middle of the scripted scenes.
        for (args, seen) in [(&["demo", "--browser"][..], "Waiting for the form"), (&["demo"], "$ authsome login")] {
            let mut demo = home.spawn("authsome", args).unwrap();
            demo.see(seen).unwrap();
            demo.signal(signal).unwrap();
            let output = demo.finish().unwrap().expect_code(130);
            assert!(output.stderr.ends_with("error: cancelled\n"), "{}", output.stderr);
            assert!(!output.stdout.contains("# Run an agent"), "{}", output.stdout);
            assert_eq!(std::fs::read_dir(home.tmp()).unwrap().count(), 0);
        }
    }
}

#[test]
fn the_persons_own_home_is_not_so_much_as_made() {
    let home = Home::new(programs()).unwrap();
    std::fs::remove_dir(home.authsome()).unwrap();
    home.run(&["demo"]).unwrap().expect_code(0);
    assert!(!home.authsome().exists());
}

#[test]
fn a_reader_that_has_seen_enough_leaves_nothing_behind() {
    let home = Home::new(programs()).unwrap();
    for command in ["authsome demo", "authsome-conform vault -- authsome-vault"] {
        home.run_program("sh", &["-c", &format!("{command} | head -n 1")]).unwrap().expect_code(0);
        let left: Vec<_> = std::fs::read_dir(home.tmp()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "{command} left {left:?}");
    }
}
