//! The stage of every story: a scripted provider, a scripted host, a clock that moves when asked.
//!
//! Every secret of a story begins with `S3CRET`; the stage fails the story when one of them shows
//! in an ask, a note, a reply or an error outside of an object named `secret`.

use flows::{Asks, Clock, Tools, Transport, TransportError};
use http::{Request, Response};
use proto::{Error, Object, Result, redact};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::Duration;

pub const NOW: i64 = 1_700_000_000;
pub const REDIRECT: &str = "http://127.0.0.1:7998/auth/callback/oauth";
const MARK: &str = "S3CRET";

type Answer = std::result::Result<Response<Vec<u8>>, TransportError>;

#[derive(Default)]
pub struct Stage {
    answers: RefCell<VecDeque<Answer>>,
    sent: RefCell<Vec<Request<Vec<u8>>>>,
    replies: RefCell<VecDeque<(String, Result<Object>)>>,
    asked: RefCell<Vec<(String, Value)>>,
    notes: RefCell<Vec<String>>,
    slept: Cell<Duration>,
    cancel_after: Cell<Option<Duration>>,
    answers_after: Cell<Duration>,
}

impl Stage {
    pub fn new() -> Stage {
        Stage::default()
    }

    /// The provider's next answer.
    pub fn provider(self, status: u16, body: Value) -> Stage {
        let response = Response::builder().status(status).header("content-type", "application/json");
        self.provider_raw(response.body(body.to_string().into_bytes()).unwrap())
    }

    pub fn provider_raw(self, response: Response<Vec<u8>>) -> Stage {
        self.answers.borrow_mut().push_back(Ok(response));
        self
    }

    pub fn network(self, error: TransportError) -> Stage {
        self.answers.borrow_mut().push_back(Err(error));
        self
    }

    /// The host's next ask must be of this kind, and gets this answer.
    pub fn host(self, kind: &str, answer: Value) -> Stage {
        let Value::Object(answer) = answer else { panic!("an answer is an object") };
        self.replies.borrow_mut().push_back((kind.to_owned(), Ok(answer)));
        self
    }

    pub fn host_refuses(self, kind: &str, error: Error) -> Stage {
        self.replies.borrow_mut().push_back((kind.to_owned(), Err(error)));
        self
    }

    pub fn cancelled_after(self, time: Duration) -> Stage {
        self.cancel_after.set(Some(time));
        self
    }

    /// Each answer of the provider takes that long.
    pub fn answers_after(self, time: Duration) -> Stage {
        self.answers_after.set(time);
        self
    }

    /// Runs one op to its end; nothing of the script may be left over.
    pub fn run(&self, op: &str, body: Value) -> Result<Object> {
        let Value::Object(body) = body else { panic!("a body is an object") };
        let result = flows::call(op, body, &Tools { transport: self, clock: self, asks: self });
        assert_eq!(self.answers.borrow().len(), 0, "answers of the provider are left: {result:?}");
        assert_eq!(self.replies.borrow().len(), 0, "answers of the host are left: {result:?}");
        match &result {
            Ok(reply) => refuse_leaks("the reply", &Value::Object(reply.clone())),
            Err(error) => refuse_leaks("the error", &json!(error)),
        }
        self.notes.borrow().iter().for_each(|note| refuse_leaks("a note", &json!(note)));
        result
    }

    pub fn asked(&self, kind: &str) -> Vec<Value> {
        self.asked.borrow().iter().filter(|(k, _)| k == kind).map(|(_, body)| body.clone()).collect()
    }

    /// The kinds of all asks, in order.
    pub fn kinds(&self) -> Vec<String> {
        self.asked.borrow().iter().map(|(kind, _)| kind.clone()).collect()
    }

    pub fn notes(&self) -> Vec<String> {
        self.notes.borrow().clone()
    }

    pub fn slept(&self) -> u64 {
        self.slept.get().as_secs()
    }

    /// `METHOD url` of each request.
    pub fn lines(&self) -> Vec<String> {
        self.sent.borrow().iter().map(|request| format!("{} {}", request.method(), request.uri())).collect()
    }

    pub fn body(&self, n: usize) -> String {
        String::from_utf8(self.sent.borrow()[n].body().clone()).unwrap()
    }

    /// How long the provider may take for its whole answer, if that is limited.
    pub fn within(&self, n: usize) -> Option<Duration> {
        self.sent.borrow()[n].extensions().get::<flows::http::Within>().map(|within| within.0)
    }

    /// How far the request may go.
    pub fn allowed(&self, n: usize) -> Option<flows::Allowed> {
        self.sent.borrow()[n].extensions().get().copied()
    }

    pub fn header(&self, n: usize, name: &str) -> Option<String> {
        self.sent.borrow()[n].headers().get(name).map(|value| value.to_str().unwrap().to_owned())
    }
}

fn refuse_leaks(what: &str, value: &Value) {
    let shown = redact::without_secrets(value).to_string();
    assert!(!shown.contains(MARK), "{what} shows a secret: {shown}");
}

impl Transport for Stage {
    fn send(&self, request: Request<Vec<u8>>) -> Answer {
        let line = format!("{} {}", request.method(), request.uri());
        self.sent.borrow_mut().push(request);
        self.slept.set(self.slept.get() + self.answers_after.get());
        self.answers.borrow_mut().pop_front().unwrap_or_else(|| panic!("the provider has no answer to {line}"))
    }
}

impl Asks for Stage {
    fn ask(&self, kind: &str, body: Object) -> Result<Object> {
        let body = Value::Object(body);
        refuse_leaks(kind, &body);
        self.asked.borrow_mut().push((kind.to_owned(), body.clone()));
        let (expected, answer) =
            self.replies.borrow_mut().pop_front().unwrap_or_else(|| panic!("unexpected ask {kind}"));
        assert_eq!(kind, expected, "{body}");
        answer
    }

    fn note(&self, text: &str) {
        self.notes.borrow_mut().push(text.to_owned());
    }

    fn cancelled(&self) -> bool {
        self.cancel_after.get().is_some_and(|after| self.slept.get() >= after)
    }
}

impl Clock for Stage {
    fn now(&self) -> i64 {
        NOW + i64::try_from(self.slept()).unwrap()
    }

    fn sleep(&self, time: Duration) {
        self.slept.set(self.slept.get() + time);
    }
}

/// A definition named `acme`, with these fields over the plain ones.
pub fn definition(flow: &str, oauth: Value) -> Value {
    let mut plain = json!({
        "authorization_url": "https://acme.test/authorize",
        "token_url": "https://acme.test/token",
    });
    plain.as_object_mut().unwrap().extend(oauth.as_object().unwrap().clone());
    json!({"name":"acme","display_name":"Acme","auth_type":"oauth2","flow":flow,"api_url":["api.acme.test"],"oauth":plain})
}

/// What was confirmed under the plain definition.
pub fn bound() -> Value {
    json!({"token_url":"https://acme.test/token","revocation_url":null,"targets":["api.acme.test"]})
}

/// A client that was stored under the plain definition.
pub fn stored_client() -> Value {
    json!({"client_id":"app","token_auth":"body","bound":bound(),"secret":{"client_secret":"S3CRET-client"}})
}

/// The same, confirmed under a definition that names more than the plain one.
pub fn client_of(definition: &Value) -> Value {
    let mut client = stored_client();
    for field in ["device_authorization_url", "issuer", "resource"] {
        client["bound"][field] = definition["oauth"][field].clone();
    }
    client
}

pub fn login(definition: Value, client: Value) -> Value {
    json!({"flow":definition["flow"],"provider":definition,"client":client,"redirect_uri":REDIRECT,
        "state":"st4te","scopes":["read"],"interactive":true,"check":false})
}

/// A refresh or revoke of a connection that the plain definition made.
pub fn connection(definition: Value, client: Value) -> Value {
    json!({"flow":definition["flow"],"provider":definition,"client":client,
        "record":{"provider":"acme","flow":definition["flow"],"scopes":["read"]},
        "secret":{"access_token":"S3CRET-old","refresh_token":"S3CRET-refresh"}})
}

pub fn code() -> Value {
    json!({"secret":{"code":"S3CRET-code"}})
}

pub fn token() -> Value {
    json!({"access_token":"S3CRET-access","refresh_token":"S3CRET-new","token_type":"bearer","expires_in":3600,"scope":"read"})
}
