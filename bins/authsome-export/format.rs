//! Variables in the quoting of their reader: what a value says is data, never a command.

use crate::args::Format;
use proto::{Error, Result};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The text for `format`, newline included.
///
/// # Errors
/// `invalid` for a value of several lines in a format that has no way to write one.
pub fn format(variables: &BTreeMap<&str, &str>, format: Format) -> Result<String> {
    if format == Format::Json {
        let object: Map<String, Value> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
        return Ok(format!("{:#}\n", Value::Object(object)));
    }
    variables.iter().map(|(name, value)| line(name, value, format)).collect()
}

fn line(name: &str, value: &str, format: Format) -> Result<String> {
    Ok(match format {
        Format::Env => format!("export {name}={}\n", posix(value)),
        Format::Shell => format!("{name}={}; export {name}\n", posix(value)),
        Format::Dotenv => format!("{name}={}\n", dotenv(value)),
        Format::Fish => format!("set -gx {name} '{}'\n", value.replace('\\', "\\\\").replace('\'', "\\'")),
        // PowerShell takes typographic quotes for quotes, too.
        Format::Powershell => format!("$Env:{name} = '{}'\n", powershell(value)),
        Format::EnvFile => format!("{name}={}\n", one_line(name, value)?),
        Format::GithubEnv => github(name, value),
        Format::Json | Format::Header => unreachable!("neither is written variable by variable"),
    })
}

/// In single quotes everything but a single quote is itself (POSIX XCU 2.2.2).
fn posix(value: &str) -> String {
    format!("'{}'", value.replace('\'', "'\\''"))
}

/// Returns a value as a `.env` file has it. It stands bare where every reader takes it literally, since some
/// readers keep quotes. Otherwise it stands in single quotes, or in double quotes if it has a single one.
fn dotenv(value: &str) -> String {
    if is_bare(value) {
        return value.to_owned();
    }
    if !value.contains('\'') {
        return format!("'{value}'");
    }
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$").replace('`', "\\`"))
}

/// Returns whether a value may stand without quotes. Some people let a shell read the file: a shell expands a tilde
/// at the start and after a colon, and zsh an equals sign as well.
fn is_bare(value: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,~".contains(c);
    value.chars().all(is_plain) && !value.split(':').any(|part| part.starts_with(['~', '=']))
}

/// Refuses a value of several lines. A reader of an env-file ends a value at the end of its line and knows no quotes.
fn one_line<'a>(name: &str, value: &'a str) -> Result<&'a str> {
    if value.contains(['\n', '\r']) {
        return Err(Error::invalid(format!("{name} has several lines, which an env-file cannot hold"))
            .hint("--format json or --format github-env can"));
    }
    Ok(value)
}

/// Returns a variable as GitHub Actions reads it from `$GITHUB_ENV`. A value of several lines stands between two lines
/// with a delimiter.
fn github(name: &str, value: &str) -> String {
    if !value.contains(['\n', '\r']) {
        return format!("{name}={value}\n");
    }
    let mut delimiter = "END_OF_VALUE".to_owned();
    while value.contains(&delimiter) {
        delimiter.push('_');
    }
    format!("{name}<<{delimiter}\n{value}\n{delimiter}\n")
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
            let text = super::format(&BTreeMap::from([("TOKEN", HOSTILE)]), format).unwrap();
            let output = Command::new("/bin/sh")
                .args(["-c", "eval \"$1\"; sh -c 'printf %s \"$TOKEN\"'", "sh", &text])
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), HOSTILE);
        }
    }

    #[test]
    fn each_format_has_its_own_quoting() {
        let line = |value, format| super::format(&BTreeMap::from([("T", value)]), format).unwrap();
        assert_eq!(line("a'b\\", Format::Fish), "set -gx T 'a\\'b\\\\'\n");
        assert_eq!(line("a'b", Format::Powershell), "$Env:T = 'a''b'\n");
        assert_eq!(line("a$b", Format::Dotenv), "T='a$b'\n");
        assert_eq!(line("a'$b", Format::Dotenv), "T=\"a'\\$b\"\n");
        assert_eq!(line("a\"b", Format::Json), "{\n  \"T\": \"a\\\"b\"\n}\n");
    }

    #[test]
    fn a_usual_key_is_bare_in_a_dotenv_file_since_docker_keeps_quotes() {
        let dotenv = |value| super::format(&BTreeMap::from([("T", value)]), Format::Dotenv).unwrap();
        for bare in ["", "sk-proj-aB3_x", "a.b/c:d@e%f+g=h,i~j", "eyJh.eyJz.c2ln=="] {
            assert_eq!(dotenv(bare), format!("T={bare}\n"));
        }
        for quoted in ["a b", "a#b", "a$b", "a\\b", "a\nb", "a*b", "~/x", "=x", "a:~/x", "a:=x", "schl\u{fc}ssel"] {
            assert_eq!(dotenv(quoted), format!("T='{quoted}'\n"));
        }
    }

    #[test]
    fn a_shell_that_reads_a_dotenv_file_gets_the_value() {
        for value in ["sk-proj-aB3_x", "~", "a:~", "a.b/c:d@e%f+g=h,i~j", "a$HOME", HOSTILE] {
            let text = super::format(&BTreeMap::from([("T", value)]), Format::Dotenv).unwrap();
            let script = "eval \"$1\"; printf %s \"$T\"";
            let output = Command::new("/bin/sh").args(["-c", script, "sh", &text]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), value);
        }
    }

    #[test]
    fn an_env_file_holds_the_value_as_it_is_and_no_second_line() {
        let env_file = |value| super::format(&BTreeMap::from([("T", value)]), Format::EnvFile);
        assert_eq!(env_file("a 'b' $c #d").unwrap(), "T=a 'b' $c #d\n");
        for lines in ["a\nEVIL=1", "a\r\nb", "a\r"] {
            assert_eq!(env_file(lines).unwrap_err().code, proto::Code::Invalid);
        }
    }

    #[test]
    fn no_value_ends_its_own_block_in_githubs_file() {
        let github = |value| super::format(&BTreeMap::from([("T", value)]), Format::GithubEnv).unwrap();
        assert_eq!(github("a=<<b"), "T=a=<<b\n");
        assert_eq!(github("a\nb"), "T<<END_OF_VALUE\na\nb\nEND_OF_VALUE\n");
        assert_eq!(github("a\nEND_OF_VALUE\nEVIL=1"), "T<<END_OF_VALUE_\na\nEND_OF_VALUE\nEVIL=1\nEND_OF_VALUE_\n");
    }
}
