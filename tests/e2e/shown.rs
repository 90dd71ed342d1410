//! Texts of providers and definitions in the output.

use crate::person::Person;

/// A hostile text: escape sequences of a terminal, in both encodings, and an override of the direction.
const RECORD: &str = r#"{"record":{"provider":"openai","flow":"api_key","status":"connected",
    "scopes":["\u001b]0;owned\u0007read"],"account":{"label":"\u009b31m\u202eevil"}},"secret":{"api_key":"sk-0123456789"}}"#;

#[test]
fn nothing_that_a_provider_says_steers_the_terminal() {
    let person = Person::new();
    person.run(&["vault", "put", "openai/default"], RECORD).expect_code(0);
    let definition = serde_json::json!({"name": "odd", "display_name": "O\u{1b}[31mdd", "auth_type": "api_key",
        "api_url": "odd.test", "export": {"env": {"api_key": "ODD_API_KEY"}}, "flow": "api_key", "host_url": "\u{9b}31m"});
    person.home.write_definition("odd", &definition).unwrap();
    for args in [
        &["get", "openai"][..],
        &["get", "openai", "--field", "scopes"],
        &["get", "openai", "--field", "account.label"],
        &["get", "openai", "--json"],
        &["connection", "list", "openai"],
        &["connection", "list", "openai", "--json"],
        &["vault", "get", "openai"],
        &["list"],
        &["list", "--json"],
        &["inspect", "odd"],
        &["get", "odd"],
    ] {
        let output = person.run(args, "");
        for text in [&output.stdout, &output.stderr] {
            let steers = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!text.contains(steers), "{args:?}: {text:?}");
        }
    }
    // JSON says the same in its own way.
    let output = person.run(&["get", "openai", "--json"], "").expect_code(0);
    let record: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(record["account"]["label"], "\u{9b}31m\u{202e}evil");
}
