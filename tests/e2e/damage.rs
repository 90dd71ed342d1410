//! Homes in a bad state: everything that can be read is still read.

use crate::person::Person;

const KEY: &str = "sk-proj-0123456789abcdef0123456789";

fn with_a_key() -> Person {
    let person = Person::new();
    person.run(&["login", "openai", "--stdin", "--no-check"], KEY).expect_code(0);
    person
}

#[test]
fn a_home_that_may_only_be_read_is_read() {
    let person = with_a_key();
    person.make_home_writable(false);
    for args in [&["list"][..], &["get", "openai"], &["inspect", "openai"], &["export", "openai"], &["whoami"]] {
        person.run(args, "").expect_code(0);
    }
    let output = person.run(&["run", "--", "sh", "-c", "echo $OPENAI_API_KEY"], "").expect_code(0);
    assert_eq!(output.stdout, "authsome-proxy-managed\n");
    assert!(output.stderr.contains("no audit"), "{}", output.stderr);
    let output = person.run(&["logout", "openai", "--yes"], "").expect_code(7);
    assert!(output.stderr.contains("permission denied"), "{}", output.stderr);
    person.make_home_writable(true);
}

#[test]
fn a_home_without_definitions_that_may_only_be_read_is_read() {
    let person = with_a_key();
    std::fs::remove_dir(person.home.authsome().join("providers")).unwrap();
    person.make_home_writable(false);
    person.run(&["get", "openai"], "").expect_code(0);
    person.make_home_writable(true);
}

#[test]
fn a_directory_that_many_share_is_no_home_and_nobody_is_told_to_close_it() {
    let person = Person::new();
    let output = person.run(&["--home", "/tmp", "list"], "").expect_code(4);
    assert!(!output.stderr.contains("chmod") && output.stderr.contains("directory of your own"), "{}", output.stderr);
}

#[test]
fn one_damaged_record_stops_neither_list_nor_run_and_can_be_given_up() {
    let person = with_a_key();
    person.run(&["login", "openai", "--stdin", "--no-check", "--connection", "work"], KEY).expect_code(0);
    person.run(&["login", "anthropic", "--stdin", "--no-check"], "sk-ant-api03-0123456789abcdef").expect_code(0);
    let script = "import sqlite3, sys; database = sqlite3.connect(sys.argv[1]); \
                  database.execute(\"UPDATE entry SET record = x'00' WHERE key = 'default/openai/work'\"); database.commit()";
    let file = person.home.authsome().join("vault.db");
    person.start("python3", &["-c", script, file.to_str().unwrap()]).finish().unwrap().expect_code(0);
    let mends = "authsome logout openai --connection work";

    let output = person.run(&["list"], "").expect_code(0);
    assert!(
        output.stderr.contains("default/openai/work does not open") && output.stderr.contains(mends),
        "{}",
        output.stderr
    );
    assert!(output.stdout.contains("anthropic"), "{}", output.stdout);
    let output = person.run(&["run", "--", "sh", "-c", "echo $ANTHROPIC_API_KEY"], "").expect_code(0);
    assert_eq!(output.stdout, "authsome-proxy-managed\n");
    let lines = "{\"v\":1,\"id\":1,\"op\":\"open\",\"profile\":\"default\"}\n{\"v\":1,\"id\":2,\"op\":\"routes\"}\n";
    let mut helper = person.start("authsome-credential", &["--authsome-helper=credential"]);
    helper.write(lines).unwrap();
    helper.see("\"env\"").unwrap();
    helper.close_stdin();
    let said = helper.finish().unwrap().expect_code(0).stdout;
    assert!(said.contains("openai's connection work cannot be used"), "{said}");
    person.run(&["export", "openai", "--connection", "default"], "").expect_code(0);
    let output = person.run(&["get", "openai", "--connection", "work"], "").expect_code(7);
    assert!(output.stderr.contains(mends), "{}", output.stderr);

    person.run(&["logout", "openai", "--connection", "work", "--yes"], "").expect_code(0);
    assert_eq!(person.run(&["list"], "").expect_code(0).stderr, "");
}
