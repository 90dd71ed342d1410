//! Vaults and flows that are processes: what becomes of a question when one dies.
#![allow(clippy::unwrap_used)]

use broker::{Flows, StartedFlows, StartedVault, Vault};
use helper::{Child, Host, Link, Service};
use proto::ops::flow::Refresh;
use proto::ops::vault::Expect;
use proto::{Code, Error, Hello, Object, Outcome, Result, Secrets};
use serde_json::json;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// A vault that lives `lives` requests long; what it was asked goes to `log`.
struct Mortal {
    lives: AtomicUsize,
    log: Arc<Mutex<Vec<String>>>,
    lock: bool,
    /// Its locks are free.
    free: bool,
    pipe: UnixStream,
}

impl Service for Mortal {
    fn hello(&self) -> Hello {
        let mut hello = Hello::new("vault", "mortal", &["get", "list", "put", "erase"]);
        hello.features.extend(self.lock.then(|| "lock".to_owned()));
        hello
    }

    fn call(&self, op: &str, _: Object, _: &Host) -> Result<Object> {
        self.log.lock().unwrap().push(op.to_owned());
        if self.lives.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.pipe.shutdown(std::net::Shutdown::Both).unwrap();
        }
        match op {
            "put" => Ok(Object::from_iter([("rev".to_owned(), json!("1"))])),
            "list" => Ok(Object::from_iter([("records".to_owned(), json!([]))])),
            "lock" | "unlock" if self.free => Ok(Object::new()),
            "lock" => Err(Error::new(Code::Locked, "held")),
            _ => Err(Error::new(Code::NotFound, "nothing here")),
        }
    }
}

/// A vault whose first process dies over its `lives`-th request, and the later ones never.
fn vault(
    lives: usize,
    lock: bool,
    locks: &std::path::Path,
) -> (StartedVault, Arc<Mutex<Vec<String>>>, Arc<AtomicUsize>) {
    started(lives, lock, false, locks)
}

/// Starts a vault as `vault` does, except that every process gets its lock at once (if it has locks).
fn free_vault(
    lock: bool,
    lives: usize,
    locks: &std::path::Path,
) -> (StartedVault, Arc<Mutex<Vec<String>>>, Arc<AtomicUsize>) {
    started(lives, lock, true, locks)
}

fn started(
    lives: usize,
    lock: bool,
    free: bool,
    locks: &std::path::Path,
) -> (StartedVault, Arc<Mutex<Vec<String>>>, Arc<AtomicUsize>) {
    let (log, starts) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicUsize>::default());
    let (their_log, their_starts) = (log.clone(), starts.clone());
    let start = move || {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let first = their_starts.fetch_add(1, Ordering::SeqCst) == 0;
        let lives = AtomicUsize::new(if first { lives } else { usize::MAX });
        let mortal = Mortal { lives, log: their_log.clone(), lock, free, pipe: theirs.try_clone().unwrap() };
        let reader = theirs.try_clone().unwrap();
        std::thread::spawn(move || helper::serve(Arc::new(mortal), reader, theirs, None));
        let link = Link::connect("mortal", "vault", ours.try_clone().unwrap(), ours, None)?;
        Ok((helper::vault::Vault::new(link), Box::new(()) as Box<dyn Send>))
    };
    (StartedVault::new(Box::new(start), locks.to_owned()), log, starts)
}

#[test]
fn a_vault_that_died_over_a_question_is_started_and_asked_again() {
    let home = tempfile::tempdir().unwrap();
    let (vault, log, starts) = vault(1, true, home.path());
    assert_eq!(vault.get(&"default/n/work".parse().unwrap()), Ok(None));
    assert_eq!(vault.list("default/").unwrap(), []);
    assert_eq!(*log.lock().unwrap(), ["get", "get", "list"]);
    assert_eq!(starts.load(Ordering::SeqCst), 2);
}

#[test]
fn a_write_over_which_the_vault_died_is_never_repeated_blindly() {
    let home = tempfile::tempdir().unwrap();
    let (vault, log, _) = vault(1, true, home.path());
    let put = || vault.put(&"default/n/work".parse().unwrap(), Expect::Anything, Object::new(), Secrets::new());
    assert_eq!(put().unwrap_err().code, Code::Unavailable);
    assert_eq!(*log.lock().unwrap(), ["put"]);
    assert_eq!(put().unwrap(), "1");
}

#[test]
fn a_vault_without_locks_is_guarded_by_files() {
    let home = tempfile::tempdir().unwrap();
    let key = "default/n/work".parse().unwrap();
    let (one, log, _) = vault(usize::MAX, false, &home.path().join("locks"));
    let (other, _, _) = vault(usize::MAX, false, &home.path().join("locks"));
    let held = one.try_lock(&key).unwrap();
    assert!(held.is_some() && other.try_lock(&key).unwrap().is_none());
    drop(held);
    assert!(other.try_lock(&key).unwrap().is_some());
    assert!(log.lock().unwrap().is_empty(), "the vault is not asked for what it does not have");

    let (with_lock, _, _) = vault(usize::MAX, true, &home.path().join("other"));
    assert!(with_lock.try_lock(&key).unwrap().is_none(), "the vault's own word counts");
}

#[test]
fn a_lock_outlives_its_vault_and_ends_with_the_process_that_holds_it() {
    let home = tempfile::tempdir().unwrap();
    let key = "default/n/work".parse().unwrap();
    for own in [true, false] {
        let locks = home.path().join(own.to_string());
        // The first vault dies over its second request; one that is asked for a lock again is another.
        let (one, log, starts) = free_vault(own, 2, &locks);
        let (other, _, _) = free_vault(own, usize::MAX, &locks);
        let held = one.try_lock(&key).unwrap().unwrap();
        assert_eq!(one.get(&key), Ok(None));
        assert_eq!((log.lock().unwrap().contains(&"lock".to_owned()), starts.load(Ordering::SeqCst) > 0), (own, true));
        assert!(other.try_lock(&key).unwrap().is_none(), "its holder lives");
        let name = held.name().map(ToOwned::to_owned);
        drop(held);
        assert_eq!(other.try_lock(&key).unwrap().unwrap().name().map(ToOwned::to_owned), name, "the same for both");
    }
}

#[test]
fn a_home_without_locks_leaves_a_lock_to_the_vault() {
    let home = tempfile::tempdir().unwrap();
    let nowhere = home.path().join("not/there");
    let key = "default/n/work".parse().unwrap();
    let (with_lock, _, _) = free_vault(true, usize::MAX, &nowhere);
    assert_eq!(with_lock.try_lock(&key).unwrap().unwrap().name(), None);
    let (without, _, _) = free_vault(false, usize::MAX, &nowhere);
    assert!(without.try_lock(&key).is_err());
}

/// What the broker makes of a flow that is this shell script after its hello.
fn refreshed_by(script: &str) -> Result<Secrets> {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("flow.sh");
    let hello = r#"{"hello":"flow","versions":[1],"ops":["refresh"],"flows":["sh"]}"#;
    std::fs::write(&program, format!("echo '{hello}'\nread -r line || exit\n{script}\n")).unwrap();
    let start = move |_: &str| {
        let mut command = Command::new("/bin/sh");
        command.arg(&program);
        Ok(Child::start(command, "flow", None)?)
    };
    let flows = StartedFlows::new(Box::new(start));
    flows.refresh(request()).map(|learned| learned.secret.clone())
}

fn request() -> Refresh {
    serde_json::from_value(json!({"flow":"sh","provider":{"name":"n"},"secret":{"refresh_token":"r"}})).unwrap()
}

#[test]
fn a_flow_that_answers_gives_its_token_or_its_outcome() {
    let secret =
        refreshed_by(r#"echo '{"v":1,"id":1,"ok":{"record":{},"secret":{"access_token":"a1"}}}'; read -r eof"#);
    assert_eq!(secret.unwrap().get("access_token"), Some("a1"));
    let error = refreshed_by(
        r#"echo '{"v":1,"id":1,"err":{"code":"refresh-failed","outcome":"reauthorize","message":"dead"}}'; read -r eof"#,
    );
    assert_eq!(error.unwrap_err().outcome, Some(Outcome::Reauthorize));
}

#[test]
fn a_flow_that_dies_or_talks_nonsense_may_have_sent_the_token() {
    for script in [
        "exit 1",
        "kill -9 $$",
        "echo nonsense; read -r eof",
        r#"echo '{"v":1,"id":1,"ok":{"secret":{}}}'; read -r eof"#,
    ] {
        assert_eq!(refreshed_by(script).unwrap_err().outcome, Some(Outcome::Lost), "{script}");
    }
}

#[test]
fn a_flow_that_dies_before_its_hello_is_started_once_more() {
    let starts = Arc::new(AtomicUsize::new(0));
    let counted = starts.clone();
    let dying = StartedFlows::new(Box::new(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        Err(Error::unavailable("no hello, but it ended"))
    }));
    assert_eq!(dying.refresh(request()).unwrap_err().outcome, Some(Outcome::RetryAt), "nothing was sent");
    assert_eq!(starts.load(Ordering::SeqCst), 2);
}

#[test]
fn a_flow_that_cannot_renew_or_is_not_there_has_sent_nothing() {
    let unsupported = r#"echo '{"v":1,"id":1,"err":{"code":"unsupported","message":"unknown op"}}'; read -r eof"#;
    assert_eq!(refreshed_by(unsupported).unwrap_err().outcome, Some(Outcome::FixConfig));
    let missing = StartedFlows::new(Box::new(|_| Err(Error::new(Code::NotFound, "no authsome-flow-sh"))));
    assert_eq!(missing.refresh(request()).unwrap_err().outcome, Some(Outcome::FixConfig));
    let overloaded = StartedFlows::new(Box::new(|_| Err(Error::unavailable("no more processes"))));
    assert_eq!(overloaded.refresh(request()).unwrap_err().outcome, Some(Outcome::RetryAt));
}
