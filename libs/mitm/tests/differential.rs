//! Random requests, sent directly and through the proxy: the upstream sees the same, and so does
//! the client. Framing and hop-by-hop fields excepted.
#![allow(clippy::unwrap_used)]

mod support;

use bytes::Bytes;
use proptest::prelude::*;
use rustls::pki_types::ServerName;
use support::client::{Client, Reply};
use support::policy::Rules;
use support::upstream::Upstream;
use support::{API, Session, dialer};
use tokio::runtime::Runtime;

/// What is asked of both ways.
#[derive(Debug, Clone)]
struct Asked {
    method: &'static str,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<(Bytes, bool)>,
    reason: String,
    response_headers: Vec<(String, String)>,
    response_body: (Bytes, bool),
    status: u16,
    /// After the last chunk of either body, announced by nobody.
    trailers: Vec<(String, String)>,
}

/// What an upstream saw and what its client got.
#[derive(Debug, PartialEq)]
struct Seen {
    head: String,
    body: Vec<u8>,
    trailers: String,
    reply: Reply,
}

const FRAMING: [&str; 4] = ["transfer-encoding: ", "content-length: ", "connection: ", "te: "];

impl Asked {
    fn request(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nHost: api.test\r\n", self.method, self.target);
        head.extend(self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")));
        match &self.body {
            None => (head + "\r\n").into_bytes(),
            Some((body, true)) => {
                [(head + "Transfer-Encoding: chunked\r\n\r\n").into_bytes(), self.chunked(body)].concat()
            }
            Some((body, false)) => [format!("{head}Content-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat(),
        }
    }

    fn response(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, self.reason);
        head.extend(self.response_headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")));
        let (body, in_chunks) = &self.response_body;
        let bodiless = matches!(self.status, 204 | 304) || self.method == "HEAD";
        match in_chunks {
            _ if matches!(self.status, 204 | 304) => (head + "\r\n").into_bytes(),
            true => {
                let body = if bodiless { Vec::new() } else { self.chunked(body) };
                [(head + "Transfer-Encoding: chunked\r\n\r\n").into_bytes(), body].concat()
            }
            false => {
                let length = body.len();
                let body: &[u8] = if bodiless { b"" } else { body };
                [format!("{head}Content-Length: {length}\r\n\r\n").as_bytes(), body].concat()
            }
        }
    }

    fn chunked(&self, body: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for piece in body.chunks(7) {
            out.extend(format!("{:x}\r\n", piece.len()).bytes());
            out.extend(piece);
            out.extend(b"\r\n");
        }
        out.extend(b"0\r\n");
        self.trailers.iter().for_each(|(name, value)| out.extend(format!("{name}: {value}\r\n").bytes()));
        out.extend(b"\r\n");
        out
    }
}

fn without_framing(head: &str) -> String {
    let framing = |line: &&str| !FRAMING.iter().any(|name| line.to_ascii_lowercase().starts_with(name));
    // White space around a value is no part of it (RFC 9110 §5.5).
    head.lines().filter(framing).map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn name() -> impl Strategy<Value = String> {
    "[Xx]-[A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]{0,8}"
        .prop_filter("the proxy's own", |name| !name.to_ascii_lowercase().starts_with("x-authsome-"))
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof!["[!-~]([\t -~]{0,30}[!-~])?", Just(String::new()), "[!-~]{1,10}[\u{a1}-\u{ff}]{1,5}[!-~]"]
}

fn headers() -> impl Strategy<Value = Vec<(String, String)>> {
    let known = prop::sample::select(vec!["Accept", "cookie", "COOKIE", "User-Agent", "Range", "Proxy-Status", "Via"]);
    prop::collection::vec((prop_oneof![name(), known.prop_map(str::to_owned)], value()), 0..12)
}

fn target() -> impl Strategy<Value = String> {
    let path = "(/[A-Za-z0-9._~!$&'()*+,;=:@%{}|\"^\\\\-]{0,8}){1,4}";
    let query = prop::option::of("[A-Za-z0-9._~!$&'()*+,;=:@/?%{}|^`\\\\-]{0,20}");
    (path, query).prop_map(|(path, query)| query.map_or(path.clone(), |query| format!("{path}?{query}")))
}

fn body() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..400).prop_map(Bytes::from)
}

fn asked() -> impl Strategy<Value = Asked> {
    let method = prop::sample::select(vec!["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "PROPFIND", "QUERY"]);
    let request = (method, target(), headers(), prop::option::of((body(), any::<bool>())));
    let status = prop::sample::select(vec![200, 201, 204, 206, 304, 400, 404, 418, 500, 599]);
    let response = (status, "[A-Za-z0-9]([ -~\u{a1}-\u{ff}]{0,12}[A-Za-z])?", headers(), (body(), any::<bool>()));
    let trailers = prop::collection::vec((name(), value()), 0..3);
    (request, response, trailers).prop_map(
        |((method, target, headers, body), (status, reason, more, answer), trailers)| Asked {
            body: body.filter(|_| !matches!(method, "GET" | "HEAD")),
            method,
            target,
            headers,
            status,
            reason,
            response_headers: more,
            response_body: answer,
            trailers,
        },
    )
}

/// Asks an upstream that records bytes, directly or through a proxy.
async fn ask(asked: &Asked, through_proxy: bool) -> Seen {
    let (send, mut recorded) = tokio::sync::mpsc::unbounded_channel();
    let answer = asked.response();
    let upstream = Upstream::streams(&[], move |stream| {
        let (send, answer) = (send.clone(), answer.clone());
        async move {
            let mut client = Client { stream: Box::new(stream) };
            let head = client.head().await;
            let body = client.body_of(&head).await;
            send.send((head, body)).unwrap();
            client.send(&answer).await;
            client.rest().await;
        }
    })
    .await;
    let rules = Rules { unruled: Some("/"), ..Rules::injecting("api.test") };
    let session = Session::new(rules, dialer(&[(API, upstream.address)]), &upstream).await;
    let mut client = match through_proxy {
        true => session.api().await,
        false => {
            let client = Client::connect(upstream.address).await;
            let name = ServerName::try_from("api.test").unwrap();
            Client { stream: Box::new(client.handshake_as(upstream.roots(), name, &[]).await.unwrap()) }
        }
    };
    let mut reply = client.ask(asked.request()).await;
    reply.head = without_framing(&reply.head);
    // What is refused here never reaches the upstream.
    let Ok((head, (body, trailers))) = recorded.try_recv() else { panic!("not forwarded: {reply:?}") };
    Seen { head: without_framing(&head), body, trailers, reply }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, max_shrink_iters: 30, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn through_the_proxy_is_as_direct(asked in asked()) {
        let runtime = Runtime::new().unwrap();
        let (direct, proxied) = runtime.block_on(async { (ask(&asked, false).await, ask(&asked, true).await) });
        prop_assert_eq!(proxied, direct);
    }
}
