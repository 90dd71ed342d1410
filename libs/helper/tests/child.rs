//! A process behind a link, as others on the machine see it.
#![allow(clippy::unwrap_used)]

use helper::{Child, NoAsks};
use proto::Object;
use std::fs::OpenOptions;
use std::process::Command;

/// In sh, which says `true` to everything.
fn sample() -> Child {
    let script = r#"echo '{"hello":"vault","versions":[1],"name":"sample","release":"1","ops":["get"],"features":[]}'
        while read -r line; do echo '{"v":1,"id":1,"ok":{"heard":true}}'; done"#;
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    Child::start(command, "vault", None).unwrap()
}

#[test]
fn the_ends_of_a_helper_cannot_be_opened_by_others() {
    let child = sample();
    for descriptor in [0, 1] {
        let path = format!("/proc/{}/fd/{descriptor}", child.id());
        for (read, write) in [(true, false), (false, true), (true, true)] {
            let error = OpenOptions::new().read(read).write(write).open(&path).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(6), "ENXIO, not {error}, for {path}");
        }
    }
}

#[test]
fn a_helper_in_sh_answers_and_ends_at_eof() {
    let mut child = sample();
    let answer = child.link().call("get", Object::new(), &mut NoAsks).unwrap().unwrap();
    assert_eq!(answer.get("heard"), Some(&true.into()));
    child.link().close();
    let ended = (0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        !child.is_running()
    });
    assert!(ended, "it saw no EOF");
}
