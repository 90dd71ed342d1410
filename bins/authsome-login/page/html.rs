//! The pages, escaped by their template; no script, font, image or style from elsewhere.

use super::{About, FORM, WAIT};
use crate::fields::Problems;
use crate::value;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use proto::ops::flow::{Field, Form};
use ring::digest::{SHA256, digest};
use std::collections::BTreeMap;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("page.js");

/// A page and the Content-Security-Policy that fits it.
pub struct Html {
    pub markup: String,
    pub policy: String,
}

/// What was typed before, to be mended.
#[derive(Default)]
pub struct Typed {
    pub values: BTreeMap<String, String>,
    pub problems: Problems,
}

pub fn form(about: &About, form: &Form, typed: &Typed) -> Html {
    document(
        &form.title,
        html! {
            h1 { (form.title) }
            p.quiet { "What you type here is sealed on this machine and goes nowhere but to " (about.provider) "." }
            @if let Some(uri) = &about.redirect_uri { (register(about, uri)) }
            @else { p {
                @if let Some(url) = &about.dashboard_url { "You find it at " (link(url, host_of(url))) ". " }
                (explained(about))
            } }
            form method="post" action=(FORM) autocomplete="off" {
                @for (index, one) in form.fields.iter().enumerate() { (field(one, typed, index == 0)) }
                button type="submit" { "Continue" }
            }
        },
    )
}

/// The two things to do at the provider before there is anything to type.
fn register(about: &About, redirect_uri: &str) -> Markup {
    html! {
        p {
            "First create an OAuth app at "
            @if let Some(url) = &about.dashboard_url { (link(url, host_of(url))) } @else { (about.provider) }
            ". It asks for a redirect URI, which is"
        }
        div.copy {
            code.line id="redirect" { (redirect_uri) }
            button type="button" id="copy" aria-label="Copy the redirect URI" { "Copy" }
        }
        p { "Then type what it shows you. " (explained(about)) }
    }
}

fn explained(about: &About) -> Markup {
    html! {
        @if let Some(url) = &about.docs_url { (link(url, &format!("How {} explains it", about.provider))) "." }
    }
}

fn link(url: &str, text: &str) -> Markup {
    html! { a href=(url) target="_blank" rel="noopener noreferrer" { (text) } }
}

/// Without the scheme: what a person looks for in the address bar.
fn host_of(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest).trim_end_matches('/')
}

fn field(field: &Field, typed: &Typed, first: bool) -> Markup {
    let problem = typed.problems.get(&field.name);
    let kept = typed.values.get(&field.name).filter(|_| !field.masked);
    let value = kept.or(field.default.as_ref());
    let kind = if field.masked { "password" } else { "text" };
    let problem_id = format!("problem-{}", field.name);
    html! {
        div.field {
            label for=(field.name) { (field.label) @if !field.required { span.quiet { " (may stay empty)" } } }
            // Browsers take the line breaks out of what is pasted into an input.
            @if value::has_lines(field) {
                textarea.masked[field.masked] id=(field.name) name=(field.name) rows="6" required[field.required]
                    autofocus[first] autocapitalize="off" spellcheck="false" autocomplete="off"
                    aria-invalid=[problem.map(|_| "true")] aria-describedby=[problem.map(|_| &problem_id)] { (value.map_or("", |value| value)) }
            } @else {
                input id=(field.name) name=(field.name) type=(kind) value=[value] required[field.required] autofocus[first]
                    autocapitalize="off" spellcheck="false" autocomplete="off"
                    aria-invalid=[problem.map(|_| "true")] aria-describedby=[problem.map(|_| &problem_id)];
            }
            @if let Some(problem) = problem { p.problem id=(problem_id) role="alert" { (problem) } }
        }
    }
}

pub fn connected(about: &About, account: Option<&str>, scopes: &[String], notes: &[String]) -> Html {
    let title = format!("Connected to {}", about.provider);
    ended(
        &title,
        html! {
            h1 { span.good aria-hidden="true" { "✓ " } (title) }
            @for note in notes { p.note role="status" { "Note: " (note) } }
            dl {
                @if let Some(account) = account { dt { "Account" } dd { (account) } }
                dt { "Connection" } dd { (about.connection) }
                @if !scopes.is_empty() { dt { "Scopes" } dd { (proto::redact::shown(&scopes.join(", "))) } }
            }
            h2 { "What to type next" }
            p { code.line { "authsome run" (about.profile_flag) " -- COMMAND" } span.quiet { "runs a command that uses it without seeing it" } }
            p { code.line { "authsome get " (about.name) (about.flags) } span.quiet { "shows it again" } }
            p.quiet { "It is stored. You can close this window." }
        },
    )
}

pub fn failed(about: &About, message: &str, hint: Option<&str>) -> Html {
    let title = format!("Not connected to {}", about.provider);
    ended(
        &title,
        html! {
            h1 { span.bad aria-hidden="true" { "✗ " } (title) }
            p role="alert" { (message) }
            h2 { "The way out" }
            @match hint {
                Some(command) if command.starts_with("authsome ") => p { code.line { (command) } },
                Some(hint) => p { (hint) },
                None => p { code.line { "authsome login " (about.name) (about.flags) } span.quiet { "tries it again" } },
            }
            p.quiet { "No connection was stored. You can close this window." }
        },
    )
}

/// After the form. Where no window can be opened, this one goes on.
pub fn saved(about: &About, nonce: &str) -> Html {
    document(
        "Saved",
        html! {
            h1 { "Saved" }
            p { "A second window goes to " (about.provider) ". You can close this one." }
            p.quiet { "There is none? " a href={ "/" (nonce) } { "Go on in this window" } "." }
        },
    )
}

/// Returns the page that fetches an answer behind the `#`, which no browser sends. Its script sends that part on as a
/// query, or a query without an answer when there is none.
pub fn behind_the_hash(about: &About) -> Html {
    document(
        "Reading the answer …",
        html! {
            h1 id="behind-the-hash" { "Reading the answer …" }
            p { (about.provider) " sent you back without a code that this page can see." }
            p { "If this page stays, paste its whole address into the terminal." }
        },
    )
}

/// The browser asks again by itself; that answer comes when there is one.
pub fn waiting(about: &About) -> Html {
    let title = format!("Checking with {} …", about.provider);
    document(
        &title,
        html! {
            h1 { (title) }
            p { "This takes a moment. No connection is stored yet." }
            meta http-equiv="refresh" content={ "0; url=" (WAIT) };
        },
    )
}

pub fn message(about: &About, title: &str, text: &str) -> Html {
    document(
        title,
        html! {
            h1 { (title) }
            p { (text) }
            p.quiet { "Login to " (about.provider) "." }
        },
    )
}

/// A page after which the code in its address is of no more use to anyone, least in a history.
fn ended(title: &str, body: Markup) -> Html {
    document(title, html! { (body) span id="ended" hidden {} })
}

fn document(title: &str, body: Markup) -> Html {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " – authsome" }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                main { (body) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    Html { markup: markup.into_string(), policy: policy() }
}

/// Nothing but this page's own style and script, and forms that stay on this page.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(digest(&SHA256, text.as_bytes()).as_ref());
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}
