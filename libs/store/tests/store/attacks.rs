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
    assert_eq!(error.hint.as_deref(), Some(format!("authsome-vault erase {key}").as_str()));
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
    assert_eq!(code(list(&mut scratch.vault(), "default/")), Code::Unavailable);
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
