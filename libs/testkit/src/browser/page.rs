//! What the browser shows, and what a person can do with it.

use std::io;

use url::Url;

use super::form::{self, Form};
use super::{Browser, Initiator, parse};

/// What a window shows.
#[derive(Clone)]
pub struct Page {
    /// What stands in the address bar.
    pub url: String,
    /// 0 when a redirect led to where nobody listens: the address is all there is, as in a window
    /// that shows "cannot connect".
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// What is not UTF-8 is replaced.
    pub body: String,
    /// Every address on the way here, the first one first, this one last.
    pub hops: Vec<String>,
    pub(super) browser: Browser,
}

impl Page {
    /// The first header of that name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Names of the fields of the first form that a person can fill in.
    pub fn fields(&self) -> Vec<String> {
        form::forms(&self.body).first().map(Form::visible).unwrap_or_default()
    }

    /// Fills in the first form and sends it as Enter does. A name that the form does not have is an error.
    pub fn submit(&self, values: &[(&str, &str)]) -> io::Result<Page> {
        let forms = form::forms(&self.body);
        let form = forms.first().ok_or_else(|| io::Error::other(format!("no form on {}:\n{}", self.url, self.body)))?;
        self.send(form, form.buttons.first().map(|button| button.text.as_str()), values)
    }

    /// Presses the button with that text.
    pub fn press(&self, button: &str) -> io::Result<Page> {
        self.press_with(button, &[])
    }

    /// Fills in the form of that button and presses it.
    pub fn press_with(&self, button: &str, values: &[(&str, &str)]) -> io::Result<Page> {
        let forms = form::forms(&self.body);
        let with_it = forms.iter().find(|form| form.buttons.iter().any(|known| known.text == button));
        let form =
            with_it.ok_or_else(|| io::Error::other(format!("no button {button:?} on {}:\n{}", self.url, self.body)))?;
        self.send(form, Some(button), values)
    }

    fn send(&self, form: &Form, button: Option<&str>, values: &[(&str, &str)]) -> io::Result<Page> {
        let base = parse(&self.url)?;
        let mut url = base.join(&form.action).map_err(io::Error::other)?;
        allowed_by_policy(Initiator::Form(self), &url)?;
        let body = form.filled(button, values).map_err(io::Error::other)?;
        if form.method == "POST" {
            return self.browser.navigate("POST", &url, body.into_bytes(), Initiator::Form(self));
        }
        url.set_query(Some(&body));
        self.browser.navigate("GET", &url, Vec::new(), Initiator::Form(self))
    }
}

/// `form-action 'self'` or `'none'` of the form's page, which browsers apply to redirects too.
pub(super) fn allowed_by_policy(initiator: Initiator, next: &Url) -> io::Result<()> {
    let Initiator::Form(page) = initiator else { return Ok(()) };
    let policy = page.header("content-security-policy").unwrap_or_default();
    let Some(rule) = policy.split(';').map(str::trim).find_map(|part| part.strip_prefix("form-action")) else {
        return Ok(());
    };
    let same = parse(&page.url)?.origin() == next.origin();
    if rule.contains("'none'") || (rule.trim() == "'self'" && !same) {
        return Err(io::Error::other(format!("the page's form-action forbids to go to {next}")));
    }
    Ok(())
}
