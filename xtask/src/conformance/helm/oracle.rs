//! Asking Helm.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::Context as _;
use serde::Deserialize;
use sluice_e2e::tools::{self, Tool};

use super::charts::Job;

/// A running oracle, which answers one job after another.
pub(crate) struct Oracle {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// A release, or why there is none.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Release {
    pub(super) manifest: String,
    #[serde(default)]
    pub(super) hooks: Option<Vec<Hook>>,
    pub(super) notes: String,
    pub(crate) error: String,
    pub(crate) load_micros: u64,
    pub(crate) render_micros: u64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Hook {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) path: String,
    pub(super) manifest: String,
    pub(super) events: Option<Vec<String>>,
    pub(super) weight: i64,
    pub(super) delete_policies: Option<Vec<String>>,
    pub(super) output_log_policies: Option<Vec<String>>,
}

impl Oracle {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let program = tools::path_blocking(Tool::HelmOracle).context("have helm-oracle")?;
        let mut command = Command::new(&program);
        command.arg("charts").env_clear().stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("start {}", program.display()))?;
        let questions = child.stdin.take().context("have the oracle's input")?;
        let answers = BufReader::new(child.stdout.take().context("have the oracle's output")?);
        Ok(Self { child, questions, answers })
    }

    /// Asks for a release. A chart on which Helm crashes has none.
    pub(crate) fn ask(&mut self, job: &Job) -> anyhow::Result<Release> {
        let mut line = serde_json::to_string(job)?;
        line.push('\n');
        let mut answer = String::new();
        let asked = self.questions.write_all(line.as_bytes()).and_then(|()| self.answers.read_line(&mut answer));
        if asked.is_err() || answer.is_empty() {
            *self = Self::start()?;
            return Ok(Release { error: "Helm has crashed".to_owned(), ..Release::default() });
        }
        serde_json::from_str(&answer).with_context(|| format!("read the answer on {}", job.label))
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        // It ends by itself when nobody asks any more; this one is told.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
