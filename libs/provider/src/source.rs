//! The text of a definition: JSON with `//` and `/* */` comments, and where each field stands in it.

use crate::error::Complaint;
use jsonc_parser::ast::{ObjectPropName, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions};
use std::collections::HashSet;

/// Strict JSON but for comments: what an editor of the original's files may rely on, no more.
const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

pub(crate) struct Source<'a> {
    file: &'a str,
    text: &'a str,
    tree: Value<'a>,
}

impl<'a> Source<'a> {
    pub fn read(file: &'a str, text: &'a str) -> Result<Source<'a>, Complaint> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let at = |offset, field, message| complaint(file, text, offset, field, message);
        let tree = jsonc_parser::parse_to_ast(text, &CollectOptions::default(), &OPTIONS)
            .map_err(|error| at(error.range().start, None, format!("is not JSON: {}", error.kind())))?
            .value
            .ok_or_else(|| at(0, None, "is empty".to_owned()))?;
        if tree.as_object().is_none() {
            return Err(at(0, None, "is no JSON object".to_owned()));
        }
        if let Some((offset, field)) = duplicate(&tree, "") {
            return Err(at(offset, Some(field), "stands there twice".to_owned()));
        }
        Ok(Source { file, text, tree })
    }

    pub fn to_json(&self) -> serde_json::Map<String, serde_json::Value> {
        match self.tree.clone().into() {
            serde_json::Value::Object(object) => object,
            _ => unreachable!("read() lets only objects through"),
        }
    }

    /// A complaint about a field, at that field or at the nearest one around it.
    pub fn complain(&self, field: &str, message: String) -> Complaint {
        let named = (!field.is_empty()).then(|| field.to_owned());
        complaint(self.file, self.text, self.offset(field), named, message)
    }

    /// Returns the position of a field in the text, in bytes, or else that of the nearest field around it.
    pub fn offset(&self, field: &str) -> usize {
        let mut node = &self.tree;
        let mut offset = node.range().start;
        for step in field.split(['.', '[']).map(|step| step.trim_end_matches(']')) {
            let next = match node {
                Value::Object(object) => {
                    object.properties.iter().find(|p| p.name.as_str() == step).map(|p| (p.name.range().start, &p.value))
                }
                Value::Array(array) => {
                    step.parse::<usize>().ok().and_then(|i| array.elements.get(i)).map(|v| (v.range().start, v))
                }
                _ => None,
            };
            let Some((start, value)) = next else { break };
            (offset, node) = (start, value);
        }
        offset
    }
}

fn complaint(file: &str, text: &str, offset: usize, field: Option<String>, message: String) -> Complaint {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Complaint {
        file: file.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        field,
        message,
    }
}

/// Parsers differ on which of two equal keys counts; a definition has one.
fn duplicate(node: &Value, path: &str) -> Option<(usize, String)> {
    match node {
        Value::Object(object) => {
            let mut seen = HashSet::new();
            object.properties.iter().find_map(|property| {
                let name = property.name.as_str();
                let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                let new = seen.insert(name);
                if new { duplicate(&property.value, &path) } else { Some((start(&property.name), path)) }
            })
        }
        Value::Array(array) => {
            array.elements.iter().enumerate().find_map(|(i, v)| duplicate(v, &format!("{path}[{i}]")))
        }
        _ => None,
    }
}

fn start(name: &ObjectPropName) -> usize {
    name.range().start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_taken_and_other_liberties_are_not() {
        let text = "// a\n{ /* b */ \"name\": \"x // no comment\" } // c\n";
        assert_eq!(Source::read("f", text).map(|s| s.to_json()["name"].clone()).ok().unwrap(), "x // no comment");
        for text in
            ["", "// only", "[]", "{\"a\":1,}", "{'a':1}", "{a:1}", "{\"a\" 1}", "{\"a\":0x1}", "{\"a\":1}{}", "\"x\""]
        {
            assert!(Source::read("f", text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_complaint_says_line_column_and_field() {
        let text = "{\n  // c\n  \"oauth\": {\"scopes\": [\"a\", 7]}\n}";
        let source = Source::read("n.json", text).ok().unwrap();
        let shown = |field: &str| source.complain(field, "is wrong".into()).to_string();
        assert_eq!(shown("oauth.scopes[1]"), "n.json:3:29: oauth.scopes[1] is wrong");
        assert_eq!(shown("oauth.token_url"), "n.json:3:3: oauth.token_url is wrong");
        assert_eq!(shown(""), "n.json:1:1: is wrong");
    }

    #[test]
    fn a_key_that_stands_there_twice_is_refused() {
        let text = "{\"oauth\":{\n\"token_url\":\"a\",\"token_url\":\"b\"}}";
        let error = Source::read("f", text).err().unwrap();
        assert_eq!((error.line, error.field.as_deref()), (2, Some("oauth.token_url")));
    }
}
