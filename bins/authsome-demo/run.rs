//! The scenes, in order.

use crate::agent;
use crate::args::Args;
use crate::stage::{API, Stage};
use cli::{Context, Output, Status};
use proto::{Code, Error, Result};
use signal_hook::consts::SIGINT;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use testkit::Config;

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let answer = match (&args.agent, &args.scripted_browser) {
        (Some(url), _) => agent::ask(url)?,
        (_, Some(url)) => agent::browse(url)?,
        (None, None) => {
            context.refuse_inside_session("demo")?;
            let interrupted = interrupted()?;
            let cancelled = || Error::new(Code::Cancelled, "cancelled");
            let played = play(&args, &context.output);
            played.map_err(|error| if interrupted.load(Ordering::SeqCst) { cancelled() } else { error })?;
            return Ok(0);
        }
    };
    context.output.line(&answer);
    Ok(0)
}

/// Turns true at Ctrl-C. That ends the command of the scene, and the throw-away home goes with the demo
/// instead of outliving it.
fn interrupted() -> Result<Arc<AtomicBool>> {
    let came = Arc::<AtomicBool>::default();
    signal_hook::flag::register(SIGINT, came.clone())
        .map_err(|error| Error::unavailable(format!("cannot handle signals: {error}")))?;
    Ok(came)
}

fn play(args: &Args, output: &Output) -> Result<()> {
    let failed = |error: std::io::Error| Error::unavailable(format!("cannot set the stage: {error}"));
    let stage = Stage::build(args.browser).map_err(failed)?;
    let scenes = Scenes { stage: &stage, output };
    output.progress(&format!(
        "A provider \"demo\" and its API https://{API} now live in this process; the home is a throw-away.\n"
    ));

    scenes.title(
        "Log in. The form's client id and secret and the consent are given by a scripted browser.",
        args.browser,
    );
    if args.browser {
        let config = Config::notion();
        output.progress(&format!(
            "  type client id {:?} and client secret {:?} into the form",
            config.client_id,
            config.client_secret.unwrap_or_default()
        ));
    }
    if args.browser {
        scenes.play_live(&["login", "demo"])?
    } else {
        scenes.play(&["login", "demo"])?
    }
    scenes.title("The token is in the vault; what is shown of it holds no secret.", false);
    scenes.play(&["get", "demo", "--field", "status"])?;
    scenes.play(&["vault", "get", "demo"])?;

    scenes.title("Run an agent. It gets a placeholder; the proxy puts the real token on its request.", false);
    let connect_to = format!("{API}:443={}", stage.api.addr());
    let url = format!("https://{API}/v1/users/me");
    let run =
        ["run", "--connect-to", &connect_to, "--upstream-ca", &stage.api_ca, "--", "authsome-demo", "--agent", &url];
    scenes.play(&run)?;
    let request = stage.api.requests().into_iter().next_back();
    let authorization = request.as_ref().and_then(|request| request.header("authorization")).unwrap_or("nothing");
    let real = authorization.strip_prefix("Bearer ").is_some_and(|token| stage.server.is_valid(token));
    output.progress(&format!("  the API received Authorization: {authorization}"));
    if !real {
        return Err(Error::internal("the API did not receive the provider's token"));
    }
    output.progress(
        "\nThe agent never saw that token. Everything is gone now; authsome login notion is the same in earnest.",
    );
    Ok(())
}

struct Scenes<'a> {
    stage: &'a Stage,
    output: &'a Output,
}

impl Scenes<'_> {
    fn title(&self, text: &str, own_browser: bool) {
        let text = if own_browser {
            "Log in. A browser window asks for the client id and secret, then for your consent."
        } else {
            text
        };
        self.output.progress(&format!("# {text}"));
    }

    /// Shows a command, runs it, shows what it says.
    fn play(&self, args: &[&str]) -> Result<()> {
        self.output.progress(&format!("$ authsome {}", args.join(" ")));
        let output = self.stage.home.run(args).map_err(cannot_run)?;
        for line in output.stderr.lines().chain(output.stdout.lines()) {
            self.output.progress(&format!("  {line}"));
        }
        self.ended(args, output.code == Some(0))
    }

    /// A command that a person has a part in: they see what it says while it runs, and take their time.
    fn play_live(&self, args: &[&str]) -> Result<()> {
        self.output.progress(&format!("$ authsome {}", args.join(" ")));
        let status = self.stage.home.command("authsome").args(args).status().map_err(cannot_run)?;
        self.ended(args, status.success())
    }

    fn ended(&self, args: &[&str], well: bool) -> Result<()> {
        self.output.progress("");
        if well { Ok(()) } else { Err(Error::internal(format!("authsome {} failed", args.join(" ")))) }
    }
}

fn cannot_run(error: std::io::Error) -> Error {
    Error::unavailable(format!("cannot run authsome: {error}"))
}
