//! One word for one thing: what people read uses the words of the design, and no others for them.

use crate::files;

/// A word that is not used, and the one that is.
const SYNONYMS: &[(&str, &str)] = &[
    ("plugin", "helper"),
    ("plug-in", "helper"),
    ("add-on", "helper"),
    ("addon", "helper"),
    ("connector", "helper"),
    ("extension", "helper or drop-in"),
    ("integration", "provider"),
    ("manifest", "definition"),
    ("keychain", "vault"),
    ("keyring", "vault"),
    ("keystore", "vault"),
    ("wallet", "vault"),
    ("creds", "credential"),
    ("sentinel", "placeholder"),
    ("dummy", "placeholder"),
    ("fake token", "placeholder"),
    ("token rotation", "renewal"),
    ("grant type", "flow"),
    ("auth flow", "flow"),
];

/// Documents, and sources whose strings and doc comments people see.
const DOCUMENTS: &[&str] = &["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"];
const SPOKEN: &[&str] =
    &["bins", "libs/cli", "libs/flows", "libs/broker", "libs/store", "libs/provider", "libs/proto", "libs/helper"];

#[test]
fn documents_and_the_manual_use_one_word_for_one_thing() {
    let manual = files::names("man/src").into_iter().map(|name| format!("man/src/{name}"));
    let texts = manual.chain(DOCUMENTS.iter().map(|path| (*path).to_owned()));
    files::none(texts.flat_map(|path| synonyms(&path, &files::read(&path))).collect());
}

#[test]
fn help_and_messages_use_one_word_for_one_thing() {
    let mut complaints = Vec::new();
    for path in SPOKEN.iter().flat_map(|directory| files::sources(directory)) {
        let source = files::read(&path);
        let of_clap = path.ends_with("args.rs");
        let said =
            files::without_tests(&source).lines().map(|line| if of_clap { line.to_owned() } else { strings(line) });
        complaints.extend(synonyms(&path, &said.map(|line| line + "\n").collect::<String>()));
    }
    files::none(complaints);
}

fn synonyms(path: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = without_addresses(&line.to_lowercase());
        for (word, instead) in SYNONYMS {
            if line.match_indices(word).any(|(at, _)| stands_alone(&line, at, word)) {
                complaints.push(format!("{path}:{}: {word:?} is called {instead} here", number + 1));
            }
        }
    }
    complaints
}

/// With a plural it is still the word.
fn stands_alone(line: &str, at: usize, word: &str) -> bool {
    let after = line[at + word.len()..].trim_start_matches('s');
    !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_')
        && !after.starts_with(|c: char| c.is_alphanumeric() || c == '(' || c == '_')
}

/// Somebody else's addresses use their own words.
fn without_addresses(line: &str) -> String {
    line.split_whitespace().filter(|word| !word.contains("://")).collect::<Vec<_>>().join(" ")
}

/// The texts between quotes on a line of Rust.
fn strings(line: &str) -> String {
    if line.trim_start().starts_with("//") {
        return String::new();
    }
    line.split('"').skip(1).step_by(2).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_synonym_is_found_and_an_address_is_not() {
    assert_eq!(synonyms("x", "Write Plugins").len(), 1);
    assert_eq!(synonyms("x", "https://www.notion.so/my-integrations and path.extension()"), Vec::<String>::new());
    assert_eq!(strings("say(\"one plugin\", 2, \"b\") // \"c"), "one plugin b c");
}
