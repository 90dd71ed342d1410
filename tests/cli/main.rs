//! What each command prints and with which status it ends: one directory a command, one story a file.
#![allow(clippy::unwrap_used)]

#[path = "../support/stories.rs"]
mod stories;

use std::path::Path;

macro_rules! commands {
    ($($name:ident)*) => {
        /// The directories that are played; `tests/tree` compares them with the command table.
        #[cfg(test)]
        pub const PLAYED: &[&str] = &[$(stringify!($name)),*];

        $(#[test]
        fn $name() {
            let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli").join(stringify!($name));
            stories::play_directory(&directory);
        })*
    };
}

commands! {
    authsome login logout revoke list get inspect remove export connection run whoami demo vault flow credential proxy conform
}

#[test]
fn every_directory_of_stories_is_played() {
    let directories = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli")).unwrap();
    for entry in directories.map(Result::unwrap).filter(|entry| entry.path().is_dir()) {
        let name = entry.file_name().into_string().unwrap();
        assert!(PLAYED.contains(&name.as_str()), "tests/cli/{name} is in no line of commands!");
    }
}
