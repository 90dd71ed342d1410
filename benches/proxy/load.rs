//! The load: connections by a way, requests on them, and how long all of it took.

use crate::process::Processor;
use crate::upstream::header;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub const HOST: &str = "a.bench.test";

/// How the upstream is reached.
#[derive(Clone)]
pub struct Way {
    pub name: &'static str,
    pub address: SocketAddr,
    /// Ask for a tunnel, with this password if it wants one.
    pub proxy: Option<Option<String>>,
    /// What the CONNECT names in place of the host; for proxies that resolve it.
    pub target: Option<SocketAddr>,
    pub tls: Arc<ClientConfig>,
    /// The upstream must have seen the real credential.
    pub injects: bool,
}

impl Way {
    pub async fn open(&self, host: &str) -> Connection {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        if let Some(password) = &self.proxy {
            let authority = self.target.map_or(format!("{host}:443"), |target| target.to_string());
            let basic = |password: &String| BASE64_STANDARD.encode(format!("authsome:{password}"));
            let basic = password.as_ref().map(|password| format!("Proxy-Authorization: Basic {}\r\n", basic(password)));
            let connect =
                format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{}\r\n", basic.unwrap_or_default());
            stream.write_all(connect.as_bytes()).await.unwrap();
            let head = connect_head(&mut stream).await.unwrap();
            assert!(head.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head));
        }
        let name = ServerName::try_from(host.to_owned()).unwrap();
        let stream = TlsConnector::from(self.tls.clone()).connect(name, stream).await;
        Connection {
            stream: stream.unwrap_or_else(|error| panic!("{}: {error}", self.name)),
            buffer: vec![0; 256 << 10],
            injects: self.injects,
        }
    }
}

/// The head of a CONNECT or of the answer to it, after which the other side waits.
pub async fn connect_head(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(1024);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(head)
}

pub struct Connection {
    stream: TlsStream<TcpStream>,
    buffer: Vec<u8>,
    injects: bool,
}

impl Connection {
    /// One request with the placeholder and its whole answer.
    pub async fn ask(&mut self, host: &str, path: &str) {
        let held = if path == "/plain" { "" } else { "Authorization: Bearer authsome-proxy-managed\r\n" };
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{held}\r\n");
        self.send(request.as_bytes()).await;
        let (head, _) = self.answer().await;
        assert!(!self.injects || path != "/json" || header(&head, "x-auth-ok").is_some(), "no credential: {head}");
    }

    /// The first event of a stream that goes on.
    pub async fn first_event(&mut self, host: &str) {
        let request = format!("GET /sse HTTP/1.1\r\nHost: {host}\r\n\r\n");
        self.send(request.as_bytes()).await;
        let mut filled = 0;
        while !self.buffer[..filled].windows(5).any(|window| window == b"first") {
            let count = self.stream.read(&mut self.buffer[filled..]).await.unwrap();
            assert_ne!(count, 0);
            filled += count;
        }
    }

    pub async fn upload(&mut self, host: &str, count: usize) {
        let head = format!("POST /json HTTP/1.1\r\nHost: {host}\r\nContent-Length: {count}\r\n\r\n");
        self.stream.write_all(head.as_bytes()).await.unwrap();
        let part = vec![7; 64 << 10];
        let mut left = count;
        while left > 0 {
            let sent = left.min(part.len());
            self.stream.write_all(&part[..sent]).await.unwrap();
            left -= sent;
        }
        self.stream.flush().await.unwrap();
        self.answer().await;
    }

    /// As a WebSocket, of which the upstream echoes every byte.
    pub async fn upgraded(mut self, host: &str) -> Connection {
        let request =
            format!("GET /socket HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        self.send(request.as_bytes()).await;
        let mut head = Vec::with_capacity(256);
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
        // There may be ten thousand of them.
        self.buffer = Vec::new();
        self
    }

    pub async fn echo(&mut self, bytes: &[u8]) {
        self.send(bytes).await;
        let mut echoed = vec![0; bytes.len()];
        self.stream.read_exact(&mut echoed).await.unwrap();
        assert_eq!(echoed, bytes);
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Some bytes of an answer.
    pub async fn some(&mut self) {
        assert_ne!(self.stream.read(&mut self.buffer).await.unwrap(), 0);
    }

    /// The head, and the length of the body, which is read, too.
    async fn answer(&mut self) -> (String, usize) {
        let mut filled = 0;
        let end = loop {
            if let Some(end) = self.buffer[..filled].windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            let count = self.stream.read(&mut self.buffer[filled..]).await.unwrap();
            assert_ne!(count, 0, "{}", String::from_utf8_lossy(&self.buffer[..filled]));
            filled += count;
        };
        let head = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let length: usize = header(&head, "content-length").unwrap().parse().unwrap();
        let mut left = length - (filled - end);
        while left > 0 {
            let count = self.stream.read(&mut self.buffer).await.unwrap();
            assert_ne!(count, 0);
            left -= count;
        }
        (head, length)
    }
}

impl Connection {
    /// Microseconds of each request, one after the other.
    pub async fn one_by_one(&mut self, lasting: Duration) -> Vec<f64> {
        let end = Instant::now() + lasting;
        let mut times = Vec::new();
        while Instant::now() < end {
            let start = Instant::now();
            self.ask(HOST, "/json").await;
            times.push(micros(start));
        }
        times
    }
}

/// Connections, or streams of one HTTP/2 connection, that ask all at once; kept from round to round.
pub struct Fleet {
    workers: Vec<Worker>,
    host: &'static str,
    path: &'static str,
}

pub enum Worker {
    One(Box<Connection>),
    Two(SendRequest<Empty<Bytes>>),
}

impl Fleet {
    /// So many connections, each of which has had an answer.
    pub async fn open(way: &Way, host: &'static str, path: &'static str, connections: usize) -> Fleet {
        let mut workers = Vec::with_capacity(connections);
        for _ in 0..connections {
            let mut connection = way.open(host).await;
            connection.ask(host, path).await;
            workers.push(Worker::One(Box::new(connection)));
        }
        Fleet { workers, host, path }
    }

    pub async fn streams(way: &Way, streams: usize) -> Fleet {
        let mut first = Worker::two(way).await;
        let host = "two.bench.test";
        first.ask(host, "/json").await;
        let Worker::Two(sender) = first else { unreachable!("it was made as one") };
        let workers = (0..streams).map(|_| Worker::Two(sender.clone())).collect();
        Fleet { workers, host, path: "/json" }
    }

    /// Requests that were answered meanwhile, each second.
    pub async fn rate(&mut self, lasting: Duration) -> f64 {
        let (host, path) = (self.host, self.path);
        let start = Instant::now();
        let tasks = self.workers.drain(..).map(|mut worker| {
            tokio::spawn(async move {
                let mut count = 0;
                while start.elapsed() < lasting {
                    worker.ask(host, path).await;
                    count += 1;
                }
                (worker, count)
            })
        });
        let tasks: Vec<_> = tasks.collect();
        let mut total = 0;
        for task in tasks {
            let (worker, count) = task.await.unwrap();
            self.workers.push(worker);
            total += count;
        }
        f64::from(total) / start.elapsed().as_secs_f64()
    }

    /// The same, and what each request costs the process.
    pub async fn cost(&mut self, lasting: Duration, pid: u32) -> Cost {
        let before = Processor::of(pid);
        let start = Instant::now();
        let rate = self.rate(lasting).await;
        let count = rate * start.elapsed().as_secs_f64();
        Cost { rate, micros: Processor::of(pid).since(&before) / count }
    }
}

/// Requests each second, and microseconds of processor time for each.
#[derive(Clone, Copy)]
pub struct Cost {
    pub rate: f64,
    pub micros: f64,
}

impl Worker {
    /// A stream at a time of an HTTP/2 connection to `two.bench.test`.
    pub async fn two(way: &Way) -> Worker {
        let connection = way.open("two.bench.test").await;
        let http2 = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
        let (sender, driver) = http2.handshake(TokioIo::new(connection.stream)).await.unwrap();
        tokio::spawn(driver);
        Worker::Two(sender)
    }

    pub async fn ask(&mut self, host: &str, path: &str) {
        let sender = match self {
            Worker::One(connection) => return connection.ask(host, path).await,
            Worker::Two(sender) => sender,
        };
        let request = http::Request::get(format!("https://{host}{path}"));
        let request = request.header("authorization", "Bearer authsome-proxy-managed").body(Empty::new()).unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.status(), 200);
        response.into_body().collect().await.unwrap();
    }
}

/// Microseconds from nothing to an answer, again and again.
pub async fn afresh(way: &Way, lasting: Duration) -> Vec<f64> {
    let end = Instant::now() + lasting;
    let mut times = Vec::new();
    while Instant::now() < end {
        let start = Instant::now();
        way.open(HOST).await.ask(HOST, "/json").await;
        times.push(micros(start));
    }
    times
}

/// Hosts `h{from}` to `h{to}`, eight at a time: seconds.
pub async fn hosts(way: &Way, from: usize, to: usize) -> f64 {
    let next = Arc::new(AtomicUsize::new(from));
    let start = Instant::now();
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let (next, way) = (next.clone(), way.clone());
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= to {
                        return;
                    }
                    let host = format!("h{number}.bench.test");
                    way.open(&host).await.ask(&host, "/json").await;
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    start.elapsed().as_secs_f64()
}

pub fn micros(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e6
}
