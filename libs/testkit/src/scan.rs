//! A search for secrets where none may be, in the shapes in which they leak.

use std::fs;
use std::io;
use std::path::Path;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

use crate::record::hex;

/// A secret where it should not be. It does not repeat the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A file, or what the caller said it was looking at.
    pub place: String,
    /// Which of the secrets asked for, from 0.
    pub secret: usize,
    pub form: Form,
}

/// How it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Raw,
    /// Alone or inside something longer, such as HTTP Basic; either alphabet.
    Base64,
    /// As in a URL or a form.
    Percent,
    /// With JSON's escapes.
    Json,
    Hex,
}

/// Looks through every file under a directory, names included. Symbolic links are not followed.
///
/// ```
/// let home = testkit::Home::new("/usr/bin")?;
/// std::fs::write(home.work().join("log"), "Authorization: Basic aWQ6aHVudGVyLTIhIQ==")?;
/// let found = testkit::scan(home.root(), &["absent", "hunter-2!!"])?;
/// assert_eq!((found.len(), found[0].secret, found[0].form), (1, 1, testkit::Form::Base64));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn scan(dir: impl AsRef<Path>, secrets: &[impl AsRef<str>]) -> io::Result<Vec<Finding>> {
    let shapes = Shapes::new(secrets);
    let mut found = Vec::new();
    let mut left = vec![dir.as_ref().to_owned()];
    while let Some(path) = left.pop() {
        let place = path.display().to_string();
        found.extend(shapes.look(&place, place.as_bytes()));
        match path.symlink_metadata() {
            Ok(kind) if kind.is_dir() => {
                for entry in fs::read_dir(&path)? {
                    left.push(entry?.path());
                }
            }
            Ok(kind) if kind.is_file() => found.extend(shapes.look(&place, &fs::read(&path)?)),
            // Gone meanwhile, or a socket, a pipe, a link.
            _ => {}
        }
    }
    Ok(found)
}

/// Every way of writing each secret.
pub(crate) struct Shapes(Vec<(usize, Form, Vec<u8>)>);

impl Shapes {
    /// Texts shorter than 6 bytes are refused: they would be found everywhere.
    pub fn new(secrets: &[impl AsRef<str>]) -> Shapes {
        let mut shapes = Vec::new();
        for (number, secret) in secrets.iter().enumerate() {
            let secret = secret.as_ref();
            assert!(secret.len() >= 6, "a planted secret must have 6 bytes or more");
            let mut add = |form, bytes: Vec<u8>| {
                if !shapes.iter().any(|(known, _, text)| (known, text) == (&number, &bytes)) {
                    shapes.push((number, form, bytes));
                }
            };
            add(Form::Raw, secret.as_bytes().to_vec());
            for percent in percent(secret) {
                add(Form::Percent, percent.into_bytes());
            }
            let json = serde_json::Value::from(secret).to_string();
            add(Form::Json, json.trim_matches('"').as_bytes().to_vec());
            for base64 in base64(secret.as_bytes()) {
                add(Form::Base64, base64.into_bytes());
            }
            add(Form::Hex, hex(secret.as_bytes()).into_bytes());
        }
        Shapes(shapes)
    }

    /// At most one finding per secret and form.
    pub fn look(&self, place: &str, bytes: &[u8]) -> Vec<Finding> {
        let mut found: Vec<Finding> = Vec::new();
        for (secret, form, shape) in &self.0 {
            let finding = Finding { place: place.to_owned(), secret: *secret, form: *form };
            if contains(bytes, shape) && !found.contains(&finding) {
                found.push(finding);
            }
        }
        found
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else { return false };
    let mut rest = haystack;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        if rest[at..].starts_with(needle) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}

fn percent(secret: &str) -> [String; 3] {
    let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let strict = secret.bytes().map(|byte| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    let strict: String = strict.collect();
    let lower = lower_escapes(&strict);
    [form, strict, lower]
}

fn lower_escapes(text: &str) -> String {
    let mut parts = text.split('%');
    let mut lower = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at(2);
        lower.push_str(&format!("%{}{rest}", digits.to_ascii_lowercase()));
    }
    lower
}

/// The characters that depend on the secret alone, at each of the three places where it may begin
/// within a longer text.
fn base64(secret: &[u8]) -> Vec<String> {
    let mut shapes = Vec::new();
    for before in 0..3 {
        let padded = [&[0; 2][..before], secret].concat();
        // The first characters also carry bits of what stands before, the last of what follows.
        let (from, to) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
        for engine in [&BASE64_STANDARD_NO_PAD, &BASE64_URL_SAFE_NO_PAD] {
            shapes.push(engine.encode(&padded)[from..to].to_owned());
        }
    }
    shapes
}
