//! A program inside a session tries to get at the secret itself.

use super::{connected, made, read, start, token};
use crate::world::World;
use testkit::Output;

/// Runs the attempt inside a session; the token must be in nothing that it wrote.
fn attempt(world: &World, token: &str, name: &str, script: &str) -> Output {
    let output = world.run(&["sh", "-c", script]);
    assert!(!output.stdout.contains(token) && !output.stderr.contains(token), "{name} revealed the token");
    let written = testkit::scan(world.home.work(), &[token]).unwrap();
    assert!(written.is_empty(), "{name} wrote the token: {written:?}");
    output
}

#[test]
fn the_commands_that_reveal_refuse_and_say_where_they_do_not() {
    let world = connected();
    let token = token(&world);
    for command in [
        "authsome export demo",
        "authsome get demo --show-secret",
        "authsome run -- true",
        "authsome login demo",
        "authsome vault get demo",
        "authsome-vault get demo",
        "authsome-proxy",
    ] {
        let output = attempt(&world, &token, command, &format!("exec {command}")).expect_code(4);
        assert!(output.stderr.contains("in another terminal"), "{command}: {}", output.stderr);
    }
    attempt(&world, &token, "list", "exec authsome list").expect_code(0);
    attempt(&world, &token, "get", "exec authsome get demo").expect_code(0);
}

#[test]
fn no_trick_with_environment_path_or_copies_helps() {
    let world = connected();
    let token = token(&world);
    for (name, script) in [
        ("an empty environment", "exec env -i PATH=\"$PATH\" HOME=\"$HOME\" authsome export demo"),
        ("no environment at all", "exec env -i \"$(command -v authsome-export)\" --home \"$HOME/.authsome\" demo"),
        ("the session's variables removed", "unset AUTHSOME_PROXY_MODE; exec authsome export demo"),
        ("the home by another name", "ln -s \"$HOME/.authsome\" h; AUTHSOME_HOME=$PWD/h exec authsome export demo"),
        (
            "a symlink to the program",
            "ln -s \"$(command -v authsome-export)\" authsome-list; exec ./authsome-list demo",
        ),
        (
            "copies of the programs",
            "for p in export vault credential; do cp \"$(command -v authsome-$p)\" .; done; exec ./authsome-export demo",
        ),
        (
            "programs of one's own first on PATH",
            "mkdir -p bin; printf '#!/bin/sh\\nexit 0\\n' > bin/ps; chmod +x bin/ps; PATH=$PWD/bin:$PATH exec authsome export demo",
        ),
        ("a namespace of process ids", "unshare -rpf --mount-proc authsome export demo || exit 4"),
        (
            "another home",
            "cp -r \"$HOME/.authsome\" other; rm -rf other/run; authsome --home \"$PWD/other\" export demo",
        ),
        (
            "another home in namespaces of users, processes and mounts",
            "cp -r \"$HOME/.authsome\" other; rm -rf other/run; \
             unshare -rmpf --mount-proc unshare -r authsome --home \"$PWD/other\" export demo || exit 4",
        ),
        (
            "the session's directories removed",
            "rm -rf \"$HOME/.authsome/run\"; setsid -f sh -c 'authsome export demo > out 2>&1; echo $? > code'; \
             n=0; while [ ! -s code ] && [ $n -lt 200 ]; do sleep 0.05; n=$((n+1)); done; cat out; exit $(cat code)",
        ),
        ("the mark taken off", "prlimit --pid $$ --locks=unlimited 2> refused; exec authsome export demo"),
    ] {
        attempt(&world, &token, name, script).expect_code(4);
    }
}

#[test]
fn the_helpers_spoken_to_by_hand_deny() {
    let world = connected();
    let token = token(&world);
    let key = "default/demo/default";
    for (role, lines) in [
        ("vault", vec![format!(r#"{{"v":1,"id":1,"op":"get","key":"{key}"}}"#)]),
        (
            "vault",
            vec![
                format!(r#"{{"v":1,"id":1,"op":"put","key":"{key}","record":{{}},"secret":{{}}}}"#),
                format!(r#"{{"v":1,"id":2,"op":"erase","key":"{key}"}}"#),
            ],
        ),
        (
            "credential",
            vec![
                r#"{"v":1,"id":1,"op":"open","profile":"default","choose":{}}"#.to_owned(),
                r#"{"v":1,"id":2,"op":"token","provider":"demo"}"#.to_owned(),
            ],
        ),
    ] {
        let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(world.home.work().join("lines"), &lines).unwrap();
        // One after the other: a helper may answer in any order.
        let script = format!(
            "while read -r line; do echo \"$line\"; sleep 0.3; done < lines | authsome-{role} --authsome-helper={role}"
        );
        let output = attempt(&world, &token, role, &script);
        let denied = output.stdout.matches(r#""code":"denied""#).count();
        assert!(denied > 0 && denied >= lines.matches(key).count(), "{role}: {}", output.stdout);
    }
    // All is still there.
    world.home.run(&["get", "demo", "--field", "status"]).unwrap().expect_code(0);
}

/// A proxy of one's own would send the credential wherever `connect_to` leads.
#[test]
fn a_proxy_of_ones_own_gets_no_credential() {
    let world = connected();
    let token = token(&world);
    let settings = serde_json::json!({"mode": "connected", "connect_to": {"api.notion.test:443": world.api.addr().to_string()},
        "upstream_ca": world.home.work().join("upstream.pem"), "allow_private": true});
    let open =
        serde_json::json!({"v": 1, "id": 1, "op": "open", "profile": "default", "choose": {}, "proxy": settings});
    std::fs::write(world.home.work().join("lines"), format!("{open}\n")).unwrap();
    let script = "mkfifo in; (cat lines; sleep 3) > in & authsome-proxy --authsome-helper=proxy < in > out & \
        n=0; while ! grep -q password out && [ $n -lt 50 ]; do sleep 0.05; n=$((n+1)); done; \
        address=$(sed -n 's/.*\"address\":\"\\([^\"]*\\)\".*/\\1/p' out); \
        password=$(sed -n 's/.*\"password\":\"\\([^\"]*\\)\".*/\\1/p' out); \
        curl -s -k -x http://authsome:$password@$address https://api.notion.test/v1/users/me; exit 0";
    attempt(&world, &token, "a proxy of its own", script);
    let leaked = world.api.requests().iter().any(|request| request.header("authorization").is_some());
    assert!(!leaked, "the credential left through a proxy that the command started");
}

#[test]
fn a_double_fork_into_a_session_of_its_own_is_still_inside() {
    let world = connected();
    let token = token(&world);
    let escaped = "setsid nohup sh -c 'sleep 0.3; authsome export demo > out 2>&1; echo $? > code' < /dev/null > /dev/null 2>&1 &";
    let running = start(
        &world,
        &format!("({escaped}) & wait; n=0; while [ ! -s code ] && [ $n -lt 200 ]; do sleep 0.05; n=$((n+1)); done"),
    );
    made(&world, "code");
    running.finish().unwrap().expect_code(0);
    assert_eq!(read(&world, "code"), "4\n");
    assert!(!read(&world, "out").contains(&token));
}

/// `/proc` tells of such a process as of a zombie.
#[test]
fn a_process_whose_first_thread_has_ended_still_shows_where_it_comes_from() {
    let world = connected();
    let token = token(&world);
    let program = "import ctypes, os, platform, subprocess, threading\n\
        main = threading.get_native_id()\n\
        def attempt():\n\
        \x20   while open(f'/proc/self/task/{main}/stat').read().split(') ')[1][0] != 'Z': pass\n\
        \x20   with open('out', 'w') as out: code = subprocess.run(['authsome', 'export', 'demo'], stdout=out, stderr=out)\n\
        \x20   with open('code', 'w') as out: print(code.returncode, file=out)\n\
        \x20   os._exit(0)\n\
        threading.Thread(target=attempt).start()\n\
        ctypes.CDLL(None).syscall({'x86_64': 60, 'aarch64': 93}[platform.machine()], 0)\n";
    std::fs::write(world.home.work().join("attempt.py"), program).unwrap();
    attempt(&world, &token, "a process without its first thread", "exec python3 attempt.py").expect_code(0);
    assert_eq!(read(&world, "code"), "4\n", "{}", read(&world, "out"));
}

#[test]
fn who_goes_on_after_the_session_is_still_of_it() {
    let world = connected();
    let token = token(&world);
    // The second leaves its ancestors only once nobody is there to adopt it.
    for leaves in ["", "setsid -f "] {
        for file in ["over", "code"] {
            let _ = std::fs::remove_file(world.home.work().join(file));
        }
        let later = format!(
            "n=0; until [ -e over ] || [ $n -gt 400 ]; do sleep 0.05; n=$((n+1)); done; \
             {leaves}env -i HOME=\"$HOME\" PATH=\"$PATH\" sh -c 'authsome export demo > out 2>&1; echo $? > code'"
        );
        std::fs::write(world.home.work().join("later"), later).unwrap();
        let running = start(&world, "setsid sh later < /dev/null > /dev/null 2>&1 & exit 0");
        running.finish().unwrap().expect_code(0);
        std::fs::write(world.home.work().join("over"), "").unwrap();
        made(&world, "code");
        assert_eq!(read(&world, "code"), "4\n", "{leaves}");
        assert!(!read(&world, "out").contains(&token));
    }
    // Nothing stays of a session of which nobody is left.
    world.home.run(&["run", "--", "true"]).unwrap().expect_code(0);
    assert_eq!(std::fs::read_dir(world.home.authsome().join("run")).unwrap().count(), 0);
}

/// Who can remove all of the session's directory can read the vault's key, too: SECURITY.md.
#[test]
fn removing_a_mark_of_the_session_does_not_lead_out_of_it() {
    let world = connected();
    let token = token(&world);
    for mark in ["child", "proxy"] {
        let script = format!(
            "n=0; until rm $HOME/.authsome/run/*/{mark} 2> /dev/null || [ $n -gt 200 ]; do sleep 0.02; n=$((n+1)); done; \
             exec authsome export demo"
        );
        attempt(&world, &token, mark, &script).expect_code(4);
    }
}
