//! git between its own client and its own server. Debian's git has GnuTLS for its TLS.

use crate::nginx;
use crate::world::World;
use crate::{connected, is_here, on_path, run_at};
use std::path::PathBuf;
use std::time::Duration;
use testkit::{Running, wait_until};

/// `git http-backend` behind nginx, at `/git/`.
struct Server {
    nginx: nginx::Nginx,
    _cgi: Running,
}

impl Server {
    fn start(world: &World) -> Option<Server> {
        let (wrapper, backend) = (on_path("fcgiwrap"), backend(world));
        if !is_here("fcgiwrap, and git", wrapper.is_some() && backend.is_some()) {
            return None;
        }
        let (socket, root) = (world.home.work().join("cgi"), world.home.work().join("served"));
        std::fs::create_dir(&root).unwrap();
        let locations = format!(
            "location ~ ^/git(/.*)$ {{ fastcgi_pass unix:{}; fastcgi_param SCRIPT_FILENAME {};
               fastcgi_param GIT_PROJECT_ROOT {}; fastcgi_param GIT_HTTP_EXPORT_ALL 1; fastcgi_param REMOTE_USER git;
               fastcgi_param PATH_INFO $1; fastcgi_param QUERY_STRING $query_string;
               fastcgi_param REQUEST_METHOD $request_method; fastcgi_param CONTENT_TYPE $content_type;
               fastcgi_param CONTENT_LENGTH $content_length; fastcgi_param GIT_PROTOCOL $http_git_protocol; }}",
            socket.display(),
            backend.unwrap().display(),
            root.display(),
        );
        let nginx = nginx::start(world, &locations)?;
        let listen = format!("unix:{}", socket.display());
        let cgi = world.home.spawn(wrapper.unwrap().to_str().unwrap(), &["-s", &listen]).unwrap();
        assert!(wait_until(Duration::from_secs(10), || socket.exists()), "fcgiwrap does not listen: {}", cgi.stderr());
        Some(Server { nginx, _cgi: cgi })
    }
}

fn backend(world: &World) -> Option<PathBuf> {
    let git = on_path("git")?.display().to_string();
    let folder = world.home.run_program(&git, &["--exec-path"]).unwrap().expect_code(0).stdout;
    Some(PathBuf::from(folder.trim()).join("git-http-backend")).filter(|file| file.is_file())
}

const MAKE: &str = "
    git init -q -b main made && cd made && head -c 6000000 /dev/urandom > noise && git add . && git commit -q -m one
    git clone -q --bare . ../served/repo.git && git -C ../served/repo.git config http.receivepack true";

/// Clones, compares, and pushes some MiB more than git sends with a length.
const TALK: &str = "
    for version in HTTP/1.1 HTTP/2; do
      copy=copy-${version#*/}
      git -c http.version=$version clone -q https://api.notion.test/git/repo.git $copy && cmp made/noise $copy/noise
      cd $copy && head -c 3000000 /dev/urandom > more && git add . && git commit -q -m more
      git -c http.version=$version push -q origin main
      test $(git rev-parse main) = $(git -C ../served/repo.git rev-parse main) && echo pushed
      cd ..
    done
    git -C served/repo.git fsck --full";

#[test]
fn git_clones_from_its_own_server_and_pushes_to_it_in_both_versions_of_http() {
    let mut world = connected();
    world.home.set_limit(Duration::from_secs(120));
    let Some(server) = Server::start(&world) else { return };
    for role in ["AUTHOR", "COMMITTER"] {
        world.home.set_env(&format!("GIT_{role}_NAME"), "a");
        world.home.set_env(&format!("GIT_{role}_EMAIL"), "a@b.test");
    }
    // git may be in another place than the short PATH of the tests knows.
    let git = on_path("git").unwrap().parent().unwrap().display().to_string();
    let script = |lines: &str| format!("set -e; PATH={git}:$PATH; {lines}");
    world.home.run_program("sh", &["-c", &script(MAKE)]).unwrap().expect_code(0);
    let talk = script(TALK);
    let output = run_at(&world, server.nginx.address, &server.nginx.site.roots, &["sh", "-c", &talk]).expect_code(0);
    assert_eq!(output.stdout, "pushed\npushed\n", "{}", output.stderr);
    let seen = std::fs::read_to_string(world.home.work().join("seen")).unwrap();
    for version in ["HTTP/1.1", "HTTP/2.0"] {
        for service in ["git-upload-pack", "git-receive-pack"] {
            let line = format!("{version} POST /git/repo.git/{service} 200");
            assert!(seen.lines().any(|seen| seen == line), "no {line} in\n{seen}");
        }
    }
}
