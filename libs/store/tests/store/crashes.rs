//! SIGKILL and a full disk, at whatever instant: what was answered is there, and the vault opens.

use crate::children::Writer;
use crate::*;
use std::time::Duration;

/// Every answered write is there and opens; the vault takes further writes.
fn nothing_answered_is_lost(scratch: &Scratch, answered: &[String]) {
    let mut vault = scratch.vault();
    for n in answered {
        let entry = get(&mut vault, &format!("default/notion/c{n}")).unwrap();
        assert_eq!(entry.secret.get("access_token").unwrap().trim_start_matches('0'), n.trim_start_matches('0'));
    }
    vault.put(&put(KEY, "ntn_after")).unwrap();
    let sound: String = scratch.database().query_row("PRAGMA integrity_check", (), |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
}

#[test]
fn a_writer_killed_at_any_instant_loses_nothing_it_was_answered() {
    let mut most = 0;
    for round in 0..16 {
        let scratch = Scratch::new();
        let mut writer = Writer::start(&scratch.home(), "fill 200");
        let mut answered = vec![writer.said().unwrap()];
        std::thread::sleep(Duration::from_micros(700 * round * round));
        answered.extend(writer.kill());
        most = most.max(answered.len());
        nothing_answered_is_lost(&scratch, &answered);
    }
    assert!(most > 1, "the kills came too early to show anything");
}

#[test]
fn a_first_write_killed_at_any_instant_leaves_a_home_that_works() {
    for round in 0..24 {
        let scratch = Scratch::new();
        let writer = Writer::start(&scratch.home(), "fill 200");
        std::thread::sleep(Duration::from_micros(500 * round));
        let answered = writer.kill();
        nothing_answered_is_lost(&scratch, &answered);
    }
}

#[test]
fn a_full_disk_refuses_the_write_and_loses_nothing() {
    let scratch = Scratch::new();
    let writer = Writer::start_on_a_small_disk(&scratch.home(), "fill 4000", 300);
    let mut answered = writer.finish();
    let refused = answered.pop().unwrap();
    assert!(refused.starts_with("refused unavailable: writing "), "{refused}");
    assert!(answered.len() > 5, "{answered:?}");
    nothing_answered_is_lost(&scratch, &answered);
}

#[test]
fn a_disk_without_any_room_left_is_no_reason_not_to_read() {
    let scratch = Scratch::new();
    let rev = scratch.vault().put(&put(KEY, "ntn_x")).unwrap().rev;
    let said = Writer::start_on_a_small_disk(&scratch.home(), &format!("get {KEY}"), 0).finish();
    assert_eq!(said, [rev]);
    let said = Writer::start_on_a_small_disk(&scratch.home(), "fill 10", 0).finish();
    assert!(said.len() == 1 && said[0].starts_with("refused unavailable: writing "), "{said:?}");
    nothing_answered_is_lost(&scratch, &[]);
}

#[test]
fn on_a_full_disk_one_reader_does_not_keep_out_another() {
    let scratch = Scratch::new();
    let rev = scratch.vault().put(&put(KEY, "ntn_x")).unwrap().rev;
    let mut keeper = Writer::start_on_a_small_disk(&scratch.home(), &format!("keep {KEY}"), 0);
    assert_eq!(keeper.said().as_ref(), Some(&rev));
    let said = Writer::start_on_a_small_disk(&scratch.home(), &format!("get {KEY}"), 0).finish();
    assert_eq!(said, [rev]);
    keeper.kill();
}

#[test]
fn a_home_that_may_only_be_read_is_read() {
    let scratch = Scratch::new();
    let rev = scratch.vault().put(&put(KEY, "ntn_x")).unwrap().rev;
    assert_eq!(Writer::start_as_a_reader(&scratch.home(), &format!("get {KEY}")).finish(), [rev]);
    let said = Writer::start_as_a_reader(&scratch.home(), "fill 10").finish();
    assert!(said.len() == 1 && said[0].starts_with("refused unavailable: "), "{said:?}");
}

#[test]
fn a_home_that_may_only_be_read_says_when_its_last_writes_cannot_be() {
    let scratch = Scratch::new();
    let mut writer = Writer::start(&scratch.home(), "fill 200");
    writer.said().unwrap();
    writer.kill();
    std::fs::remove_file(scratch.file("vault.db-shm")).unwrap();
    let said = Writer::start_as_a_reader(&scratch.home(), "get default/notion/c0").finish();
    assert!(said[0].contains("its last writes are in") && said[0].contains("vault.db-wal"), "{said:?}");
}

#[test]
fn a_disk_too_full_for_a_vault_leaves_a_home_that_works_later() {
    let scratch = Scratch::new();
    let said = Writer::start_on_a_small_disk(&scratch.home(), "fill 10", 2).finish();
    assert!(said.len() == 1 && said[0].starts_with("refused unavailable: "), "{said:?}");
    nothing_answered_is_lost(&scratch, &[]);
}

#[test]
fn the_lock_of_a_killed_process_is_free_at_once() {
    let scratch = Scratch::new();
    let mut holder = Writer::start(&scratch.home(), &format!("hold {KEY}"));
    assert_eq!(holder.said().as_deref(), Some("held"));
    let mut vault = scratch.vault();
    assert_eq!(code(vault.lock(&KEY.parse().unwrap())), Code::Locked);
    holder.kill();
    vault.lock(&KEY.parse().unwrap()).unwrap();
}
