//! A Git repository that a test writes, by the `git` program, alike on every machine.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The time of the first commit, in seconds of Unix time; each next is a second later.
const FIRST_COMMIT: u64 = 1_767_225_600;

/// What goes wrong with a repository.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The program is not there.
    #[error("run git; hint: install git, with its http-backend")]
    NoGit(#[source] io::Error),
    /// Git refused.
    #[error("git {command}: {stderr}")]
    Git {
        /// The arguments.
        command: String,
        /// What Git said.
        stderr: String,
    },
    /// A file of the work tree cannot be written.
    #[error("use `{path}`")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A repository with a work tree, on the branch `main`. The same writes give the same ids.
#[derive(Debug, Clone)]
pub struct Repo {
    folder: PathBuf,
}

impl Repo {
    /// Makes an empty repository. To be served as `app.git`, the folder is `<root>/app.git`.
    ///
    /// It takes pushes to `main`, which update the work tree.
    ///
    /// # Errors
    /// When the folder cannot be made or Git fails.
    pub fn init(folder: impl Into<PathBuf>) -> Result<Self, GitError> {
        let repo = Self { folder: folder.into() };
        fs::create_dir_all(&repo.folder).map_err(at(&repo.folder))?;
        repo.git(&["init", "--quiet", "--initial-branch=main"])?;
        for (key, value) in [
            ("receive.denyCurrentBranch", "updateInstead"),
            ("http.receivepack", "true"),
            ("uploadpack.allowAnySHA1InWant", "true"),
            ("uploadpack.allowFilter", "true"),
        ] {
            repo.git(&["config", key, value])?;
        }
        Ok(repo)
    }

    /// Returns the work tree's folder.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Writes a file, and the folders above it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) -> Result<(), GitError> {
        let path = self.folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(at(parent))?;
        }
        fs::write(&path, text).map_err(at(&path))
    }

    /// Removes a file or a folder.
    ///
    /// # Errors
    /// When it is not there.
    pub fn remove(&self, path: impl AsRef<Path>) -> Result<(), GitError> {
        let path = self.folder.join(path);
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.map_err(at(&path))
    }

    /// Commits the whole work tree, also when nothing changed, and returns the commit's id.
    ///
    /// # Errors
    /// When Git fails.
    pub fn commit(&self, message: &str) -> Result<String, GitError> {
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message])?;
        self.head()
    }

    /// Returns the id of the commit that is checked out.
    ///
    /// # Errors
    /// When there is none yet.
    pub fn head(&self) -> Result<String, GitError> {
        self.git(&["rev-parse", "HEAD"])
    }

    /// Puts an annotated tag on the commit that is checked out.
    ///
    /// # Errors
    /// When the tag is there already.
    pub fn tag(&self, name: &str) -> Result<(), GitError> {
        self.git(&["tag", "--annotate", "--message", name, name]).map(drop)
    }

    /// Checks out a branch, made here if it is new.
    ///
    /// # Errors
    /// When Git fails.
    pub fn branch(&self, name: &str) -> Result<(), GitError> {
        let exists = self.git(&["rev-parse", "--verify", "--quiet", &format!("refs/heads/{name}")]).is_ok();
        let how: &[&str] = if exists { &[name] } else { &["-b", name] };
        self.git(&[&["checkout", "--quiet"], how].concat()).map(drop)
    }

    /// Runs any Git command in the work tree and returns what it printed.
    ///
    /// # Errors
    /// When Git fails.
    pub fn git(&self, arguments: &[&str]) -> Result<String, GitError> {
        let date = format!("{} +0000", FIRST_COMMIT + self.commits());
        let mut command = git();
        command.env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date);
        run(command.current_dir(&self.folder).args(arguments))
    }

    /// Counts the commits of all branches, so that no two have the same time.
    fn commits(&self) -> u64 {
        let count = run(git().current_dir(&self.folder).args(["rev-list", "--all", "--count"]));
        count.ok().and_then(|count| count.parse().ok()).unwrap_or(0)
    }
}

/// Returns Git without the configuration of the machine and its user.
pub(super) fn git() -> Command {
    let mut command = Command::new("git");
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_AUTHOR_NAME", "Sluice tests")
        .env("GIT_AUTHOR_EMAIL", "tests@example.com")
        .env("GIT_COMMITTER_NAME", "Sluice tests")
        .env("GIT_COMMITTER_EMAIL", "tests@example.com");
    // Set where tests run inside of a Git hook: they would point to another repository.
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        command.env_remove(variable);
    }
    command
}

fn run(command: &mut Command) -> Result<String, GitError> {
    let output = command.output().map_err(GitError::NoGit)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
    }
    let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
    Err(GitError::Git {
        command: arguments.join(" "),
        stderr: String::from_utf8_lossy(&output.stderr).trim_end().to_owned(),
    })
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> GitError + '_ {
    move |source| GitError::File { path: path.to_owned(), source }
}
