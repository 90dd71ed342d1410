//! nginx as the provider.

use crate::site::Site;
use crate::world::World;
use crate::{HOST, connected, is_here, on_path, run_at, token};
use std::fs;
use std::net::SocketAddr;
use std::time::Duration;
use testkit::{Running, free_port, wait_until};

pub struct Nginx {
    pub address: SocketAddr,
    pub site: Site,
    pub running: Running,
    program: String,
}

impl Nginx {
    /// Another one at the same address.
    pub fn restart(&self, world: &World) -> Running {
        run(world, &self.program, self.address)
    }
}

/// Serves the work directory and `locations`, to who brings the token alone; `seen` has a line for
/// each request. None where it is not installed.
pub fn start(world: &World, locations: &str) -> Option<Nginx> {
    let nginx = on_path("nginx");
    if !is_here("nginx", nginx.is_some()) {
        return None;
    }
    let work = world.home.work();
    let site = Site::new(&work, HOST);
    let address: SocketAddr = format!("127.0.0.1:{}", free_port().unwrap()).parse().unwrap();
    let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
    let configuration = format!(
        "{user} daemon off; worker_processes 1; pid nginx.pid; error_log stderr; events {{}}
         http {{ log_format seen '$server_protocol $request_method $uri $status'; access_log seen seen;
           client_max_body_size 0; default_type application/octet-stream;
           client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
           server {{ listen {address} ssl http2; ssl_certificate {}; ssl_certificate_key {}; root {};
             if ($http_authorization != \"Bearer {}\") {{ return 401; }}
             location /reflect {{ return 200 \"$server_protocol $request_method $request_uri\\n\"; }}
             location /gzip {{ gzip on; gzip_types *; gzip_min_length 1; alias {}/; }} {locations} }} }}",
        site.certificate.display(),
        site.key.display(),
        work.display(),
        token(world),
        work.display(),
    );
    fs::write(work.join("nginx.conf"), configuration).unwrap();
    let program = nginx.unwrap().display().to_string();
    Some(Nginx { address, site, running: run(world, &program, address), program })
}

fn run(world: &World, program: &str, address: SocketAddr) -> Running {
    let prefix = world.home.work().display().to_string();
    let running = world.home.spawn(program, &["-p", &prefix, "-c", "nginx.conf"]).unwrap();
    let listens = || std::net::TcpStream::connect(address).is_ok();
    assert!(wait_until(Duration::from_secs(10), listens), "nginx does not listen: {}", running.stderr());
    running
}

#[test]
fn nginx_sees_the_token_in_both_versions_and_its_target_as_it_was_sent() {
    let world = connected();
    let Some(nginx) = start(&world, "") else { return };
    let script = "curl -sS --http1.1 'https://api.notion.test/reflect/a%2fb?x=%20&&y'; \
                  curl -sS --http2 'https://api.notion.test/reflect//..%2e/?'";
    let output = run_at(&world, nginx.address, &nginx.site.roots, &["sh", "-c", script]).expect_code(0);
    assert_eq!(output.stdout, "HTTP/1.1 GET /reflect/a%2fb?x=%20&&y\nHTTP/2.0 GET /reflect//..%2e/?\n");
}

#[test]
fn ranges_conditions_and_compression_are_between_curl_and_nginx() {
    let world = connected();
    let Some(nginx) = start(&world, "") else { return };
    fs::write(world.home.work().join("file"), "0123456789".repeat(100)).unwrap();
    let script = "curl -sS -r 3-6 https://api.notion.test/file; echo; \
                  tag=$(curl -sS -I https://api.notion.test/file | tr -d '\\r' | sed -n 's/^etag: //Ip'); \
                  curl -sS -o /dev/null -w '%{http_code}\n' -H \"If-None-Match: $tag\" https://api.notion.test/file; \
                  curl -sS -H 'Accept-Encoding: gzip' https://api.notion.test/gzip/file | gunzip | wc -c";
    let output = run_at(&world, nginx.address, &nginx.site.roots, &["sh", "-c", script]).expect_code(0);
    assert_eq!(output.stdout, "3456\n304\n1000\n");
}

#[test]
fn no_request_is_lost_when_nginx_ends_a_connection_that_has_served_enough() {
    let world = connected();
    let Some(nginx) = start(&world, "keepalive_requests 100;") else { return };
    let script = "for n in 1 2 3; do \
                    curl -sS --http2 --parallel --parallel-max 60 -o /dev/null -w '%{http_code}\n' \
                      \"https://api.notion.test/reflect/$n/[1-500]\" & \
                  done; wait";
    let output = run_at(&world, nginx.address, &nginx.site.roots, &["sh", "-c", script]).expect_code(0);
    let lost: Vec<_> = output.stdout.lines().filter(|status| *status != "200").collect();
    assert!(lost.is_empty() && output.stdout.lines().count() == 1500, "{} of 1500: {lost:?}", lost.len());
}
