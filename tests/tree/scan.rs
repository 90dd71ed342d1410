//! Calls in Rust sources, read as text: what they are given and which methods are called on them.
//!
//! It knows strings, characters and comments, so that no bracket in one is taken for code; of the language it
//! knows no more.

/// A call of a function, as it stands in a source.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// Each argument: the text of a literal, also within `format!`, else the expression.
    pub arguments: Vec<String>,
    /// What `hint` or `fix` is given, on the call itself or, within the function, on the variable that it is bound to.
    pub hint: Option<String>,
}

/// The calls of `name` in `source`, such as `Error::new`; no other type's of that ending.
pub fn calls(source: &str, name: &str) -> Vec<Call> {
    let code = masked(source);
    let starts = code.match_indices(&format!("{name}(")).map(|(at, _)| at).collect::<Vec<_>>();
    let own = starts.into_iter().filter(|at| !is_of_another(&code[..*at]));
    own.filter_map(|at| call(source, &code, at, at + name.len())).collect()
}

/// `io::Error::new` and `OtherError::new` are none of ours.
fn is_of_another(before: &str) -> bool {
    before.ends_with("io::") || before.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_')
}

fn call(source: &str, code: &str, start: usize, open: usize) -> Option<Call> {
    let close = closing(code, open)?;
    let arguments = split(code, open + 1, close).map(|(from, to)| text(source, code, from, to)).collect();
    let hint = chained(source, code, close + 1).or_else(|| on_the_variable(source, code, start, close));
    Some(Call { arguments, hint })
}

/// The index of the bracket that closes the one at `open`.
fn closing(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// The places between the commas of `from..to` that are in no bracket.
fn split(code: &str, from: usize, to: usize) -> impl Iterator<Item = (usize, usize)> {
    let (mut depth, mut begin, mut places) = (0_i32, from, Vec::new());
    for (at, byte) in code.bytes().enumerate().take(to).skip(from) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            b',' if depth == 0 => {
                places.push((begin, at));
                begin = at + 1;
            }
            _ => {}
        }
    }
    places.push((begin, to));
    places.into_iter().filter(|(from, to)| !code[*from..*to].trim().is_empty())
}

/// The first literal of an expression, that of a variable where it is bound, or the expression itself.
fn text(source: &str, code: &str, from: usize, to: usize) -> String {
    let expression = source[from..to].trim();
    if let Some(literal) = literal(source, code, from, to) {
        return literal;
    }
    let is_name = expression.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let bound = format!("let {expression} = ");
    let at = code[..from].rfind(&bound).filter(|_| is_name);
    at.and_then(|at| literal(source, code, at, statement_end(code, at))).unwrap_or_else(|| one_line(expression))
}

fn literal(source: &str, code: &str, from: usize, to: usize) -> Option<String> {
    let open = from + code[from..to].find('"')?;
    let close = open + 1 + code[open + 1..to].find('"')?;
    Some(one_line(&source[open..=close]))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the methods called at `at` say, `.outcome(…).hint("…")`.
fn chained(source: &str, code: &str, mut at: usize) -> Option<String> {
    loop {
        let rest = code[at..].trim_start();
        let method = rest.strip_prefix('.')?;
        let open = code.len() - rest.len() + 1 + method.find(|c: char| !c.is_alphanumeric() && c != '_')?;
        if code.as_bytes()[open] != b'(' {
            return None;
        }
        let close = closing(code, open)?;
        if method.starts_with("hint(") || method.starts_with("fix(") {
            return Some(text(source, code, open + 1, close));
        }
        at = close + 1;
    }
}

/// `let error = Error::new(…);` and, further down in the function, `error.hint(…)`.
fn on_the_variable(source: &str, code: &str, start: usize, close: usize) -> Option<String> {
    let line = code[..start].rfind('\n').map_or(0, |at| at + 1);
    let before = code[line..start].trim_end_matches(|c: char| c.is_alphanumeric() || c == ':');
    let name = before.trim_start().strip_prefix("let ")?.strip_suffix(" = ")?.trim_start_matches("mut ");
    let end = code[close..].find("\n}").map_or(code.len(), |at| close + at);
    let (at, found) = [".hint", ".fix"].iter().find_map(|method| {
        let found = format!("{name}{method}(");
        Some((close + code[close..end].find(&found)?, found))
    })?;
    let open = at + found.len() - 1;
    Some(text(source, code, open + 1, closing(code, open)?))
}

fn statement_end(code: &str, at: usize) -> usize {
    code[at..].find(';').map_or(code.len(), |end| at + end)
}

/// The source with the insides of strings and characters, and all of comments, made blank. Of the same length.
fn masked(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut masked = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let inside = inside(&source[at..], at.checked_sub(1).map(|before| bytes[before]));
        let Some((first, last, next)) = inside else {
            at += 1;
            continue;
        };
        masked[at + first..at + last].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        at += next;
    }
    String::from_utf8(masked).unwrap()
}

/// Returns the offsets of the comment, string or character that begins at `rest`: where its text starts, where it ends,
/// and where the code goes on.
fn inside(rest: &str, before: Option<u8>) -> Option<(usize, usize, usize)> {
    if rest.starts_with("//") {
        let end = rest.find('\n').unwrap_or(rest.len());
        return Some((0, end, end));
    }
    let is_word = before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if let Some(raw) = rest.strip_prefix('r').filter(|_| !is_word || before == Some(b'b')) {
        let hashes = raw.bytes().take_while(|byte| *byte == b'#').count();
        if raw[hashes..].starts_with('"') {
            let (open, end) = (hashes + 2, format!("\"{}", "#".repeat(hashes)));
            let close = open + rest[open..].find(&end)?;
            return Some((open, close, close + end.len()));
        }
    }
    match rest.as_bytes().first()? {
        b'"' => quoted(rest, b'"').map(|close| (1, close, close + 1)),
        // A lifetime has no second quote.
        b'\'' => {
            let is_character = rest[1..].starts_with('\\') || rest.chars().nth(2) == Some('\'');
            let close = quoted(rest, b'\'').filter(|_| is_character)?;
            Some((1, close, close + 1))
        }
        _ => None,
    }
}

/// The index of the quote that ends the text that begins with one.
fn quoted(rest: &str, quote: u8) -> Option<usize> {
    let mut escaped = false;
    rest.bytes().enumerate().skip(1).find_map(|(at, byte)| {
        let ends = byte == quote && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends.then_some(at)
    })
}

#[test]
fn a_call_is_read_with_its_hint_whatever_its_texts_hold() {
    let source = r##"
        // Error::new("in a comment")
        return Err(Error::new(Code::Denied, format!("a ) \" {name:?}", x = '"')).retry_at(f(1)).hint("b (c)"));
        Err(Error::new(Code::Invalid, "bare"))
        let error = Error::new(Code::Invalid, r#"raw " ( "#);
        if x { error.hint(format!("{}", y)) } else { error }
}
        io::Error::new(1, "x"); OtherError::new(2, "y");
        let text = format!("said before");
        Error::new(Code::Denied, text)
    "##;
    let found: Vec<(String, Option<String>)> =
        calls(source, "Error::new").into_iter().map(|call| (call.arguments[1].clone(), call.hint)).collect();
    let quoted = |text: &str| Some(format!("{text:?}"));
    assert_eq!(
        found,
        [
            (r#""a ) \" {name:?}""#.to_owned(), quoted("b (c)")),
            (r#""bare""#.to_owned(), None),
            (r#""raw " ( ""#.to_owned(), quoted("{}")),
            (r#""said before""#.to_owned(), None),
        ]
    );
}
