//! The API, over both versions of HTTP.
#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::{Alpn, Api, Browser, Ca, Page, fingerprint};

fn get(api: &Api, ca: &Ca, path: &str, headers: &[(&str, &str)]) -> Page {
    let place = format!("{}:443", api.host());
    let browser = Browser::with(Some(ca), &[(&place, api.addr())]).unwrap();
    browser.request("GET", &api.url(path), headers, b"").unwrap()
}

#[test]
fn it_says_which_credential_it_saw_without_giving_it_back() {
    let ca = Ca::new().unwrap();
    let api = Api::start(&ca, "api.demo.test").unwrap();
    let page = get(&api, &ca, "/v1/users/me?x=1", &[("Authorization", "Bearer secret-token-1234")]);
    let said: Value = serde_json::from_str(&page.body).unwrap();
    assert_eq!(said["authorization"], format!("Bearer …1234 ({})", fingerprint("secret-token-1234")));
    assert_eq!((&said["method"], &said["path"], &said["ok"]), (&"GET".into(), &"/v1/users/me".into(), &true.into()));
    assert!(!page.body.contains("secret-token"));
    assert_eq!(api.requests()[0].sni.as_deref(), Some("api.demo.test"));
}

#[test]
fn a_bad_token_gets_401_and_says_so() {
    let ca = Ca::new().unwrap();
    let api = Api::start(&ca, "api.demo.test").unwrap();
    api.accept_if(|token| token == "good");
    assert_eq!(get(&api, &ca, "/", &[("Authorization", "bearer good")]).status, 200);
    for bad in [&[("Authorization", "Bearer bad")][..], &[("Authorization", "good")], &[]] {
        let page = get(&api, &ca, "/", bad);
        assert_eq!(page.status, 401);
        assert!(page.header("www-authenticate").unwrap().contains("invalid_token"));
    }
}

#[test]
fn another_ca_is_not_trusted_nor_another_name() {
    let (ca, other) = (Ca::new().unwrap(), Ca::new().unwrap());
    let api = Api::start(&ca, "api.demo.test").unwrap();
    let open = |ca: &Ca, host: &str| {
        let place = format!("{host}:443");
        let browser = Browser::with(Some(ca), &[(place.as_str(), api.addr())]).unwrap();
        browser.open(&format!("https://{host}/"))
    };
    assert!(open(&ca, "api.demo.test").is_ok());
    assert!(open(&ca, "api.evil.test").is_err());
    assert!(open(&other, "api.demo.test").is_err());
}

/// A request as bytes and the whole answer as text, over plain http.
fn raw(api: &Api, request: &str) -> String {
    let mut stream = TcpStream::connect(api.addr()).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_head_is_recorded_as_it_was_spelled_request_after_request() {
    let api = Api::plain().unwrap();
    raw(
        &api,
        "POST /a?b=%20c HTTP/1.1\r\nhOST: x\r\nX-One: 1\r\nx-two:  2 \r\nX-ONE: 3\r\nContent-Length: 33\r\n\r\n\
         GET /fake HTTP/1.1\r\nX-Fake: 1\r\n\
         GET /second HTTP/1.1\r\nHost: y\r\nConnection: close\r\n\r\n",
    );
    let requests = api.requests();
    let names: Vec<_> = requests[0].headers.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(names, ["hOST=x", "X-One=1", "x-two=2", "X-ONE=3", "Content-Length=33"]);
    assert_eq!((requests[0].target.as_str(), requests[0].query("b").as_deref()), ("/a?b=%20c", Some(" c")));
    assert_eq!((requests[1].target.as_str(), requests[1].header("host")), ("/second", Some("y")));
    assert_eq!((requests[0].body_length, api.connections()), (33, 1));
}

#[test]
fn chunks_and_trailers_are_recorded_and_sent() {
    let api = Api::plain().unwrap();
    raw(
        &api,
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n\
         3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n",
    );
    let request = api.requests().remove(0);
    assert_eq!((request.text().as_str(), request.trailers), ("abc", vec![("x-sum".to_owned(), "7".to_owned())]));
    assert_eq!(request.body_sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    let answer = raw(&api, "GET /trailers HTTP/1.1\r\nHost: x\r\nTE: trailers\r\nConnection: close\r\n\r\n");
    assert!(answer.contains("x-checksum: 42"), "{answer}");
}

#[test]
fn events_come_one_by_one() {
    let api = Api::plain().unwrap();
    let mut stream = TcpStream::connect(api.addr()).unwrap();
    let begun = Instant::now();
    stream.write_all(b"GET /sse?n=3&ms=150 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let (mut seen, mut buffer) = (String::new(), [0; 1024]);
    while !seen.contains("{\"n\":0}") {
        let count = stream.read(&mut buffer).unwrap();
        seen.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
    }
    assert!(!seen.contains("{\"n\":1}"), "the first event came alone: {seen}");
    stream.read_to_string(&mut seen).unwrap();
    assert!(seen.contains("{\"n\":2}") && begun.elapsed() >= Duration::from_millis(300));
}

#[test]
fn bytes_statuses_redirects_and_echoes() {
    let ca = Ca::new().unwrap();
    let api = Api::with(&ca, &["api.demo.test"], Alpn::Http1).unwrap();
    let bytes = get(&api, &ca, "/bytes?n=100000", &[]);
    assert_eq!(bytes.header("content-length"), Some("100000"));
    assert_eq!(get(&api, &ca, "/status/418", &[]).status, 418);
    assert_eq!(get(&api, &ca, "/status/204", &[]).body, "");
    let moved = get(&api, &ca, "/redirect?to=https%3A%2F%2Fevil.test%2F", &[]);
    assert_eq!((moved.status, moved.header("location")), (302, Some("https://evil.test/")));
    let browser = Browser::with(Some(&ca), &[("api.demo.test:443", api.addr())]).unwrap();
    let sent = [("Content-Type", "text/x-odd")];
    let echo = browser.request("POST", &api.url("/echo"), &sent, b"back to me").unwrap();
    assert_eq!((echo.body.as_str(), echo.header("content-type")), ("back to me", Some("text/x-odd")));
}

#[test]
fn an_upgraded_connection_sends_back_each_byte() {
    let api = Api::plain().unwrap();
    let mut stream = TcpStream::connect(api.addr()).unwrap();
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    write!(stream, "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{key}\r\n\r\n")
        .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    // The answer to the sample key of RFC 6455 §1.3.
    assert!(head.starts_with("HTTP/1.1 101") && head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
    stream.write_all(b"\x00raw\xff").unwrap();
    let mut back = [0; 5];
    stream.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"\x00raw\xff");
}

/// One request over HTTP/2: its status, its content-length and its body.
fn http2(api: &Api, ca: &Ca, method: &str, path: &str) -> (u16, String, String) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let config = ca.client_config(&["h2"]).unwrap();
        let name = rustls::pki_types::ServerName::try_from(api.host().to_owned()).unwrap();
        let stream = tokio::net::TcpStream::connect(api.addr()).await.unwrap();
        let stream = tokio_rustls::TlsConnector::from(config).connect(name, stream).await.unwrap();
        let executor = hyper_util::rt::TokioExecutor::new();
        let io = hyper_util::rt::TokioIo::new(stream);
        let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
        tokio::spawn(connection);
        let request = http::Request::builder().method(method).uri(api.url(path)).header("x-mark", "1");
        let request = request.body(http_body_util::Empty::<bytes::Bytes>::new()).unwrap();
        let response = sender.send_request(request).await.unwrap();
        let length = response.headers().get("content-length").map(|value| value.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
        (status, length.unwrap_or_default(), String::from_utf8(body.to_vec()).unwrap())
    })
}

#[test]
fn http2_is_spoken_where_the_client_wants_it() {
    let ca = Ca::new().unwrap();
    let api = Api::start(&ca, "api.demo.test").unwrap();
    assert!(http2(&api, &ca, "GET", "/v1/x?y=1").2.contains("\"path\":\"/v1/x\""));
    let request = api.requests().remove(0);
    assert_eq!((request.version, request.target.as_str()), (http::Version::HTTP_2, "/v1/x?y=1"));
    assert_eq!(request.header("x-mark"), Some("1"));
}

#[test]
fn head_has_a_length_and_no_body_on_either_version() {
    let ca = Ca::new().unwrap();
    let api = Api::start(&ca, "api.demo.test").unwrap();
    let length = http2(&api, &ca, "GET", "/v1/x").1;
    let (status, told, body) = http2(&api, &ca, "HEAD", "/v1/y");
    assert_eq!((status, body.as_str()), (200, ""));
    // "HEAD" is one letter longer than "GET".
    assert_eq!(told.parse::<u64>().unwrap(), length.parse::<u64>().unwrap() + 1);
    let plain = raw(&Api::plain().unwrap(), "HEAD /v1/y HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(plain.contains(&format!("content-length: {told}")) && plain.ends_with("\r\n\r\n"), "{plain}");
}

#[test]
fn dropped_it_no_longer_listens() {
    let api = Api::plain().unwrap();
    let addr = api.addr();
    let idle = TcpStream::connect(addr).unwrap();
    drop(api);
    assert!(TcpStream::connect(addr).is_err());
    drop(idle);
}
