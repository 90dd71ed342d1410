//! One program is killed at a known step of a renewal, while a second process waits for its end: no
//! login is lost that could live, nobody waits more than 5 s, and no token is sent a third time.

use crate::crashes::{GRACEFUL, STRICT};
use crate::stage::{DEAD, FRESH, Kept, Stage, key, kill_group, named_below, token};
use helper::Child;
use proto::Outcome;
use proto::ops::vault::Expect;
use proto::record::Status;
use serde_json::json;
use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use testkit::{Config, Endpoint, Fault, Refresh, Times, wait_until};

/// How far the renewal is when the program is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The journal entry is to be written.
    Journaling,
    /// It is written, and the vault has not said so.
    Journaled,
    /// The flow has started.
    Started,
    /// The provider has the request and has done nothing with it.
    Requested,
    /// The provider has used the token up and has not answered.
    Processed,
    /// The flow has answered; the new token is to be written.
    Writing,
    /// It is written, and the vault has not said so.
    Written,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Credential,
    Flow,
    Vault,
}

#[derive(Debug, Clone, Copy)]
struct Case {
    step: Step,
    victim: Victim,
    provider: Refresh,
}

impl Case {
    /// Whether the connection can have a token that serves after that.
    fn can_live(self) -> bool {
        let used_up = matches!(self.step, Step::Processed | Step::Writing);
        !used_up || self.provider == GRACEFUL || self.victim == Victim::Vault
    }

    /// What the provider does with the first request: it is slower than whoever is killed.
    fn fault(self) -> Option<Fault> {
        match self.step {
            Step::Started | Step::Requested => Some(Fault::Delay(2800)),
            Step::Processed => Some(Fault::DelayAnswer(2800)),
            _ => None,
        }
    }

    /// Where the vault of the first process is held: at which write, and before or after it.
    fn hold(self) -> Option<&'static str> {
        match self.step {
            Step::Journaling => Some("before-1"),
            Step::Journaled => Some("after-1"),
            Step::Writing => Some("before-2"),
            Step::Written => Some("after-2"),
            _ => None,
        }
    }
}

fn cases() -> Vec<Case> {
    use Step::*;
    use Victim::*;
    let steps = [Journaling, Journaled, Started, Requested, Processed, Writing, Written];
    let mut cases = Vec::new();
    for step in steps {
        for victim in [Credential, Flow, Vault] {
            if victim == Flow && !matches!(step, Started | Requested | Processed) {
                continue;
            }
            cases.extend([STRICT, GRACEFUL].map(|provider| Case { step, victim, provider }));
        }
    }
    cases
}

/// A vault that passes everything on to the bundled one. That of the first process waits where the
/// test says so, and then goes on or, as if nothing more had been said, ends.
const HELD_VAULT: &str = r#"#!/bin/sh
steps="$HOME/steps"
mkdir "$steps/first" 2>/dev/null || exec VAULT "$@"
hold() {
    : >"$steps/reached"
    # A scene that is over takes its directory away.
    while [ -d "$steps" ] && [ ! -e "$steps/go" ]; do sleep 0.01; done
    [ -d "$steps" ] && [ ! -e "$steps/drop" ] || exit 0
}
puts=0
while IFS= read -r line; do
    case $line in *'"op":"put"'*)
        puts=$((puts + 1))
        [ ! -e "$steps/before-$puts" ] || hold
        if [ -e "$steps/after-$puts" ]; then
            id=${line#*'"id":'}
            echo "\"id\":${id%%,*}," >"$steps/awaited"
        fi
    esac
    printf '%s\n' "$line"
done | VAULT "$@" | while IFS= read -r line; do
    if [ -e "$steps/awaited" ]; then
        case $line in *"$(cat "$steps/awaited")"*) rm "$steps/awaited"; hold ;; esac
    fi
    printf '%s\n' "$line"
done
"#;

struct Scene {
    stage: Stage,
    steps: PathBuf,
    first: Child,
}

impl Scene {
    fn new(case: Case) -> Scene {
        let stage = Stage::new(Config { refresh: case.provider, ..Config::plain() }, Kept::Bundled);
        let program = crate::world::programs().join("authsome-vault");
        stage
            .world
            .home
            .drop_in("authsome-vault-held", &HELD_VAULT.replace("VAULT", &program.display().to_string()))
            .unwrap();
        let callback = format!("http://127.0.0.1:{}", testkit::free_port().unwrap());
        stage.world.home.write_config(&json!({"vault": "held", "callback": callback})).unwrap();
        let steps = stage.world.home.path().join("steps");
        fs::create_dir(&steps).unwrap();
        stage.log_in("idle", FRESH);
        stage.log_in("work", DEAD);
        let first = stage.credential();
        // Its vault is up, and is the one that is held.
        token(&first, "idle").unwrap();
        assert!(steps.join("first").is_dir());
        if let Some(hold) = case.hold() {
            fs::write(steps.join(hold), "").unwrap();
        }
        if let Some(fault) = case.fault() {
            stage.world.server.fault(Endpoint::Token, fault, Times::Once);
        }
        Scene { stage, steps, first }
    }

    fn is_at(&self, step: Step) -> bool {
        match step {
            Step::Started => named_below(self.first.id(), "authsome-flow").is_some(),
            Step::Requested | Step::Processed => !self.stage.world.server.requests_to("/token").is_empty(),
            _ => self.steps.join("reached").exists(),
        }
    }

    fn kill(&self, victim: Victim) {
        let pid = match victim {
            Victim::Credential => Some(self.first.id()),
            Victim::Flow => named_below(self.first.id(), "authsome-flow"),
            Victim::Vault => named_below(self.first.id(), "authsome-vault"),
        };
        kill_group(pid.unwrap());
        // What a dead program was about to say it does not say.
        if victim == Victim::Credential {
            fs::write(self.steps.join("drop"), "").unwrap();
        }
        fs::write(self.steps.join("go"), "").unwrap();
    }

    /// How often the refresh token came that came most often.
    fn most_sent(&self) -> usize {
        let mut sent = HashMap::<String, usize>::new();
        for request in self.stage.world.server.requests_to("/token") {
            *sent.entry(request.param("refresh_token").unwrap_or_default()).or_default() += 1;
        }
        sent.into_values().max().unwrap_or(0)
    }
}

fn play(case: Case) {
    let scene = Scene::new(case);
    let other = scene.stage.credential();
    let (mine, theirs, waited) = std::thread::scope(|scope| {
        let mine = scope.spawn(|| token(&scene.first, "work"));
        assert!(wait_until(Duration::from_secs(20), || scene.is_at(case.step)), "{case:?} is not reached");
        let theirs = scope.spawn(|| token(&other, "work"));
        // It waits for the first one's end by now.
        std::thread::sleep(Duration::from_millis(100));
        scene.kill(case.victim);
        let killed_at = Instant::now();
        let theirs = theirs.join().unwrap();
        (mine.join().unwrap(), theirs, killed_at.elapsed())
    });
    assert!(waited < Duration::from_secs(5), "{case:?}: waited {waited:?}");
    let record = scene.stage.record("work");
    assert!(record.renewal.is_none(), "{case:?}: {record:?}");
    if case.can_live() {
        let token = theirs.unwrap_or_else(|error| panic!("{case:?}: {error:?}"));
        assert!(scene.stage.world.server.is_valid(&token), "{case:?}: a token that serves");
        let stored = scene.stage.vault().get(&key("work")).unwrap().unwrap();
        assert_eq!(stored.secret.get("access_token"), Some(&*token), "{case:?}");
        assert_eq!(record.status, Status::Connected, "{case:?}");
        assert!(case.victim == Victim::Credential || mine == Ok(token), "{case:?}: {mine:?}");
    } else {
        assert_eq!(theirs.unwrap_err().outcome, Some(Outcome::Reauthorize), "{case:?}");
        assert_eq!(record.status, Status::Invalid, "{case:?}");
    }
    let most = if case.victim == Victim::Vault { 1 } else { 2 };
    assert!(scene.most_sent() <= most, "{case:?}: a token was sent {} times", scene.most_sent());
}

#[test]
fn whoever_is_killed_at_any_step_costs_no_login_that_could_live_and_nobody_five_seconds() {
    let (cases, next) = (cases(), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        // Few enough that the machine is not what is waited for.
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    play(*case);
                }
            });
        }
    });
}

/// A flow that takes a request and then hears nothing more, as one that is stopped.
const DEAF_FLOW: &str = r#"#!/bin/sh
echo '{"hello":"flow","versions":[1],"name":"deaf","release":"1","ops":["refresh"],"features":[],"flows":["deaf"]}'
read -r line
echo $$ >"$HOME/asked"
exec sleep 60
"#;

#[test]
fn a_flow_does_not_outlive_its_host_even_when_it_hears_nothing() {
    let stage = Stage::new(Config::plain(), Kept::Bundled);
    stage.world.home.drop_in("authsome-flow-deaf", DEAF_FLOW).unwrap();
    stage.log_in("work", DEAD);
    let mut entry = stage.entry("work");
    entry.record["flow"] = "deaf".into();
    stage.vault().put(&key("work"), Expect::Rev(entry.rev), entry.record, entry.secret).unwrap();
    let source = stage.credential();
    let asked = stage.world.home.path().join("asked");
    let pid = || fs::read_to_string(&asked).ok().and_then(|pid| pid.trim().parse::<u32>().ok());
    std::thread::scope(|scope| {
        scope.spawn(|| token(&source, "work"));
        assert!(wait_until(Duration::from_secs(20), || pid().is_some()), "the flow is asked");
        kill_group(source.id());
    });
    let stat = format!("/proc/{}/stat", pid().unwrap());
    let has_ended = || fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "));
    assert!(wait_until(Duration::from_secs(2), has_ended), "it is still there");
}
