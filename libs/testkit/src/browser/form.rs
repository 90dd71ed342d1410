//! Forms of a page: a scan for tags, enough for pages that are well written.

/// A `<form>`.
#[derive(Debug, Default)]
pub(super) struct Form {
    pub action: String,
    /// Upper case.
    pub method: String,
    fields: Vec<Field>,
    pub buttons: Vec<Button>,
}

#[derive(Debug)]
struct Field {
    name: String,
    value: String,
    hidden: bool,
    required: bool,
}

#[derive(Debug)]
pub(super) struct Button {
    /// What a person reads on it.
    pub text: String,
    name: String,
    value: String,
}

impl Form {
    pub fn visible(&self) -> Vec<String> {
        self.fields.iter().filter(|field| !field.hidden).map(|field| field.name.clone()).collect()
    }

    /// The urlencoded body. As in a browser, an empty required field stops it.
    pub fn filled(&self, button: Option<&str>, values: &[(&str, &str)]) -> Result<String, String> {
        if let Some((name, _)) = values.iter().find(|(name, _)| !self.fields.iter().any(|field| field.name == *name)) {
            return Err(format!("the form has no field {name:?}; it has {:?}", self.visible()));
        }
        let mut body = form_urlencoded::Serializer::new(String::new());
        for field in &self.fields {
            let value = values.iter().find(|(name, _)| *name == field.name).map_or(field.value.as_str(), |(_, v)| v);
            if field.required && value.is_empty() {
                return Err(format!("the field {:?} must be filled in", field.name));
            }
            body.append_pair(&field.name, value);
        }
        let pressed = self.buttons.iter().find(|known| Some(known.text.as_str()) == button && !known.name.is_empty());
        if let Some(button) = pressed {
            body.append_pair(&button.name, &button.value);
        }
        Ok(body.finish())
    }
}

/// Every form of the page, in order.
pub(super) fn forms(html: &str) -> Vec<Form> {
    let mut forms = Vec::new();
    let mut open: Option<Form> = None;
    let mut rest = html;
    while let Some((tag, after)) = next_tag(rest) {
        rest = after;
        match (tag.name.as_str(), &mut open) {
            ("script" | "style", _) => {
                let end = format!("</{}", tag.name);
                rest = after.find(&end).map_or("", |at| &after[at..]);
            }
            ("form", _) => {
                let method = tag.get("method").unwrap_or("get").to_ascii_uppercase();
                let action = tag.get("action").unwrap_or_default().to_owned();
                open = Some(Form { action, method, ..Form::default() });
            }
            ("/form", _) => forms.extend(open.take()),
            ("input", Some(form)) => input(form, &tag),
            ("textarea", Some(form)) => {
                let value = unescape(after.split("</textarea").next().unwrap_or_default());
                form.fields.extend(field(&tag, value));
            }
            ("button", Some(form)) if tag.get("type").is_none_or(|kind| kind == "submit") => {
                let text = plain(after.split("</button").next().unwrap_or_default());
                form.buttons.push(button(&tag, text));
            }
            _ => {}
        }
    }
    forms
}

fn input(form: &mut Form, tag: &Tag) {
    let value = tag.get("value").unwrap_or_default().to_owned();
    match tag.get("type").unwrap_or("text") {
        "submit" => form.buttons.push(button(tag, value)),
        "button" | "reset" | "image" => {}
        "checkbox" | "radio" if tag.get("checked").is_none() => {}
        _ => form.fields.extend(field(tag, value)),
    }
}

fn field(tag: &Tag, value: String) -> Option<Field> {
    let name = tag.get("name")?.to_owned();
    let hidden = tag.get("type") == Some("hidden");
    Some(Field { name, value, hidden, required: tag.get("required").is_some() })
}

fn button(tag: &Tag, text: String) -> Button {
    let get = |name| tag.get(name).unwrap_or_default().to_owned();
    Button { text, name: get("name"), value: get("value") }
}

struct Tag {
    /// Lower case; closing tags begin with a slash.
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The next tag and the text after it.
fn next_tag(html: &str) -> Option<(Tag, &str)> {
    let start = html.find('<')?;
    let html = &html[start + 1..];
    if let Some(comment) = html.strip_prefix("!--") {
        let after = comment.find("-->").map_or("", |at| &comment[at..]);
        return Some((Tag { name: "!--".to_owned(), attributes: Vec::new() }, after));
    }
    let end = html.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(html.len());
    let name = html[..end].trim_end_matches('/').to_ascii_lowercase();
    let mut attributes = Vec::new();
    let mut rest = &html[end..];
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() || rest.starts_with('>') {
            return Some((Tag { name, attributes }, rest.strip_prefix('>').unwrap_or(rest)));
        }
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/')).unwrap_or(rest.len());
        // A stray `=` must not keep us here.
        let (key, after) = rest.split_at(end.max(1));
        let (value, after) = value(after);
        attributes.push((key.to_ascii_lowercase(), unescape(value)));
        rest = after;
    }
}

fn value(text: &str) -> (&str, &str) {
    let Some(text) = text.trim_start().strip_prefix('=') else { return ("", text) };
    let text = text.trim_start();
    for quote in ['"', '\''] {
        if let Some(quoted) = text.strip_prefix(quote) {
            return quoted.split_once(quote).unwrap_or((quoted, ""));
        }
    }
    text.split_at(text.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(text.len()))
}

/// Text without tags, blanks folded.
fn plain(html: &str) -> String {
    let mut text = String::new();
    for (number, part) in html.split('<').enumerate() {
        text.push_str(if number == 0 { part } else { part.split_once('>').map_or("", |(_, text)| text) });
    }
    unescape(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn unescape(text: &str) -> String {
    let named = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&#x27;", "'"), ("&#34;", "\"")];
    let text = named.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    // Last, or `&amp;lt;` would become `<`.
    text.replace("&amp;", "&")
}
