//! Markdown, as far as the manual uses it, as roff.
//!
//! `## Heading` is a section and `### Heading` a part of one; fenced blocks, lists (`- item`),
//! definitions (a line, then `: what it means`), tables, `code`, `**bold**`, `*italic*` and links.
//! It refuses to be a Markdown library: what it does not know it prints as it stands.

use std::fmt::Write;
use std::iter::Peekable;

/// A table needs the preprocessor, which man(1) learns from the first line of the page.
pub const TABLES: &str = "'\\\" t\n";

/// The roff of a Markdown text, without a title.
pub fn roff(markdown: &str) -> String {
    let mut out = String::new();
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        let next_is_definition = lines.peek().is_some_and(|next| next.starts_with(": "));
        match line {
            "" => {}
            _ if line.starts_with("<!--") => {}
            _ if line.starts_with("```") => code_block(&mut out, line, &mut lines),
            _ if line.starts_with("### ") => heading(&mut out, "SS", &line[4..]),
            _ if line.starts_with("## ") => heading(&mut out, "SH", &line[3..].to_uppercase()),
            _ if line.starts_with("| ") => table(&mut out, line, &mut lines),
            _ if line.starts_with("- ") => {
                item(&mut out, ".IP \\(bu 2\n".to_owned(), &line[2..], &mut lines);
            }
            _ if next_is_definition => {
                let meaning = lines.next().map(|text| &text[2..]).unwrap_or_default();
                item(&mut out, format!(".TP\n{}\n", inline(line)), meaning, &mut lines);
            }
            _ => {
                // An indented paragraph belongs to the item above it.
                out.push_str(if line.starts_with("  ") { ".IP\n" } else { ".PP\n" });
                text(&mut out, line, || lines.next_if(|more| is_text(more)));
            }
        }
    }
    out
}

/// One line of text: markup and escapes, for use inside of a macro's argument too.
pub fn inline(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        let span = match c {
            '`' => after.split_once('`').map(|(code, rest)| (format!("\\fB{}\\fR", code_text(code)), rest)),
            '*' if after.starts_with('*') => {
                after[1..].split_once("**").map(|(bold, rest)| (format!("\\fB{}\\fR", inline(bold)), rest))
            }
            '*' => after.split_once('*').map(|(italic, rest)| (format!("\\fI{}\\fR", inline(italic)), rest)),
            '[' => link(after),
            '<' => {
                after.split_once('>').filter(|(url, _)| url.starts_with("http")).map(|(url, rest)| (plain(url), rest))
            }
            _ => None,
        };
        match span {
            Some((roff, left)) => {
                out.push_str(&roff);
                rest = left;
            }
            None => {
                out.push_str(&plain(&c.to_string()));
                rest = after;
            }
        }
    }
    out
}

/// `[text](address)`, the address only where it can be followed from a page.
fn link(after: &str) -> Option<(String, &str)> {
    let (text, rest) = after.split_once("](")?;
    let (address, rest) = rest.split_once(')')?;
    let shown = inline(text);
    Some((if address.starts_with("http") { format!("{shown} ({})", plain(address)) } else { shown }, rest))
}

fn heading(out: &mut String, macro_: &str, text: &str) {
    let _ = writeln!(out, ".{macro_} \"{}\"", inline(text).replace('"', "\\(dq"));
}

/// A list's item or a definition, with its indented continuation.
fn item<'a>(out: &mut String, start: String, first: &str, lines: &mut Peekable<impl Iterator<Item = &'a str>>) {
    out.push_str(&start);
    text(out, first, || lines.next_if(|more| more.starts_with("  ")));
}

/// Markup may begin on one line and end on another.
fn text<'a>(out: &mut String, first: &str, mut more: impl FnMut() -> Option<&'a str>) {
    let mut whole = first.trim().to_owned();
    while let Some(line) = more() {
        whole.push('\n');
        whole.push_str(line.trim());
    }
    for line in inline(&whole).lines() {
        let _ = writeln!(out, "{}", guarded(line));
    }
}

fn code_block<'a>(out: &mut String, fence: &str, lines: &mut Peekable<impl Iterator<Item = &'a str>>) {
    out.push_str(".PP\n.RS 4\n.nf\n");
    let story = fence == "```console";
    for line in lines.take_while(|line| !line.starts_with("```")) {
        // A step's exit status is for the test that plays it.
        if !(story && line.starts_with("? ")) {
            let _ = writeln!(out, "{}", guarded(&code_text(line)));
        }
    }
    out.push_str(".fi\n.RE\n");
}

/// The last column wraps, and any other one that is too wide for a page.
fn table<'a>(out: &mut String, first: &str, lines: &mut Peekable<impl Iterator<Item = &'a str>>) {
    let cells = |line: &str| -> Vec<String> {
        line.trim().trim_matches('|').split(" | ").map(|cell| inline(cell.trim())).collect()
    };
    let heading = cells(first);
    let mut rows = Vec::new();
    while let Some(line) = lines.next_if(|line| line.starts_with('|')) {
        if !line.starts_with("|-") {
            rows.push(cells(line));
        }
    }
    let wraps = |column: usize| {
        column + 1 == heading.len() || rows.iter().any(|row| row.get(column).is_some_and(|cell| cell.len() > 60))
    };
    let format: Vec<&str> = (0..heading.len()).map(|column| if wraps(column) { "lx" } else { "l" }).collect();
    let _ = writeln!(out, ".PP\n.na\n.TS\n{}\n{}.", vec!["lB"; heading.len()].join(" "), format.join(" "));
    let _ = writeln!(out, "{}", heading.join("\t"));
    for row in &rows {
        let cell = |(column, cell): (usize, &String)| {
            if wraps(column) { format!("T{{\n{}\nT}}", guarded(cell)) } else { cell.clone() }
        };
        let _ = writeln!(out, "{}", row.iter().enumerate().map(cell).collect::<Vec<_>>().join("\t"));
    }
    out.push_str(".TE\n.ad\n");
}

fn is_text(line: &str) -> bool {
    let starts = ["```", "## ", "### ", "| ", "- ", "<!--"];
    !line.is_empty() && !starts.iter().any(|start| line.starts_with(start))
}

/// A line that begins with one of roff's control characters is text all the same.
fn guarded(line: &str) -> String {
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line.to_owned() }
}

fn plain(text: &str) -> String {
    text.replace('\\', "\\e")
}

/// Code is copied, so no character of it may be made prettier.
fn code_text(code: &str) -> String {
    let mut out = String::new();
    for c in code.chars() {
        match c {
            '\\' => out.push_str("\\e"),
            '-' => out.push_str("\\-"),
            '\'' => out.push_str("\\(aq"),
            '`' => out.push_str("\\(ga"),
            '^' => out.push_str("\\(ha"),
            '~' => out.push_str("\\(ti"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_bold_and_copied_as_it_stands() {
        assert_eq!(inline("run `a-b '\\'` now"), "run \\fBa\\-b \\(aq\\e\\(aq\\fR now");
        assert_eq!(inline("**authsome-run**(1) and *NAME*"), "\\fBauthsome-run\\fR(1) and \\fINAME\\fR");
        assert_eq!(inline("a * b ` c [d] <e>"), "a * b ` c [d] <e>");
    }

    #[test]
    fn a_line_that_looks_like_a_macro_is_text() {
        assert_eq!(roff(".TH no"), ".PP\n\\&.TH no\n");
        assert_eq!(roff("```\n'x\n.y\n```"), ".PP\n.RS 4\n.nf\n\\(aqx\n\\&.y\n.fi\n.RE\n");
    }

    #[test]
    fn a_definition_has_its_term_and_keeps_its_continuation() {
        assert_eq!(roff("`config.json`\n: Settings\n  of yours."), ".TP\n\\fBconfig.json\\fR\nSettings\nof yours.\n");
        assert_eq!(roff("- one\n  more\n- two"), ".IP \\(bu 2\none\nmore\n.IP \\(bu 2\ntwo\n");
        assert_eq!(roff("a\n: b\n\n  c\n  d"), ".TP\na\nb\n.IP\nc\nd\n");
    }

    #[test]
    fn a_table_becomes_one_of_tbl() {
        let table = "| a | b |\n|---|---|\n| `x` | long text |\n";
        assert_eq!(roff(table), ".PP\n.na\n.TS\nlB lB\nl lx.\na\tb\n\\fBx\\fR\tT{\nlong text\nT}\n.TE\n.ad\n");
    }

    #[test]
    fn the_status_of_a_played_step_is_not_printed() {
        assert_eq!(roff("```console\n$ x\n? 5\n```"), ".PP\n.RS 4\n.nf\n$ x\n.fi\n.RE\n");
    }
}
