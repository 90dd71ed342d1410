//! What someone with the file but without the key can do to rows: nothing that opens.

use crate::*;

fn two_entries() -> Scratch {
    let scratch = Scratch::new();
    let mut vault = scratch.vault();
    vault.put(&put(KEY, "ntn_victim")).unwrap();
    vault.put(&put("default/notion/evil", "ntn_attacker")).unwrap();
    scratch
}

fn does_not_open(scratch: &Scratch, key: &str) {
    let error = get(&mut scratch.vault(), key).unwrap_err();
    assert_eq!(error.code, Code::Unavailable);
    assert!(error.message.contains(key), "{error}");
    let name = key.rsplit('/').next().unwrap();
    assert_eq!(error.hint, Some(format!("authsome logout notion --connection {name}")));
}

#[test]
fn no_secret_and_no_record_lies_in_the_file() {
    let scratch = two_entries();
    for entry in std::fs::read_dir(scratch.home()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = if path.is_file() { std::fs::read(&path).unwrap() } else { continue };
        for text in ["ntn_victim", "access_token", "connected"] {
            assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{text} in {}", path.display());
        }
    }
}

#[test]
fn what_was_erased_or_replaced_lies_in_no_file_any_more() {
    let scratch = two_entries();
    // Someone else has it open, so that closing it clears nothing up.
    let database = scratch.database();
    let sealed = |key: &str| -> Vec<u8> {
        database.query_row("SELECT secret FROM entry WHERE key = ?1", [key], |row| row.get(0)).unwrap()
    };
    let (erased, replaced) = (sealed(KEY), sealed("default/notion/evil"));
    let mut vault = scratch.vault();
    vault.put(&put("default/notion/evil", "ntn_newer")).unwrap();
    erase(&mut vault, KEY, Expect::Anything).unwrap();
    for entry in std::fs::read_dir(scratch.home()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = if path.is_file() { std::fs::read(&path).unwrap() } else { continue };
        for (what, text) in [("erased", &erased[..32]), ("replaced", &replaced[..32])] {
            assert!(!bytes.windows(32).any(|window| window == text), "the {what} secret is in {}", path.display());
        }
    }
}

#[test]
fn a_secret_moved_to_another_key_does_not_open() {
    let scratch = two_entries();
    let sql = "UPDATE entry SET secret = (SELECT secret FROM entry WHERE key LIKE '%evil'), \
               rev = (SELECT rev FROM entry WHERE key LIKE '%evil') WHERE key LIKE '%work'";
    assert_eq!(scratch.database().execute(sql, ()).unwrap(), 1);
    does_not_open(&scratch, KEY);
}

#[test]
fn a_whole_row_under_another_name_does_not_open() {
    let scratch = two_entries();
    let database = scratch.database();
    database.execute("DELETE FROM entry WHERE key LIKE '%work'", ()).unwrap();
    database.execute("UPDATE entry SET key = ?1", [KEY]).unwrap();
    does_not_open(&scratch, KEY);
    let row = list(&mut scratch.vault(), "default/").unwrap().records.remove(0);
    assert!(row.record.is_empty() && row.readable().is_err());
}

#[test]
fn a_damaged_record_stops_no_other_from_being_listed() {
    let scratch = two_entries();
    scratch.database().execute("UPDATE entry SET record = x'00' WHERE key = ?1", [KEY]).unwrap();
    let (damaged, sound): (Vec<_>, Vec<_>) =
        list(&mut scratch.vault(), "default/").unwrap().records.into_iter().partition(|row| row.err.is_some());
    assert_eq!((damaged.len(), sound.len()), (1, 1));
    assert_eq!(damaged[0].key.to_string(), KEY);
    assert!(damaged[0].clone().readable().unwrap_err().message.contains(KEY));
    assert!(get(&mut scratch.vault(), "default/notion/evil").is_ok());
    does_not_open(&scratch, KEY);
}

#[test]
fn a_row_whose_key_is_none_stops_no_other_from_being_listed() {
    let scratch = two_entries();
    scratch.database().execute("UPDATE entry SET key = 'default/\"}\n' WHERE key = ?1", [KEY]).unwrap();
    assert_eq!(keys(&list(&mut scratch.vault(), "").unwrap()), ["default/notion/evil"]);
}

#[test]
fn a_record_in_the_secrets_place_does_not_open() {
    let scratch = two_entries();
    scratch.database().execute("UPDATE entry SET secret = record", ()).unwrap();
    does_not_open(&scratch, KEY);
    assert!(list(&mut scratch.vault(), "default/").is_ok(), "a listing opens no secret");
}

#[test]
fn an_older_secret_put_back_under_a_newer_row_does_not_open() {
    let scratch = two_entries();
    let secret = |database: &rusqlite::Connection| -> Vec<u8> {
        database.query_row("SELECT secret FROM entry WHERE key = ?1", [KEY], |row| row.get(0)).unwrap()
    };
    let older = secret(&scratch.database());
    scratch.vault().put(&put(KEY, "ntn_rotated")).unwrap();
    scratch.database().execute("UPDATE entry SET secret = ?1 WHERE key = ?2", rusqlite::params![older, KEY]).unwrap();
    does_not_open(&scratch, KEY);
}

#[test]
fn an_older_row_put_back_as_a_whole_does_not_open() {
    let scratch = two_entries();
    let database = scratch.database();
    database.execute("CREATE TABLE kept AS SELECT * FROM entry WHERE key = ?1", [KEY]).unwrap();
    for erased in [false, true] {
        scratch.vault().put(&put(KEY, "ntn_rotated")).unwrap();
        if erased {
            erase(&mut scratch.vault(), KEY, Expect::Anything).unwrap();
        }
        database.execute("INSERT OR REPLACE INTO entry SELECT * FROM kept", ()).unwrap();
        does_not_open(&scratch, KEY);
        let listing = list(&mut scratch.vault(), "default/").unwrap();
        let bad: Vec<_> = listing.records.iter().filter(|row| row.err.is_some()).collect();
        assert!(bad.len() == 1 && bad[0].key.to_string() == KEY);
        let rev: i64 = database.query_row("SELECT rev FROM kept", (), |row| row.get(0)).unwrap();
        let on_top = Put { if_rev: Expect::Rev(rev.to_string()), ..put(KEY, "ntn_x") };
        assert_eq!(code(scratch.vault().put(&on_top)), Code::Unavailable);
        scratch.vault().put(&put(KEY, "ntn_new")).unwrap();
        assert!(get(&mut scratch.vault(), KEY).is_ok());
    }
}

#[test]
fn a_register_that_was_put_back_or_removed_opens_nothing() {
    for sql in ["UPDATE vault SET register = (SELECT register FROM kept)", "UPDATE vault SET register = NULL"] {
        let scratch = two_entries();
        scratch.database().execute("CREATE TABLE kept AS SELECT register FROM vault", ()).unwrap();
        scratch.vault().put(&put(KEY, "ntn_rotated")).unwrap();
        scratch.database().execute(sql, ()).unwrap();
        assert_eq!(code(get(&mut scratch.vault(), KEY)), Code::Unavailable, "{sql}");
        assert_eq!(code(list(&mut scratch.vault(), "")), Code::Unavailable, "{sql}");
        assert_eq!(code(scratch.vault().put(&put(KEY, "ntn_x"))), Code::Unavailable, "{sql}");
    }
}

#[test]
fn an_older_revision_claimed_for_a_row_does_not_open() {
    let scratch = two_entries();
    scratch.database().execute("UPDATE entry SET rev = rev - 1", ()).unwrap();
    does_not_open(&scratch, KEY);
}

#[test]
fn a_row_that_does_not_open_can_be_erased_and_written_again() {
    let scratch = two_entries();
    scratch.database().execute("UPDATE entry SET secret = x'00' WHERE key = ?1", [KEY]).unwrap();
    does_not_open(&scratch, KEY);
    erase(&mut scratch.vault(), KEY, Expect::Anything).unwrap();
    scratch.vault().put(&put(KEY, "ntn_new")).unwrap();
    assert!(get(&mut scratch.vault(), KEY).is_ok());
}
