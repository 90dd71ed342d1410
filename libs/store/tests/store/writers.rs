//! Many processes at once, and many entries.

use crate::children::Writer;
use crate::*;
use std::time::{Duration, Instant};

#[test]
fn eight_writers_with_if_rev_lose_no_update() {
    let scratch = Scratch::new();
    let first = Put { record: record(r#"{"count":0}"#), ..put(KEY, "ntn_x") };
    scratch.vault().put(&first).unwrap();
    let writers: Vec<_> = (0..8).map(|_| Writer::start(&scratch.home(), "count 25")).collect();
    for writer in writers {
        assert_eq!(writer.finish(), ["done"]);
    }
    assert_eq!(get(&mut scratch.vault(), KEY).unwrap().record["count"], 200);
}

#[test]
fn eight_first_writers_agree_on_one_key_and_one_vault() {
    for _ in 0..3 {
        let scratch = Scratch::new();
        let start = |n| Writer::start(&scratch.home(), &format!("put default/notion/c{n}"));
        let writers: Vec<_> = (0..8).map(start).collect();
        let revs: std::collections::HashSet<_> = writers.into_iter().flat_map(Writer::finish).collect();
        assert_eq!(revs.len(), 8, "every write has a revision of its own");
        assert_eq!(list(&mut scratch.vault(), "default/").unwrap().records.len(), 8);
        for n in 0..8 {
            get(&mut scratch.vault(), &format!("default/notion/c{n}")).unwrap();
        }
    }
}

#[test]
fn a_get_among_ten_thousand_entries_costs_what_it_costs_among_one() {
    let (few, many) = (Scratch::new(), Scratch::new());
    few.vault().put(&put(KEY, "ntn_x")).unwrap();
    many.vault().put(&put(KEY, "ntn_x")).unwrap();
    // Rows that a get must not open: what they hold makes no difference to it, their number might.
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) \
               INSERT INTO entry SELECT 'default/notion/c' || i, 1, randomblob(400), randomblob(600) FROM n";
    assert_eq!(many.database().execute(sql, ()).unwrap(), 10_000);
    // Taken in turns, so that a busy machine slows both.
    let (mut few_took, mut many_took) = (Vec::new(), Vec::new());
    for _ in 0..60 {
        few_took.push(open_and_get(&few));
        many_took.push(open_and_get(&many));
    }
    let (few, many) = (median(few_took), median(many_took));
    assert!(many < few * 3, "{few:?} among one, {many:?} among 10,000");
}

fn open_and_get(scratch: &Scratch) -> Duration {
    let start = Instant::now();
    get(&mut scratch.vault(), KEY).unwrap();
    start.elapsed()
}

fn median(mut took: Vec<Duration>) -> Duration {
    took.sort();
    took[took.len() / 2]
}
