//! Host and helper in one process, over pipes: what each side survives.
#![allow(clippy::unwrap_used)]

use helper::{Asks, Host, Lines, Link, NoAsks, Service, serve};
use proto::{Code, Error, Hello, Object};
use serde_json::{Value, json};
use std::io::{PipeReader, PipeWriter, Write, pipe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        _ => panic!("not an object"),
    }
}

/// A vault that answers `get`, asks in `put`, and waits in `slow`.
struct Sample {
    features: Vec<String>,
}

impl Service for Sample {
    fn hello(&self) -> Hello {
        Hello { features: self.features.clone(), ..Hello::new("vault", "sample", &["get", "put", "slow"]) }
    }

    fn call(&self, op: &str, body: Object, host: &Host) -> proto::Result<Object> {
        match op {
            "get" => Ok(body),
            "put" => {
                host.note("asking");
                host.ask("confirm", object(json!({"text": "sure?"})))
            }
            "slow" => {
                let limit = Instant::now() + Duration::from_secs(5);
                while !host.cancelled() && Instant::now() < limit {
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(Error::new(Code::Cancelled, "stopped"))
            }
            other => Err(Error::unsupported(other)),
        }
    }
}

fn start(features: &[&str]) -> (Link, JoinHandle<std::io::Result<()>>) {
    let (helper_in, host_out) = pipe().unwrap();
    let (host_in, helper_out) = pipe().unwrap();
    let sample = Sample { features: features.iter().map(|f| (*f).to_owned()).collect() };
    let thread = std::thread::spawn(move || serve(Arc::new(sample), helper_in, helper_out, None));
    (Link::connect("sample", "vault", host_in, host_out, None).unwrap(), thread)
}

/// A helper that is nothing but the lines it says; `{}` waits for a line of the host.
fn scripted(lines: &'static [&'static str]) -> Result<Link, helper::Broken> {
    let (helper_in, host_out): (PipeReader, PipeWriter) = pipe().unwrap();
    let (host_in, mut helper_out) = pipe().unwrap();
    std::thread::spawn(move || {
        let mut requests = Lines::new(helper_in);
        for line in lines {
            match *line {
                "<" => drop(requests.next_line()),
                text => helper_out.write_all(text.as_bytes()).unwrap_or(()),
            }
        }
    });
    Link::connect("/x/authsome-vault-odd", "vault", host_in, host_out, None)
}

const HELLO: &str = "{\"hello\":\"vault\",\"versions\":[1]}\n";

struct Answering(Value);

impl Asks for Answering {
    fn ask(&mut self, kind: &str, body: Object, alive: &dyn Fn() -> bool) -> proto::Result<Object> {
        assert!(alive());
        assert_eq!((kind, &body["text"]), ("confirm", &json!("sure?")));
        Ok(object(self.0.clone()))
    }

    fn note(&mut self, text: &str) {
        assert_eq!(text, "asking");
    }
}

#[test]
fn an_ask_goes_to_the_host_and_its_answer_to_the_helper() {
    let (link, _) = start(&[]);
    let reply = link.call("put", Object::new(), &mut Answering(json!({"yes": true}))).unwrap().unwrap();
    assert_eq!(reply["yes"], true);
}

#[test]
fn an_ask_that_nobody_answers_ends_as_unsupported_and_nothing_hangs() {
    let (link, _) = start(&[]);
    let error = link.call("put", Object::new(), &mut NoAsks).unwrap().unwrap_err();
    assert_eq!(error.code, Code::Unsupported);
}

#[test]
fn an_unknown_op_is_unsupported_and_the_next_request_works() {
    let (link, _) = start(&[]);
    let error = link.call("frobnicate", Object::new(), &mut NoAsks).unwrap().unwrap_err();
    assert_eq!(error.code, Code::Unsupported);
    assert!(link.call("get", Object::new(), &mut NoAsks).unwrap().is_ok());
}

#[test]
fn replies_come_in_order_unless_the_helper_is_concurrent() {
    for (features, slow_first) in [(&["concurrent"][..], false), (&[][..], true)] {
        let (link, _) = start(features);
        let slow_done = Arc::new(AtomicBool::new(false));
        let done = slow_done.clone();
        let id = link.submit("slow", Object::new(), move |_| done.store(true, Ordering::SeqCst));
        let canceller = link.clone();
        let thread = slow_first.then(|| {
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(50));
                canceller.cancel(id);
            })
        });
        link.call("get", Object::new(), &mut NoAsks).unwrap().unwrap();
        assert_eq!(slow_done.load(Ordering::SeqCst), slow_first);
        thread.map(JoinHandle::join);
    }
}

#[test]
fn at_eof_the_helper_ends_within_two_seconds_even_when_busy() {
    let (link, thread) = start(&[]);
    link.submit("slow", Object::new(), |_| {});
    let started = Instant::now();
    link.close();
    thread.join().unwrap().unwrap();
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_deadline_cancels_and_the_reply_to_the_cancel_counts() {
    let (link, _) = start(&[]);
    let deadline = Some(Instant::now() + Duration::from_millis(20));
    let reply = link.call_until("slow", Object::new(), &mut NoAsks, deadline).unwrap();
    assert_eq!(reply.unwrap_err().code, Code::Cancelled);
}

#[test]
fn a_helper_of_another_version_is_refused_naming_both_lists() {
    let broken = scripted(&["{\"hello\":\"vault\",\"versions\":[7,8]}\n"]).err().unwrap();
    assert!(broken.to_string().contains("[7, 8]") && broken.to_string().contains("[1]"), "{broken}");
}

#[test]
fn whatever_a_helper_does_wrong_the_error_names_its_path_and_shows_no_secret() {
    let cases: &[(&'static [&'static str], &str)] = &[
        (&["hunter2 is no hello\n", "<"], "no hello"),
        (&["{\"hello\":\"flow\",\"versions\":[1]}\n"], "role"),
        (&[HELLO, "<"], "ended"),
        (&[HELLO, "<", "{\"v\":1,\"id\":1,\"ok\":{\"a\":"], "not JSON"),
        (&[HELLO, "<", "hunter2\n", "<"], "not JSON"),
        (&[HELLO, "<", "{\"v\":1,\"id\":1,\"ok\":{\"record\":{\"access_token\":\"hunter2\"}}}\n", "<"], "outside"),
        (&[HELLO, "<", "{\"v\":1,\"id\":99,\"ok\":{}}\n", "<"], "never made"),
        (&[HELLO, "<", "{\"v\":9,\"id\":1,\"ok\":{}}\n", "<"], "version 9"),
    ];
    for (lines, wanted) in cases {
        let broken = match scripted(lines) {
            Err(broken) => broken,
            Ok(link) => link.call("get", Object::new(), &mut NoAsks).unwrap_err(),
        };
        let text = broken.to_string();
        assert!(text.contains("/x/authsome-vault-odd") && text.contains(wanted), "{wanted}: {text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn a_helper_that_never_says_hello_is_given_up_after_five_seconds() {
    let started = Instant::now();
    let broken = scripted(&["<"]).err().unwrap();
    assert!(broken.to_string().contains("no hello in 5 s"), "{broken}");
    assert!(started.elapsed() < Duration::from_secs(7));
}

#[test]
fn a_late_reply_to_an_answered_request_is_ignored() {
    let link = scripted(&[
        HELLO,
        "<",
        "{\"v\":1,\"id\":1,\"ok\":{}}\n{\"v\":1,\"id\":1,\"ok\":{}}\n",
        "<",
        "{\"v\":1,\"id\":2,\"ok\":{\"x\":1}}\n",
        "<",
    ])
    .unwrap();
    assert!(link.call("get", Object::new(), &mut NoAsks).unwrap().is_ok());
    assert_eq!(link.call("get", Object::new(), &mut NoAsks).unwrap().unwrap()["x"], 1);
}
