//! What the page answers.

use super::{FORM, PageEvent, Shared, Stage, WAIT, guard, html};
use crate::callback::{self, NotOurs};
use crate::fields;
use crate::wait::Heard;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, LOCATION, REFERRER_POLICY, SET_COOKIE,
};
use hyper::{Method, Request, Response, StatusCode};
use proto::ops::flow::Form;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Larger than any form of ours.
const BODY: usize = 256 * 1024;

/// The time within which a form must arrive.
const BODY_TIME: Duration = Duration::from_secs(10);

/// How long a browser is left without a page, and how long a page that says so waits for the next.
const BLANK: Duration = Duration::from_millis(1500);
const WAITING: Duration = Duration::from_secs(20);

type Page = Response<Full<Bytes>>;

pub async fn answer(request: Request<Incoming>, shared: &Shared) -> Page {
    let headers = request.headers();
    if !guard::host_is_ours(headers, shared) {
        return message(
            StatusCode::MISDIRECTED_REQUEST,
            shared,
            "Not this page",
            "This address belongs to another site.",
        );
    }
    let path = request.uri().path().to_owned();
    match (request.method().clone(), path.as_str()) {
        (Method::GET, FORM) => show_form(&request, shared),
        (Method::POST, FORM) => take_form(request, shared).await,
        (Method::GET, WAIT) if guard::has_cookie(request.headers(), shared) => outcome(shared, WAITING).await,
        (Method::GET, path) if shared.callback.is_callback(path) => take_callback(&request, shared).await,
        (Method::POST, path) if shared.callback.is_callback(path) => take_posted_callback(request, shared).await,
        (Method::GET, path) if is_nonce(path, shared) => start_step(&request, shared),
        (Method::GET, "/") => {
            message(StatusCode::OK, shared, "authsome", "A login is waiting. Use the address that the terminal shows.")
        }
        (Method::GET, _) => {
            message(StatusCode::NOT_FOUND, shared, "Nothing here", "Use the address that the terminal shows.")
        }
        _ => {
            message(StatusCode::METHOD_NOT_ALLOWED, shared, "Not like this", "Use the address that the terminal shows.")
        }
    }
}

fn is_nonce(path: &str, shared: &Shared) -> bool {
    let nonce = shared.nonce();
    !nonce.text.is_empty() && path.strip_prefix('/').is_some_and(|text| callback::same(text, &nonce.text))
}

/// The first to come gets the cookie and is sent on; a second one without it ends the login.
fn start_step(request: &Request<Incoming>, shared: &Shared) -> Page {
    let known = guard::has_cookie(request.headers(), shared);
    // The browser has read the file that led it here.
    *shared.redirect() = None;
    if std::mem::replace(&mut shared.nonce().used, true) && !known {
        shared.second_browser.store(true, Ordering::SeqCst);
        tell(shared, PageEvent::SecondBrowser);
        return message(
            StatusCode::FORBIDDEN,
            shared,
            "Stopped",
            "This address was already used by another browser, so the login was stopped. Start it again.",
        );
    }
    let target = match &*shared.stage.borrow() {
        Stage::Form(_) => FORM.to_owned(),
        Stage::Authorize { url, .. } => url.clone(),
        _ => return message(StatusCode::GONE, shared, "Over", "This step is over."),
    };
    let Ok(location) = HeaderValue::from_str(&target) else {
        return message(StatusCode::BAD_GATEWAY, shared, "Cannot go on", "The provider's address is not a URL.");
    };
    let cookie = format!("{}={}; Path=/; HttpOnly; SameSite=Lax", guard::COOKIE_NAME, shared.cookie);
    let mut response = message(StatusCode::FOUND, shared, "Going on", "Your browser goes on by itself.");
    response.headers_mut().insert(LOCATION, location);
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

fn show_form(request: &Request<Incoming>, shared: &Shared) -> Page {
    if !guard::has_cookie(request.headers(), shared) {
        return strange_browser(shared);
    }
    match &*shared.stage.borrow() {
        Stage::Form(form) => page(StatusCode::OK, html::form(&shared.about, form, &html::Typed::default())),
        _ => message(StatusCode::GONE, shared, "Over", "This form has been sent."),
    }
}

async fn take_form(request: Request<Incoming>, shared: &Shared) -> Page {
    let headers = request.headers();
    if !guard::origin_is_ours(headers, shared) || !guard::has_cookie(headers, shared) {
        return message(
            StatusCode::FORBIDDEN,
            shared,
            "Refused",
            "This form did not come from the page of this login.",
        );
    }
    let Some(body) = read_body(request).await else { return too_large(shared) };
    let Some(form) = present_form(shared) else {
        return message(StatusCode::GONE, shared, "Over", "This form has been sent.");
    };
    let typed = url::form_urlencoded::parse(&body).into_owned().collect();
    match fields::from_typed(&form, &typed) {
        Err(problems) => page(
            StatusCode::UNPROCESSABLE_ENTITY,
            html::form(&shared.about, &form, &html::Typed { values: typed, problems }),
        ),
        Ok(answer) => {
            shared.stage.send_replace(Stage::Working);
            tell(shared, PageEvent::Form(answer));
            outcome(shared, BLANK).await
        }
    }
}

/// Reads a form's body; `None` when it is too large or does not come in time.
async fn read_body(request: Request<Incoming>) -> Option<Bytes> {
    let body = Limited::new(request.into_body(), BODY).collect();
    tokio::time::timeout(BODY_TIME, body).await.ok()?.ok().map(|body| body.to_bytes())
}

fn too_large(shared: &Shared) -> Page {
    message(StatusCode::PAYLOAD_TOO_LARGE, shared, "Refused", "This form is too large.")
}

fn present_form(shared: &Shared) -> Option<Form> {
    match &*shared.stage.borrow() {
        Stage::Form(form) => Some(form.clone()),
        _ => None,
    }
}

/// Takes an answer in the redirect URI's query. An answer to another login leaves this one as it is.
async fn take_callback(request: &Request<Incoming>, shared: &Shared) -> Page {
    let headers = request.headers();
    if !guard::is_navigation(headers) {
        return no_navigation(shared);
    }
    if !guard::has_cookie(headers, shared) {
        return strange_browser(shared);
    }
    let query = request.uri().query().unwrap_or_default();
    let stage = shared.stage.borrow().clone();
    // A server that forgot its client makes the person go there twice, with one state.
    if shared.taken().as_deref() == Some(query) {
        return already_used(shared);
    }
    let Stage::Authorize { state, .. } = stage else { return not_awaited(shared) };
    if query.is_empty() {
        return page(StatusCode::OK, html::behind_the_hash(&shared.about));
    }
    let answer = match callback::read_query(query, &state) {
        Ok(answer) => answer,
        Err(not_ours) => return not_taken(shared, not_ours),
    };
    // Taken once: whoever repeats this finds another stage.
    let mut taken = false;
    shared.stage.send_if_modified(|stage| {
        taken = matches!(stage, Stage::Authorize { state: present, .. } if *present == state);
        if taken {
            *stage = Stage::Working;
        }
        taken
    });
    if taken {
        *shared.taken() = Some(query.to_owned());
        tell(shared, PageEvent::Callback(answer));
    }
    outcome(shared, BLANK).await
}

/// Redirects a posted answer (OAuth 2.0 Form Post Response Mode) to the same answer as a query.
///
/// A browser does not send the login's cookie with a form that another site posts. It does send the cookie when it
/// follows the redirect.
async fn take_posted_callback(request: Request<Incoming>, shared: &Shared) -> Page {
    if !guard::is_navigation(request.headers()) {
        return no_navigation(shared);
    }
    let path = request.uri().path().to_owned();
    let Some(body) = read_body(request).await else { return too_large(shared) };
    let Ok(location) = HeaderValue::from_str(&format!("{path}?{}", callback::query_of(&body))) else {
        return not_taken(shared, NotOurs::Neither);
    };
    let mut response = message(StatusCode::SEE_OTHER, shared, "Going on", "Your browser goes on by itself.");
    response.headers_mut().insert(LOCATION, location);
    response
}

fn no_navigation(shared: &Shared) -> Page {
    message(StatusCode::FORBIDDEN, shared, "Refused", "An answer of a provider comes as a page of its own.")
}

/// Returns the page for an answer that is not awaited: the provider was not asked yet, or has answered already.
fn not_awaited(shared: &Shared) -> Page {
    if shared.taken().is_some() {
        return already_used(shared);
    }
    let text = "Nothing was taken: the login does not wait for the provider now. The terminal tells how it goes on.";
    message(StatusCode::CONFLICT, shared, "Not now", text)
}

fn already_used(shared: &Shared) -> Page {
    let text = "This answer of the provider was taken before. The terminal tells how the login goes on.";
    message(StatusCode::GONE, shared, "Already used", text)
}

/// Tells browser and terminal that a callback was not taken, since the provider may think that it has answered.
fn not_taken(shared: &Shared, why: NotOurs) -> Page {
    tell(shared, PageEvent::NotTaken(why));
    let text = format!("Nothing was taken: {}. The login still waits.", why.reason());
    message(StatusCode::BAD_REQUEST, shared, "Not this login", &text)
}

/// Waits until the login has gone on, and shows where it stands; after `patience`, that it waits.
async fn outcome(shared: &Shared, patience: Duration) -> Page {
    let mut stage = shared.stage.subscribe();
    // The sender lives in `shared`.
    let next = stage.wait_for(|stage| !matches!(stage, Stage::Working));
    let Ok(now) = tokio::time::timeout(patience, next).await else {
        return page(StatusCode::OK, html::waiting(&shared.about));
    };
    match now.as_deref() {
        Ok(Stage::Connected { account, scopes, notes }) => {
            page(StatusCode::OK, html::connected(&shared.about, account.as_deref(), scopes, notes))
        }
        Ok(Stage::Failed { message, hint }) => {
            page(StatusCode::OK, html::failed(&shared.about, message, hint.as_deref()))
        }
        Ok(Stage::Authorize { .. }) => page(StatusCode::OK, html::saved(&shared.about, &shared.nonce().text)),
        _ => message(StatusCode::OK, shared, "Going on", "The terminal tells how the login goes on."),
    }
}

/// Another browser than the one that started: perhaps the person's, on another machine.
fn strange_browser(shared: &Shared) -> Page {
    let text = "This browser did not start the login, so nothing was taken. If it was you: paste this address into the terminal.";
    message(StatusCode::FORBIDDEN, shared, "Paste this address into the terminal", text)
}

fn message(status: StatusCode, shared: &Shared, title: &str, text: &str) -> Page {
    page(status, html::message(&shared.about, title, text))
}

fn page(status: StatusCode, page: html::Html) -> Page {
    let mut response = Response::new(Full::new(Bytes::from(page.markup)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Not no-referrer: browsers would then send the form with "Origin: null".
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    headers.insert("x-frame-options", HeaderValue::from_static("DENY"));
    if let Ok(policy) = HeaderValue::from_str(&page.policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The login may have ended by another way.
fn tell(shared: &Shared, event: PageEvent) {
    let _ = shared.heard.send(Heard::Page(event));
}
