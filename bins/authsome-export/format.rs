//! Variables in the quoting of their reader: what a value says is data, never a command.

use crate::args::Format;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The text for `format`, newline included.
pub fn format(variables: &BTreeMap<&str, &str>, format: Format) -> String {
    if format == Format::Json {
        let object: Map<String, Value> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
        return format!("{:#}\n", Value::Object(object));
    }
    variables.iter().map(|(name, value)| line(name, value, format)).collect()
}

fn line(name: &str, value: &str, format: Format) -> String {
    match format {
        Format::Env => format!("export {name}={}\n", posix(value)),
        Format::Shell => format!("{name}={}; export {name}\n", posix(value)),
        Format::Dotenv => format!("{name}={}\n", dotenv(value)),
        Format::Fish => format!("set -gx {name} '{}'\n", value.replace('\\', "\\\\").replace('\'', "\\'")),
        // PowerShell takes typographic quotes for quotes, too.
        Format::Powershell => format!("$Env:{name} = '{}'\n", powershell(value)),
        Format::Json => unreachable!("JSON is written as one object"),
    }
}

/// In single quotes everything but a single quote is itself (POSIX XCU 2.2.2).
fn posix(value: &str) -> String {
    format!("'{}'", value.replace('\'', "'\\''"))
}

/// Single quotes are literal for every reader of .env files; only a value with one needs the other.
fn dotenv(value: &str) -> String {
    if !value.contains('\'') {
        return format!("'{value}'");
    }
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$").replace('`', "\\`"))
}

fn powershell(value: &str) -> String {
    value.chars().flat_map(|c| if matches!(c, '\'' | '\u{2018}'..='\u{201b}') { vec![c, c] } else { vec![c] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    const HOSTILE: &str = "a$(touch pwned)`id`'\"\\ $HOME;& x";

    #[test]
    fn a_posix_shell_reads_back_what_was_written_and_runs_none_of_it() {
        for format in [Format::Env, Format::Shell] {
            let text = super::format(&BTreeMap::from([("TOKEN", HOSTILE)]), format);
            let output = Command::new("/bin/sh")
                .args(["-c", "eval \"$1\"; sh -c 'printf %s \"$TOKEN\"'", "sh", &text])
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), HOSTILE);
        }
    }

    #[test]
    fn each_format_has_its_own_quoting() {
        let line = |value, format| super::format(&BTreeMap::from([("T", value)]), format);
        assert_eq!(line("a'b\\", Format::Fish), "set -gx T 'a\\'b\\\\'\n");
        assert_eq!(line("a'b", Format::Powershell), "$Env:T = 'a''b'\n");
        assert_eq!(line("a$b", Format::Dotenv), "T='a$b'\n");
        assert_eq!(line("a'$b", Format::Dotenv), "T=\"a'\\$b\"\n");
        assert_eq!(line("a\"b", Format::Json), "{\n  \"T\": \"a\\\"b\"\n}\n");
    }
}
