//! Other users of the machine, who can read every program's arguments and reach every port on loopback.

use super::{notion, origin};
use crate::world::World;
use std::fs::Permissions;
use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};
use testkit::{Browser, Endpoint, Fault, Times, wait_until};

/// A login with its client from stdin, whose window was opened: its one-use address.
fn opened(world: &World, args: &[&str]) -> (testkit::Running, String) {
    let before = world.opened().len();
    let mut running = world.start_login(&[&["--stdin"], args].concat());
    running.write(&world.client_json()).unwrap();
    running.close_stdin();
    let address = world.opened_as(before + 1);
    (running, address)
}

fn file_of(argument: &str) -> PathBuf {
    PathBuf::from(argument.strip_prefix("file://").unwrap())
}

fn listener(address: &str) -> SocketAddr {
    origin(address).strip_prefix("http://").unwrap().parse().unwrap()
}

#[test]
fn the_openers_arguments_name_a_private_file_that_is_gone_after_its_use() {
    let world = notion();
    let (running, address) = opened(&world, &[]);
    let arguments = world.opener_arguments().join(" ");
    assert!(!arguments.contains("127.0.0.1"), "{arguments}");
    assert!(!arguments.contains(address.rsplit('/').next().unwrap()), "{arguments}");
    let file = file_of(&arguments);
    let found = std::fs::metadata(&file).unwrap();
    assert_eq!((found.mode() & 0o777, found.uid()), (0o600, rustix::process::geteuid().as_raw()));
    // Browsers that are snaps read nothing that is hidden.
    assert!(!arguments.contains("/."), "{arguments}");

    Browser::new().unwrap().open(&address).unwrap();
    assert!(!file.exists(), "it has been used");
    running.finish().unwrap().expect_code(0);
}

#[test]
fn the_private_file_goes_with_a_login_that_ends_and_replaces_what_a_killed_one_left() {
    let world = notion();
    let (running, _) = opened(&world, &["--timeout", "1"]);
    let file = file_of(&world.opener_arguments()[0]);
    running.finish().unwrap().expect_code(7);
    assert!(!file.exists(), "the login is over");

    let (running, killed) = opened(&world, &[]);
    running.signal(testkit::Signal::KILL).unwrap();
    drop(running.finish());
    assert!(file.exists());
    let (_running, next) = opened(&world, &[]);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(&next) && !text.contains(&killed), "{text}");
}

#[test]
fn a_home_of_umask_002_holds_the_file_and_one_that_everybody_may_write_does_not() {
    let world = notion();
    let home = world.home.path();
    std::fs::set_permissions(&home, Permissions::from_mode(0o775)).unwrap();
    let (running, _) = opened(&world, &[]);
    assert!(file_of(&world.opener_arguments()[0]).starts_with(&home));
    drop(running);

    std::fs::set_permissions(&home, Permissions::from_mode(0o777)).unwrap();
    let mut running = world.start_login(&["--force"]);
    running.word("http://127.0.0.1:").unwrap();
    assert_eq!(world.opener_arguments().len(), 1);
}

#[test]
fn without_a_folder_of_ones_own_no_address_goes_to_an_opener() {
    let mut world = notion();
    world.home.set_env("HOME", "/nonexistent");
    world.home.set_env("AUTHSOME_HOME", world.home.authsome().to_str().unwrap().to_owned().as_str());
    let mut running = world.start_login(&[]);
    let address = running.word("http://127.0.0.1:").unwrap();
    assert!(world.opener_arguments().is_empty() && world.opened().is_empty());
    assert_eq!(Browser::new().unwrap().open(&address).unwrap().status, 200);
}

#[test]
fn a_second_browser_ends_a_login_even_when_the_code_has_been_taken() {
    let world = notion();
    world.server.fault(Endpoint::Token, Fault::DelayAnswer(1500), Times::Once);
    let (running, address) = opened(&world, &[]);
    let first = {
        let address = address.clone();
        std::thread::spawn(move || Browser::new().unwrap().open(&address))
    };
    assert!(wait_until(Duration::from_secs(10), || !world.server.requests_to("/token").is_empty()));
    assert_eq!(Browser::new().unwrap().open(&address).unwrap().status, 403);
    let output = running.finish().unwrap().expect_code(4);
    assert!(output.stderr.contains("two browsers"), "{}", output.stderr);
    let _ = first.join().unwrap();
    world.home.run(&["get", "demo"]).unwrap().expect_code(5);
}

#[test]
fn silent_connections_leave_room_for_the_browser_and_are_let_go() {
    let world = notion();
    let (running, address) = opened(&world, &[]);
    let began = Instant::now();
    let mut silent: Vec<TcpStream> = (0..300).map(|_| TcpStream::connect(listener(&address)).unwrap()).collect();
    // Of more than there are places the oldest makes room.
    silent[0].set_read_timeout(Some(Duration::from_secs(4))).unwrap();
    assert_eq!(silent[0].read(&mut [0]).unwrap(), 0);
    let mut last = silent.pop().unwrap();
    last.set_read_timeout(Some(Duration::from_secs(9))).unwrap();
    assert_eq!(last.read(&mut [0]).unwrap(), 0, "nothing came from it");
    assert!(began.elapsed() < Duration::from_secs(9));
    let page = Browser::new().unwrap().open(&address).unwrap();
    assert!(page.body.contains("Connected"), "{}", page.body);
    running.finish().unwrap().expect_code(0);
}

/// What the page answers to a program of another user, which root alone can start.
/// The tests in `libs/cli/src/peer.rs` cover the owner of a socket without root.
fn asked_by_another_user(address: &str) -> Option<String> {
    let listener = listener(address);
    let path = &address[origin(address).len()..];
    let request = format!("GET {path} HTTP/1.1\\r\\nHost: {listener}\\r\\n\\r\\n");
    let script = format!("exec 3<>/dev/tcp/{}/{}; printf '{request}' >&3; cat <&3", listener.ip(), listener.port());
    let output = Command::new("bash").args(["-c", &script]).current_dir("/").uid(65534).gid(65534).output().ok()?;
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_browser_of_another_user_is_turned_away_though_it_knows_the_address() {
    let world = notion();
    let (mut running, address) = opened(&world, &[]);
    let turned_away = match asked_by_another_user(&address) {
        None => false,
        Some(answer) => {
            assert_eq!(answer, "");
            running.see("another user of this machine").unwrap();
            true
        }
    };
    // The address is still good for the person's own browser.
    let page = Browser::new().unwrap().open(&address).unwrap();
    assert!(page.body.contains("Connected"), "{}", page.body);
    let output = running.finish().unwrap().expect_code(0);
    assert_eq!(output.stderr.contains("was turned away"), turned_away, "{}", output.stderr);
}
