//! Alone in its process, whose file descriptors it uses up.
#![allow(clippy::unwrap_used)]

mod support;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::time::Duration;
use support::Session;
use support::client::Client;
use support::upstream::{Upstream, text};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_process_out_of_file_descriptors_waits_and_goes_on() {
    let upstream = Upstream::answering(|_| text("ok")).await;
    let session = Session::with(&upstream).await;
    let get = "GET / HTTP/1.1\r\nHost: api.test\r\n\r\n";
    let mut before = session.api().await;
    assert_eq!(before.ask(get).await.text(), "ok");

    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: Some(64), maximum }).unwrap();
    // Half of these are the clients' ends; the proxy cannot accept the last of them.
    let mut hogs = Vec::new();
    while let Ok(hog) = TcpStream::connect(session.address).await {
        hogs.push(hog);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!session.task.is_finished());
    assert_eq!(before.ask(get).await.text(), "ok", "who is connected is still served");

    hogs.clear();
    let mut after = Client::connect(session.address).await.tunnel(support::API).await;
    after = after.secure(session.ca.pem(), support::API, &[]).await;
    assert_eq!(after.ask(get).await.text(), "ok");
}
