//! `cargo xtask demo`: what Sluice does, on a real control plane, to look at.
//!
//! ```text
//! build ─► control plane ─► examples/fleet on a Git server ─► Sluice
//!       ─► acts: bring up, roll out, put back, prune, refuse, move to Azure Blob Storage, install charts ─► summary
//! ```
//!
//! Begin with [`acts::ALL`]: what is shown. [`eye`] looks at the cluster and prints what changed.

mod acts;
mod container;
mod eye;
mod fleet;
mod screen;
mod stage;
mod stamps;

use std::{
    env,
    os::unix::process::CommandExt as _,
    process::{self, Command},
};

use anyhow::Context as _;
use sluice_e2e::collector::picture;

use crate::programs;
use screen::Screen;
use stage::Stage;

/// How the demo is run.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Keep everything up at the end, until Ctrl-C.
    #[arg(long)]
    stay: bool,
    /// Build Sluice in release mode.
    #[arg(long)]
    release: bool,
    /// Draw the trace of each commit at the end. A collector that `OTEL_EXPORTER_OTLP_ENDPOINT` names gets them instead.
    #[arg(long, conflicts_with = "stay")]
    traces: bool,
}

/// Builds the agent and shows it. With `SLUICE_BIN` that program is shown.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    if env::var_os("SLUICE_BIN").is_none() {
        return run_with_program(options);
    }
    let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
    runtime.block_on(show(options))
}

/// Builds the agent and starts over, with its path where the stage looks for it.
fn run_with_program(options: &Options) -> anyhow::Result<()> {
    let program = programs::build(&["sluice"], options.release)?.join("sluice");
    let mut again = Command::new(env::current_exe().context("find the running program")?);
    again
        .arg("demo")
        .args(options.stay.then_some("--stay"))
        .args(options.traces.then_some("--traces"))
        .env("SLUICE_BIN", program);
    Err(again.exec()).context("start the demo")
}

async fn show(options: &Options) -> anyhow::Result<()> {
    let mut screen = Screen::new();
    screen.say("Sluice: a Git repository becomes, and stays, the state of a cluster.");
    let mut stage = Stage::set(&mut screen).await?;
    let outcome = play(&mut stage, &mut screen).await;
    screen.summary();
    match outcome {
        Ok(()) => farewell(&stage, &screen),
        Err(error) => {
            explain(&stage, &screen, &error);
            if !options.stay {
                drop(stage);
                process::exit(1);
            }
        }
    }
    if options.traces {
        draw_traces(&mut stage, &screen).await?;
    }
    if options.stay {
        remain(&stage, &screen).await?;
    }
    Ok(())
}

async fn play(stage: &mut Stage, screen: &mut Screen) -> anyhow::Result<()> {
    for act in acts::ALL {
        screen.begin(act.title);
        let outcome = (act.play)(stage, &*screen).await;
        screen.end(&outcome);
        outcome.with_context(|| act.title)?;
    }
    Ok(())
}

/// Tells the agent to stop, so that the last trace is told of too, and draws them all.
async fn draw_traces(stage: &mut Stage, screen: &Screen) -> anyhow::Result<()> {
    stage.agent.stop().await.map_err(anyhow::Error::from_boxed).context("stop the agent")?;
    let spans = stage.collector.spans();
    for root in spans.iter().filter(|span| span.parent.is_empty()) {
        let trace: Vec<_> = spans.iter().filter(|span| span.trace == root.trace).cloned().collect();
        screen.say(&format!("Trace of {}:", root.attribute("sluice.revision")));
        println!("{}", picture(&trace));
    }
    Ok(())
}

fn farewell(stage: &Stage, screen: &Screen) {
    if let Some(peak) = stage.agent.peak_rss() {
        screen.say(&format!("Peak memory of the agent: {} MiB.", peak >> 20));
    }
}

fn explain(stage: &Stage, screen: &Screen, error: &anyhow::Error) {
    screen.say(&format!("The demo failed: {error:#}"));
    screen.say("The last lines of the agent's log:");
    let log = stage.agent.log();
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(20)..].iter().for_each(|line| println!("  {line}"));
}

async fn remain(stage: &Stage, screen: &Screen) -> anyhow::Result<()> {
    screen.say("Everything stays up until Ctrl-C. In another terminal:");
    println!("  export KUBECONFIG={}", stage.cluster.kubeconfig_path().display());
    println!("  git clone {}", stage.fleet.url());
    println!("  kubectl -n flux-system get kustomizations,gitrepositories");
    tokio::signal::ctrl_c().await.context("wait for Ctrl-C")
}
