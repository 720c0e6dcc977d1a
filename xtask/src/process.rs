//! Running other programs in the workspace.

use std::{
    env,
    io::ErrorKind,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, bail};

/// Returns a command that runs in the root of the workspace.
pub(crate) fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// Returns the cargo that runs this task.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let program = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    command(&program, arguments)
}

/// Runs a step: prints its name, and how long it took.
pub(crate) fn step(name: &str, mut command: Command) -> anyhow::Result<()> {
    eprintln!("── {name}");
    let started = Instant::now();
    let status = command.status().with_context(|| format!("start `{name}`"))?;
    if !status.success() {
        bail!("`{name}` failed: {status}");
    }
    eprintln!("── {name}: {:.1?}", started.elapsed());
    Ok(())
}

/// Fails with a hint unless a program is there.
pub(crate) fn require(program: &str, arguments: &[&str], hint: &str) -> anyhow::Result<()> {
    let mut probe = command(program, arguments);
    match probe.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => bail!("`{program} {}` does not work: {status}; hint: {hint}", arguments.join(" ")),
        Err(error) if error.kind() == ErrorKind::NotFound => bail!("`{program}` is missing; hint: {hint}"),
        Err(error) => Err(error).with_context(|| format!("start `{program}`")),
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}
