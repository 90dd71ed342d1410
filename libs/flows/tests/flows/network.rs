//! The real transport, against a server on loopback that misbehaves.

use flows::http::{Http, Settings, Variable, Within};
use flows::{Allowed, Transport, TransportError, Unfinished};
use http::Request;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use testkit::Ca;

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

fn variable(name: &str, value: &str) -> Option<Variable> {
    Some(Variable { name: name.to_owned(), value: value.to_owned() })
}

fn get(url: &str) -> Result<http::Response<Vec<u8>>, TransportError> {
    send(&Settings::default(), url)
}

fn send(settings: &Settings, url: &str) -> Result<http::Response<Vec<u8>>, TransportError> {
    let request = Request::builder().uri(url).extension(Allowed::Loopback).body(Vec::new()).unwrap();
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
    let mut request = Request::builder().uri(&url).extension(Allowed::Loopback).body(Vec::new()).unwrap();
    request.extensions_mut().insert(Within(Duration::from_secs(2)));
    let began = Instant::now();
    let response = Http::new(&Settings::default()).unwrap().send(request).unwrap();
    let unfinished = response.extensions().get::<Unfinished>();
    assert_eq!(
        unfinished,
        Some(&Unfinished(format!("{}: no whole answer in 2 seconds", url.trim_start_matches("http://"))))
    );
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
    let settings = Settings {
        http_proxy: variable("HTTP_PROXY", &proxy.replace("http://", "http://u:p@")),
        ..Settings::default()
    };
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
    let settings = Settings { https_proxy: variable("https_proxy", "http://u:S3CRET@["), ..Settings::default() };
    let text = Http::new(&settings).err().unwrap().to_string();
    assert_eq!(text, "the proxy address in https_proxy is not usable");
}

#[test]
fn an_answer_without_a_length_that_ends_without_close_notify_comes_as_far_as_it_came() {
    let ca = Ca::new().unwrap();
    let config = ca.server_config(&["127.0.0.1"], &[]).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/token", listener.local_addr().unwrap());
    let thread = thread::spawn(move || {
        let tls = rustls::ServerConnection::new(config).unwrap();
        let mut stream = rustls::StreamOwned::new(tls, listener.accept().unwrap().0);
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
        stream.write_all(b"HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{\"a\":\"b\"}").unwrap();
        stream.flush().unwrap();
        // The connection goes, and TLS is not told.
    });
    let file = pem(ca.pem());
    let settings = Settings { cert_file: Some(file.path().to_owned()), ..Settings::default() };
    let response = send(&settings, &url).unwrap();
    assert_eq!(response.body(), b"{\"a\":\"b\"}");
    assert!(response.extensions().get::<Unfinished>().unwrap().0.ends_with(": the answer was cut off"));
    thread.join().unwrap();
}

fn pem(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn refused(error: TransportError) -> (String, String) {
    let TransportError::NotSent(cause) = error else { panic!("{error:?}") };
    (cause.text, cause.hint.unwrap_or_default())
}

#[test]
fn addresses_of_metadata_services_are_never_dialled_and_private_ones_only_where_allowed() {
    let ask = |url: &str, allowed: Option<Allowed>| {
        let mut request = Request::builder().uri(url).body(Vec::new()).unwrap();
        request.extensions_mut().extend(allowed.map(extension).unwrap_or_default());
        refused(Http::new(&Settings::default()).unwrap().send(request).unwrap_err()).0
    };
    for url in ["http://169.254.169.254/latest", "http://[::ffff:169.254.169.254]/", "https://2852039166/"] {
        assert!(
            ask(url, Some(Allowed::Private)).ends_with("it leads to 169.254.169.254, which is never dialled"),
            "{url}"
        );
    }
    for (url, allowed) in [
        ("http://127.0.0.1:1/", None),
        ("http://localhost:1/", Some(Allowed::Public)),
        ("http://10.0.0.1/", Some(Allowed::Loopback)),
    ] {
        assert!(ask(url, allowed).ends_with(", a private address"), "{url}");
    }
}

fn extension(allowed: Allowed) -> http::Extensions {
    let mut extensions = http::Extensions::new();
    extensions.insert(allowed);
    extensions
}

#[test]
fn a_proxy_that_does_not_answer_is_said_to_be_the_persons_own() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let settings =
        Settings { https_proxy: variable("https_proxy", &format!("http://{closed}")), ..Settings::default() };
    let (text, hint) = refused(send(&settings, "https://as.acme.test/token").unwrap_err());
    assert!(text.starts_with("as.acme.test (through the proxy of https_proxy): "), "{text}");
    assert_eq!(hint, "https_proxy is your own setting: correct or unset it, or name as.acme.test in NO_PROXY");
    let (text, hint) = refused(send(&settings, &format!("https://{closed}/")).unwrap_err());
    assert!(text.starts_with(&format!("{closed}: ")) && !hint.contains("https_proxy"), "{text} {hint}");
}

#[test]
fn a_named_certificate_file_that_cannot_be_used_is_told() {
    let missing = std::path::PathBuf::from("/nowhere/ca.pem");
    let text = pem("no certificate");
    for (settings, said) in [
        (
            Settings { cert_file: Some(missing.clone()), ..Settings::default() },
            "SSL_CERT_FILE names /nowhere/ca.pem, which cannot be read: No such file",
        ),
        (
            Settings { cert_dir: Some(missing.clone()), ..Settings::default() },
            "SSL_CERT_DIR names /nowhere/ca.pem, which cannot be read: No such file",
        ),
        (
            Settings { cert_file: Some(text.path().to_owned()), ..Settings::default() },
            "which holds no certificate in PEM",
        ),
    ] {
        let http = Http::new(&settings).unwrap();
        assert!(http.warnings()[0].contains(said), "{:?}", http.warnings());
    }
    assert_eq!(Http::new(&Settings::default()).unwrap().warnings(), [""; 0]);
}

/// Returns the error of a login at a server with this certificate, when only those are trusted.
fn untrusted(config: std::sync::Arc<rustls::ServerConfig>, trusted: &str) -> (String, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let thread = thread::spawn(move || {
        let tls = rustls::ServerConnection::new(config).unwrap();
        let mut stream = rustls::StreamOwned::new(tls, listener.accept().unwrap().0);
        let _ = stream.read(&mut [0; 4096]);
    });
    let file = pem(trusted);
    let settings = Settings { cert_file: Some(file.path().to_owned()), ..Settings::default() };
    let told = refused(send(&settings, &url).unwrap_err());
    thread.join().unwrap();
    (told.0.trim_start_matches("127.0.0.1:").trim_start_matches(|c: char| c.is_ascii_digit()).to_owned(), told.1)
}

#[test]
fn a_certificate_that_is_not_trusted_says_whose_roots_were_asked_and_what_mends_it() {
    let (ca, other) = (Ca::new().unwrap(), Ca::new().unwrap());
    let (text, hint) = untrusted(ca.server_config(&["127.0.0.1"], &[]).unwrap(), other.pem());
    assert_eq!(
        text,
        ": its certificate is of no authority that is trusted here: those of the system and of SSL_CERT_FILE"
    );
    assert_eq!(hint, "if the host has an authority of its own, name a file with that in SSL_CERT_FILE");
    let (text, _) = untrusted(ca.server_config(&["elsewhere.test"], &[]).unwrap(), ca.pem());
    assert_eq!(text, ": its certificate is for another name");
    let (text, hint) = untrusted(ca.own_server_config().unwrap(), ca.pem());
    assert_eq!(text, ": it shows an authority's own certificate");
    assert_eq!(hint, "give the host one with CA:FALSE, and name the authority's in SSL_CERT_FILE");
}
