//! What the proxy occupies. Told of one that has done nothing else.

use crate::contenders::{Own, Scene};
use crate::figures::LARGE;
use crate::load::{self, HOST};
use crate::process::memory;
use crate::stage;
use crate::table::Table;
use std::time::Duration;

pub async fn measure(scene: &Scene, table: &mut Table) {
    let quiet = scene.own(0);
    table.row("memory idle, 200 routes", mebibytes(memory(quiet.pid)), "≤ 12 MiB", "6 MiB");
    of_a_body(&quiet, table).await;
    of_connections(&quiet, table).await;
    drop(quiet);
    let own = scene.own(stage::HOSTS);
    load::hosts(&own.way, 0, stage::HOSTS).await;
    table.row("memory after 10,000 hosts", mebibytes(memory(own.pid)), "≤ 64 MiB", "32 MiB");
}

async fn of_a_body(own: &Own, table: &mut Table) {
    let mut connection = own.way.open(HOST).await;
    connection.ask(HOST, "/json").await;
    let before = memory(own.pid);
    let body = tokio::spawn(async move { connection.ask(HOST, &format!("/bytes/{}", 4 * LARGE)).await });
    let mut most = before;
    while !body.is_finished() {
        most = most.max(memory(own.pid));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    body.await.unwrap();
    table.row("memory during a 1 GiB body", format!("+{:.1} MiB", (most - before) / 1024.0), "+4 MiB", "");
}

async fn of_connections(own: &Own, table: &mut Table) {
    let before = memory(own.pid);
    let mut opened = Vec::new();
    for _ in 0..500 {
        let mut connection = own.way.open(HOST).await;
        connection.ask(HOST, "/json").await;
        opened.push(connection);
    }
    let each = (memory(own.pid) - before) / 500.0;
    table.row("memory per connection", format!("{each:.0} KiB"), "≤ 100 KiB", "50 KiB");
}

fn mebibytes(kibibytes: f64) -> String {
    format!("{:.1} MiB", kibibytes / 1024.0)
}
