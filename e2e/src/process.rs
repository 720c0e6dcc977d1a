//! Children that end with their parent, however the parent ends.

use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// Waits on its standard input in the background, then becomes the program. When the pipe
/// closes, because the parent dropped it or is gone, the whole process group is killed.
const WATCHED: &str = r#"
exec 3<&0
{ read -r _ <&3; kill -s KILL -- "-$$"; } &
exec "$@" </dev/null 3<&-
"#;

/// Removes a folder as soon as its standard input closes. The programs that write there are
/// dying at that moment, so a removal may have to be repeated.
const REMOVER: &str = r#"
read -r _
while [ -e "$1" ]; do rm -rf -- "$1" 2>/dev/null; done
"#;

/// What keeps a program from running.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It could not be started.
    #[error("start {name}")]
    Start {
        /// The program.
        name: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It ended by itself.
    #[error("keep {name} running: it ended ({status}); its last words in `{log}`:\n{tail}")]
    Ended {
        /// The program.
        name: &'static str,
        /// Its exit status.
        status: String,
        /// Its log.
        log: PathBuf,
        /// The end of the log.
        tail: String,
    },
}

/// A running program. Dropping it kills the program and waits until it is gone.
#[derive(Debug)]
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program whose output is appended to `<logs>/<name>.log`.
    pub(crate) fn start(
        name: &'static str,
        program: &Path,
        arguments: &[String],
        logs: &Path,
    ) -> Result<Self, ProcessError> {
        let log = logs.join(format!("{name}.log"));
        let child = watched(program, arguments, &log)
            .and_then(|mut command| command.spawn())
            .map_err(|source| ProcessError::Start { name, source })?;
        Ok(Self { name, child, log })
    }

    /// Returns the program's process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns the program's name.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Fails when the program has ended.
    pub(crate) fn check(&mut self) -> Result<(), ProcessError> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(self.ended(status.to_string())),
            Err(error) => Err(self.ended(error.to_string())),
        }
    }

    /// Asks the program to end, by SIGTERM.
    pub(crate) fn terminate(&self) -> io::Result<()> {
        let status = Command::new("kill").args(["-s", "TERM", "--", &self.id().to_string()]).status()?;
        if status.success() {
            Ok(())
        } else {
            Err(io::Error::other(format!("send SIGTERM to {}: {status}", self.name)))
        }
    }

    /// Returns how the program ended, if it has.
    pub(crate) fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Tells the program to end without waiting for it.
    pub(crate) fn kill(&mut self) {
        // The program itself at once; then, as the pipe closes, whatever else is in its group.
        let _ = self.child.kill();
        drop(self.child.stdin.take());
    }

    fn ended(&self, status: String) -> ProcessError {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let tail: Vec<_> = text.lines().rev().take(8).collect();
        let tail = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
        ProcessError::Ended { name: self.name, status, log: self.log.clone(), tail }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        // The group is killed with a signal that cannot be ignored: this wait is short.
        let _ = self.child.wait();
    }
}

fn watched(program: &Path, arguments: &[String], log: &Path) -> io::Result<Command> {
    let log = File::options().create(true).append(true).open(log)?;
    let mut command = Command::new("sh");
    command
        .args(["-c", WATCHED, "sh"])
        .arg(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(log.try_clone()?)
        .stderr(log)
        // Not reached by an interrupt from the terminal: the parent decides.
        .process_group(0);
    Ok(command)
}

/// A temporary folder that goes away with the process, even when nothing is dropped: tests
/// keep the control plane they share in a static, which never is.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    remover: Option<Child>,
}

impl Folder {
    /// Makes a folder; `keep` leaves it behind for a look at the logs.
    pub(crate) fn create(prefix: &str, keep: bool) -> io::Result<Self> {
        let path = tempfile::Builder::new().prefix(prefix).tempdir()?.keep();
        let remover = if keep { None } else { Some(remover(&path)?) };
        Ok(Self { path, remover })
    }

    /// Returns the folder's path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(remover) = &mut self.remover {
            drop(remover.stdin.take());
            let _ = remover.wait();
        }
    }
}

fn remover(path: &Path) -> io::Result<Child> {
    Command::new("sh")
        .args(["-c", REMOVER, "sh"])
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn left(group: u32) -> bool {
        Command::new("kill").args(["-s", "0", "--", &format!("-{group}")]).output().unwrap().status.success()
    }

    #[test]
    fn dropping_a_process_ends_it_and_its_watcher() {
        let folder = Folder::create("sluice-process-", false).unwrap();
        let sleep = Process::start("sleep", Path::new("sleep"), &["600".into()], folder.path()).unwrap();
        let group = sleep.id();
        drop(sleep);
        // The watcher is killed too, but collected by the system's first process, in its time.
        let deadline = Instant::now() + Duration::from_secs(20);
        while left(group) {
            assert!(Instant::now() < deadline, "processes of group {group} are left");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_program_that_ends_is_reported_with_its_last_words() {
        let folder = Folder::create("sluice-process-", false).unwrap();
        let arguments = ["-c".to_owned(), "echo no such flag >&2; exit 3".to_owned()];
        let mut shell = Process::start("shell", Path::new("sh"), &arguments, folder.path()).unwrap();
        let error = loop {
            if let Err(error) = shell.check() {
                break error.to_string();
            }
            std::thread::yield_now();
        };
        assert!(error.contains("exit status: 3") && error.contains("no such flag"), "{error}");
    }

    #[test]
    fn a_dropped_folder_is_gone() {
        let folder = Folder::create("sluice-folder-", false).unwrap();
        let path = folder.path().to_owned();
        std::fs::write(path.join("file"), "x").unwrap();
        drop(folder);
        assert!(!path.exists());
    }
}
