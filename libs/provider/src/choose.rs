//! Which connection of a provider is meant. The one place where that is decided.
//!
//! It never guesses between two accounts, and a name that says a connection which is not there is
//! an error, not a reason to take another.

/// What was said about the connection, from the strongest to the weakest.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// `--connection`, or a request's own choice.
    pub named: Option<&'a str>,
    /// A trusted `.authsome.json`.
    pub directory: Option<&'a str>,
    /// `@default`.
    pub pointer: Option<&'a str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice<'a> {
    One(&'a str),
    /// Said, and not there.
    Missing(&'a str, SaidBy),
    /// Several, and nothing says which.
    Ambiguous(Vec<&'a str>),
    /// The provider has no connection at all.
    NotConnected,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaidBy {
    Name,
    Directory,
    Default,
}

/// `present` are the names of the provider's connections in the profile.
pub fn choose<'a>(wanted: Wanted<'a>, present: &[&'a str]) -> Choice<'a> {
    let said = [
        (wanted.named, SaidBy::Name),
        (wanted.directory, SaidBy::Directory),
        // Nobody asked for it by name: without any connection, that there is none says more.
        (wanted.pointer.filter(|_| !present.is_empty()), SaidBy::Default),
    ];
    if let Some((name, by)) = said.into_iter().find_map(|(name, by)| Some((name?, by))) {
        return if present.contains(&name) { Choice::One(name) } else { Choice::Missing(name, by) };
    }
    match present {
        [] => Choice::NotConnected,
        [only] => Choice::One(only),
        several => match several.iter().find(|name| **name == "default") {
            Some(name) => Choice::One(name),
            None => Choice::Ambiguous(several.to_vec()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_word_counts() {
        let present = ["default", "personal", "work"];
        let all = Wanted { named: Some("work"), directory: Some("personal"), pointer: Some("default") };
        assert_eq!(choose(all, &present), Choice::One("work"));
        assert_eq!(choose(Wanted { named: None, ..all }, &present), Choice::One("personal"));
        assert_eq!(choose(Wanted { pointer: Some("work"), ..Wanted::default() }, &present), Choice::One("work"));
        assert_eq!(choose(Wanted::default(), &present), Choice::One("default"));
        assert_eq!(choose(Wanted::default(), &["work"]), Choice::One("work"));
    }

    #[test]
    fn two_accounts_and_no_word_is_ambiguous() {
        assert_eq!(choose(Wanted::default(), &["personal", "work"]), Choice::Ambiguous(vec!["personal", "work"]));
    }

    #[test]
    fn a_name_that_is_not_there_never_becomes_another_account() {
        for (wanted, by) in [
            (Wanted { named: Some("gone"), ..Wanted::default() }, SaidBy::Name),
            (Wanted { directory: Some("gone"), ..Wanted::default() }, SaidBy::Directory),
            (Wanted { pointer: Some("gone"), ..Wanted::default() }, SaidBy::Default),
        ] {
            assert_eq!(choose(wanted, &["default", "work"]), Choice::Missing("gone", by));
        }
    }

    #[test]
    fn without_connections_a_forgotten_default_says_not_connected() {
        assert_eq!(choose(Wanted { pointer: Some("work"), ..Wanted::default() }, &[]), Choice::NotConnected);
        assert_eq!(choose(Wanted::default(), &[]), Choice::NotConnected);
    }
}
