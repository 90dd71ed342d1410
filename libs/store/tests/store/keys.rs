//! The home, the key and the vault's file: made once, privately; refused when others can write.

use crate::*;
use std::os::unix::fs::{PermissionsExt, symlink};

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn filled() -> Scratch {
    let scratch = Scratch::new();
    scratch.vault().put(&put(KEY, "ntn_x")).unwrap();
    scratch
}

/// Opening fails, nothing is made, and the error names the path and what to do.
fn refused(scratch: &Scratch, expected: Code, names: &str) {
    let before = names_in(&scratch.home());
    let error = Vault::open(&scratch.home()).err().unwrap();
    assert_eq!(error.code, expected, "{error}");
    assert!(error.message.contains(names), "{error}");
    assert!(error.hint.is_some(), "{error}");
    assert_eq!(names_in(&scratch.home()), before);
}

fn names_in(home: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(home).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_first_write_makes_a_private_home_and_leaves_no_other_file() {
    let scratch = filled();
    assert_eq!(mode(&scratch.home()), 0o700);
    assert_eq!(mode(&scratch.file("locks")), 0o700);
    for file in ["master.key", "vault.db", "locks/write"] {
        assert_eq!(mode(&scratch.file(file)), 0o600, "{file}");
    }
    assert_eq!(names_in(&scratch.home()), ["locks", "master.key", "vault.db"]);
    let vault = scratch.vault();
    for file in ["vault.db-wal", "vault.db-shm"] {
        assert!(!scratch.file(file).exists() || mode(&scratch.file(file)) == 0o600, "{file}");
    }
    drop(vault);
}

#[test]
fn a_missing_key_is_an_error_and_never_a_new_key() {
    let scratch = filled();
    std::fs::rename(scratch.file("master.key"), scratch.file("kept")).unwrap();
    refused(&scratch, Code::Unavailable, "master.key");
    std::fs::rename(scratch.file("kept"), scratch.file("master.key")).unwrap();
    assert!(get(&mut scratch.vault(), KEY).is_ok());
}

#[test]
fn a_truncated_or_another_vaults_key_is_an_error() {
    let scratch = filled();
    let whole = std::fs::read(scratch.file("master.key")).unwrap();
    std::fs::write(scratch.file("master.key"), &whole[..30]).unwrap();
    refused(&scratch, Code::Unavailable, "master.key");
    std::fs::write(scratch.file("master.key"), "").unwrap();
    refused(&scratch, Code::Unavailable, "master.key");
    copy(&filled().file("master.key"), &scratch.file("master.key"));
    refused(&scratch, Code::Unavailable, "is not the key of this vault");
}

#[test]
fn a_damaged_vault_is_an_error_and_is_not_made_anew() {
    let scratch = filled();
    for bytes in [
        &b""[..],
        b"not a database at all, but long enough to have a header of one hundred bytes or so, which is what counts",
    ] {
        std::fs::write(scratch.file("vault.db"), bytes).unwrap();
        refused(&scratch, Code::Unavailable, "vault.db");
        assert_eq!(std::fs::read(scratch.file("vault.db")).unwrap(), bytes);
    }
}

#[test]
fn a_vault_of_a_newer_format_is_left_alone() {
    let scratch = filled();
    scratch.database().execute("UPDATE vault SET format = 3", ()).unwrap();
    refused(&scratch, Code::Unavailable, "has format 3");
}

#[test]
fn a_key_whose_vault_was_never_finished_is_used() {
    let scratch = filled();
    let key = std::fs::read(scratch.file("master.key")).unwrap();
    std::fs::remove_file(scratch.file("vault.db")).unwrap();
    std::fs::write(scratch.file("vault.db.new"), "half a vault").unwrap();
    std::fs::write(scratch.file("vault.db.new-journal"), "half a journal").unwrap();
    assert_eq!(code(get(&mut scratch.vault(), KEY)), Code::NotFound);
    scratch.vault().put(&put(KEY, "ntn_y")).unwrap();
    assert_eq!(std::fs::read(scratch.file("master.key")).unwrap(), key);
    assert_eq!(names_in(&scratch.home()), ["locks", "master.key", "vault.db"]);
}

#[test]
fn half_a_key_left_by_a_crash_is_in_nobodys_way() {
    let scratch = Scratch::new();
    std::fs::create_dir_all(scratch.file("locks")).unwrap();
    std::fs::write(scratch.file("master.key.new"), "authsome-master-key-1 AAAA").unwrap();
    scratch.vault().put(&put(KEY, "ntn_x")).unwrap();
    assert!(get(&mut scratch.vault(), KEY).is_ok());
    assert!(!scratch.file("master.key.new").exists());
}

#[test]
fn what_others_can_write_to_is_refused() {
    let scratch = filled();
    chmod(scratch.home().parent().unwrap(), 0o755);
    chmod(&scratch.home(), 0o711);
    for (file, good, bad) in
        [("", 0o711, 0o770), ("", 0o711, 0o707), ("vault.db", 0o600, 0o620), ("master.key", 0o600, 0o602)]
    {
        chmod(&scratch.file(file), bad);
        refused(&scratch, Code::Denied, file);
        chmod(&scratch.file(file), good);
    }
    assert!(get(&mut scratch.vault(), KEY).is_ok());
}

#[test]
fn a_vault_that_a_group_may_write_serves_where_the_group_cannot_come() {
    let scratch = filled();
    chmod(&scratch.file("vault.db"), 0o664);
    assert!(get(&mut scratch.vault(), KEY).is_ok());
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let scratch = filled();
    chmod(&scratch.file("master.key"), 0o644);
    refused(&scratch, Code::Denied, "master.key may be read by others (mode 0644)");
}

#[test]
fn a_link_in_the_place_of_a_file_is_not_followed() {
    let scratch = filled();
    for file in ["master.key", "vault.db"] {
        std::fs::rename(scratch.file(file), scratch.file("elsewhere")).unwrap();
        symlink(scratch.file("elsewhere"), scratch.file(file)).unwrap();
        assert!(Vault::open(&scratch.home()).is_err(), "{file}");
        std::fs::rename(scratch.file("elsewhere"), scratch.file(file)).unwrap();
    }
    let lock = scratch.file("locks/write");
    std::fs::remove_file(&lock).unwrap();
    symlink("/dev/null", &lock).unwrap();
    assert!(scratch.vault().put(&put(KEY, "ntn_y")).is_err());
}

#[test]
fn a_home_that_is_a_link_is_followed() {
    let scratch = filled();
    let elsewhere = scratch.home().with_file_name("elsewhere");
    std::fs::rename(scratch.home(), &elsewhere).unwrap();
    symlink(&elsewhere, scratch.home()).unwrap();
    assert!(get(&mut scratch.vault(), KEY).is_ok());
}

#[test]
fn a_home_whose_locks_were_removed_is_read_and_written() {
    let scratch = filled();
    std::fs::remove_dir_all(scratch.file("locks")).unwrap();
    assert!(get(&mut scratch.vault(), KEY).is_ok());
    assert!(!scratch.file("locks").exists(), "reading needs no lock");
    scratch.vault().put(&put(KEY, "ntn_y")).unwrap();
}

#[test]
fn a_home_that_is_a_file_is_a_clear_error() {
    let scratch = Scratch::new();
    std::fs::write(scratch.home(), "").unwrap();
    let error = scratch.vault_result().err().unwrap();
    assert_eq!(error.code, Code::Unavailable);
    assert!(error.message.contains("is not a folder"), "{error}");
}

#[test]
fn a_vault_removed_and_made_anew_is_noticed_by_those_who_had_it_open() {
    let scratch = filled();
    let mut long_lived = scratch.vault();
    get(&mut long_lived, KEY).unwrap();
    std::fs::remove_dir_all(scratch.home()).unwrap();
    assert_eq!(code(get(&mut long_lived, KEY)), Code::NotFound);
    scratch.vault().put(&put(KEY, "ntn_new")).unwrap();
    assert_eq!(get(&mut long_lived, KEY).unwrap().secret.get("access_token"), Some("ntn_new"));
    long_lived.put(&put("default/notion/home", "ntn_z")).unwrap();
    assert_eq!(list(&mut scratch.vault(), "default/").unwrap().records.len(), 2);
}
