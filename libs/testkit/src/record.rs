//! What a server was sent, kept for assertions.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use http_body_util::BodyExt;
use hyper::body::Incoming;
use ring::digest;
use serde_json::Value;

use crate::serve::Connection;
use crate::tap::latin1;
use crate::wait::lock;

/// Bytes of a body that are kept; the rest is counted and hashed.
const KEEP: usize = 1 << 20;

/// One request as it arrived. Bytes that are not ASCII stand as Latin-1, so nothing is lost.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub method: String,
    /// As in the request line on HTTP/1; path and query on HTTP/2.
    pub target: String,
    pub version: http::Version,
    /// In the order sent; on HTTP/1 with the names as spelled.
    pub headers: Vec<(String, String)>,
    /// The first MiB.
    pub body: Vec<u8>,
    /// Bytes of the whole body.
    pub body_length: u64,
    /// SHA-256 of the whole body, lower-case hex.
    pub body_sha256: String,
    pub trailers: Vec<(String, String)>,
    /// The server name of the TLS handshake; none over plain http or for an IP address.
    pub sni: Option<String>,
    /// Which connection of this server it came over, from 0.
    pub connection: u64,
}

impl Recorded {
    /// The target without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The first query parameter of that name, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// The first header of that name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as a form; the last of equal names.
    pub fn form(&self) -> BTreeMap<String, String> {
        form_urlencoded::parse(&self.body).into_owned().collect()
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A parameter of the body, be it a form or a JSON object.
    pub fn param(&self, name: &str) -> Option<String> {
        match self.json() {
            Value::Object(mut object) => object.remove(name).and_then(|value| value.as_str().map(str::to_owned)),
            _ => self.form().remove(name),
        }
    }
}

/// The text that stands for a secret where it may be shown: 16 hex digits of its SHA-256.
///
/// ```
/// assert_eq!(testkit::fingerprint("abc"), "ba7816bf8f01cfea");
/// ```
pub fn fingerprint(secret: &str) -> String {
    hex(&digest::digest(&digest::SHA256, secret.as_bytes()).as_ref()[..8])
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The head alone; the body is still to be read.
pub(crate) fn head<B>(request: &http::Request<B>) -> Recorded {
    let connection = request.extensions().get::<Connection>().cloned().unwrap_or_default();
    let raw = connection.tap.take_head(request.method().as_str(), &request.uri().to_string());
    let (target, headers) = match raw {
        Some(head) => raw_head(&head),
        None => (decoded_target(request.uri()), decoded_headers(request.headers())),
    };
    Recorded {
        method: request.method().to_string(),
        target,
        version: request.version(),
        headers,
        body: Vec::new(),
        body_length: 0,
        body_sha256: String::new(),
        trailers: Vec::new(),
        sni: connection.sni,
        connection: connection.number,
    }
}

/// Head and body. Memory stays bounded however long the body is.
pub(crate) async fn whole(request: http::Request<Incoming>) -> io::Result<Recorded> {
    let mut recorded = head(&request);
    let mut body = request.into_body();
    let mut hash = digest::Context::new(&digest::SHA256);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(io::Error::other)?;
        if let Some(data) = frame.data_ref() {
            hash.update(data);
            recorded.body_length += data.len() as u64;
            let room = KEEP.saturating_sub(recorded.body.len()).min(data.len());
            recorded.body.extend_from_slice(&data[..room]);
        } else if let Some(trailers) = frame.trailers_ref() {
            recorded.trailers = decoded_headers(trailers);
        }
    }
    recorded.body_sha256 = hex(hash.finish().as_ref());
    Ok(recorded)
}

/// The requests of one server, oldest first.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<Recorded>>>);

impl Log {
    pub fn push(&self, recorded: Recorded) {
        lock(&self.0).push(recorded);
    }

    pub fn all(&self) -> Vec<Recorded> {
        lock(&self.0).clone()
    }

    pub fn to(&self, path: &str) -> Vec<Recorded> {
        lock(&self.0).iter().filter(|recorded| recorded.path() == path).cloned().collect()
    }

    pub fn clear(&self) {
        lock(&self.0).clear();
    }
}

fn raw_head(head: &str) -> (String, Vec<(String, String)>) {
    let mut lines = head.split("\r\n");
    let target = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    let headers = lines.filter_map(|line| line.split_once(':'));
    (target.to_owned(), headers.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect())
}

fn decoded_target(uri: &http::Uri) -> String {
    uri.path_and_query().map_or_else(|| uri.to_string(), ToString::to_string)
}

fn decoded_headers(headers: &http::HeaderMap) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.to_string(), latin1(value.as_bytes()))).collect()
}
