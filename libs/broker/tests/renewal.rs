//! Tokens that stay alive: one renewal for many callers, and what becomes of one that fails.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Leaping, Leaps, Loss, Process, Rig, acme, learned, rig};
use proto::{Code, Error, Outcome};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const API: &str = "https://api.acme.test/v1/things";
const HERE: &str = "default/acme/default";

/// A broker on a clock that leaps, and the clock.
fn leaping(rig: &Rig) -> (Process, Arc<Leaping>) {
    let clock = Leaping::new();
    (rig.start(json!({}), true, Box::new(Leaps(clock.clone()))), clock)
}

/// A connection whose access token is dead, as a renewal on another machine left it that was killed
/// `ago` seconds after it began.
fn killed(rig: &Rig, ago: i64) {
    killed_under(rig, ago, json!({}));
}

/// Leaves the journal entry of a renewer that was killed on this machine, with the fields of `more` in the record.
fn killed_here(rig: &Rig, more: Value) {
    killed_under(rig, 0, json!({"renewal": {"holder": common::LOCK}, "more": more}));
}

fn killed_under(rig: &Rig, ago: i64, more: Value) {
    rig.connect(HERE, -10);
    let mut record = rig.store.record(HERE);
    record["renewal"] = json!({"until": proto::time::now() - ago + 25, "token_sha256": sha256_of_r0()});
    if let Some(holder) = more["renewal"].get("holder") {
        record["renewal"]["holder"] = holder.clone();
    }
    for (name, value) in more["more"].as_object().into_iter().flatten() {
        record[name] = value.clone();
    }
    rig.store.set(HERE, record, json!({"access_token":"a0","refresh_token":"r0"}));
}

/// How long `work` took by that clock, in seconds.
fn seconds(clock: &Arc<Leaping>, work: impl FnOnce()) -> i64 {
    let now = || broker::Clock::now(&Leaps(clock.clone()));
    let before = now();
    work();
    now() - before
}

fn sha256_of_r0() -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, b"r0");
    digest.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

fn outcome(outcome: Outcome) -> Error {
    Error::new(Code::RefreshFailed, "the provider said no").outcome(outcome)
}

// Many callers.

fn many_callers(locks: bool) {
    let rig = rig();
    rig.connect(HERE, -1);
    *rig.provider.delay.lock().unwrap() = Duration::from_millis(50);
    let processes: Vec<Process> = (0..8).map(|_| rig.start(json!({}), locks, Box::new(broker::SystemClock))).collect();
    let headers: Vec<String> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..200)
            .map(|n| {
                let process = &processes[n % processes.len()];
                scope.spawn(move || process.header(API).unwrap())
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    assert!(headers.iter().all(|header| header == "Bearer a1"), "{headers:?}");
    assert_eq!(rig.provider.count(), 1);
    let record = rig.store.record(HERE);
    assert_eq!((&record["status"], record.get("renewal")), (&json!("connected"), None));
}

#[test]
fn two_hundred_callers_in_eight_processes_cause_one_renewal() {
    for _ in 0..5 {
        many_callers(true);
    }
}

#[test]
fn nor_does_a_vault_without_locks_cause_a_second_one() {
    for _ in 0..5 {
        many_callers(false);
    }
}

#[test]
fn a_request_never_waits_while_the_old_token_lives() {
    let rig = rig();
    rig.connect(HERE, 30);
    *rig.provider.delay.lock().unwrap() = Duration::from_millis(400);
    let broker = rig.broker();
    let began = Instant::now();
    for _ in 0..20 {
        assert_eq!(broker.header(API).unwrap(), "Bearer a0");
    }
    assert!(began.elapsed() < Duration::from_millis(300), "{:?}", began.elapsed());
    broker.settle();
    assert_eq!(broker.header(API).unwrap(), "Bearer a1");
    assert_eq!(rig.provider.count(), 1);
}

#[test]
fn a_token_that_leaves_the_program_is_renewed_first() {
    let rig = rig();
    rig.connect(HERE, 30);
    let given = rig.broker().call("token", json!({"provider":"acme"})).unwrap();
    assert_eq!(given["secret"], json!({"access_token":"a1"}));
}

#[test]
fn a_caller_that_goes_away_does_not_stop_the_write() {
    let rig = rig();
    rig.connect(HERE, -1);
    *rig.provider.delay.lock().unwrap() = Duration::from_millis(200);
    let broker = rig.broker();
    let asking = broker.clone();
    std::thread::spawn(move || asking.header(API));
    while rig.provider.count() == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    broker.link.close();
    broker.settle();
    assert_eq!(rig.store.token(HERE), "a1");
}

// What the provider may answer.

#[test]
fn an_answer_without_refresh_token_keeps_the_old_one_and_without_lifetime_clears_it() {
    let rig = rig();
    rig.connect(HERE, -1);
    rig.provider.answers(|_| Ok(learned("a1", None, None)));
    assert_eq!(rig.broker().header(API).unwrap(), "Bearer a1");
    let entry = rig.store.entry(HERE).unwrap();
    assert_eq!(entry.secret.get("refresh_token"), Some("r0"));
    assert_eq!(entry.secret.get("client_secret"), Some("s"));
    assert_eq!((entry.record.get("expires_at"), &entry.record["renewable"]), (None, &json!(true)));
    rig.broker().header(API).unwrap();
    assert_eq!(rig.provider.count(), 1, "not renewed on every call");
}

#[test]
fn what_a_newer_program_wrote_into_the_record_survives_a_renewal() {
    let rig = rig();
    rig.connect(HERE, -1);
    let mut record = rig.store.record(HERE);
    record["quota"] = json!({"left": 3});
    rig.store.set(HERE, record, json!({"access_token":"a0","refresh_token":"r0","future":"f"}));
    rig.broker().header(API).unwrap();
    assert_eq!(rig.store.record(HERE)["quota"], json!({"left": 3}));
    assert_eq!(rig.store.entry(HERE).unwrap().secret.get("future"), Some("f"));
}

#[test]
fn the_flow_gets_the_client_that_the_connection_was_made_with() {
    let rig = rig();
    rig.connect(HERE, -1);
    rig.store.set("default/acme/@client", json!({"client_id":"newer"}), json!({"client_secret":"newer"}));
    rig.provider.answers(|request| {
        let client = request.client.as_ref().unwrap();
        assert_eq!((client.record.client_id.as_str(), client.secret.get("client_secret")), ("c", Some("s")));
        assert_eq!(request.provider["oauth"]["token_url"], "https://api.acme.test/token");
        Ok(learned("a1", None, None))
    });
    assert_eq!(rig.broker().header(API).unwrap(), "Bearer a1");
}

#[test]
fn a_dead_refresh_token_marks_the_connection_and_says_how_to_log_in() {
    let rig = rig();
    rig.connect("default/acme/work", -1);
    rig.provider.fails(outcome(Outcome::Reauthorize));
    let broker = rig.broker();
    for _ in 0..3 {
        let error = broker.resolve(API).unwrap_err();
        assert_eq!((error.code, error.outcome), (Code::RefreshFailed, Some(Outcome::Reauthorize)));
        assert_eq!(error.hint.as_deref(), Some("authsome login acme --connection work --force"));
    }
    assert_eq!(rig.store.record("default/acme/work")["status"], "invalid");
    assert_eq!(rig.provider.count(), 1, "a dead token is not sent again");
}

#[test]
fn a_provider_that_is_down_is_left_alone_for_a_while_and_logs_nobody_out() {
    let rig = rig();
    rig.connect(HERE, -1);
    rig.provider.fails(outcome(Outcome::RetryAt));
    let (broker, clock) = leaping(&rig);
    for _ in 0..5 {
        let error = broker.resolve(API).unwrap_err();
        assert_eq!(error.outcome, Some(Outcome::RetryAt));
        assert!(error.retry_at.is_some() && error.message.contains("the provider said no"), "{error}");
    }
    assert_eq!(rig.provider.count(), 1);
    assert_eq!((&rig.store.record(HERE)["status"], rig.store.record(HERE).get("renewal")), (&json!("connected"), None));
    clock.leap(10);
    *rig.provider.script.lock().unwrap() = None;
    assert_eq!(broker.header(API).unwrap(), "Bearer a1");
    assert_eq!(rig.store.record(HERE).get("retry"), None);
}

#[test]
fn a_renewal_that_fails_leaves_the_living_token_in_use() {
    for failure in [Outcome::RetryAt, Outcome::FixConfig, Outcome::Lost] {
        let rig = rig();
        rig.connect(HERE, 30);
        rig.provider.fails(outcome(failure));
        let (broker, _clock) = leaping(&rig);
        for _ in 0..3 {
            assert_eq!(broker.header(API).unwrap(), "Bearer a0", "{failure:?}");
            broker.settle();
        }
        // A lost answer is asked for once more.
        let sent = if failure == Outcome::Lost { 2 } else { 1 };
        assert_eq!(rig.provider.count(), sent, "{failure:?}");
        let given = broker.call("token", json!({"provider":"acme"})).unwrap();
        assert_eq!(given["secret"], json!({"access_token":"a0"}), "{failure:?}");
    }
}

#[test]
fn a_wrong_client_is_told_with_what_to_mend_and_tried_once_a_minute() {
    let rig = rig();
    rig.connect(HERE, -1);
    rig.provider.fails(outcome(Outcome::FixConfig));
    let (broker, clock) = leaping(&rig);
    let error = broker.resolve(API).unwrap_err();
    assert_eq!(error.hint.as_deref(), Some("authsome login acme --force --reset-client"));
    clock.leap(30);
    let again = broker.resolve(API).unwrap_err();
    assert_eq!((again.outcome, again.hint), (error.outcome, error.hint), "waiting mends nothing");
    assert_eq!(again.message, "the provider said no");
    assert_eq!(rig.provider.count(), 1);
    clock.leap(60);
    broker.resolve(API).unwrap_err();
    assert_eq!(rig.provider.count(), 2);
    assert_eq!(rig.store.record(HERE)["status"], "connected");
}

#[test]
fn what_a_provider_says_beside_its_error_word_is_told_once_and_not_kept() {
    let rig = rig();
    rig.connect(HERE, -1);
    let error = outcome(Outcome::RetryAt);
    rig.provider.fails(Error { error: Some("temporarily_unavailable".into()), ..error });
    let (broker, _clock) = leaping(&rig);
    assert!(broker.resolve(API).unwrap_err().message.contains("the provider said no"));
    let why = &rig.store.record(HERE)["retry"]["why"];
    assert_eq!(why, "acme rejected the renewal (temporarily_unavailable)");
    let again = broker.resolve(API).unwrap_err();
    assert!(again.message.ends_with("(temporarily_unavailable)"), "{again}");
}

// Crashes.

#[test]
fn an_answer_without_a_token_is_no_answer() {
    let rig = rig();
    rig.connect(HERE, -1);
    rig.provider.answers(|_| Ok(learned("", Some("r1"), None)));
    let (broker, _clock) = leaping(&rig);
    assert_eq!(broker.resolve(API).unwrap_err().outcome, Some(Outcome::Reauthorize));
    assert_eq!((rig.store.token(HERE).as_str(), rig.provider.count()), ("a0", 2));
}

#[test]
fn after_a_lost_answer_the_token_is_sent_once_more_and_the_login_lives_if_it_can() {
    for (loss, grace, lives) in [
        (Loss::Before, false, true),
        (Loss::Before, true, true),
        (Loss::After, true, true),
        (Loss::After, false, false),
    ] {
        let rig = rig();
        rig.connect(HERE, -1);
        rig.provider.losses.lock().unwrap().push(loss);
        rig.provider.grace.store(grace, Ordering::SeqCst);
        let (broker, clock) = leaping(&rig);
        let took = seconds(&clock, || match broker.header(API) {
            Ok(header) => assert!(lives && header == "Bearer a1", "{loss:?} {grace}: {header}"),
            Err(error) => assert!(!lives && error.outcome == Some(Outcome::Reauthorize), "{loss:?} {grace}: {error}"),
        });
        assert!((2..=5).contains(&took), "{took}");
        assert_eq!(rig.provider.most_sent(), 2, "{loss:?} {grace}");
        let record = rig.store.record(HERE);
        assert_eq!(record["status"], if lives { "connected" } else { "invalid" });
        assert_eq!((record.get("renewal"), record.get("resent_sha256")), (None, None), "nothing is left of it");
    }
}

#[test]
fn a_token_whose_answer_was_lost_twice_is_never_sent_a_third_time() {
    let rig = rig();
    rig.connect(HERE, -1);
    rig.provider.fails(Error::unavailable("the connection broke").outcome(Outcome::Lost));
    let (broker, clock) = leaping(&rig);
    let took = seconds(&clock, || {
        let error = broker.resolve(API).unwrap_err();
        assert_eq!(error.outcome, Some(Outcome::Reauthorize));
        assert!(error.message.contains("the connection broke"), "{error}");
        assert_eq!(error.hint.as_deref(), Some("authsome login acme --force"));
    });
    assert!(took <= 5, "{took}");
    for _ in 0..3 {
        broker.resolve(API).unwrap_err();
        clock.leap(60);
    }
    assert_eq!((rig.provider.most_sent(), &rig.store.record(HERE)["status"]), (2, &json!("invalid")));
}

#[test]
fn a_provider_that_is_down_at_the_repeat_does_not_cost_the_login() {
    let rig = rig();
    rig.connect(HERE, -1);
    let mut tries = 0;
    rig.provider.answers(move |_| {
        tries += 1;
        match tries {
            1 | 3 => Err(outcome(Outcome::Lost)),
            2 => Err(outcome(Outcome::RetryAt)),
            _ => Ok(learned("a1", Some("r1"), None)),
        }
    });
    let (broker, clock) = leaping(&rig);
    assert_eq!(broker.resolve(API).unwrap_err().outcome, Some(Outcome::RetryAt));
    assert_eq!(rig.store.record(HERE)["status"], "connected");
    clock.leap(60);
    assert_eq!(broker.resolve(API).unwrap_err().outcome, Some(Outcome::Reauthorize), "two answers were lost");
    assert_eq!(rig.provider.count(), 3);
}

#[test]
fn the_renewal_of_a_process_that_died_here_is_taken_over_within_five_seconds() {
    for more in [json!({}), json!({"retry": {"at": proto::time::now() + 900, "count": 3}})] {
        let rig = rig();
        killed_here(&rig, more);
        let (broker, clock) = leaping(&rig);
        let took = seconds(&clock, || assert_eq!(broker.header(API).unwrap(), "Bearer a1"));
        assert!((2..=5).contains(&took), "the flow of the dead has its time to end, and no more: {took}");
        assert_eq!(rig.provider.count(), 1);
    }
}

#[test]
fn the_repeat_of_a_process_that_died_over_it_is_not_repeated() {
    let rig = rig();
    killed_here(&rig, json!({"resent_sha256": sha256_of_r0()}));
    let (broker, clock) = leaping(&rig);
    let took = seconds(&clock, || {
        assert_eq!(broker.resolve(API).unwrap_err().outcome, Some(Outcome::Reauthorize));
    });
    assert_eq!((took, rig.provider.count()), (0, 0), "there is nothing to wait for");
}

#[test]
fn a_holder_that_lives_is_never_taken_for_dead() {
    let rig = rig();
    killed_here(&rig, json!({}));
    let held = broker::Vault::try_lock(&common::Handle { store: rig.store.clone(), locks: true }, &common::key(HERE));
    let broker = rig.broker();
    let asking = broker.clone();
    let caller = std::thread::spawn(move || asking.header(API).unwrap());
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!(rig.provider.count(), 0);
    rig.connect(HERE, 3600);
    assert_eq!(caller.join().unwrap(), "Bearer a0");
    drop(held.unwrap().unwrap());
    assert_eq!(rig.provider.count(), 0);
}

#[test]
fn after_a_crash_elsewhere_the_token_is_sent_once_more_when_the_entry_has_ended() {
    for oauth in [json!({}), json!({"refresh_rotates":false}), json!({"refresh_rotates":true,"refresh_grace":60})] {
        let rig = rig();
        rig.define(acme(json!({"oauth":oauth})));
        killed(&rig, 40);
        assert_eq!(rig.broker().header(API).unwrap(), "Bearer a1");
        assert_eq!(rig.provider.count(), 1);
    }
}

#[test]
fn where_a_repeat_ends_the_persons_other_grants_it_is_not_made() {
    for (ago, grace, repeats) in [(40, None, false), (40, Some(60), true), (61, Some(60), false)] {
        let rig = rig();
        let mut oauth = json!({"refresh_rotates":true,"refresh_reuse_ends_other_grants":true});
        if let Some(grace) = grace {
            oauth["refresh_grace"] = json!(grace);
        }
        rig.define(acme(json!({"oauth":oauth})));
        killed(&rig, ago);
        let header = rig.broker().header(API);
        assert_eq!((header.is_ok(), rig.provider.count()), (repeats, usize::from(repeats)), "{ago} {grace:?}");
        if let Err(error) = header {
            assert_eq!(error.outcome, Some(Outcome::Reauthorize));
            assert!(error.message.ends_with("and the answer was lost: its refresh token may be used up"), "{error}");
            assert_eq!(rig.store.record(HERE)["status"], "invalid");
        }
    }
}

#[test]
fn a_renewal_that_may_be_under_way_is_waited_for() {
    let rig = rig();
    rig.define(acme(json!({"oauth":{"refresh_rotates":false}})));
    killed(&rig, 0);
    let (broker, clock) = leaping(&rig);
    let took = seconds(&clock, || assert_eq!(broker.header(API).unwrap(), "Bearer a1"));
    assert!((25..=30).contains(&took), "{took}");
}

#[test]
fn a_journal_entry_whose_answer_was_lost_is_found_written() {
    let rig = rig();
    rig.connect(HERE, -1);
    rig.store.lose_answers.store(1, Ordering::SeqCst);
    assert_eq!(rig.broker().header(API).unwrap(), "Bearer a1");
    assert_eq!(rig.provider.count(), 1);
}

#[test]
fn the_winner_of_a_renewal_under_way_is_seen_while_waiting() {
    let rig = rig();
    killed(&rig, 0);
    let broker = rig.broker();
    let caller = std::thread::spawn(move || broker.header(API).unwrap());
    std::thread::sleep(Duration::from_millis(300));
    rig.connect(HERE, 3600);
    assert_eq!(caller.join().unwrap(), "Bearer a0");
    assert_eq!(rig.provider.count(), 0);
}

// Writes that meet other writes.

#[test]
fn a_login_in_the_middle_is_never_overwritten() {
    let rig = rig();
    rig.connect(HERE, -1);
    let store = rig.store.clone();
    rig.provider.answers(move |_| {
        let mut record = store.record(HERE);
        record["expires_at"] = json!(proto::time::now() + 3600);
        record.as_object_mut().unwrap().remove("renewal");
        store.set(HERE, record, json!({"access_token":"login","refresh_token":"fresh"}));
        Ok(learned("stale", Some("stale"), None))
    });
    assert_eq!(rig.broker().header(API).unwrap(), "Bearer login");
    assert_eq!(rig.store.entry(HERE).unwrap().secret.get("refresh_token"), Some("fresh"));
}

#[test]
fn a_logout_in_the_middle_revokes_what_came_too_late() {
    let rig = rig();
    rig.connect(HERE, -1);
    let store = rig.store.clone();
    rig.provider.answers(move |_| {
        store.remove(HERE);
        Ok(learned("late-access", Some("late-refresh"), None))
    });
    assert_eq!(rig.broker().resolve(API).unwrap_err().code, Code::NotFound);
    assert!(rig.store.entry(HERE).is_none(), "nothing comes back");
    assert_eq!(*rig.provider.revoked.lock().unwrap(), ["late-access", "late-refresh"]);
}

#[test]
fn a_new_token_is_written_again_until_the_vault_takes_it() {
    let rig = rig();
    rig.connect(HERE, -1);
    let store = rig.store.clone();
    rig.provider.answers(move |_| {
        store.refuse_writes.store(3, Ordering::SeqCst);
        Ok(learned("a1", Some("r1"), None))
    });
    let (broker, _clock) = leaping(&rig);
    assert_eq!(broker.header(API).unwrap(), "Bearer a1");
    assert_eq!(rig.store.token(HERE), "a1");
}

#[test]
fn a_write_whose_answer_was_lost_is_found_done() {
    let rig = rig();
    rig.connect(HERE, -1);
    let store = rig.store.clone();
    rig.provider.answers(move |_| {
        store.lose_answers.store(1, Ordering::SeqCst);
        Ok(learned("a1", Some("r1"), None))
    });
    assert_eq!(rig.broker().header(API).unwrap(), "Bearer a1");
    assert_eq!(rig.provider.count(), 1);
}

#[test]
fn a_token_that_no_vault_takes_is_not_used() {
    let rig = rig();
    rig.connect(HERE, -1);
    let store = rig.store.clone();
    rig.provider.answers(move |_| {
        store.refuse_writes.store(usize::MAX, Ordering::SeqCst);
        Ok(learned("a1", Some("r1"), None))
    });
    let (broker, _clock) = leaping(&rig);
    let error = broker.resolve(API).unwrap_err();
    assert_eq!(error.outcome, Some(Outcome::Lost), "{error}");
    assert!(error.message.contains("storing the renewed token"), "{error}");
}

#[test]
fn a_vault_that_cannot_journal_keeps_the_token_unsent() {
    let rig = rig();
    rig.connect(HERE, -1);
    rig.store.refuse_writes.store(usize::MAX, Ordering::SeqCst);
    assert_eq!(rig.broker().resolve(API).unwrap_err().code, Code::Unavailable);
    assert_eq!(rig.provider.count(), 0);
}

#[test]
fn a_definition_that_changed_renews_nothing() {
    let rig = rig();
    rig.connect(HERE, -1);
    rig.define(acme(json!({"oauth":{"token_url":"https://attacker.test/token"}})));
    assert_eq!(rig.broker().resolve(API).unwrap_err().code, Code::Denied);
    assert_eq!(rig.provider.count(), 0);
}

// Tokens that end.

#[test]
fn a_token_that_nobody_can_renew_ends_with_the_login_command() {
    let rig = rig();
    let (now, record) = (
        proto::time::now(),
        |end: i64| json!({"provider":"acme","flow":"pkce","status":"connected","renewable":false,"expires_at":end,"bound":common::acme_bound()}),
    );
    rig.store.set(HERE, record(now - 60), json!({"access_token":"a0"}));
    assert_eq!(rig.broker().header(API).unwrap(), "Bearer a0", "the clock may be a minute ahead");
    rig.store.set(HERE, record(now - 3600), json!({"access_token":"a0"}));
    let error = rig.broker().resolve(API).unwrap_err();
    assert_eq!(
        (error.outcome, error.hint.as_deref()),
        (Some(Outcome::Reauthorize), Some("authsome login acme --force"))
    );
}

// 401.

/// A request was sent with a0 and answered 401.
fn rejected(rig: &Rig) -> (Process, Value) {
    rig.connect(HERE, 3000);
    let broker = rig.broker();
    let lease = broker.resolve(API).unwrap()["lease"].clone();
    (broker, lease)
}

#[test]
fn a_401_renews_once_and_the_request_goes_out_again() {
    let rig = rig();
    let (broker, lease) = rejected(&rig);
    assert!(broker.report(&lease, json!({})));
    assert_eq!(broker.header(API).unwrap(), "Bearer a1");
    assert!(broker.report(&lease, json!({})), "an older request with the old token: the vault has another");
    assert_eq!(rig.provider.count(), 1);
    let again = broker.resolve(API).unwrap()["lease"].clone();
    assert!(!broker.report(&again, json!({})), "a 401 that means \"not allowed\" does not rotate the token");
    assert_eq!(rig.provider.count(), 1);
}

#[test]
fn a_401_to_a_token_that_was_replaced_meanwhile_wants_one_try_with_the_new_one_and_no_renewal() {
    // As with a provider whose renewal ends earlier access tokens: the request was under way.
    let rig = rig();
    let (broker, lease) = rejected(&rig);
    let mut record = rig.store.record(HERE);
    record["tried_at"] = json!(proto::time::now());
    rig.store.set(HERE, record, json!({"access_token":"a9","refresh_token":"r9"}));
    assert!(broker.report(&lease, json!({})));
    assert!(!broker.report(&lease, json!({"replayable": false})));
    assert_eq!(broker.header(API).unwrap(), "Bearer a9");
    broker.settle();
    assert_eq!(rig.provider.count(), 0);
}

#[test]
fn twenty_401s_at_once_are_one_renewal() {
    let rig = rig();
    let (broker, lease) = rejected(&rig);
    *rig.provider.delay.lock().unwrap() = Duration::from_millis(50);
    let retries = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..20).map(|_| scope.spawn(|| broker.report(&lease, json!({})))).collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).filter(|retry| *retry).count()
    });
    assert_eq!((retries, rig.provider.count()), (20, 1));
}

#[test]
fn an_answer_that_a_new_token_would_not_mend_renews_nothing() {
    let rig = rig();
    let (broker, lease) = rejected(&rig);
    for extra in [
        json!({"status":403}),
        json!({"status":200}),
        json!({"status":500}),
        json!({"www_authenticate":"Bearer error=\"insufficient_scope\""}),
    ] {
        assert!(!broker.report(&lease, extra.clone()), "{extra}");
    }
    assert_eq!(rig.provider.count(), 0);
}

#[test]
fn a_request_that_cannot_be_sent_again_still_gets_the_next_one_a_new_token() {
    let rig = rig();
    let (broker, lease) = rejected(&rig);
    assert!(!broker.report(&lease, json!({"replayable":false})));
    broker.settle();
    assert_eq!(broker.header(API).unwrap(), "Bearer a1");
}

#[test]
fn a_401_that_cannot_be_mended_is_delivered() {
    for failure in [Outcome::Reauthorize, Outcome::RetryAt, Outcome::FixConfig, Outcome::Lost] {
        let rig = rig();
        let (broker, lease) = rejected(&rig);
        rig.provider.fails(outcome(failure));
        assert!(!broker.report(&lease, json!({})), "{failure:?}");
    }
}

#[test]
fn an_api_key_is_never_renewed() {
    let rig = rig();
    rig.define(json!({"name":"keyed","display_name":"K","auth_type":"api_key","flow":"api_key","api_url":["api.keyed.test"],"api_key":{}}));
    let bound = json!({"token_url":null,"revocation_url":null,"targets":["api.keyed.test"]});
    let record = json!({"provider":"keyed","flow":"api_key","status":"connected","bound":bound});
    rig.store.set("default/keyed/default", record.clone(), json!({"api_key":"k1"}));
    let broker = rig.broker();
    let lease = broker.resolve("https://api.keyed.test/").unwrap()["lease"].clone();
    assert!(!broker.report(&lease, json!({})));
    rig.store.set("default/keyed/default", record, json!({"api_key":"k2"}));
    assert!(broker.report(&lease, json!({})), "the person put another key there");
    assert_eq!(rig.provider.count(), 0);
}
