//! The browser, against pages that a server is told to send.
#![allow(clippy::unwrap_used)]

use testkit::{Browser, Config, Endpoint, Fault, OAuthServer, Times};

/// A server whose `/userinfo` and `/authorize` answer what the test says.
struct Site(OAuthServer);

impl Site {
    fn new() -> Site {
        Site(OAuthServer::start(Config::plain()).unwrap())
    }

    fn page(&self, html: &str) -> &Site {
        self.0.fault(Endpoint::Userinfo, Fault::Answer(200, html.to_owned()), Times::Once);
        self
    }

    fn answers(&self, endpoint: Endpoint, status: u16, headers: &[(&str, &str)]) -> &Site {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.0.fault(endpoint, Fault::Status(status, headers), Times::Once);
        self
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0.url())
    }
}

#[test]
fn a_form_is_filled_and_sent_as_a_browser_does() {
    let site = Site::new();
    site.page(
        "<!-- <form action=/no> --><script>\"<form action=/no>\"</script>\
         <form method=post action='/userinfo?from=form'>\
         <input type=hidden name=csrf value=\"a&amp;b\"><input name=client_id required>\
         <input type=password name=\"client_secret\"/><input type=checkbox name=no><input type=checkbox name=yes checked>\
         <textarea name=note>&lt;hi&gt;</textarea><button type=button>Copy</button>\
         <button name=go value=1><b>Save</b> it</button></form>",
    );
    let page = Browser::new().unwrap().open(&site.url("/userinfo")).unwrap();
    assert_eq!(page.fields(), ["client_id", "client_secret", "yes", "note"]);
    assert!(page.submit(&[("nonsense", "1")]).is_err());
    assert!(page.submit(&[]).is_err(), "a required field is empty");
    page.press_with("Save it", &[("client_id", "x y"), ("client_secret", "ä&=")]).unwrap();
    let request = site.0.requests().pop().unwrap();
    assert_eq!(request.query("from").as_deref(), Some("form"));
    assert_eq!(request.text(), "csrf=a%26b&client_id=x+y&client_secret=%C3%A4%26%3D&yes=&note=%3Chi%3E&go=1");
    assert_eq!(request.header("origin"), Some(site.0.url().as_str()));
    assert_eq!(request.header("sec-fetch-site"), Some("same-origin"));
}

#[test]
fn cookies_are_kept_sent_and_removed() {
    let (site, browser) = (Site::new(), Browser::new().unwrap());
    let set = "session=1; HttpOnly; SameSite=Lax; Path=/userinfo";
    site.answers(Endpoint::Authorize, 302, &[("Location", "/userinfo/deep"), ("Set-Cookie", set)]);
    let page = browser.open(&site.url("/authorize")).unwrap();
    assert_eq!(page.hops, [site.url("/authorize"), site.url("/userinfo/deep")]);
    assert_eq!(site.0.requests().pop().unwrap().header("cookie"), Some("session=1"));
    assert_eq!(browser.cookies(&site.url("/userinformation")).unwrap(), "");
    assert_eq!(browser.clone().cookies(&site.url("/userinfo")).unwrap(), "session=1");
    assert_eq!(Browser::new().unwrap().cookies(&site.url("/userinfo")).unwrap(), "");
    let gone = "session=; Max-Age=0; Path=/userinfo";
    site.answers(Endpoint::Authorize, 200, &[("Set-Cookie", gone)]);
    browser.open(&site.url("/authorize")).unwrap();
    assert_eq!(browser.cookies(&site.url("/userinfo")).unwrap(), "");
}

#[test]
fn a_form_sent_to_another_site_takes_no_lax_cookie_along_and_tells_its_origin() {
    let (site, other, browser) = (Site::new(), Site::new(), Browser::new().unwrap());
    site.answers(Endpoint::Authorize, 200, &[("Set-Cookie", "session=1; SameSite=Lax; Path=/")]);
    browser.open(&site.url("/authorize")).unwrap();
    // Ports make no site, but another name for this machine does.
    let elsewhere = other.url("/userinfo").replace("127.0.0.1", "localhost");
    other.page(&format!("<form method=post action='{}'><button>Win</button></form>", site.url("/userinfo")));
    browser.open(&elsewhere).unwrap().press("Win").unwrap();
    let request = site.0.requests().pop().unwrap();
    assert_eq!((request.header("cookie"), request.header("sec-fetch-site")), (None, Some("cross-site")));
    assert_eq!(request.header("origin").unwrap(), other.0.url().replace("127.0.0.1", "localhost"));
}

#[test]
fn a_policy_that_binds_forms_binds_their_redirects() {
    let (site, other) = (Site::new(), Site::new());
    let policy = ("Content-Security-Policy", "default-src 'none'; form-action 'self'");
    let html = "<form method=post action=/authorize><button>Go</button></form>";
    // `Answer` has no headers, so the page is the same with the policy added by hand.
    site.page(html);
    let mut page = Browser::new().unwrap().open(&site.url("/userinfo")).unwrap();
    page.headers.push((policy.0.to_owned(), policy.1.to_owned()));
    let away = other.url("/authorize");
    site.answers(Endpoint::Authorize, 303, &[("Location", &away)]);
    assert!(page.press("Go").err().unwrap().to_string().contains("form-action"));
    assert!(other.0.requests().is_empty());
    page.headers.pop();
    site.answers(Endpoint::Authorize, 303, &[("Location", &away)]);
    page.press("Go").unwrap();
    assert_eq!(other.0.requests()[0].method, "GET");
}

#[test]
fn a_307_repeats_the_post_and_a_302_does_not() {
    for (status, method, body) in [(307, "POST", "a=1"), (302, "GET", "")] {
        let site = Site::new();
        site.page("<form method=post action=/authorize><input name=a><button>Go</button></form>");
        site.answers(Endpoint::Authorize, status, &[("Location", "/userinfo")]);
        let page = Browser::new().unwrap().open(&site.url("/userinfo")).unwrap();
        page.submit(&[("a", "1")]).unwrap();
        let last = site.0.requests().pop().unwrap();
        assert_eq!((last.method.as_str(), last.text().as_str()), (method, body));
    }
}

#[test]
fn it_never_leaves_this_machine() {
    let (site, browser) = (Site::new(), Browser::new().unwrap());
    assert!(browser.open("http://example.com/").is_err());
    site.answers(Endpoint::Authorize, 302, &[("Location", "https://app.example.com/callback?code=1")]);
    let page = browser.open(&site.url("/authorize")).unwrap();
    assert_eq!((page.status, page.url.as_str()), (0, "https://app.example.com/callback?code=1"));
    assert!(browser.open(&format!("http://127.0.0.1:{}/", testkit::free_port().unwrap())).is_err());
}

#[test]
fn an_endless_redirect_ends() {
    let site = Site::new();
    site.0.fault(Endpoint::Authorize, Fault::Redirect("/authorize".to_owned()), Times::Always);
    assert!(Browser::new().unwrap().open(&site.url("/authorize")).err().unwrap().to_string().contains("redirects"));
}

#[test]
fn a_bare_request_sends_what_it_is_told_and_no_more() {
    let (site, browser) = (Site::new(), Browser::new().unwrap());
    site.answers(Endpoint::Authorize, 200, &[("Set-Cookie", "session=1; Path=/")]);
    browser.open(&site.url("/authorize")).unwrap();
    let headers = [("Host", "evil.test"), ("Origin", "null")];
    browser.request("POST", &site.url("/userinfo"), &headers, b"x").unwrap();
    let request = site.0.requests().pop().unwrap();
    let mut names: Vec<_> = request.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.sort();
    assert_eq!((names.join(" "), request.header("host")), ("content-length host origin".to_owned(), Some("evil.test")));
}
