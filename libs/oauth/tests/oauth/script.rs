//! A transport that gives prepared answers and remembers what it was sent.

use http::{Request, Response};
use oauth::{Authorization, Client, Endpoint, Error, Grants, Provider, Token, Transport, TransportError};
use std::cell::RefCell;
use std::collections::VecDeque;

#[derive(Default)]
pub struct Script {
    answers: RefCell<VecDeque<Result<Response<Vec<u8>>, TransportError>>>,
    sent: RefCell<Vec<Request<Vec<u8>>>>,
}

impl Script {
    pub fn new() -> Script {
        Script::default()
    }

    pub fn then(self, status: u16, content_type: &str, body: &str) -> Script {
        let response = Response::builder().status(status).header("content-type", content_type);
        self.then_response(response.body(body.as_bytes().to_vec()).unwrap())
    }

    pub fn json(self, status: u16, body: &str) -> Script {
        self.then(status, "application/json; charset=utf-8", body)
    }

    pub fn then_response(self, response: Response<Vec<u8>>) -> Script {
        self.answers.borrow_mut().push_back(Ok(response));
        self
    }

    pub fn fails(self, error: TransportError) -> Script {
        self.answers.borrow_mut().push_back(Err(error));
        self
    }

    /// The n-th request, from 0.
    pub fn sent(&self, n: usize) -> Sent {
        let sent = self.sent.borrow();
        let request = sent.get(n).unwrap_or_else(|| panic!("only {} requests were sent", sent.len()));
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        Sent {
            line: format!("{} {}", request.method(), request.uri()),
            authorization: header("authorization"),
            content_type: header("content-type"),
            accept: header("accept"),
            notion_version: header("notion-version"),
            body: String::from_utf8(request.body().clone()).unwrap(),
        }
    }

    pub fn header_names(&self, n: usize) -> Vec<String> {
        self.sent.borrow()[n].headers().keys().map(|name| name.as_str().to_owned()).collect()
    }

    pub fn count(&self) -> usize {
        self.sent.borrow().len()
    }
}

impl Transport for Script {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        self.sent.borrow_mut().push(request);
        self.answers.borrow_mut().pop_front().expect("the script has no answer left")
    }
}

pub struct Sent {
    pub line: String,
    pub authorization: Option<String>,
    pub content_type: Option<String>,
    pub accept: Option<String>,
    pub notion_version: Option<String>,
    pub body: String,
}

impl Sent {
    pub fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }

    pub fn field(&self, name: &str) -> Option<String> {
        let found: Vec<String> = self.form().into_iter().filter(|(n, _)| n == name).map(|(_, v)| v).collect();
        assert!(found.len() < 2, "{name} was sent twice");
        found.into_iter().next()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub const REDIRECT: &str = "http://127.0.0.1:7998/auth/callback/oauth";

pub fn endpoint(text: &str) -> Option<Endpoint> {
    Some(Endpoint::https(text).unwrap())
}

pub fn plain() -> Provider {
    Provider {
        authorization: endpoint("https://as.test/authorize"),
        token: endpoint("https://as.test/token"),
        ..Provider::default()
    }
}

pub fn client() -> Client {
    Client { id: "app".to_owned(), secret: Some("s3cret-value".into()) }
}

pub fn authorization(provider: &Provider) -> Authorization {
    Authorization::new(provider, &client(), REDIRECT, "st4te", &[]).unwrap()
}

pub fn exchange(provider: &Provider, script: &Script) -> Result<Token, Error> {
    grants(provider, script, &client()).code(authorization(provider), &"c0de-value".into())
}

pub fn refresh(provider: &Provider, script: &Script) -> Result<Token, Error> {
    grants(provider, script, &client()).refresh(&"r3fresh-value".into())
}

pub fn grants<'a>(provider: &'a Provider, script: &'a Script, client: &'a Client) -> Grants<'a> {
    Grants { transport: script, provider, client }
}
