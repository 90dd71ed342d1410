//! The ops of role `vault`, one promise each.

use crate::*;
use proptest::prelude::*;
use serde_json::Value;

#[test]
fn what_was_put_is_what_is_got() {
    let scratch = Scratch::new();
    let written = scratch.vault().put(&put(KEY, "ntn_x")).unwrap();
    let entry = get(&mut scratch.vault(), KEY).unwrap();
    assert_eq!(entry.rev, written.rev);
    assert_eq!(entry.record["status"], "connected");
    assert_eq!(entry.secret.get("access_token"), Some("ntn_x"));
}

#[test]
fn reading_a_home_that_is_not_there_makes_nothing() {
    let scratch = Scratch::new();
    let mut vault = scratch.vault();
    assert_eq!(code(get(&mut vault, KEY)), Code::NotFound);
    assert!(list(&mut vault, "default/").unwrap().records.is_empty());
    assert_eq!(erase(&mut vault, KEY, Expect::Anything), Ok(()));
    assert_eq!(code(erase(&mut vault, KEY, Expect::Rev("1".into()))), Code::Conflict);
    assert!(!scratch.home().exists());
}

#[test]
fn a_vault_opened_before_there_was_one_sees_it_once_it_is_made() {
    let scratch = Scratch::new();
    let mut early = scratch.vault();
    assert_eq!(code(get(&mut early, KEY)), Code::NotFound);
    scratch.vault().put(&put(KEY, "ntn_x")).unwrap();
    assert!(get(&mut early, KEY).is_ok());
}

#[test]
fn if_rev_holds_or_nothing_is_written() {
    let scratch = Scratch::new();
    let mut vault = scratch.vault();
    let expecting = |if_rev| Put { if_rev, ..put(KEY, "new") };
    assert_eq!(code(vault.put(&expecting(Expect::Rev("1".into())))), Code::Conflict);
    let first = vault.put(&expecting(Expect::Missing)).unwrap().rev;
    assert_eq!(code(vault.put(&expecting(Expect::Missing))), Code::Conflict);
    let second = vault.put(&expecting(Expect::Rev(first.clone()))).unwrap().rev;
    assert_eq!(code(vault.put(&expecting(Expect::Rev(first.clone())))), Code::Conflict);
    assert_eq!(code(erase(&mut vault, KEY, Expect::Rev(first))), Code::Conflict);
    assert_eq!(get(&mut vault, KEY).unwrap().rev, second);
    erase(&mut vault, KEY, Expect::Rev(second)).unwrap();
    assert_eq!(code(get(&mut vault, KEY)), Code::NotFound);
}

#[test]
fn a_revision_is_never_used_again_not_even_after_erase_or_a_new_vault() {
    let scratch = Scratch::new();
    let mut vault = scratch.vault();
    let mut seen = std::collections::HashSet::new();
    for round in 0..20 {
        assert!(seen.insert(vault.put(&put(KEY, "x")).unwrap().rev), "round {round}");
        erase(&mut vault, KEY, Expect::Anything).unwrap();
    }
    // The clock counts whole seconds.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    drop(vault);
    std::fs::remove_file(scratch.file("vault.db")).unwrap();
    assert!(seen.insert(scratch.vault().put(&put(KEY, "x")).unwrap().rev));
}

#[test]
fn if_changed_saves_an_answer_that_is_known() {
    let scratch = Scratch::new();
    let mut vault = scratch.vault();
    let rev = vault.put(&put(KEY, "x")).unwrap().rev;
    let asked = Get { key: KEY.parse().unwrap(), if_changed: Some(rev) };
    assert!(matches!(vault.get(&asked).unwrap(), Got::Unchanged { unchanged: true }));
    let rev = list(&mut vault, "default/").unwrap().rev;
    let asked_list = List { prefix: "default/".into(), if_changed: Some(rev), ..List::default() };
    assert!(matches!(listed(&mut vault, &asked_list).unwrap(), Listed::Unchanged { unchanged: true }));
    vault.put(&put(KEY, "y")).unwrap();
    assert!(matches!(vault.get(&asked).unwrap(), Got::Entry(_)));
    assert!(matches!(listed(&mut vault, &asked_list).unwrap(), Listed::Records(_)));
    let rev = list(&mut vault, "default/").unwrap().rev;
    erase(&mut vault, KEY, Expect::Anything).unwrap();
    let asked_list = List { prefix: "default/".into(), if_changed: Some(rev), ..List::default() };
    assert!(matches!(listed(&mut vault, &asked_list).unwrap(), Listed::Records(_)), "an erase is a change");
}

#[test]
fn a_prefix_is_whole_parts_or_a_whole_key() {
    let scratch = Scratch::new();
    let mut vault = scratch.vault();
    let all = [
        "default/notion/@client",
        "default/notion/work",
        "default/notion/work2",
        "default/notion_dcr/work",
        "other/notion/work",
    ];
    for key in all {
        vault.put(&put(key, "x")).unwrap();
    }
    assert_eq!(keys(&list(&mut vault, "").unwrap()), all);
    assert_eq!(keys(&list(&mut vault, "default/").unwrap()), all[..4]);
    assert_eq!(keys(&list(&mut vault, "default/notion/").unwrap()), all[..3]);
    assert_eq!(keys(&list(&mut vault, "default/notion/work").unwrap()), all[1..2]);
    assert!(list(&mut vault, "default/slack/").unwrap().records.is_empty());
    for bad in ["default", "default/not", "/", "default//", "default/notion/work/", "a b/"] {
        assert_eq!(code(list(&mut vault, bad)), Code::Invalid, "{bad}");
    }
}

#[test]
fn a_long_list_comes_in_pages_and_each_page_fits_into_a_line() {
    let scratch = Scratch::new();
    let mut vault = scratch.vault();
    let count = 60;
    for n in 0..count {
        let mut large = put(&format!("default/notion/c{n:03}"), "x");
        large.record.insert("note".into(), "x".repeat(30_000).into());
        vault.put(&large).unwrap();
    }
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let asked = List { prefix: "default/".into(), after, limit: Some(25), if_changed: None };
        let Listed::Records(page) = listed(&mut vault, &asked).unwrap() else { panic!("it changed") };
        assert!(serde_json::to_vec(&page).unwrap().len() < proto::MAX_LINE - 1000);
        assert!(!page.records.is_empty() && page.records.len() <= 25);
        found.extend(keys(&page));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found, (0..count).map(|n| format!("default/notion/c{n:03}")).collect::<Vec<_>>());
}

#[test]
fn a_lock_is_refused_at_once_and_ends_with_its_holder() {
    let scratch = Scratch::new();
    let (mut one, mut other) = (scratch.vault(), scratch.vault());
    let key = KEY.parse().unwrap();
    one.lock(&key).unwrap();
    assert_eq!(code(other.lock(&key)), Code::Locked);
    assert_eq!(code(one.lock(&key)), Code::Locked);
    other.lock(&"default/notion/home".parse().unwrap()).unwrap();
    one.unlock(&key);
    other.lock(&key).unwrap();
    drop(other);
    one.lock(&key).unwrap();
}

#[test]
fn a_key_locked_for_renewal_can_be_written() {
    let scratch = Scratch::new();
    let mut vault = scratch.vault();
    vault.lock(&KEY.parse().unwrap()).unwrap();
    vault.put(&put(KEY, "x")).unwrap();
    scratch.vault().put(&put(KEY, "y")).unwrap();
}

/// Any JSON but fractions, whose last digit the parser rounds.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map(any::<String>(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Object> {
    proptest::collection::btree_map(any::<String>(), json(), 0..6).prop_map(|map| map.into_iter().collect())
}

fn secrets() -> impl Strategy<Value = Secrets> {
    proptest::collection::btree_map("[a-z_]{1,12}", "\\PC{0,60}", 0..5)
        .prop_map(|map| map.into_iter().fold(Secrets::new(), |secrets, (name, text)| secrets.with(name, text)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_record_and_secret_survive(record in object(), secret in secrets(), key in "[a-z0-9][a-z._-]{0,8}/[a-z]{1,5}/(@client|@default|[A-Z0-9]{1,9})") {
        let scratch = Scratch::new();
        let asked = Put { key: key.parse().unwrap(), if_rev: Expect::Missing, record, secret };
        scratch.vault().put(&asked).unwrap();
        let entry = get(&mut scratch.vault(), &key).unwrap();
        prop_assert_eq!(&entry.record, &asked.record);
        prop_assert_eq!(&entry.secret, &asked.secret);
        prop_assert_eq!(&list(&mut scratch.vault(), &key).unwrap().records[0].record, &asked.record);
    }
}
