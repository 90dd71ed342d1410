//! The scenes, in order.

use crate::agent;
use crate::args::Args;
use crate::stage::{API, Stage};
use cli::{Context, Output, Status};
use proto::{Code, Error, Result};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use testkit::Config;

/// How long a wait for a person takes to notice a signal.
const NOTICED: Duration = Duration::from_millis(50);

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let answer = match (&args.agent, &args.scripted_browser) {
        (Some(url), _) => agent::ask(url)?,
        (_, Some(url)) => agent::browse(url)?,
        (None, None) => {
            context.refuse_inside_session("demo")?;
            let signal = Came::watch()?;
            let played = play(&args, &context.output, &signal);
            // Whatever else a signal broke, such as a command of the scene, is its doing.
            return signal.refuse().and(played).map(|()| 0);
        }
    };
    context.output.line(&answer);
    Ok(0)
}

/// The signal that came, 0 for none. The demo ends after the command of the scene, and the throw-away
/// home goes with it instead of outliving it.
struct Came(Arc<AtomicUsize>);

impl Came {
    fn watch() -> Result<Came> {
        let came = Came(Arc::default());
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register_usize(signal, came.0.clone(), signal.unsigned_abs() as usize)
                .map_err(|error| Error::unavailable(format!("cannot handle signals: {error}")))?;
        }
        Ok(came)
    }

    fn refuse(&self) -> Result<()> {
        if self.0.load(Ordering::SeqCst) == 0 { Ok(()) } else { Err(Error::new(Code::Cancelled, "cancelled")) }
    }

    /// Of a Ctrl-C the terminal tells the command by itself.
    fn is_ours_to_tell(&self) -> bool {
        ![0, SIGINT.unsigned_abs() as usize].contains(&self.0.load(Ordering::SeqCst))
    }
}

fn play(args: &Args, output: &Output, signal: &Came) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::unavailable(format!("cannot set the stage: {error}"))
            .hint("it needs a free port of 127.0.0.1 and room for files: TMPDIR=DIR authsome demo")
    };
    let stage = Stage::build(args.browser).map_err(failed)?;
    signal.refuse()?;
    let scenes = Scenes { stage: &stage, output, signal };
    say(
        output,
        &format!("A provider \"demo\" and its API https://{API} now live in this process; the home is a throw-away.\n"),
    );

    scenes.title(
        "Log in. The form's client id and secret and the consent are given by a scripted browser.",
        args.browser,
    );
    if args.browser {
        let config = Config::notion();
        say(
            output,
            &format!(
                "  type client id {:?} and client secret {:?} into the form",
                config.client_id,
                config.client_secret.unwrap_or_default()
            ),
        );
    }
    if args.browser {
        scenes.play_live(&["login", "demo"])?
    } else {
        scenes.play(&["login", "demo"]).map(drop)?
    }
    scenes.title("The token is in the vault; what is shown of it holds no secret.", false);
    scenes.play(&["get", "demo", "--field", "status"])?;
    scenes.play(&["vault", "get", "demo"])?;

    scenes.title("Run an agent. It gets a placeholder; the proxy puts the real token on its request.", false);
    let connect_to = format!("{API}:443={}", stage.api.addr());
    let url = format!("https://{API}/v1/users/me");
    let run =
        ["run", "--connect-to", &connect_to, "--upstream-ca", &stage.api_ca, "--", "authsome-demo", "--agent", &url];
    let said = scenes.play(&run)?;
    let request = stage.api.requests().into_iter().next_back();
    let authorization = request.as_ref().and_then(|request| request.header("authorization")).unwrap_or("nothing");
    let real = authorization.strip_prefix("Bearer ").is_some_and(|token| stage.server.is_valid(token));
    say(output, &format!("  the API received Authorization: {authorization}"));
    if !real {
        return Err(Error::internal("the API did not receive the provider's token"));
    }
    say(
        output,
        "\nThe agent never saw that token. Everything is gone now; authsome login notion is the same in earnest.",
    );
    if output.is_json() {
        output.document(&json!({"agent_said": said, "api_received": authorization}));
    }
    Ok(())
}

/// Told to people; a program is answered at the end.
fn say(output: &Output, text: &str) {
    if !output.is_json() {
        output.progress(text);
    }
}

struct Scenes<'a> {
    stage: &'a Stage,
    output: &'a Output,
    signal: &'a Came,
}

impl Scenes<'_> {
    fn title(&self, text: &str, own_browser: bool) {
        let text = if own_browser {
            "Log in. A browser window asks for the client id and secret, then for your consent."
        } else {
            text
        };
        say(self.output, &format!("# {text}"));
    }

    /// Shows a command, runs it, shows and gives what it says.
    fn play(&self, args: &[&str]) -> Result<Vec<String>> {
        say(self.output, &format!("$ authsome {}", args.join(" ")));
        let output = self.stage.home.run(args).map_err(cannot_run)?;
        // Before anything is written: who hung up reads no more.
        self.signal.refuse()?;
        let lines: Vec<String> = output.stderr.lines().chain(output.stdout.lines()).map(str::to_owned).collect();
        for line in &lines {
            say(self.output, &format!("  {line}"));
        }
        self.ended(args, output.code == Some(0)).map(|()| lines)
    }

    /// A command that a person has a part in: they see what it says while it runs, and take their time.
    fn play_live(&self, args: &[&str]) -> Result<()> {
        say(self.output, &format!("$ authsome {}", args.join(" ")));
        let mut child = self.stage.home.command("authsome").args(args).spawn().map_err(cannot_run)?;
        let status = self.wait(&mut child).map_err(cannot_run)?;
        self.signal.refuse()?;
        self.ended(args, status.success())
    }

    fn wait(&self, child: &mut Child) -> std::io::Result<ExitStatus> {
        let mut told = false;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            if !told && self.signal.is_ours_to_tell() {
                kill_process(Pid::from_child(child), Signal::TERM)?;
                told = true;
            }
            std::thread::sleep(NOTICED);
        }
    }

    fn ended(&self, args: &[&str], well: bool) -> Result<()> {
        say(self.output, "");
        if well { Ok(()) } else { Err(Error::internal(format!("authsome {} failed", args.join(" ")))) }
    }
}

fn cannot_run(error: std::io::Error) -> Error {
    Error::unavailable(format!("cannot run authsome: {error}"))
        .hint("install all programs of authsome into one directory")
}
