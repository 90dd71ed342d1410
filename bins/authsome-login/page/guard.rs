//! Who may ask the page: this machine's browser, of this login, from this page.

use super::Shared;
use crate::callback::same;
use hyper::header::{COOKIE, HOST, HeaderMap, ORIGIN};

/// The cookie of the browser that opened the login.
pub const COOKIE_NAME: &str = "authsome_login";

/// A name that an attacker's DNS points at 127.0.0.1 arrives with that name as `Host`.
pub fn host_is_ours(headers: &HeaderMap, shared: &Shared) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let ours = shared.callback.host();
    hosts.next().is_some_and(|host| host.as_bytes() == ours.as_bytes()) && hosts.next().is_none()
}

/// A form comes from this page and no other: browsers always send `Origin` with a POST.
pub fn origin_is_ours(headers: &HeaderMap, shared: &Shared) -> bool {
    let ours = shared.callback.origin();
    let origin = headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes() == ours.as_bytes());
    origin && headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin")
}

/// A person following a link or being sent back, not an image, a frame or a script of some page.
pub fn is_navigation(headers: &HeaderMap) -> bool {
    let mode = headers.get("sec-fetch-mode").is_none_or(|mode| mode == "navigate");
    mode && headers.get("sec-fetch-dest").is_none_or(|dest| dest == "document")
}

/// The browser that opened this login's nonce.
pub fn has_cookie(headers: &HeaderMap, shared: &Shared) -> bool {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|line| line.split(';')).any(|pair| {
        pair.trim().split_once('=').is_some_and(|(name, value)| name == COOKIE_NAME && same(value, &shared.cookie))
    })
}
