//! A provider with rotating refresh tokens, and connections that were put into the vault as a
//! login would, with a token that is as old as the test wants.

use crate::world::World;
use helper::Child;
use helper::vault::Vault;
use proto::ops::credential::{Open, Token, TokenGiven};
use proto::ops::vault::{Entry, Expect};
use proto::record::{Bound, Connection};
use proto::{Key, Object, Result, Secrets};
use serde_json::json;
use testkit::{Config, Issued};

/// Where the connections lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The bundled vault.
    Bundled,
    /// The sample in sh, which has no `lock`.
    Directory,
}

/// How long an access token lives, and how much of that is left.
pub const DEAD: i64 = -10;
/// Within the last tenth, and not over.
pub const DUE: i64 = 100;
pub const FRESH: i64 = 3000;
const LIFETIME: i64 = 3600;

pub struct Stage {
    pub world: World,
    vault: Child,
    bound: Bound,
}

impl Stage {
    pub fn new(config: Config, kept: Kept) -> Stage {
        let world = World::new("demo", Config { api_url: vec!["api.demo.test".into()], ..config });
        let definition = world.server.definition("demo");
        Stage::with(world, &definition, kept)
    }

    /// With a definition of the test's own.
    pub fn with(world: World, definition: &serde_json::Value, kept: Kept) -> Stage {
        world.home.write_definition("demo", definition).unwrap();
        let text = definition.to_string();
        let (definition, _) = provider::parse("demo.json", &text, provider::Origin::Custom).unwrap();
        let scope = definition.bound().unwrap();
        let bound = Bound {
            token_url: scope.token_url,
            revocation_url: scope.revocation_url,
            device_authorization_url: scope.device_authorization_url,
            issuer: scope.issuer,
            resource: scope.resource,
            targets: scope.targets,
            places: Some(scope.places),
            variables: Some(scope.variables),
            rest: Object::new(),
        };
        let program = match kept {
            Kept::Bundled => "authsome-vault".to_owned(),
            Kept::Directory => drop_in_vault(&world),
        };
        let vault = Child::start(world.home.command(program), "vault", None).unwrap();
        Stage { world, vault, bound }
    }

    pub fn vault(&self) -> Vault {
        Vault::new(self.vault.link().clone())
    }

    /// A credential source of its own process, opened.
    pub fn credential(&self) -> Child {
        let child = Child::start(self.world.home.command("authsome-credential"), "credential", None).unwrap();
        let _: Object = child.link().request("open", &Open::default()).unwrap();
        child
    }

    /// Stores what a login would have got just now, its token with so many seconds left.
    pub fn log_in(&self, name: &str, left: i64) -> Issued {
        let issued = self.world.server.issue();
        self.store(name, &issued, left);
        issued
    }

    pub fn store(&self, name: &str, issued: &Issued, left: i64) {
        let now = proto::time::now();
        let record = json!({
            "provider": "demo", "flow": "pkce", "status": "connected", "scopes": issued.scopes, "account": {},
            "obtained_at": now + left - LIFETIME, "expires_at": now + left, "renewable": issued.refresh_token.is_some(),
            "client_id": "client", "token_auth": "body", "bound": self.bound, "kept": "of a newer authsome",
        });
        let mut secret = Secrets::new().with("access_token", &issued.access_token);
        secret.set("client_secret", "client-secret-plain");
        if let Some(token) = &issued.refresh_token {
            secret.set("refresh_token", token);
        }
        let serde_json::Value::Object(record) = record else { unreachable!("made as an object") };
        self.vault().put(&key(name), Expect::Anything, record, secret).unwrap();
    }

    /// Sets a failed renewal back, as if its pause were over.
    pub fn let_pass(&self, name: &str) {
        let Entry { rev, mut record, secret } = self.entry(name);
        record["retry"]["at"] = proto::time::now().into();
        self.vault().put(&key(name), Expect::Rev(rev), record, secret).unwrap();
    }

    pub fn entry(&self, name: &str) -> Entry {
        self.vault().get(&key(name)).unwrap().unwrap()
    }

    pub fn record(&self, name: &str) -> Connection {
        proto::codec::from_object("the record", self.entry(name).record).unwrap()
    }

    /// `authsome --json export`: its status, and the error if there is one.
    pub fn export(&self, name: &str) -> (Option<i32>, serde_json::Value) {
        let output = self.world.home.run(&["--json", "export", "demo", "--connection", name]).unwrap();
        let last = output.stderr.lines().last().unwrap_or("null");
        (output.code, serde_json::from_str(last).unwrap_or_default())
    }
}

pub fn key(name: &str) -> Key {
    format!("default/demo/{name}").parse().unwrap()
}

/// The access token of a connection, from a running credential source.
pub fn token(source: &Child, name: &str) -> Result<String> {
    let wanted = Token { provider: "demo".parse()?, connection: Some(name.parse()?) };
    let given: TokenGiven = source.link().request("token", &wanted)?;
    Ok(given.secret.get("access_token").unwrap_or_default().to_owned())
}

/// The processes below `pid`, with their names (proc(5): cut at 15 bytes).
pub fn below(pid: u32) -> Vec<(u32, String)> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let all = processes.filter_map(|entry| {
        let child: u32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let (head, tail) = stat.rsplit_once(')')?;
        let parent: u32 = tail.split_whitespace().nth(1)?.parse().ok()?;
        (parent == pid).then(|| (child, head.split_once('(').map_or("", |(_, name)| name).to_owned()))
    });
    all.collect()
}

/// The nearest process below `pid` whose name begins with `name`.
pub fn named_below(pid: u32, name: &str) -> Option<u32> {
    let mut generation = vec![pid];
    while !generation.is_empty() {
        let children: Vec<_> = generation.iter().flat_map(|pid| below(*pid)).collect();
        if let Some((found, _)) = children.iter().find(|(_, called)| called.starts_with(name)) {
            return Some(*found);
        }
        generation = children.into_iter().map(|(pid, _)| pid).collect();
    }
    None
}

/// Ends a helper of this test at once, and what is of its process group, which it leads.
pub fn kill_group(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw).unwrap();
    rustix::process::kill_process_group(pid, rustix::process::Signal::KILL).unwrap();
}

/// Ends a process of this test at once.
pub fn kill(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw).unwrap();
    // It may just have ended by itself.
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
}

fn drop_in_vault(world: &World) -> String {
    let sample = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/helpers/authsome-vault-dir");
    let script = std::fs::read_to_string(sample).unwrap();
    let path = world.home.drop_in("authsome-vault-dir", &script).unwrap();
    let callback = format!("http://127.0.0.1:{}", testkit::free_port().unwrap());
    world.home.write_config(&json!({"vault": "dir", "callback": callback})).unwrap();
    path.display().to_string()
}
