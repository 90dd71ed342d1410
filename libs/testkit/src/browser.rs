//! A scripted browser: what a person does during a login, without the person.
//!
//! Cookies, redirects, forms, and the headers by which a server tells a navigation from an attack. No
//! script, no style, no caching; it does what a browser must not let a page do, namely nothing else.

mod form;
mod jar;
mod page;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use url::Url;

use crate::ca::Ca;
use crate::client::{Answer, Client};
use crate::wait::lock;
use jar::Jar;
pub use page::Page;
use page::allowed_by_policy;

/// A browser with its cookies. A clone is another window of the same.
///
/// ```
/// use testkit::{Browser, Config, OAuthServer};
/// let server = OAuthServer::start(Config::plain())?;
/// let page = Browser::new()?.open(&format!("{}/device?user_code=BCDF-GHJK", server.url()))?;
/// assert_eq!((page.status, page.fields()), (200, vec!["user_code".to_owned()]));
/// let refused = page.press("Allow")?;
/// assert!(refused.body.contains("Unknown code"), "nobody waits for that code");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Browser(Arc<Inner>);

struct Inner {
    client: Client,
    jar: Mutex<Jar>,
}

/// Who started a navigation.
#[derive(Clone, Copy)]
enum Initiator<'a> {
    Person,
    Form(&'a Page),
}

impl Browser {
    pub fn new() -> io::Result<Browser> {
        Ok(Browser(Arc::new(Inner { client: Client::new()?, jar: Mutex::default() })))
    }

    /// A new browser that trusts this CA for https and finds each `host:port` at that address.
    pub fn with(ca: Option<&Ca>, places: &[(&str, SocketAddr)]) -> io::Result<Browser> {
        let mut client = Client::new()?;
        client.tls = ca.map(|ca| ca.client_config(&["http/1.1"])).transpose()?;
        client.places = places.iter().map(|(name, addr)| ((*name).to_owned(), *addr)).collect();
        Ok(Browser(Arc::new(Inner { client, jar: Mutex::default() })))
    }

    /// Types an address; follows redirects.
    pub fn open(&self, url: &str) -> io::Result<Page> {
        self.navigate("GET", &parse(url)?, Vec::new(), Initiator::Person)
    }

    /// One request exactly as said: no cookies, no redirects followed, no header of its own but Host
    /// and the length. For attacks.
    pub fn request(&self, method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Page> {
        let url = parse(url)?;
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>();
        let answer = self.0.client.send(method, &url, &headers, body)?;
        Ok(self.page(&url, answer, vec![url.to_string()]))
    }

    /// The cookies it would send there on a navigation.
    pub fn cookies(&self, url: &str) -> io::Result<String> {
        Ok(lock(&self.0.jar).header(&parse(url)?, true).unwrap_or_default())
    }

    fn navigate(&self, method: &str, url: &Url, body: Vec<u8>, initiator: Initiator) -> io::Result<Page> {
        let (mut method, mut url, mut body) = (method.to_owned(), url.clone(), body);
        let mut hops = Vec::new();
        let mut site = Site::None;
        loop {
            hops.push(url.to_string());
            site = site.worse(initiator, &url);
            let answer = match self.visit(&method, &url, &body, initiator, site) {
                Ok(answer) => answer,
                Err(error) if hops.len() > 1 && nobody_there(&error) => {
                    let nothing = Answer { status: 0, headers: Vec::new(), body: Vec::new() };
                    return Ok(self.page(&url, nothing, hops));
                }
                Err(error) => return Err(error),
            };
            let Some(location) = redirect(&answer) else { return Ok(self.page(&url, answer, hops)) };
            if hops.len() > 20 {
                return Err(io::Error::other(format!("more than 20 redirects, the last to {location}")));
            }
            let next = url.join(&location).map_err(io::Error::other)?;
            allowed_by_policy(initiator, &next)?;
            // 307 and 308 repeat the request; of the others only GET survives (Fetch, HTTP-redirect fetch).
            if !matches!(answer.status, 307 | 308) {
                method = "GET".to_owned();
                body.clear();
            }
            url = next;
        }
    }

    fn visit(&self, method: &str, url: &Url, body: &[u8], who: Initiator, site: Site) -> io::Result<Answer> {
        let mut headers = vec![
            ("User-Agent", "Mozilla/5.0 (testkit)".to_owned()),
            ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8".to_owned()),
            ("Sec-Fetch-Site", site.text().to_owned()),
            ("Sec-Fetch-Mode", "navigate".to_owned()),
            ("Sec-Fetch-Dest", "document".to_owned()),
        ];
        let lax = method == "GET" || !matches!(site, Site::Cross);
        headers.extend(lock(&self.0.jar).header(url, lax).map(|cookies| ("Cookie", cookies)));
        if method == "POST" {
            headers.push(("Content-Type", "application/x-www-form-urlencoded".to_owned()));
            if let Initiator::Form(page) = who {
                headers.push(("Origin", parse(&page.url)?.origin().ascii_serialization()));
            }
        }
        let headers: Vec<_> = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let answer = self.0.client.send(method, url, &headers, body)?;
        lock(&self.0.jar).keep(url, &answer.headers);
        Ok(answer)
    }

    fn page(&self, url: &Url, answer: Answer, hops: Vec<String>) -> Page {
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        Page { url: url.to_string(), status: answer.status, headers: answer.headers, body, hops, browser: self.clone() }
    }
}

/// The value of Sec-Fetch-Site; it only ever gets worse along redirects.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Site {
    None,
    Origin,
    Near,
    Cross,
}

impl Site {
    fn worse(self, initiator: Initiator, url: &Url) -> Site {
        let Initiator::Form(page) = initiator else { return Site::None };
        let Ok(from) = Url::parse(&page.url) else { return Site::Cross };
        let here = if from.origin() == url.origin() {
            Site::Origin
        } else if (from.scheme(), from.host_str()) == (url.scheme(), url.host_str()) {
            // Same-site: a site has no port.
            Site::Near
        } else {
            Site::Cross
        };
        if here > self { here } else { self }
    }

    fn text(self) -> &'static str {
        match self {
            Site::None => "none",
            Site::Origin => "same-origin",
            Site::Near => "same-site",
            Site::Cross => "cross-site",
        }
    }
}

fn redirect(answer: &Answer) -> Option<String> {
    if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    answer.headers.iter().find(|(name, _)| name == "location").map(|(_, value)| value.clone())
}

fn nobody_there(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound)
}

fn parse(url: &str) -> io::Result<Url> {
    Url::parse(url).map_err(|error| io::Error::other(format!("{url:?} is no URL: {error}")))
}
