//! The real transport, against a server on loopback that misbehaves.

use flows::http::{Http, Settings, Within};
use flows::{Transport, TransportError, Unfinished};
use http::Request;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Answers one request with these bytes, then hangs up; gives the request back.
fn server(answer: Vec<u8>) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let thread = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut seen = Vec::new();
        let mut buffer = [0; 4096];
        while !seen.windows(4).any(|w| w == b"\r\n\r\n") {
            let n = stream.read(&mut buffer).unwrap();
            if n == 0 {
                break;
            }
            seen.extend_from_slice(&buffer[..n]);
        }
        // A client that has read enough may hang up first.
        let _ = stream.write_all(&answer);
        String::from_utf8_lossy(&seen).into_owned()
    });
    (url, thread)
}

fn get(url: &str) -> Result<http::Response<Vec<u8>>, TransportError> {
    send(&Settings::default(), url)
}

fn send(settings: &Settings, url: &str) -> Result<http::Response<Vec<u8>>, TransportError> {
    let request = Request::builder().uri(url).body(Vec::new()).unwrap();
    Http::new(settings).unwrap().send(request)
}

#[test]
fn a_whole_answer_comes_back_with_status_headers_and_body() {
    let (url, thread) = server(b"HTTP/1.1 418 I'm a teapot\r\nx-a: b\r\ncontent-length: 2\r\n\r\nok".to_vec());
    let response = get(&format!("{url}/p?q=1")).unwrap();
    assert_eq!(response.status(), 418);
    assert_eq!(response.headers()["x-a"], "b");
    assert_eq!(response.body(), b"ok");
    let seen = thread.join().unwrap();
    assert!(seen.starts_with("GET /p?q=1 HTTP/1.1\r\n"), "{seen}");
    assert!(seen.contains("user-agent: authsome/"), "{seen}");
    assert!(!seen.to_lowercase().contains("cookie"), "{seen}");
}

#[test]
fn a_redirect_is_an_answer() {
    let (url, thread) =
        server(b"HTTP/1.1 307 X\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_vec());
    assert_eq!(get(&url).unwrap().status(), 307);
    thread.join().unwrap();
}

#[test]
fn a_refused_connection_and_a_server_without_tls_were_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let free = listener.local_addr().unwrap();
    drop(listener);
    assert!(matches!(get(&format!("http://{free}/")), Err(TransportError::NotSent(_))));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let thread = thread::spawn(move || listener.accept().unwrap().0.write_all(b"HTTP/1.1 400 no TLS here\r\n\r\n"));
    let error = get(&url).unwrap_err();
    assert!(matches!(error, TransportError::NotSent(_)), "{error:?}");
    thread.join().unwrap().unwrap();
}

#[test]
fn a_cut_body_is_marked_and_a_silent_hang_up_is_lost() {
    let (url, thread) = server(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"access_token\":".to_vec());
    let response = get(&url).unwrap();
    assert_eq!(response.body(), b"{\"access_token\":");
    assert!(response.extensions().get::<Unfinished>().is_some());
    thread.join().unwrap();
    for answer in [&b"HTTP/1.1 200"[..], b""] {
        let (url, thread) = server(answer.to_vec());
        let error = get(&url).unwrap_err();
        assert!(matches!(error, TransportError::Lost(_)), "{error:?}");
        thread.join().unwrap();
    }
}

#[test]
fn an_answer_that_drips_is_given_up_when_its_time_is_over() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let thread = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").unwrap();
        // Ends when nobody reads any more.
        while stream.write_all(b" ").is_ok() {
            thread::sleep(Duration::from_millis(50));
        }
    });
    let mut request = Request::builder().uri(url).body(Vec::new()).unwrap();
    request.extensions_mut().insert(Within(Duration::from_secs(2)));
    let began = Instant::now();
    let response = Http::new(&Settings::default()).unwrap().send(request).unwrap();
    let unfinished = response.extensions().get::<Unfinished>();
    assert_eq!(unfinished, Some(&Unfinished("no whole answer in 2 seconds".to_owned())));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    thread.join().unwrap();
}

#[test]
fn reading_stops_one_byte_after_the_limit() {
    let mut answer = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    answer.resize(answer.len() + 3 * oauth::MAX_ANSWER, b'x');
    let (url, thread) = server(answer);
    assert_eq!(get(&url).unwrap().body().len(), oauth::MAX_ANSWER + 1);
    thread.join().unwrap();
}

#[test]
fn the_users_proxy_is_used_except_for_this_machine() {
    let (proxy, thread) = server(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec());
    let settings = Settings { http_proxy: Some(proxy.replace("http://", "http://u:p@")), ..Settings::default() };
    assert_eq!(send(&settings, "http://acme.test/x").unwrap().status(), 204);
    let seen = thread.join().unwrap();
    assert!(seen.starts_with("GET http://acme.test/x HTTP/1.1"), "{seen}");
    assert!(seen.to_lowercase().contains("proxy-authorization: basic dtpw"), "{seen}");

    let (url, thread) = server(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec());
    assert_eq!(send(&settings, &url).unwrap().status(), 204, "this machine is never asked through a proxy");
    thread.join().unwrap();
}

#[test]
fn a_bad_proxy_is_named_and_not_repeated() {
    let settings = Settings { https_proxy: Some("http://u:S3CRET@[".to_owned()), ..Settings::default() };
    let text = Http::new(&settings).err().unwrap().to_string();
    assert_eq!(text, "the proxy address in HTTPS_PROXY is not usable");
}
