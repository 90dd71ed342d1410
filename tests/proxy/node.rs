//! Node: its https module through CONNECT, fetch where it knows the proxy variables, and fetch told of them.

use crate::clients::script;
use crate::{connected, is_here, on_path};
use std::path::Path;

const SCRIPT: &str = r#"
const http = require('http'), https = require('https');
const [major, minor] = process.versions.node.split('.').map(Number);
const url = new URL('https://api.notion.test/v1/users/me');
const headers = { authorization: 'Bearer ' + process.env.NOTION_ACCESS_TOKEN };

function connect(done) {
  const proxy = new URL(process.env.HTTPS_PROXY);
  const auth = 'Basic ' + Buffer.from(`${proxy.username}:${proxy.password}`).toString('base64');
  http.request({ host: proxy.hostname, port: proxy.port, method: 'CONNECT', path: `${url.hostname}:443`,
    headers: { 'proxy-authorization': auth } })
    .on('connect', (_, socket) => https.get({ host: url.hostname, path: url.pathname, headers, socket, agent: false,
      servername: url.hostname }, answer => { answer.resume(); done(answer.statusCode); }))
    .end();
}

connect(async status => {
  const fetches = major >= 24 || (major === 22 && minor >= 21);
  const fetched = fetches ? (await fetch(url, { headers })).status : 'too old';
  console.log(headers.authorization, status, fetched);
  process.exit(0);
});
"#;

#[test]
fn node_uses_the_session_through_its_https_module_and_by_fetch_where_that_can() {
    let node = on_path("node");
    if !is_here("Node", node.is_some()) {
        return;
    }
    let world = connected();
    let output = world.run(&[node.unwrap().to_str().unwrap(), "-e", SCRIPT]).expect_code(0);
    let said = output.stdout.trim();
    assert!(said.starts_with("Bearer authsome-proxy-managed 200 "), "{said}");
    assert!(said.ends_with(" 200") || said.ends_with(" too old"), "{output:#?}");
    world.assert_real_token();
}

#[test]
fn fetch_with_the_proxy_of_the_environment_uses_it_in_both_versions_of_http() {
    let (node, fetch) = (on_path("node"), script("node/fetch.mjs"));
    if !is_here("undici for Node", node.is_some() && Path::new(&script("node/node_modules/undici")).is_dir()) {
        return;
    }
    let world = connected();
    let output = world.run(&[node.unwrap().to_str().unwrap(), &fetch]).expect_code(0);
    assert_eq!(output.stdout, "authsome-proxy-managed 200 100000\nauthsome-proxy-managed 200 1\n".repeat(2));
    world.assert_real_token();
}
